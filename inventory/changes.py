"""Reading the change log, each consumer by its own cursor, never skipping a late commit.

Rows carry the id of the transaction that wrote them. A reader takes those below the oldest
transaction still open, so that a row with a small id committed late is read later, not never.
"""

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from inventory.models import Change, Cursor

_BATCH = 5_000


@transaction.atomic
def consume(consumer: str, handle: Callable[[list[Change]], None], *, limit: int = _BATCH) -> int:
    """Hand `consumer` its next changes in order; returns how many there were.

    `handle` runs in the transaction that moves the cursor: either both happen, or neither.
    Returns 0 also when another worker holds the cursor. Call until it returns 0.
    """
    Cursor.objects.bulk_create(
        [Cursor(consumer=consumer, moved_at=timezone.now())], ignore_conflicts=True
    )
    cursor = Cursor.objects.select_for_update(skip_locked=True).filter(pk=consumer).first()
    if cursor is None:
        return 0
    ceiling = _oldest_open()
    waiting = Change.objects.filter(xid__gte=cursor.position, xid__lt=ceiling)
    found = list(waiting.order_by("xid", "id")[: limit + 1])
    if len(found) > limit:
        found, ceiling = _whole_transactions(found)
    if found:
        handle(found)
    if ceiling > cursor.position:
        Cursor.objects.filter(pk=consumer).update(position=ceiling, moved_at=timezone.now())
    return len(found)


def _oldest_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _whole_transactions(found: list[Change]) -> tuple[list[Change], int]:
    """Cut a full batch at a transaction's border: a cursor cannot stand inside one."""
    last = found[-1].xid
    whole = [change for change in found if change.xid != last]
    if whole:
        return whole, last
    return list(Change.objects.filter(xid=last).order_by("id")), last + 1
