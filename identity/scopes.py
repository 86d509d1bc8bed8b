"""What a user may see: scopes are values, and this is the one place that reads them."""

from django.db.models import Q

from identity.models import User

EVERYTHING = "*"


def account_filter(user: User, prefix: str = "") -> Q:
    """A filter on accounts for `user`; `prefix` is the path to the account, as "resource__account__".

    No scope means nothing is visible: a new user sees no data until an admin says what.
    """
    if user.is_superuser or EVERYTHING in user.scopes:
        return Q()
    seen = Q(pk__in=[])
    for scope in user.scopes:
        kind, _, value = scope.partition(":")
        if kind == "account":
            seen |= Q(**{f"{prefix}account_id": value})
        elif kind == "ou":
            path = value.rstrip("/")
            seen |= Q(**{f"{prefix}unit_path": path})
            seen |= Q(**{f"{prefix}unit_path__startswith": f"{path}/"})
    return seen
