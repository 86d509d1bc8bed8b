"""Work as rows: claimed with a lease, renewed, given back, finished. The queue is only a hint."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from inventory.collectors import COLLECTORS
from inventory.models import Account, Scan, Work
from inventory.states import ScanState, WorkState
from inventory.sync import Lease, LostLease
from inventory.wake import wake

ATTEMPTS = 3
SLICE = 6  # regions of one piece of work, so that a few workers share a large account
_AGAIN = timedelta(seconds=5)
_OPEN = (WorkState.READY, WorkState.RUNNING)


@dataclass(frozen=True, slots=True)
class Claim:
    """A piece of work that this worker holds for now."""

    lease: Lease
    scan: int
    account: Account
    regions: tuple[str, ...]
    attempt: int

    @property
    def last(self) -> bool:
        """Whether a failure now is final."""
        return self.attempt >= ATTEMPTS


def lease_length() -> timedelta:
    """How long a claim holds without being renewed."""
    return timedelta(seconds=settings.LEASE_SECONDS)


def claimable(now: datetime) -> QuerySet[Work]:
    """Work that waits, or whose worker is silent for longer than its lease."""
    waits = Q(state=WorkState.READY) & (Q(not_before=None) | Q(not_before__lte=now))
    return Work.objects.filter(waits | Q(state=WorkState.RUNNING, lease_until__lt=now))


@transaction.atomic
def claim(*, now: datetime | None = None) -> Claim | None:
    """Take the most urgent work, if there is any; what failed too often is given up on the way."""
    moment = now or timezone.now()
    waiting = claimable(moment).select_for_update(skip_locked=True, of=("self",))
    while (work := waiting.order_by("-priority", "id").first()) is not None:
        if work.attempts < ATTEMPTS:
            break
        said = work.error or "The worker was lost."
        _end(work, WorkState.FAILED, now=moment, error=f"{said} Given up after {ATTEMPTS} tries.")
    else:
        return None
    Work.objects.filter(pk=work.pk).update(
        state=WorkState.RUNNING,
        generation=F("generation") + 1,
        attempts=F("attempts") + 1,
        lease_until=moment + lease_length(),
        started_at=work.started_at or moment,
        shards_done=0,
        error="",
    )
    account = Account.objects.select_related("source").get(pk=work.account_id)
    return Claim(
        Lease(work.pk, work.generation + 1),
        work.scan_id,
        account,
        tuple(work.regions),
        work.attempts + 1,
    )


def renew(lease: Lease, *, now: datetime) -> None:
    """Hold on to the work; raises `LostLease`."""
    renewed = _mine(lease).update(lease_until=now + lease_length())
    if not renewed:
        raise LostLease(f"work {lease.work}, generation {lease.generation}")


@transaction.atomic
def split(claimed: Claim, regions: Sequence[str], *, now: datetime) -> tuple[str, ...]:
    """Keep the first regions and leave the others to whoever is free; raises `LostLease`."""
    slices = [tuple(regions[at : at + SLICE]) for at in range(0, len(regions), SLICE)] or [()]
    work = _mine(claimed.lease).select_for_update().first()
    if work is None:
        raise LostLease(f"work {claimed.lease.work}")
    Work.objects.filter(pk=work.pk).update(
        regions=list(slices[0]),
        shards_total=len(slices[0]) * len(COLLECTORS),
        lease_until=now + lease_length(),
    )
    Work.objects.bulk_create(
        Work(
            scan_id=claimed.scan,
            account=claimed.account,
            regions=list(each),
            priority=work.priority,
            shards_total=len(each) * len(COLLECTORS),
        )
        for each in slices[1:]
    )
    if len(slices) > 1:
        wake("work")
    return slices[0]


@transaction.atomic
def finish(lease: Lease, *, now: datetime) -> None:
    """The work is done; raises `LostLease`."""
    work = _mine(lease).select_for_update().first()
    if work is None:
        raise LostLease(f"work {lease.work}")
    _end(work, WorkState.DONE, now=now)


@transaction.atomic
def fail(claimed: Claim, error: str, *, now: datetime, final: bool) -> None:
    """The work failed: tried again a little later, or given up with its error kept."""
    work = _mine(claimed.lease).select_for_update().first()
    if work is None:
        return
    if final or claimed.last:
        _end(work, WorkState.FAILED, now=now, error=error)
        return
    Work.objects.filter(pk=work.pk).update(
        state=WorkState.READY,
        lease_until=None,
        not_before=now + _AGAIN * claimed.attempt,
        error=error[:2000],
    )


@transaction.atomic
def sweep(*, now: datetime) -> int:
    """Wake workers for work that nobody holds, end scans without work; returns what waits."""
    for scan in Scan.objects.filter(state=ScanState.RUNNING):
        _close(scan.pk, now=now)
    waiting = claimable(now).count()
    if waiting:
        wake("work")
    return waiting


@transaction.atomic
def cancel(scan_id: int, *, now: datetime) -> bool:
    """Take all work of a scan from whoever has it; False when it had ended."""
    _take_away(scan_id, now=now)  # work before scan, as everywhere: no deadlock
    scan = Scan.objects.select_for_update().get(pk=scan_id)
    if scan.state != ScanState.RUNNING:
        return False
    _take_away(scan_id, now=now)  # what was split off while we waited for the first
    scan.state, scan.finished_at = ScanState.CANCELLED, now
    scan.save(update_fields=["state", "finished_at"])
    return True


def _take_away(scan_id: int, *, now: datetime) -> None:
    Work.objects.filter(scan_id=scan_id, state__in=_OPEN).update(
        state=WorkState.CANCELLED, generation=F("generation") + 1, finished_at=now
    )


def busy(accounts: Collection[int]) -> set[int]:
    """Those of the accounts that a scan is at already."""
    open_work = Work.objects.filter(account_id__in=accounts, state__in=_OPEN)
    return set(open_work.values_list("account_id", flat=True))


def _mine(lease: Lease) -> QuerySet[Work]:
    return Work.objects.filter(pk=lease.work, generation=lease.generation, state=WorkState.RUNNING)


def _end(work: Work, state: WorkState, *, now: datetime, error: str = "") -> None:
    Work.objects.filter(pk=work.pk).update(
        state=state, lease_until=None, finished_at=now, error=error[:2000]
    )
    with connection.cursor() as cursor:
        # One at a time: of two workers that finish at once, the second must see the first.
        cursor.execute("SELECT 1 FROM inventory_scan WHERE id = %s FOR UPDATE", [work.scan_id])
    left = Work.objects.filter(
        scan_id=work.scan_id,
        account_id=work.account_id,
        state__in=_OPEN,
    )
    if not left.exists():
        Account.objects.filter(pk=work.account_id).update(last_scan_at=now)
    _close(work.scan_id, now=now)


def _close(scan_id: int, *, now: datetime) -> None:
    left = Work.objects.filter(scan_id=scan_id, state__in=_OPEN)
    if not left.exists():
        Scan.objects.filter(pk=scan_id, state=ScanState.RUNNING).update(
            state=ScanState.DONE, finished_at=now
        )
