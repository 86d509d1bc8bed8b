"""Between a finding's row and the pure status that `findings.lifecycle` moves."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from findings.lifecycle import Status
from findings.models import Finding, FindingEvent, Waiver
from findings.states import Detection, Triage
from identity.models import User

MOVED = (
    "detection",
    "triage",
    "failing_since",
    "resolved_at",
    "not_assessed_since",
    "times_reopened",
    "snoozed_until",
)


def status_of(finding: Finding, *, waived_until: datetime | None) -> Status:
    """The moving part of a row."""
    return Status(
        detection=Detection(finding.detection),
        failing_since=finding.failing_since,
        triage=Triage(finding.triage),
        resolved_at=finding.resolved_at,
        not_assessed_since=finding.not_assessed_since,
        times_reopened=finding.times_reopened,
        snoozed_until=finding.snoozed_until,
        waived_until=waived_until,
    )


def put(finding: Finding, status: Status) -> None:
    """Write a status onto a row; the caller saves it."""
    for name in MOVED:
        setattr(finding, name, getattr(status, name))


def waivers_of(finding_ids: Iterable[int]) -> dict[int, datetime]:
    """The ends of open waivers by finding."""
    return dict(
        Waiver.objects.filter(finding_id__in=list(finding_ids), ended_at=None).values_list(
            "finding_id", "until"
        )
    )


def end_waivers(finding_ids: Iterable[int], *, at: datetime) -> None:
    """Close the open waivers of findings that are new again."""
    ids = list(finding_ids)
    if ids:
        Waiver.objects.filter(finding_id__in=ids, ended_at=None).update(ended_at=at)


def event(
    finding: Finding,
    kind: str,
    *,
    at: datetime,
    actor: User | None = None,
    note: str = "",
    **data: Any,
) -> FindingEvent:
    """An entry of the timeline, not saved yet. No actor means the product."""
    return FindingEvent(finding=finding, kind=kind, at=at, actor=actor, note=note, data=data)
