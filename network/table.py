"""The records of one type with indexes that are built when first asked for.

A changed copy shares what did not change: a what-if on one rule of 200,000 touches its own keys.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from network import normal
from network.records import Record

Key = tuple[str, str, str]
Postings = dict[str, tuple[Record, ...]]


def _id(record: Record) -> Iterable[str]:
    return (record.id,)


def _vpc(record: Record) -> Iterable[str]:
    vpc = record.config.get("VpcId")
    if vpc:
        return (str(vpc),)
    return _ids(record.config.get("Attachments"), "VpcId")


def _ids(items: Any, field: str) -> list[str]:
    return [str(item[field]) for item in items or () if item.get(field)]


def _field(name: str) -> Callable[[Record], Iterable[str]]:
    def of(record: Record) -> Iterable[str]:
        value = record.config.get(name)
        return (str(value),) if value else ()

    return of


def _subnets(record: Record) -> Iterable[str]:
    own = record.config.get("SubnetId")
    if own:
        return (str(own),)
    joins = record.config.get("Associations") or ()
    return _ids([item for item in joins if _in_force(item)], "SubnetId")


def _in_force(association: Mapping[str, Any]) -> bool:
    state = association.get("AssociationState") or {}
    return bool(state.get("State", "associated") == "associated")


def _groups(record: Record) -> Iterable[str]:
    own = record.config.get("GroupId")
    return (str(own),) if own else _ids(record.config.get("Groups"), "GroupId")


def _peer(record: Record) -> Iterable[str]:
    return _ids((record.config.get("ReferencedGroupInfo") or {},), "GroupId")


def _instance(record: Record) -> Iterable[str]:
    return _ids((record.config.get("Attachment") or {},), "InstanceId")


INDEXES: Mapping[str, Callable[[Record], Iterable[str]]] = MappingProxyType(
    {
        "id": _id,
        "vpc": _vpc,
        "subnet": _subnets,
        "group": _groups,
        "peer": _peer,
        "instance": _instance,
        "watched": _field("ResourceId"),
    }
)


def _place(record: Record) -> Key:
    return (record.account, record.region, record.id)


def _precedence(record: Record) -> tuple[str, str]:
    return (record.observer, normal.text(record.config))


class Table:
    """Records by owner, region and id, in that order, and by what they refer to."""

    def __init__(self, rows: dict[Key, Record], indexes: dict[str, Postings]) -> None:
        self._rows = rows
        self._indexes = indexes
        self._sorted: Sequence[Record] | None = None

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Table":
        """Of two records of one object the owner's own listing wins, then the lower account."""
        rows: dict[Key, Record] = {}
        for record in records:
            known = rows.get(_place(record))
            if known is None or _precedence(record) < _precedence(known):
                rows[_place(record)] = record
        return cls(rows, {})

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def records(self) -> Sequence[Record]:
        """All, sorted by account, region and id."""
        if self._sorted is None:
            self._sorted = tuple(self._rows[key] for key in sorted(self._rows))
        return self._sorted

    def by(self, index: str, key: str) -> tuple[Record, ...]:
        """The records an index holds under a key, sorted."""
        postings = self._indexes.get(index)
        if postings is None:
            lists: dict[str, list[Record]] = {}
            keys = INDEXES[index]
            for record in self.records:
                for value in dict.fromkeys(keys(record)):
                    lists.setdefault(value, []).append(record)
            postings = self._indexes[index] = {k: tuple(v) for k, v in lists.items()}
        return postings.get(key, ())

    def changed(self, replaced: Sequence[Record], removed: Collection[str]) -> "Table":
        """A copy with records put in place of those with the same identity, and others gone."""
        gone = [record for rid in removed for record in self.by("id", rid)]
        rows = dict(self._rows)
        for record in gone:
            del rows[_place(record)]
        for record in replaced:
            if (known := rows.get(_place(record))) is not None:
                gone.append(known)
            rows[_place(record)] = record
        indexes = {
            name: _patched(postings, INDEXES[name], gone, replaced)
            for name, postings in self._indexes.items()
        }
        return Table(rows, indexes)


def _patched(
    postings: Postings,
    keys: Callable[[Record], Iterable[str]],
    gone: Sequence[Record],
    added: Sequence[Record],
) -> Postings:
    copy = dict(postings)
    for record in gone:
        for key in set(keys(record)):
            copy[key] = tuple(item for item in copy.get(key, ()) if item is not record)
    for record in added:
        for key in set(keys(record)):
            copy[key] = tuple(sorted((*copy.get(key, ()), record), key=_place))
    return copy
