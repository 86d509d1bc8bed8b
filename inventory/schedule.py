"""When scans are due: each account has its own moment in every interval, so that load is even."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zlib import crc32

import structlog
from django.utils import timezone

from identity.problems import DomainError
from inventory import services
from inventory.aws import AwsError
from inventory.models import Account, Source
from inventory.states import AccountStatus, SourceKind

log = structlog.get_logger()
_REDISCOVER = timedelta(hours=1)


def due(accounts: Iterable[Account], *, interval: int, now: datetime) -> list[Account]:
    """The accounts whose moment has come since their last scan."""
    return [
        account
        for account in accounts
        if account.last_scan_at is None
        or _slot(account, interval, now) > _slot(account, interval, account.last_scan_at)
    ]


def _slot(account: Account, interval: int, at: datetime) -> int:
    phase = crc32(account.account_id.encode()) % interval
    return (int(at.timestamp()) - phase) // interval


def schedule_scans(*, now: datetime | None = None) -> int:
    """Look for new accounts once an hour and start the scans that are due; returns the accounts.

    An organisation that cannot be asked is still scanned: its known accounts are.
    """
    moment = now or timezone.now()
    started = 0
    for source in Source.objects.filter(kind=SourceKind.LIVE):
        _rediscover(source, now=moment)
        accounts = source.accounts.filter(status=AccountStatus.ACTIVE, paused=False)
        chosen = due(accounts, interval=source.scan_interval_seconds, now=moment)
        if not chosen:
            continue
        try:
            services.start_scan(
                source.pk, accounts=[each.pk for each in chosen], actor=None, reason="schedule"
            )
        except DomainError:
            continue  # all of them are being read already
        started += len(chosen)
    return started


def _rediscover(source: Source, *, now: datetime) -> None:
    if not source.management_account:
        return
    if source.discovered_at is not None and now - source.discovered_at < _REDISCOVER:
        return
    try:
        services.discover(source.pk)
    except AwsError as error:
        log.warning("discovery failed", source=source.name, error=str(error))
