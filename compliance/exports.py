"""A framework's scores as rows and as JSON: the same numbers as on the page."""

from collections.abc import Iterator
from typing import Any

from compliance.scoring import Counts
from compliance.selectors import Scored

HEADER = (
    "control",
    "title",
    "section",
    "status",
    "rules",
    "passed",
    "failed",
    "waived",
    "unknown",
    "not_applicable",
    "unread",
    "reason",
)


def rows(found: Scored) -> Iterator[tuple[object, ...]]:
    """One row for each control, those out of scope included."""
    by_id = {each.id: each for each in found.score.controls}
    for section in found.framework.sections:
        for control in section.controls:
            scored = by_id[control.id]
            yield (
                control.id,
                control.title,
                section.title,
                scored.status.value,
                " ".join(control.rules),
                *_numbers(scored.counts),
                control.waits_for or control.out_of_scope,
            )


def summary(found: Scored) -> dict[str, Any]:
    """The score with its denominator and everything that is counted apart."""
    return {
        "id": found.framework.id,
        "title": found.framework.title,
        "version": found.framework.version,
        "met": found.score.met,
        "in_scope": found.score.in_scope,
        "assessed": found.score.assessed,
        "percent": found.score.percent,
        "failed": found.failed,
        "waived": found.waived,
        "not_assessed": found.not_assessed,
        "not_applicable": found.not_applicable,
        "out_of_scope": found.out_of_scope,
    }


def document(found: Scored) -> dict[str, Any]:
    """The summary with all controls."""
    return {
        **summary(found),
        "controls": [dict(zip(HEADER, row, strict=True)) for row in rows(found)],
    }


def _numbers(counts: Counts) -> tuple[int, ...]:
    return (
        counts.passed,
        counts.failed,
        counts.waived,
        counts.unknown,
        counts.not_applicable,
        counts.unread,
    )
