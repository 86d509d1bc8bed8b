"""Applying answers: each region's in one transaction that first makes sure of its lease.

A complete answer changes resources; anything else changes the shard's state and no resource.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F

from inventory import storing
from inventory.collectors import COLLECTORS
from inventory.differences import Difference, Item, Row, compare, doubtful, settle
from inventory.models import Account, Shard, Work
from inventory.shardstates import Outcome, Standing, Try, write_states
from inventory.states import ShardState
from inventory.storing import Place
from inventory.wake import wake
from network.canonical import VERSIONS, Canonical


class LostLease(Exception):  # noqa: N818 - what happened, not what is wrong
    """Someone else has the work now, or it was cancelled; nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A claim on a piece of work; it holds while the generation is the present one."""

    work: int
    generation: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking one collector came to.

    `items` is `None` where there is no data (see `outcome`), or where the digest says that
    nothing changed; with an outcome that is not good they are part of the truth, which adds and
    changes rows and deletes none. `confirmed` says that the listing was read a second time.
    """

    collector: str
    started: datetime
    outcome: Outcome
    items: Sequence[Item] | None = None
    digest: bytes | None = None
    calls: int = 0
    confirmed: bool = False

    @property
    def complete(self) -> bool:
        """Whether AWS said all there is."""
        return self.outcome.state == ShardState.OK


@dataclass(slots=True)
class Applied:
    """What was written. `again` are collectors whose listing must be read a second time."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    again: list[str] = field(default_factory=list)

    @property
    def changed(self) -> int:
        """Rows written."""
        return self.inserted + self.updated + self.deleted

    def add(self, found: Difference) -> None:
        """Count a difference."""
        self.inserted += len(found.inserted) + len(found.revived)
        self.updated += len(found.updated) + len(found.taken)
        self.deleted += len(found.deleted)


@transaction.atomic
def apply(
    account: Account, region: str, answers: Sequence[Answer], *, lease: Lease | None = None
) -> Applied:
    """Apply the answers of one account-region; raises `LostLease` before anything is written.

    Answers of which almost everything is gone, or that were taken for unchanged and are not, are
    not applied but named in `again`.
    """
    if lease is not None:
        _require(lease)
    shards = _locked(account, region, [answer.collector for answer in answers])
    applied = Applied()
    tries: list[Try] = []
    compared: list[tuple[Answer, Shard]] = []
    order = list(COLLECTORS)
    for answer in sorted(answers, key=lambda each: order.index(each.collector)):
        shard = shards[answer.collector]
        if shard.last_ok_at is not None and answer.started < shard.last_ok_at:
            continue  # a later read is applied already
        if answer.items is not None:
            compared.append((answer, shard))
        elif answer.complete and not _same(answer.digest, shard.digest):
            applied.again.append(answer.collector)
        else:
            tries.append(_try(shard, answer, shard.item_count))
    if compared:
        tries += _apply_items(account, region, compared, applied)
    states = write_states(account, region, tries)
    if lease is not None:
        Work.objects.filter(pk=lease.work).update(
            shards_done=F("shards_done") + len(tries),
            calls=F("calls") + sum(answer.calls for answer in answers),
            changes=F("changes") + applied.changed,
        )
    if applied.changed or states:
        wake("change")
    else:
        _need_not_wait_for_the_disk()
    return applied


def _need_not_wait_for_the_disk() -> None:
    """Nothing but freshness is written: a crash may lose the last moments of that, no resource."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def _apply_items(
    account: Account,
    region: str,
    compared: Sequence[tuple[Answer, Shard]],
    applied: Applied,
) -> list[Try]:
    """Write the differences, in the table's order: groups before their rules."""
    tries = []
    stored = storing.held_marks([shard.pk for _, shard in compared])
    differing = []
    for answer, shard in compared:
        version = VERSIONS[answer.collector]
        said = {item.mark for item in answer.items or ()}
        if answer.complete and stored[shard.pk] == ({version: said} if said else {}):
            tries.append(_try(shard, answer, len(said)))
        else:
            differing.append((answer, shard))
    rows = storing.held_rows([shard.pk for _, shard in differing]) if differing else {}
    for answer, shard in differing:
        place = Place(account, shard.pk, region, answer.collector)
        held = rows[shard.pk]
        found = _difference(place, answer.items or (), held, started=answer.started)
        if not answer.complete:
            found.deleted.clear()
        if doubtful(found, len(held)) and not answer.confirmed:
            applied.again.append(answer.collector)
            continue
        storing.store(place, found, at=answer.started)
        applied.add(found)
        count = len(held) + len(found.inserted) + len(found.revived) + len(found.taken)
        # A digest vouches for the rows; where a later read overruled the answer it must not.
        given = replace(answer, digest=None) if found.overruled else answer
        tries.append(_try(shard, given, count - len(found.deleted)))
    return tries


def _try(shard: Shard, answer: Answer, count: int) -> Try:
    return Standing.of(shard), answer.outcome, answer.started, answer.digest, count


def apply_filtered(
    account: Account,
    *,
    region: str,
    type: str,
    found: Sequence[Canonical],
    ids: Sequence[str] | None,
    parent_ids: Sequence[str] | None,
    started: datetime,
) -> Applied:
    """Apply a read that is complete for the objects, or the parents' objects, that it names.

    Runs in the caller's transaction. The shard's state stays: it is of the whole listing.
    """
    storing.shard_ids(account, region, [type], now=started)
    shard = _locked(account, region, [type])[type]
    if shard.last_ok_at is not None and started < shard.last_ok_at:
        return Applied()  # the whole listing was read later
    place = Place(account, shard.pk, region, type)
    held = storing.scoped_rows(place, ids=ids, parent_ids=parent_ids)
    difference = _difference(place, [Item.of(each) for each in found], held, started=started)
    storing.store(place, difference, at=started)
    storing.touch(difference.unchanged, at=started)
    if ids is not None:
        storing.touch_deleted(place, ids, at=started)
    applied = Applied()
    applied.add(difference)
    if difference:
        count = applied.inserted + len(difference.taken) - applied.deleted
        Shard.objects.filter(pk=shard.pk).update(
            digest=None, item_count=max(0, shard.item_count + count)
        )
        wake("change")
    return applied


def _difference(
    place: Place, items: Sequence[Item], held: Sequence[Row], *, started: datetime
) -> Difference:
    found, new = compare(items, held, started=started, version=VERSIONS[place.type])
    elsewhere = storing.rows_elsewhere(place, new)
    return settle(found, new, elsewhere, asked=place.account.account_id, started=started)


def _same(one: bytes | None, other: bytes | memoryview | None) -> bool:
    return one is not None and other is not None and one == bytes(other)


def _require(lease: Lease) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM inventory_work WHERE id = %s AND generation = %s"
            " AND state = 'running' FOR NO KEY UPDATE",
            [lease.work, lease.generation],
        )
        if cursor.fetchone() is None:
            raise LostLease(f"work {lease.work}, generation {lease.generation}")


def _locked(account: Account, region: str, types: Sequence[str]) -> Mapping[str, Shard]:
    shards = (
        Shard.objects.select_for_update(no_key=True)
        .filter(account=account, region=region, collector__in=types)
        .order_by("pk")
    )
    return {shard.collector: shard for shard in shards}
