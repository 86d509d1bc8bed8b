"""What a user may see: scopes are values, and this is the one place that reads them."""

import re

from django.db.models import Q

from identity.models import User

EVERYTHING = "*"
_SCOPE = re.compile(r"\*|account:\d{12}|ou:(/[^/\x00-\x1f]+)+")


def is_scope(value: str) -> bool:
    """Whether `value` is a scope this module understands."""
    return _SCOPE.fullmatch(value) is not None


def sees_everything(user: User) -> bool:
    """Whether no account is hidden from `user`."""
    return user.is_superuser or EVERYTHING in user.scopes


def account_filter(user: User, prefix: str = "") -> Q:
    """A filter on accounts for `user`; `prefix` is the path to the account, as "resource__account__".

    No scope, or one that is no scope, shows nothing: a new user sees no data until an admin says
    what.
    """
    if sees_everything(user):
        return Q()
    seen = Q(pk__in=[])
    for scope in filter(is_scope, user.scopes):
        kind, _, value = scope.partition(":")
        if kind == "account":
            seen |= Q(**{f"{prefix}account_id": value})
        elif kind == "ou":
            seen |= Q(**{f"{prefix}unit_path": value})
            seen |= Q(**{f"{prefix}unit_path__startswith": f"{value}/"})
    return seen
