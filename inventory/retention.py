"""What is thrown away, and when; in batches, so that nobody waits."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from identity import retention as identity_retention
from inventory.models import Cursor

_BATCH = 5_000
# Table, condition; `position` is the slowest consumer's: what it has not read stays.
_RULES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "versions": (("inventory_resourceversion", "valid_to < %(before)s"),),
    "changes": (("inventory_change", "at < %(before)s AND xid < %(position)s"),),
    "scans": (
        (
            "inventory_work",
            "scan_id IN (SELECT id FROM inventory_scan WHERE finished_at < %(before)s)",
        ),
        (
            "inventory_scan",
            "finished_at < %(before)s AND NOT EXISTS"
            " (SELECT 1 FROM inventory_work WHERE scan_id = inventory_scan.id)",
        ),
        ("inventory_shardperiod", "until < %(before)s"),
    ),
}


def throw_away(*, now: datetime) -> dict[str, int]:
    """Delete what is older than `settings.RETENTION_DAYS` says; 0 keeps for ever."""
    positions = list(Cursor.objects.values_list("position", flat=True))
    gone: dict[str, int] = {}
    for kind, rules in _RULES.items():
        days = settings.RETENTION_DAYS[kind]
        if not days:
            continue
        params = {
            "before": now - timedelta(days=days),
            "position": min(positions, default=0),
            "batch": _BATCH,
        }
        for table, condition in rules:
            gone[table] = _delete(table, condition, params)
    if days := settings.RETENTION_DAYS["audit"]:
        before = now - timedelta(days=days)
        gone["identity_auditevent"] = identity_retention.throw_away(before=before)
    return gone


def _delete(table: str, condition: str, params: dict[str, Any]) -> int:
    statement = (
        f"DELETE FROM {table} WHERE id IN"  # noqa: S608 - constants of this module
        f" (SELECT id FROM {table} WHERE {condition} LIMIT %(batch)s)"
    )
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            gone = int(cursor.rowcount)
        total += gone
        if gone < _BATCH:
            return total
