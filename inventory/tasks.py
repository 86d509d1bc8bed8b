"""Background work of the inventory; each task is a loop over a service and may run twice."""

import structlog
from celery import shared_task
from django.utils import timezone

from identity.problems import DomainError
from inventory import checks, retention, scanning, schedule, services, work
from inventory.aws import AwsError
from inventory.models import Account
from inventory.wake import wake

log = structlog.get_logger()


@shared_task(name="inventory.run_work", acks_late=True)
def run_work() -> bool:
    """Carry out one piece of work: an account, or a slice of its regions.

    Another worker is woken for the next piece before, so that free ones join in, and after.
    """
    _wake_next()
    done = scanning.run_next()
    if done:
        _wake_next()
    return done


def _wake_next() -> None:
    if work.claimable(timezone.now()).exists():
        wake("work")


@shared_task(name="inventory.schedule_scans", acks_late=True)
def schedule_scans() -> int:
    """Start the scans that are due."""
    return schedule.schedule_scans()


@shared_task(name="inventory.sweep", acks_late=True)
def sweep() -> int:
    """Pick up the work of lost workers and lost messages."""
    return work.sweep(now=timezone.now())


@shared_task(name="inventory.retention", acks_late=True)
def throw_away() -> dict[str, int]:
    """Delete what has been kept long enough."""
    return retention.throw_away(now=timezone.now())


@shared_task(name="inventory.discover", acks_late=True)
def discover(source_id: int) -> int:
    """Find an organisation's accounts and scan those that were never scanned."""
    try:
        found = services.discover(source_id)
    except AwsError as error:
        log.warning("discovery failed", source=source_id, error=str(error))
        return 0
    fresh = Account.objects.filter(source_id=source_id, last_scan_at=None)
    try:
        services.start_scan(
            source_id, accounts=list(fresh.values_list("pk", flat=True)), actor=None, reason="first"
        )
    except DomainError as reason:
        log.info("no first scan", source=source_id, reason=str(reason))
    return found


@shared_task(name="inventory.check_access", acks_late=True)
def check_access(account_id: int) -> bool:
    """Test the permissions of an account; whether all are there."""
    account = Account.objects.select_related("source").get(pk=account_id)
    return all(each["ok"] for each in checks.check_access(account))
