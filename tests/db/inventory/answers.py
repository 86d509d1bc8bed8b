"""Answers as the collectors make them, from raw descriptions."""

from datetime import datetime

from inventory import storing
from inventory.collectors import COLLECTORS
from inventory.differences import Item
from inventory.models import Account
from inventory.reading import Listing, Place, canonical_items, digest
from inventory.shardstates import Outcome
from inventory.states import ShardState
from inventory.sync import Answer, apply
from tests.factories import REGION

OK = Outcome(ShardState.OK)


def answer(account: Account, type: str, raws: list[dict], *, at: datetime, **more) -> Answer:
    """A complete answer that began at `at`."""
    collector = COLLECTORS[type]
    listing = Listing(tuple(raws), at, 1)
    place = Place(account.account_id, REGION, None)
    items = [Item.of(each) for each in canonical_items(collector, listing, place)]
    return Answer(type, at, OK, items, digest(collector, listing), 1, **more)


def listed(account: Account, type: str, raws: list[dict], *, at: datetime, **more):
    """Apply a complete answer."""
    storing.shard_ids(account, REGION, [type], now=at)
    return apply(account, REGION, [answer(account, type, raws, at=at, **more)])
