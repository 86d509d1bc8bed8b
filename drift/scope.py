"""What belongs to a VPC, and whether the listings it is composed of can be relied on."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from drift.comparison import GROUP, GROUP_RULE, Entry
from inventory.models import Resource, Shard
from inventory.states import ShardState
from network import canonical

VPC = "ec2.vpc"
COMPOSING: tuple[str, ...] = (
    VPC,
    "ec2.subnet",
    "ec2.route-table",
    "ec2.network-acl",
    GROUP,
    GROUP_RULE,
    "ec2.internet-gateway",
    "ec2.vpc-endpoint",
    "ec2.flow-log",
)
"""Listings that compose a baseline; what a shared VPC's participants own is theirs, not in it."""
_GOOD = (ShardState.OK, ShardState.SKIPPED)


class Unknown(NamedTuple):
    """A composing listing that cannot be relied on."""

    collector: str
    state: str
    since: datetime | None
    missing_permission: str

    def __str__(self) -> str:
        state = ShardState(self.state).label.lower()
        permission = f", {self.missing_permission} missing" if self.missing_permission else ""
        return f"{self.collector} ({state}{permission})"


def resources_of(vpc: Resource, *, deleted: bool = False) -> list[Resource]:
    """The live resources of a VPC in its owner's account; with `deleted`, those that were too."""
    rows = Resource.objects.filter(
        source=vpc.source_id, owner_id=vpc.owner_id, region=vpc.region, type__in=COMPOSING
    )
    if not deleted:
        rows = rows.filter(deleted_at=None)
    own = Q(type=VPC, rid=vpc.rid) | (Q(vpc_id=vpc.rid) & ~Q(type=VPC))
    found = list(rows.filter(own))
    ids = [row.rid for row in found if row.type == GROUP]
    subnets = [row.rid for row in found if row.type == "ec2.subnet"]
    known = {row.pk for row in found}
    more = rows.filter(
        Q(type=GROUP_RULE, parent_rid__in=ids)
        | Q(type="ec2.flow-log", config__ResourceId__in=subnets)
    )
    return found + [row for row in more if row.pk not in known]


def unknown_of(vpc: Resource) -> list[Unknown]:
    """The composing listings that were never read, denied, throttled or cut short."""
    shards = {
        shard.collector: shard
        for shard in Shard.objects.filter(
            account=vpc.account_id, region=vpc.region, collector__in=COMPOSING
        )
    }
    found = []
    for name in COMPOSING:
        shard = shards.get(name)
        if shard is None:
            found.append(Unknown(name, ShardState.NEVER, None, ""))
        elif shard.state not in _GOOD:
            found.append(Unknown(name, shard.state, shard.state_since, shard.missing_permission))
    return found


def oldest_read(vpc: Resource, *, fallback: datetime) -> datetime:
    """When the least fresh of the composing listings was read."""
    reads = Shard.objects.filter(
        account=vpc.account_id, region=vpc.region, collector__in=COMPOSING
    ).values_list("last_ok_at", flat=True)
    return min((read for read in reads if read), default=fallback)


def entries_of(rows: Sequence[Resource]) -> list[Entry]:
    """Resources as comparison takes them."""
    return [
        Entry(
            row.type,
            row.rid,
            canonical.durable(row.type, row.config),
            row.name,
            row.parent_rid if row.type == GROUP_RULE else "",
        )
        for row in rows
    ]
