"""Writing differences: COPY for new rows, one statement each for the rest, changes logged beside.

Plain SQL, because the ORM's bulk upsert rewrites rows that did not change and is four times
slower; every statement runs in the caller's transaction.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from inventory.differences import Difference, Identity, Item, Row
from inventory.models import Account, Shard
from inventory.states import ChangeOp
from network.canonical import VERSIONS, durable, fingerprint
from network.forms import FORMS

_GROUP = "ec2.security-group"
_ROW = """SELECT id, shard_id, account_id, owner_id, rid, hash, canon_version, vpc_id, observed_at,
                 deleted_at IS NOT NULL FROM inventory_resource"""


class Place(NamedTuple):
    """The shard that an answer is of."""

    account: Account
    shard: int
    region: str
    type: str


def held_marks(shards: Sequence[int]) -> dict[int, dict[int, set[str]]]:
    """The marks of the live rows that shards hold, by shard and version of the canonical form.

    Most answers say what is stored already: this is all that is read of it then, as one text for
    each shard. An id with a line break in it makes its shard look different, and be compared.
    """
    found: dict[int, dict[int, set[str]]] = {shard: {} for shard in shards}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shard_id, canon_version, count(*),"
            " string_agg(owner_id || ' ' || rid || ' ' || encode(hash, 'hex'), E'\n')"
            " FROM inventory_resource WHERE shard_id = ANY(%s) AND deleted_at IS NULL"
            " GROUP BY shard_id, canon_version",
            [list(shards)],
        )
        for shard, version, count, text in cursor.fetchall():
            marks = set(text.split("\n"))
            found[shard][version] = marks if len(marks) == count else {*marks, "uncertain"}
    return found


def held_rows(shards: Sequence[int]) -> dict[int, list[Row]]:
    """The live rows that each shard holds."""
    found: dict[int, list[Row]] = {shard: [] for shard in shards}
    for row in _rows("WHERE shard_id = ANY(%s) AND deleted_at IS NULL", [list(shards)]):
        found[row.shard].append(row)
    return found


def scoped_rows(
    place: Place, *, ids: Sequence[str] | None, parent_ids: Sequence[str] | None
) -> list[Row]:
    """Live rows of a shard that a filter names."""
    column, values = ("rid", ids) if ids is not None else ("parent_rid", parent_ids)
    return _rows(
        f"WHERE shard_id = %s AND deleted_at IS NULL AND {column} = ANY(%s)",
        [place.shard, list(values or ())],
    )


def rows_elsewhere(place: Place, items: Iterable[Item]) -> dict[Identity, Row]:
    """Rows with the identities of `items`, whatever shard holds them, deleted ones included."""
    wanted = {item.identity for item in items}
    if not wanted:
        return {}
    rows = _rows(
        "WHERE source_id = %s AND region = %s AND type = %s AND rid = ANY(%s)"
        " AND owner_id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
        [
            place.account.source_id,
            place.region,
            place.type,
            sorted({identity.rid for identity in wanted}),
            sorted({identity.owner for identity in wanted}),
        ],
    )
    return {row.identity: row for row in rows if row.identity in wanted}


def store(place: Place, found: Difference, *, at: datetime) -> int:
    """Write a difference with its versions and change log; returns the rows written."""
    vpcs = _vpcs_of_parents(place, found)
    changes: list[tuple[int, int, str, str]] = []  # account, resource, vpc, op
    changes += _insert(place, found.inserted, vpcs, at=at)
    for pairs, op in (
        (found.updated, ChangeOp.UPDATE),
        (found.revived, ChangeOp.INSERT),
        (found.taken, ChangeOp.UPDATE),
    ):
        changes += _update(place, pairs, vpcs, op=op, at=at)
    changes += _delete(place, found.deleted, at=at)
    log_changes(place, changes, at=at)
    return len(changes)


def touch(rows: Sequence[Row], *, at: datetime) -> None:
    """Rows seen as they are by a filtered read: an older answer must not overrule that."""
    older = [row.pk for row in rows if row.observed_at < at]
    if older:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE inventory_resource SET observed_at = %s WHERE id = ANY(%s)", [at, older]
            )


def touch_deleted(place: Place, ids: Sequence[str], *, at: datetime) -> None:
    """Deleted rows that a filtered read did not bring back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_resource SET observed_at = %s WHERE shard_id = %s"
            " AND rid = ANY(%s) AND deleted_at IS NOT NULL AND observed_at < %s",
            [at, place.shard, list(ids), at],
        )


def log_changes(
    place: Place, changes: Sequence[tuple[int, int, str, str]], *, at: datetime
) -> None:
    """Add lines (account, resource, vpc, op) to the change log."""
    source, region, type_ = place.account.source_id, place.region, place.type
    _log(
        (source, account, region, type_, resource, vpc, str(op), at)
        for account, resource, vpc, op in changes
    )


def log_states(account: Account, region: str, changed: Sequence[tuple[str, datetime]]) -> None:
    """Say in the change log that shards (collector, when) are known otherwise now."""
    source, state = account.source_id, str(ChangeOp.STATE)
    _log((source, account.pk, region, type_, None, "", state, at) for type_, at in changed)


def _log(lines: Iterable[tuple[Any, ...]]) -> None:
    waiting = list(lines)
    if not waiting:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY inventory_change (source_id, account_id, region, collector, resource_id,"
            " vpc_id, op, at) FROM STDIN"
        ) as copy,
    ):
        for line in waiting:
            copy.write_row(line)


def _rows(where: str, params: Sequence[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_ROW} {where}", params)
        return [
            Row(
                pk, shard, account, Identity(owner, rid), bytes(digest), version,
                vpc, observed, deleted,
            )
            for pk, shard, account, owner, rid, digest, version, vpc, observed, deleted
            in cursor.fetchall()
        ]  # fmt: skip


def _vpcs_of_parents(place: Place, found: Difference) -> dict[str, str]:
    """Rules do not say their VPC; their groups do, and are stored before them."""
    if not FORMS[place.type].parent:
        return {}
    items = [*found.inserted, *(item for _, item in (*found.updated, *found.revived, *found.taken))]
    parents = sorted({item.canonical.parent for item in items})
    if not parents:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rid, vpc_id FROM inventory_resource"
            " WHERE source_id = %s AND region = %s AND type = %s AND rid = ANY(%s)",
            [place.account.source_id, place.region, _GROUP, parents],
        )
        return dict(cursor.fetchall())


def _vpc(item: Item, vpcs: dict[str, str]) -> str:
    return item.canonical.vpc_id or vpcs.get(item.canonical.parent, "")


def _columns(place: Place, item: Item, vpcs: dict[str, str], at: datetime) -> tuple[Any, ...]:
    made = item.canonical
    return (
        place.account.pk, place.shard, made.name[:255], _vpc(item, vpcs), made.parent,
        _json(made.tags), _json(made.config), VERSIONS[place.type], item.hash,
        fingerprint(durable(place.type, made.config)), list(made.unknown_fields), at, at,
    )  # fmt: skip


def _insert(
    place: Place, items: Sequence[Item], vpcs: dict[str, str], *, at: datetime
) -> list[tuple[int, int, str, str]]:
    if not items:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('inventory_resource', 'id'))"
            " FROM generate_series(1, %s)",
            [len(items)],
        )
        keys = [key for (key,) in cursor.fetchall()]
        with cursor.copy(
            "COPY inventory_resource (id, source_id, owner_id, region, type, rid, first_seen,"
            " account_id, shard_id, name, vpc_id, parent_rid, tags, config, canon_version, hash,"
            " durable_hash, unknown_fields, changed_at, observed_at) FROM STDIN"
        ) as copy:
            for key, item in zip(keys, items, strict=True):
                copy.write_row(
                    (
                        key, place.account.source_id, item.canonical.owner, place.region,
                        place.type, item.canonical.id, at, *_columns(place, item, vpcs, at),
                    )
                )  # fmt: skip
    return [
        (place.account.pk, key, _vpc(item, vpcs), ChangeOp.INSERT)
        for key, item in zip(keys, items, strict=True)
    ]


def _update(
    place: Place,
    pairs: Sequence[tuple[Row, Item]],
    vpcs: dict[str, str],
    *,
    op: ChangeOp,
    at: datetime,
) -> list[tuple[int, int, str, str]]:
    if not pairs:
        return []
    _keep_versions([row for row, _ in pairs if not row.deleted], op=op, at=at)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE inventory_resource SET account_id = %s, shard_id = %s, name = %s, vpc_id = %s,"
            " parent_rid = %s, tags = %s::jsonb, config = %s::jsonb, canon_version = %s, hash = %s,"
            " durable_hash = %s, unknown_fields = %s, changed_at = %s, observed_at = %s,"
            " deleted_at = NULL WHERE id = %s",
            [(*_columns(place, item, vpcs, at), row.pk) for row, item in pairs],
        )
    changes: list[tuple[int, int, str, str]] = []
    for row, item in pairs:
        now = _vpc(item, vpcs)
        # Who left a VPC, or an account's listing, concerns both.
        for vpc in {now, row.vpc_id} - {""} or {""}:
            changes.append((place.account.pk, row.pk, vpc, op))
        if row.account != place.account.pk:
            changes.append((row.account, row.pk, row.vpc_id, op))
    return changes


def _delete(place: Place, rows: Sequence[Row], *, at: datetime) -> list[tuple[int, int, str, str]]:
    if not rows:
        return []
    _keep_versions(rows, op=ChangeOp.DELETE, at=at)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inventory_resource SET deleted_at = %s, changed_at = %s, observed_at = %s"
            " WHERE id = ANY(%s)",
            [at, at, at, [row.pk for row in rows]],
        )
    return [(place.account.pk, row.pk, row.vpc_id, ChangeOp.DELETE) for row in rows]


def _keep_versions(rows: Sequence[Row], *, op: ChangeOp, at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_resourceversion"
            " (resource_id, valid_from, valid_to, op, config, canon_version, hash)"
            " SELECT id, changed_at, greatest(%s, changed_at), %s, config, canon_version, hash"
            " FROM inventory_resource WHERE id = ANY(%s)",
            [at, str(op), [row.pk for row in rows]],
        )


_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def shard_ids(account: Account, region: str, types: Iterable[str], *, now: datetime) -> None:
    """Make the shards that are not there yet, as never read."""
    Shard.objects.bulk_create(
        [
            Shard(account=account, region=region, collector=type_, state_since=now)
            for type_ in types
        ],
        ignore_conflicts=True,
    )
