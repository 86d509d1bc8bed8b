"""From what changed to drift findings, one baseline at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from drift import canon
from drift.comparison import GROUP, GROUP_RULE, Change, Difference, compare, told
from drift.evidence import Evidence
from drift.models import Baseline, BaselineVersion
from drift.scope import COMPOSING, Unknown, entries_of, resources_of, unknown_of
from findings import locks
from findings.detection import Key, Seen, observe, settle
from findings.lifecycle import Sight
from findings.models import Finding
from findings.states import Detection, Kind
from inventory.changes import consume
from inventory.models import Change as LoggedChange
from inventory.models import Resource

log = structlog.get_logger()
CONSUMER = "drift"
_ROUNDS = 200


def compare_dirty() -> int:
    """Consume the change log and compare until no baseline is dirty; returns comparisons done.

    Safe to run twice at once: a baseline another worker holds is left to that worker.
    """
    total = 0
    for _ in range(_ROUNDS):
        while consume(CONSUMER, mark_changed):
            pass
        waiting = Baseline.objects.filter(marked__gt=F("compared")).order_by("pk")
        compared = sum(compare_baseline(pk) for pk in waiting.values_list("pk", flat=True))
        total += compared
        if not compared:
            break
    return total


def mark_changed(changes: Sequence[LoggedChange]) -> None:
    """Consume a batch of the change log: mark the baselines it may touch.

    A rule and a shard's state name no VPC, so they mark every baseline of their account-region.
    """
    touched = Q(pk__in=[])
    places: set[tuple[int, str, str]] = set()
    for change in changes:
        if change.collector in COMPOSING:
            places.add((change.account_id, change.region, change.vpc_id))
    for account_id, region, vpc_id in places:
        where = Q(vpc__account=account_id, vpc__region=region)
        touched |= where & Q(vpc__rid=vpc_id) if vpc_id else where
    if places:
        ids = list(Baseline.objects.filter(touched).values_list("pk", flat=True))
        mark(ids)


def mark(baseline_ids: Sequence[int]) -> None:
    """Make baselines dirty."""
    Baseline.objects.filter(pk__in=baseline_ids).update(marked=F("marked") + 1)


def compare_baseline(baseline_id: int) -> bool:
    """Compare one baseline with the present state; False when another worker is at it."""
    with locks.only_one(locks.COMPARISON, baseline_id) as held:
        if not held:
            return False
        baseline = Baseline.objects.select_related("vpc").get(pk=baseline_id)
        version = baseline.versions.order_by("-number").first()
        if version is None:
            return False
        with transaction.atomic():
            renew(version, vpc=baseline.vpc)
            _compare(baseline, version, at=timezone.now())
    return True


def renew(version: BaselineVersion, *, vpc: Resource) -> bool:
    """Bring a version into the canonical form of today; returns whether it had to be."""
    if version.canon_version == canon.VERSION:
        return False
    version.entries = [
        canon.renewed(entry, account=vpc.owner_id, region=vpc.region) for entry in version.entries
    ]
    version.canon_version = canon.VERSION
    version.save(update_fields=["entries", "canon_version"])
    return True


def _compare(baseline: Baseline, version: BaselineVersion, *, at: datetime) -> None:
    vpc, scope_key = baseline.vpc, f"baseline:{baseline.pk}"
    unknown = {item.collector: item for item in unknown_of(vpc)}
    rows = resources_of(vpc, deleted=True)
    live = [row for row in rows if row.deleted_at is None]
    approved = [canon.entry_of(kept) for kept in version.entries]
    differences = told(compare(approved, entries_of(live)))
    evidence = Evidence(baseline, version, known=[*rows, *_strayed(vpc, differences, rows)])
    observations = [
        evidence.observation(difference, unknown_since=_since(difference.entry.type, unknown))
        for difference in differences
        if difference.change is not Change.REMOVED or difference.entry.type not in unknown
    ]
    observe(observations, at=at)
    failing = {observation.key for observation in observations}
    settle(
        Q(scope_key=scope_key),
        kind=Kind.DRIFT,
        judge=lambda key, deleted: _seen(
            key, deleted=deleted, failing=failing, types=evidence.types, unknown=unknown
        ),
        at=at,
    )
    still = Finding.objects.filter(scope_key=scope_key, detection=Detection.FAILING)
    Baseline.objects.filter(pk=baseline.pk).update(
        compared=baseline.marked,
        compared_at=at,
        open_drifts=still.count(),
        unknown_shards=[str(item) for item in unknown.values()],
    )
    log.info("compared", baseline=baseline.pk, differences=len(differences))


def _strayed(
    vpc: Resource, differences: Sequence[Difference], rows: Sequence[Resource]
) -> list[Resource]:
    """Rows of approved resources that are in another VPC now, as a gateway that was moved."""
    here = {(row.type, row.rid) for row in rows}
    lost = {
        difference.entry.id
        for difference in differences
        if difference.change is Change.REMOVED and difference.entry.subject not in here
    }
    if not lost:
        return []
    return list(
        Resource.objects.filter(
            source=vpc.source_id, owner_id=vpc.owner_id, region=vpc.region, rid__in=lost
        )
    )


def _since(type_: str, unknown: Mapping[str, Unknown]) -> datetime | None:
    item = unknown.get(type_)
    return item.since if item else None


def _seen(
    key: Key,
    *,
    deleted: bool,
    failing: set[Key],
    types: Mapping[int, str],
    unknown: Mapping[str, Unknown],
) -> Seen:
    """What was seen of an open drift: never resolved by a listing that cannot be relied on."""
    if key in failing:
        return Seen(Sight.FAILING)
    if deleted:
        return Seen(Sight.GONE)
    own = types.get(key.resource_id, "")
    needed = (GROUP, GROUP_RULE) if own == GROUP else (own,)
    bad = [unknown[name] for name in needed if name in unknown]
    if bad:
        return Seen(Sight.UNKNOWN, min((item.since for item in bad if item.since), default=None))
    return Seen(Sight.PASSING)
