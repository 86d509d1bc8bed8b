"""Entering accounts: the reading role, whose credentials are kept until they near their end, and
the remediation role, which is entered anew for each plan."""

import threading
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from identity.problems import DomainError
from inventory import aws
from inventory.aws import Credentials
from inventory.models import Account, Source

_READER = "cspm-read"
_MARGIN = timedelta(minutes=5)
_lock = threading.Lock()
_kept: dict[tuple[str, str], Credentials] = {}
_entering: dict[tuple[str, str], threading.Lock] = {}
aws.configure(timeout=settings.AWS_CALL_TIMEOUT_SECONDS)


def reader(account: Account) -> Credentials:
    """Credentials that may read `account`; raises `AwsError`."""
    role = account.role_arn or role_arn(account.account_id, account.source.role_name)
    return _reader(role, account.external_id or account.source.external_id)


def organisation_reader(source: Source) -> Credentials:
    """Credentials that may list the organisation's accounts, in its management account."""
    return _reader(role_arn(source.management_account, source.role_name), source.external_id)


def writer(
    account: Account,
    *,
    session_policy: str,
    source_identity: str,
    session_name: str,
    duration: int = 900,
) -> Credentials:
    """Credentials of a remediation session, cut down to `session_policy`; raises `AwsError`.

    The source identity shows in CloudTrail behind every call of the session.
    """
    source = account.source
    role = account.remediation_role_arn or role_arn(
        account.account_id, source.remediation_role_name
    )
    if not role:
        raise DomainError(f"{account.name} has no remediation role; an admin can name one.")
    return aws.assume(
        role_arn=role,
        external_id=account.external_id or source.external_id,
        session_name=session_name,
        session_policy=session_policy,
        source_identity=source_identity,
        duration=duration,
    )


def forget(account: Account | None = None, *, stale: Credentials | None = None) -> None:
    """Drop kept credentials, of one account or of all: they expired, or the role changed.

    With `stale` only those: another thread may have replaced them already.
    """
    with _lock:
        if account is None:
            _kept.clear()
            return
        for key, kept in list(_kept.items()):
            if kept.account == account.account_id and stale in (None, kept):
                del _kept[key]


def role_arn(account_id: str, role_name: str) -> str:
    """The ARN of a role by its name (a name may hold a path); nothing for no name."""
    return f"arn:aws:iam::{account_id}:role/{role_name}" if role_name and account_id else ""


def _reader(role: str, external_id: str) -> Credentials:
    if not role:
        return aws.own()
    key = (role, external_id)
    kept = _kept.get(key)
    if kept is not None and _lasts(kept, timezone.now()):
        return kept
    with _lock:
        entering = _entering.setdefault(key, threading.Lock())
    with entering:  # one call, however many threads wait for it
        kept = _kept.get(key)
        if kept is None or not _lasts(kept, timezone.now()):
            kept = aws.assume(role_arn=role, external_id=external_id, session_name=_READER)
            with _lock:
                _kept[key] = kept
    return kept


def _lasts(credentials: Credentials, now: datetime) -> bool:
    return credentials.expires_at is None or credentials.expires_at - now > _MARGIN
