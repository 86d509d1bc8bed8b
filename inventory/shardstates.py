"""How shards stand, how that changes, and when what is known of them stops being trusted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from inventory import storing
from inventory.awserrors import AwsError, Failure
from inventory.models import Account, Shard
from inventory.states import ShardState
from network import records

_GOOD = (ShardState.OK, ShardState.SKIPPED)
_PASSING = (ShardState.FAILED, ShardState.THROTTLED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the last try of a shard came to, in the words that the screen shows."""

    state: ShardState
    error_code: str = ""
    error: str = ""
    missing_permission: str = ""
    proof: str = ""

    @classmethod
    def of(cls, error: AwsError, *, region_refuses: bool = True) -> "Outcome":
        """The outcome of a call that brought no data.

        `region_refuses`: the same credentials work elsewhere, so a refusal is the region's.
        """
        state = {
            Failure.DENIED: ShardState.DENIED,
            Failure.THROTTLED: ShardState.THROTTLED,
        }.get(error.failure, ShardState.FAILED)
        if error.failure is Failure.REFUSED and region_refuses:
            state = ShardState.REGION_DISABLED
        missing = error.permission if state == ShardState.DENIED else ""
        return cls(state, error.code[:80], error.message[:2000], missing)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a shard stood before."""

    pk: int
    collector: str
    state: ShardState
    since: datetime
    last_ok_at: datetime | None
    last_try_at: datetime | None
    error_code: str
    missing_permission: str
    item_count: int
    digest: bytes | None

    @classmethod
    def of(cls, shard: Shard) -> "Standing":
        """The standing of a row."""
        return cls(
            shard.pk,
            shard.collector,
            ShardState(shard.state),
            shard.state_since,
            shard.last_ok_at,
            shard.last_try_at,
            shard.error_code,
            shard.missing_permission,
            shard.item_count,
            None if shard.digest is None else bytes(shard.digest),
        )


# How it stood, what the try came to, when that began, the answer's digest, objects in it.
Try = tuple[Standing, Outcome, datetime, bytes | None, int]


def trusted(state: str, last_ok_at: datetime | None, *, now: datetime, interval: timedelta) -> bool:
    """Whether absence in a shard means absence in AWS.

    A denied shard is not trusted at once; one that failed or was throttled, after two intervals
    without a good answer.
    """
    if state in _GOOD:
        return True
    return state in _PASSING and last_ok_at is not None and now - last_ok_at < 2 * interval


def status(shard: Shard, *, now: datetime, interval: timedelta) -> records.ShardStatus:
    """A shard as the estate knows it."""
    state = records.ShardState(shard.state)
    if state.value in _PASSING and trusted(
        shard.state, shard.last_ok_at, now=now, interval=interval
    ):
        state = records.ShardState.OK
    return records.ShardStatus(state, shard.state_since, shard.last_ok_at, shard.missing_permission)


def write_states(
    account: Account,
    region: str,
    tries: Sequence[Try],
) -> int:
    """Store what tries came to (standing, outcome, start, digest, items); returns states changed.

    A change that matters to judging goes to the change log; a state that ended is kept as a period.
    """
    if not tries:
        return 0
    interval = timedelta(seconds=account.source.scan_interval_seconds)
    as_before = [each for each in tries if _as_before(*each)]
    others = [each for each in tries if not _as_before(*each)]
    with connection.cursor() as cursor:
        if as_before:
            keys = [before.pk for before, _, _, _, _ in as_before]
            cursor.execute(_FRESH, [keys, [at for _, _, at, _, _ in as_before]])
        if others:
            cursor.executemany(_UPDATE, [_row(*each) for each in others])
    ended = [(before, at) for before, outcome, at, _, _ in tries if before.state != outcome.state]
    _keep_periods((before, at) for before, at in ended if before.state != ShardState.NEVER)
    changed = [
        (before.collector, at)
        for before, outcome, at, _, _ in tries
        if _matters(before, outcome, at=at, interval=interval)
    ]
    storing.log_states(account, region, changed)
    return len(changed)


_FRESH = """UPDATE inventory_shard SET last_try_at = seen.at, last_ok_at = seen.at,
    generation = generation + 1
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS seen (id, at)
    WHERE inventory_shard.id = seen.id"""
_UPDATE = """UPDATE inventory_shard SET
    state_since = CASE WHEN state = %s THEN state_since ELSE %s END,
    state = %s, last_try_at = %s, error_code = %s, error = %s, missing_permission = %s, proof = %s,
    last_ok_at = CASE WHEN %s THEN %s ELSE last_ok_at END,
    generation = generation + CASE WHEN %s THEN 1 ELSE 0 END,
    item_count = %s,
    digest = CASE WHEN %s THEN %s ELSE digest END
    WHERE id = %s"""


def _as_before(
    before: Standing, outcome: Outcome, at: datetime, digest: bytes | None, count: int
) -> bool:
    """Whether only the time of the last good answer changes."""
    return (
        outcome.state == before.state == ShardState.OK
        and digest == before.digest
        and count == before.item_count
        and (outcome.error_code, outcome.missing_permission)
        == (before.error_code, before.missing_permission)
    )


def _row(
    before: Standing, outcome: Outcome, at: datetime, digest: bytes | None, count: int
) -> tuple[Any, ...]:
    state, good = str(outcome.state), outcome.state in _GOOD
    return (
        state, at, state, at, outcome.error_code, outcome.error, outcome.missing_permission,
        outcome.proof, good, at, good, count, good, digest, before.pk,
    )  # fmt: skip


def _matters(before: Standing, outcome: Outcome, *, at: datetime, interval: timedelta) -> bool:
    if before.state == ShardState.NEVER and outcome.state == ShardState.NEVER:
        return False
    if before.state != outcome.state or before.missing_permission != outcome.missing_permission:
        return True
    if before.last_try_at is None:
        return True
    was = trusted(before.state, before.last_ok_at, now=before.last_try_at, interval=interval)
    now = trusted(outcome.state, before.last_ok_at, now=at, interval=interval)
    return was != now and outcome.state not in _GOOD


def _keep_periods(ended: Iterable[tuple[Standing, datetime]]) -> None:
    rows = [
        (before.pk, str(before.state), before.since, at, before.error_code)
        for before, at in ended
        if before.since <= at
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO inventory_shardperiod (shard_id, state, since, until, error_code)"
                " VALUES (%s, %s, %s, %s, %s)",
                rows,
            )
