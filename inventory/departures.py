"""What is no longer read at all: an account that cannot be entered, a region switched off.

Nothing is deleted; the shards say why and since when what they hold is no longer known.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from inventory.models import Account, Shard
from inventory.shardstates import Outcome, Standing, write_states
from inventory.states import ShardState
from inventory.wake import wake


def close_account(account: Account, reason: str, *, now: datetime) -> None:
    """Every shard of the account is no longer readable."""
    mark(account, Outcome(ShardState.DENIED, "AccountClosed", reason), now=now)


def close_regions(account: Account, regions: Collection[str], *, now: datetime) -> None:
    """The account has switched regions off."""
    reason = "The region is not enabled in this account."
    outcome = Outcome(ShardState.REGION_DISABLED, "RegionDisabled", reason)
    mark(account, outcome, regions=regions, now=now)


@transaction.atomic
def mark(
    account: Account,
    outcome: Outcome,
    *,
    now: datetime,
    regions: Collection[str] | None = None,
) -> None:
    """Put all shards that exist (of some regions) into one state, unless a later read says else."""
    shards = Shard.objects.select_for_update(no_key=True).filter(account=account).order_by("pk")
    if regions is not None:
        shards = shards.filter(region__in=regions)
    by_region: dict[str, list[Shard]] = {}
    for shard in shards:
        if shard.last_ok_at is None or shard.last_ok_at <= now:
            by_region.setdefault(shard.region, []).append(shard)
    changed = 0
    for region, found in by_region.items():
        changed += write_states(
            account,
            region,
            [(Standing.of(each), outcome, now, None, each.item_count) for each in found],
        )
    if changed:
        wake("change")
