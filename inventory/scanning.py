"""Carrying out one piece of work: calls in threads, rows in this thread, a lease all the while."""

from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from inventory import access, storing, sync, work
from inventory.aws import AwsError, Failure
from inventory.collectors import COLLECTORS, NO_USE, NO_VPC, PROBE, Collector
from inventory.departures import close_regions, mark
from inventory.differences import Item
from inventory.discovery import enabled_regions
from inventory.models import Account, Shard
from inventory.reading import Place, canonical_items, digest, read
from inventory.shardstates import Outcome
from inventory.states import AccountStatus, ConnectionState, ShardState
from inventory.sync import Answer, LostLease
from inventory.work import Claim

log = structlog.get_logger()
THREADS = 16
_OK = Outcome(ShardState.OK)
_TICK = 1.0  # seconds within which a cancelled scan stops


def run_next() -> bool:
    """Claim one piece of work and carry it out; False when none waited."""
    claimed = work.claim()
    if claimed is None:
        return False
    try:
        _carry_out(claimed)
    except LostLease:
        log.info("work lost", work=claimed.lease.work, generation=claimed.lease.generation)
    except Exception as error:
        work.fail(claimed, f"{type(error).__name__}: {error}", now=timezone.now(), final=False)
        raise
    return True


def _carry_out(claimed: Claim) -> None:
    account = claimed.account
    started = timezone.now()
    if account.paused or account.status != AccountStatus.ACTIVE:
        work.finish(claimed.lease, now=started)
        return
    try:
        regions = claimed.regions or _enter(claimed)
        access.reader(account)
    except AwsError as error:
        _cannot_enter(claimed, error, started=started)
        return
    _Run(claimed, regions).run()
    work.finish(claimed.lease, now=timezone.now())


def _enter(claimed: Claim) -> tuple[str, ...]:
    """Assume the role, find the regions, and share them out."""
    account, now = claimed.account, timezone.now()
    try:
        enabled, disabled = enabled_regions(account, access.reader(account))
    except AwsError as error:
        if error.failure is not Failure.EXPIRED:
            raise
        access.forget(account)
        enabled, disabled = enabled_regions(account, access.reader(account))
    wanted = set(account.source.regions)
    chosen = [region for region in enabled if not wanted or region in wanted]
    Account.objects.filter(pk=account.pk).update(
        enabled_regions=enabled,
        connection=ConnectionState.CONNECTED,
        connection_error="",
        connection_checked_at=now,
    )
    close_regions(account, disabled, now=now)
    return work.split(claimed, chosen, now=now)


def _cannot_enter(claimed: Claim, error: AwsError, *, started: datetime) -> None:
    """No call in the account is possible: its shards say so, and none of its resources changes."""
    denied = error.failure in (Failure.DENIED, Failure.REFUSED, Failure.OTHER)
    if denied or claimed.last:
        state = ConnectionState.DENIED if denied else ConnectionState.FAILED
        Account.objects.filter(pk=claimed.account.pk).update(
            connection=state,
            connection_error=str(error)[:2000],
            connection_checked_at=timezone.now(),
        )
        outcome = Outcome.of(error, region_refuses=False)
        mark(claimed.account, outcome, now=started, regions=claimed.regions or None)
    work.fail(claimed, str(error), now=timezone.now(), final=denied)


@dataclass(slots=True)
class _Region:
    """How far one region is."""

    name: str
    digests: Mapping[str, bytes | None]
    counts: Mapping[str, int]
    answers: list[Answer] = field(default_factory=list)
    open: int = 0
    confirming: bool = False


class _Run:
    """The regions of one claim. Each is applied at once, when all its collectors have answered."""

    def __init__(self, claimed: Claim, regions: tuple[str, ...]) -> None:
        self._claim = claimed
        self._account = claimed.account
        self._regions = regions
        self._pending: dict[Future[Answer], _Region] = {}

    def run(self) -> None:
        """Until every region is applied; raises `LostLease` when the work is no longer ours."""
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="aws")
        try:
            for region in self._known():
                self._ask(region, PROBE)
            self._loop()
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def _loop(self) -> None:
        every = work.lease_length() / 3
        renewed = timezone.now()
        while self._pending:
            done, _ = wait(self._pending, timeout=_TICK, return_when=FIRST_COMPLETED)
            for future in done:
                self._answered(self._pending.pop(future), future.result())
            now = timezone.now()
            if now - renewed > min(every, timedelta(seconds=_TICK)):
                work.renew(self._claim.lease, now=now)
                renewed = now

    def _known(self) -> list[_Region]:
        """The shards of the regions as they stand, made where they are missing."""
        shards = Shard.objects.filter(account=self._account, region__in=self._regions)
        rows = list(shards.values_list("region", "collector", "digest", "item_count"))
        known = []
        for name in self._regions:
            mine = {row[1]: row for row in rows if row[0] == name}
            missing = [type_ for type_ in COLLECTORS if type_ not in mine]
            if missing:
                storing.shard_ids(self._account, name, missing, now=timezone.now())
            digests = {type_: bytes(row[2]) if row[2] else None for type_, row in mine.items()}
            known.append(_Region(name, digests, {type_: row[3] for type_, row in mine.items()}))
        return known

    def _ask(self, region: _Region, collector: Collector, *, confirming: bool = False) -> None:
        known = None if confirming else region.digests.get(collector.type)
        region.open += 1
        future = self._pool.submit(
            ask, self._account, region.name, collector, known=known, confirming=confirming
        )
        self._pending[future] = region

    def _answered(self, region: _Region, answer: Answer) -> None:
        region.open -= 1
        region.answers.append(answer)
        if answer.collector == PROBE.type and not region.confirming:
            self._after_probe(region, answer)
        if region.open == 0:
            self._apply(region)

    def _after_probe(self, region: _Region, probe: Answer) -> None:
        """Ask the others, but those that a complete empty listing of VPCs makes needless."""
        empty = probe.complete and self._no_vpc(region, probe)
        refused = probe.outcome.state == ShardState.REGION_DISABLED
        for collector in COLLECTORS.values():
            if collector is PROBE:
                continue
            if refused:
                region.answers.append(Answer(collector.type, probe.started, probe.outcome))
            elif empty and collector.needs == NO_VPC and not region.counts.get(collector.type):
                proof = NO_VPC if collector.proven else NO_USE
                outcome = Outcome(ShardState.SKIPPED, proof=proof)
                region.answers.append(Answer(collector.type, probe.started, outcome))
            else:
                self._ask(region, collector)

    @staticmethod
    def _no_vpc(region: _Region, probe: Answer) -> bool:
        if probe.items is None:
            return not region.counts.get(PROBE.type)
        return not probe.items

    def _apply(self, region: _Region) -> None:
        answers, region.answers = region.answers, []
        applied = sync.apply(self._account, region.name, answers, lease=self._claim.lease)
        if applied.changed:
            log.info(
                "applied",
                account=self._account.account_id,
                region=region.name,
                inserted=applied.inserted,
                updated=applied.updated,
                deleted=applied.deleted,
            )
        region.confirming = True
        for type_ in applied.again:
            self._ask(region, COLLECTORS[type_], confirming=True)


def ask(
    account: Account,
    region: str,
    collector: Collector,
    *,
    known: bytes | None = None,
    confirming: bool = False,
) -> Answer:
    """One collector asked; every way it can end is an answer. Touches no database."""
    started = timezone.now()
    calls = 0
    try:
        for _ in range(2):
            calls += 1
            credentials = access.reader(account)
            place = Place(account.account_id, region, credentials)
            try:
                return _ask(collector, place, started, known=known, confirming=confirming)
            except AwsError as error:
                if error.failure is not Failure.EXPIRED or calls == 2:
                    raise
                access.forget(account, stale=credentials)
    except AwsError as error:
        return Answer(collector.type, started, _outcome(collector, error), calls=calls)
    raise AssertionError("unreachable")


def _outcome(collector: Collector, error: AwsError) -> Outcome:
    """A region that refuses its first call is disabled; one that answered before is not."""
    return Outcome.of(error, region_refuses=collector is PROBE)


def _ask(
    collector: Collector,
    place: Place,
    started: datetime,
    *,
    known: bytes | None,
    confirming: bool,
) -> Answer:
    listing = read(collector, place, started=started)
    outcome = _OK
    if listing.denied:
        outcome = Outcome(
            ShardState.OK, "AccessDenied", listing.denied_message[:2000], listing.denied
        )
    seen = digest(collector, listing)
    items = None
    if seen != known or confirming:
        items = [Item.of(each) for each in canonical_items(collector, listing, place)]
    return Answer(
        collector.type, started, outcome, items, seen, listing.calls, confirmed=confirming
    )
