"""Which account-regions must be judged again: rows, so that a lost message loses nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from findings.models import EvaluationScope
from inventory.models import Account, Change, Resource

CONSUMER = "findings"
_PEERING = "ec2.vpc-peering-connection"
_PREFIX_LIST = "ec2.managed-prefix-list"


class Place(NamedTuple):
    """An account (by primary key) and a region."""

    account: int
    region: str


def mark_changed(changes: Sequence[Change]) -> None:
    """Consume a batch of the change log: mark what it touched, and what depends on that.

    Runs in the transaction that moves the cursor.
    """
    by_source: dict[int, list[Change]] = {}
    for change in changes:
        by_source.setdefault(change.source_id, []).append(change)
    touched: set[Place] = set()
    for source_id, logged in by_source.items():
        places = {Place(change.account_id, change.region) for change in logged}
        touched |= places | peered_with(source_id, places) | _sharing(source_id, logged)
    mark(touched, now=timezone.now())


def _sharing(source_id: int, changes: Iterable[Change]) -> set[Place]:
    """Account-regions that take part in a changed VPC, or may use a changed prefix list."""
    vpc_ids = {change.vpc_id for change in changes if change.vpc_id}
    inside = Resource.objects.filter(source_id=source_id, deleted_at=None, vpc_id__in=vpc_ids)
    found = {Place(*pair) for pair in inside.values_list("account_id", "region").distinct()}
    regions = {change.region for change in changes if change.collector == _PREFIX_LIST}
    if regions:
        judged = EvaluationScope.objects.filter(account__source_id=source_id, region__in=regions)
        found |= {Place(*pair) for pair in judged.values_list("account_id", "region")}
    return found


def mark(places: Iterable[Place], *, now: datetime) -> None:
    """Make account-regions dirty; what is dirty already is only counted on."""
    wanted = sorted(set(places))
    if not wanted:
        return
    EvaluationScope.objects.bulk_create(
        [
            EvaluationScope(account_id=place.account, region=place.region, marked_at=now)
            for place in wanted
        ],
        ignore_conflicts=True,
    )
    EvaluationScope.objects.filter(_any(wanted)).update(marked=F("marked") + 1, marked_at=now)


def peered_with(source_id: int, places: Iterable[Place]) -> set[Place]:
    """Account-regions on the other side of a VPC peering: rules judge routes and groups across it."""
    wanted = set(places)
    found: set[Place] = set()
    connections = Resource.objects.filter(source_id=source_id, type=_PEERING, deleted_at=None)
    sides = [
        [config.get(name) or {} for name in ("RequesterVpcInfo", "AccepterVpcInfo")]
        for config in connections.values_list("config", flat=True)
    ]
    if not sides:
        return found
    accounts = dict(Account.objects.filter(source_id=source_id).values_list("account_id", "pk"))
    for pair in sides:
        ends = {
            Place(accounts[side["OwnerId"]], side["Region"])
            for side in pair
            if side.get("OwnerId") in accounts and side.get("Region")
        }
        if ends & wanted:
            found |= ends
    return found - wanted


def waiting() -> list[EvaluationScope]:
    """Dirty account-regions, longest waiting first; those that never held a resource are settled.

    There is nothing to judge in an empty region, and an organisation has hundreds of them.
    """
    dirty = EvaluationScope.objects.filter(marked__gt=F("evaluated"))
    held = Resource.objects.filter(account=OuterRef("account"), region=OuterRef("region"))
    dirty.filter(~Exists(held)).update(evaluated=F("marked"), evaluated_at=timezone.now())
    return list(dirty.select_related("account").order_by("marked_at", "pk"))


def done(scope_id: int, *, generation: int, at: datetime) -> None:
    """An evaluation that started at `generation` has been written."""
    EvaluationScope.objects.filter(pk=scope_id, evaluated__lt=generation).update(
        evaluated=generation, evaluated_at=at
    )


def _any(places: Sequence[Place]) -> Q:
    by_region: dict[str, list[int]] = {}
    for place in places:
        by_region.setdefault(place.region, []).append(place.account)
    query = Q(pk__in=[])
    for region, accounts in by_region.items():
        query |= Q(region=region, account_id__in=accounts)
    return query
