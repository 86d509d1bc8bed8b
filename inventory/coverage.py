"""How much of accounts is known, and how far a scan is: counts for the screen, a query each."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, QuerySet

from inventory.collectors import COLLECTORS, PROOFS
from inventory.models import Account, Scan, Shard, Work
from inventory.states import ScanState, ShardState, WorkState

_KNOWN = (ShardState.OK, ShardState.SKIPPED)
_ENDED = (WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED)
_USUAL_REGIONS = 17  # enabled by default; only until an account's own are known


@dataclass(frozen=True, slots=True)
class Coverage:
    """The shards of an account by state. A region that is switched off is not counted."""

    states: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Shards that should be known."""
        return sum(self.states.values()) - self.states.get(ShardState.REGION_DISABLED, 0)

    @property
    def known(self) -> int:
        """Shards whose last try was good."""
        return sum(self.states.get(state, 0) for state in _KNOWN)

    @property
    def percent(self) -> int | None:
        """Known of all, rounded down: 100 means all. None before anything was read."""
        return self.known * 100 // self.total if self.total else None

    @property
    def problems(self) -> list[tuple[ShardState, int]]:
        """States that are not good, with their counts."""
        return [
            (state, self.states[state])
            for state in ShardState
            if state not in (*_KNOWN, ShardState.REGION_DISABLED) and self.states.get(state)
        ]


def coverage_of(accounts: Collection[int]) -> dict[int, Coverage]:
    """Coverage by account (primary key); one query."""
    counts: dict[int, dict[str, int]] = {}
    rows = (
        Shard.objects.filter(account_id__in=accounts)
        .order_by()
        .values_list("account_id", "state")
        .annotate(count=Count("pk"))
    )
    for account, state, count in rows:
        counts.setdefault(account, {})[state] = count
    return {account: Coverage(counts.get(account, {})) for account in accounts}


@dataclass(frozen=True, slots=True)
class Cell:
    """One shard on the grid."""

    state: str
    label: str
    title: str
    items: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The shards of an account: regions that hold something in full, the others in one line each."""

    regions: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell | None]]]
    empty: Sequence[str]
    disabled: Sequence[str]
    troubled: Sequence[Shard]
    oldest: datetime | None


def grid(shards: Iterable[Shard]) -> Grid:
    """Sort an account's shards out for the screen."""
    by_region: dict[str, dict[str, Shard]] = {}
    for shard in shards:
        by_region.setdefault(shard.region, {})[shard.collector] = shard
    empty, disabled, full = [], [], []
    for region, found in sorted(by_region.items()):
        states = {shard.state for shard in found.values()}
        if states == {ShardState.REGION_DISABLED}:
            disabled.append(region)
        elif states <= set(_KNOWN) and not any(shard.item_count for shard in found.values()):
            empty.append(region)
        else:
            full.append(region)
    rows = [
        (type_, [_cell(by_region[region].get(type_)) for region in full]) for type_ in COLLECTORS
    ]
    everything = [shard for found in by_region.values() for shard in found.values()]
    troubled = [
        shard
        for shard in everything
        if shard.state not in (*_KNOWN, ShardState.REGION_DISABLED) or shard.missing_permission
    ]
    oldest = min((shard.last_ok_at for shard in everything if shard.last_ok_at), default=None)
    order = {type_: number for number, type_ in enumerate(COLLECTORS)}
    troubled.sort(key=lambda shard: (shard.region, order.get(shard.collector, 99)))
    return Grid(full, rows, empty, disabled, troubled, oldest)


def _cell(shard: Shard | None) -> Cell | None:
    if shard is None:
        return None
    title = PROOFS.get(shard.proof, "") or shard.error or shard.error_code
    return Cell(shard.state, ShardState(shard.state).label, title, shard.item_count)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is, over the accounts that the viewer sees."""

    scan: Scan
    percent: int
    accounts: int
    accounts_ended: int
    calls: int
    changes: int
    failed: Sequence[Work]

    @property
    def running(self) -> bool:
        """Whether work is left."""
        return self.scan.state == ScanState.RUNNING


def progress(scan: Scan, visible: QuerySet[Account]) -> Progress:
    """Progress of `scan` over `visible` accounts; one query."""
    work = list(
        Work.objects.filter(scan=scan, account__in=visible)
        .select_related("account")
        .order_by("account__name", "pk")
    )
    done = total = 0
    open_accounts, accounts = set(), set()
    for each in work:
        size = each.shards_total or _expected(each)
        total += size
        done += size if each.state in _ENDED else min(each.shards_done, size)
        accounts.add(each.account_id)
        if each.state not in _ENDED:
            open_accounts.add(each.account_id)
    percent = 100 if scan.state != ScanState.RUNNING else min(99, done * 100 // max(total, 1))
    return Progress(
        scan=scan,
        percent=percent,
        accounts=len(accounts),
        accounts_ended=len(accounts - open_accounts),
        calls=sum(each.calls for each in work),
        changes=sum(each.changes for each in work),
        failed=[each for each in work if each.error],
    )


def _expected(work: Work) -> int:
    regions = len(work.account.enabled_regions) or _USUAL_REGIONS
    return regions * len(COLLECTORS)
