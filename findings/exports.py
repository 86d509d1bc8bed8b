"""The inbox as CSV or JSON: streamed, and row for row what the screen shows."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import QuerySet

from findings.models import Finding

COLUMNS = (
    "id",
    "severity",
    "title",
    "kind",
    "rule",
    "account",
    "account_name",
    "region",
    "resource_type",
    "resource",
    "resource_name",
    "state",
    "triage",
    "assignee",
    "failing_since",
    "first_seen",
    "resolved_at",
    "not_assessed_since",
    "times_reopened",
)
_CHUNK = 2_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row(finding: Finding) -> dict[str, Any]:
    """One finding as plain values."""
    resource = finding.resource
    return {
        "id": finding.pk,
        "severity": finding.severity,
        "title": finding.title,
        "kind": finding.kind,
        "rule": finding.code,
        "account": resource.account.account_id,
        "account_name": resource.account.name,
        "region": resource.region,
        "resource_type": resource.type,
        "resource": resource.rid,
        "resource_name": resource.name,
        "state": finding.detection,
        "triage": finding.triage,
        "assignee": finding.assignee.get_username() if finding.assignee else "",
        "failing_since": finding.failing_since.isoformat(),
        "first_seen": finding.first_seen.isoformat(),
        "resolved_at": finding.resolved_at.isoformat() if finding.resolved_at else None,
        "not_assessed_since": (
            finding.not_assessed_since.isoformat() if finding.not_assessed_since else None
        ),
        "times_reopened": finding.times_reopened,
    }


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        return value


def as_csv(rows: QuerySet[Finding]) -> Iterator[str]:
    """CSV lines; names that a spreadsheet would run as a formula are quoted with an apostrophe."""
    writer = csv.DictWriter(_Echo(), COLUMNS)
    yield writer.writeheader()
    for finding in rows.iterator(chunk_size=_CHUNK):
        yield writer.writerow(_harmless(row(finding)))


def as_json(rows: QuerySet[Finding]) -> Iterator[str]:
    """A JSON array, one object a line."""
    yield "["
    for number, finding in enumerate(rows.iterator(chunk_size=_CHUNK)):
        yield ("\n" if number == 0 else ",\n") + json.dumps(row(finding))
    yield "\n]\n"


def _harmless(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
        for name, value in values.items()
    }
