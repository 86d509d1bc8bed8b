"""Mutual exclusion of workers over a scope: PostgreSQL advisory locks, which die with the worker."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

EVALUATION = 7_101
COMPARISON = 7_102


@contextmanager
def only_one(family: int, key: int) -> Iterator[bool]:
    """Whether this process holds the lock; never waits. Held by the session, not a transaction.

    So a scope can be read in a snapshot of its own and written in a short transaction after. A
    pooler between us and the database must keep sessions (see docs/findings-and-drift.md).
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [family, _fold(key)])
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held and connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [family, _fold(key)])


def _fold(key: int) -> int:
    return key % 2_147_483_647
