"""The two axes of a finding: detection (by evaluation only) and triage (by people only)."""

from django.db.models import TextChoices


class Kind(TextChoices):
    """Where a finding comes from."""

    MISCONFIGURATION = "misconfiguration"
    EXPOSURE = "exposure"
    DRIFT = "drift"


class Severity(TextChoices):
    """From loudest to quietest."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class Detection(TextChoices):
    """What the last evaluation saw. Nobody can set it by hand."""

    FAILING = "failing"
    RESOLVED = "resolved"
    GONE = "gone", "Resource gone"


class Triage(TextChoices):
    """What people made of it."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ACCEPTED = "accepted", "Risk accepted"
    FALSE_POSITIVE = "false-positive"
