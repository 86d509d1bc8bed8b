"""How far the product may go for a baseline."""

from django.db.models import TextChoices


class TrustLevel(TextChoices):
    """Each step trusts the product with more; `auto` needs two admins."""

    OBSERVE = "observe", "Observe: show drift"
    SUGGEST = "suggest", "Suggest: plan repairs"
    APPROVE = "approve", "Approve: a person decides"
    ADD_BACK = "add-back", "Add back: restore what was removed by itself"
    AUTO = "auto", "Automatic: repair within the limits"
