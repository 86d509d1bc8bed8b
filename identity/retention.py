"""Forgetting old audit events, where an installation has decided to: the one way past the trigger."""

from datetime import datetime

from django.db import connection, transaction

_BATCH = 5_000


def throw_away(*, before: datetime) -> int:
    """Delete audit events older than `before`, in batches; returns how many went.

    The trigger lets a DELETE pass only in a transaction that says it is retention.
    """
    total = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL cspm.retention = 'on'")
            cursor.execute(
                "DELETE FROM identity_auditevent WHERE id IN"
                " (SELECT id FROM identity_auditevent WHERE at < %s ORDER BY id LIMIT %s)",
                [before, _BATCH],
            )
            gone = int(cursor.rowcount)
            cursor.execute("SET LOCAL cspm.retention = 'off'")  # the caller may go on
        total += gone
        if gone < _BATCH:
            return total
