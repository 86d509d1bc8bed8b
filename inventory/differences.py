"""What a complete answer means for the rows that are there: pure, so that every case can be tried.

An answer older than what a row rests on neither overwrites, deletes nor resurrects it, and only
who holds a row's authority may end it: its owner's listing, or the first participant's that saw
it while the owner's has not.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from network.canonical import Canonical, fingerprint

_DOUBTFUL_SHARE, _DOUBTFUL_COUNT = 0.5, 20


class Identity(NamedTuple):
    """A resource of one type and region by owner and id."""

    owner: str
    rid: str


class Row(NamedTuple):
    """What is stored of a resource, as far as comparing needs it."""

    pk: int
    shard: int
    account: int
    identity: Identity
    hash: bytes
    canon_version: int
    vpc_id: str
    observed_at: datetime
    deleted: bool = False

    def newer_than(self, started: datetime) -> bool:
        """Whether it rests on a read that began later."""
        return self.observed_at > started


class Item(NamedTuple):
    """One object of an answer with the hash of its configuration.

    `mark` is owner, id and hash in one text, as `storing.held_marks` makes it of a row: equal for
    a row and an item that are.
    """

    canonical: Canonical
    hash: bytes
    identity: Identity
    mark: str

    @classmethod
    def of(cls, canonical: Canonical) -> "Item":
        """The item of a canonical form."""
        identity = Identity(canonical.owner, canonical.id)
        hash = fingerprint(canonical.config)
        mark = f"{canonical.owner} {canonical.id} {hash.hex()}"
        return cls(canonical, hash, identity, mark)


@dataclass(slots=True)
class Difference:
    """What is to be written. `unchanged` rows were seen as they are stored.

    `overruled`: some row rests on a later read, so that what is stored is not what was answered.
    """

    inserted: list[Item] = field(default_factory=list)
    updated: list[tuple[Row, Item]] = field(default_factory=list)
    revived: list[tuple[Row, Item]] = field(default_factory=list)
    taken: list[tuple[Row, Item]] = field(default_factory=list)
    deleted: list[Row] = field(default_factory=list)
    unchanged: list[Row] = field(default_factory=list)
    overruled: bool = False

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.revived or self.taken or self.deleted)


def compare(
    items: Iterable[Item], held: Iterable[Row], *, started: datetime, version: int
) -> tuple[Difference, list[Item]]:
    """Compare an answer with the live rows its shard holds, within the answer's own scope.

    The second value are items no held row is of; `settle` decides on them once it is known
    whether other rows have their identity.
    """
    left = {row.identity: row for row in held}
    found, new = Difference(), []
    for item in items:
        row = left.pop(item.identity, None)
        if row is None:
            new.append(item)
        elif row.hash == item.hash and row.canon_version == version:
            found.unchanged.append(row)
        elif row.newer_than(started):
            found.overruled = True
        else:
            found.updated.append((row, item))
    found.deleted = [row for row in left.values() if not row.newer_than(started)]
    found.overruled |= len(found.deleted) < len(left)
    return found, new


def settle(
    found: Difference,
    new: Iterable[Item],
    elsewhere: Mapping[Identity, Row],
    *,
    asked: str,
    started: datetime,
) -> Difference:
    """Decide on items without a held row: insert, revive a deleted row, take it over, or leave it.

    `asked` is the account that was asked; it takes a live row from another one only as its owner.
    """
    for item in new:
        row = elsewhere.get(item.identity)
        if row is None:
            found.inserted.append(item)
        elif row.newer_than(started):
            found.overruled = True
        elif row.deleted:
            found.revived.append((row, item))
        elif item.canonical.owner == asked:
            found.taken.append((row, item))
    return found


def doubtful(found: Difference, held: int) -> bool:
    """Whether so much is gone that the listing is read again before anything is deleted."""
    gone = len(found.deleted)
    return gone > _DOUBTFUL_COUNT and gone > held * _DOUBTFUL_SHARE
