"""What evaluations saw, written to findings: the only place that sets their detection."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q

from findings import lifecycle, storing
from findings.lifecycle import Sight, Status
from findings.models import Finding, FindingEvent
from findings.states import Detection, Kind, Severity, Triage
from inventory.wake import wake
from network.canonical import fingerprint

_BATCH = 1_000


class Key(NamedTuple):
    """What identifies a finding within its kind."""

    code: str
    resource_id: int
    discriminator: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """One failure as it was seen.

    `unknown_since` says since when what it rests on could not be read again; the failure stands.
    """

    kind: Kind
    code: str
    resource_id: int
    discriminator: str
    title: str
    severity: Severity
    severity_reason: str
    evidence: Mapping[str, Any]
    unknown_since: datetime | None = None
    scope_key: str = ""

    @property
    def key(self) -> Key:
        """Its identity within the kind."""
        return Key(self.code, self.resource_id, self.discriminator)


class Seen(NamedTuple):
    """What a scope's evaluation says of one open finding, and since when it cannot tell."""

    sight: Sight
    unknown_since: datetime | None = None
    note: str = ""


@dataclass(slots=True)
class Written:
    """How many findings an evaluation touched; all zero when nothing changed."""

    opened: int = 0
    reopened: int = 0
    updated: int = 0
    resolved: int = 0
    gone: int = 0
    not_assessed: int = 0
    events: list[FindingEvent] = field(default_factory=list, repr=False)

    @property
    def total(self) -> int:
        """Rows written."""
        return (
            self.opened
            + self.reopened
            + self.updated
            + self.resolved
            + self.gone
            + self.not_assessed
        )


@transaction.atomic
def observe(observations: Sequence[Observation], *, at: datetime) -> Written:
    """Open, reopen or refresh the findings that were seen failing; unchanged ones cost no write."""
    written = Written()
    by_kind: dict[Kind, dict[Key, Observation]] = {}
    for observation in observations:
        by_kind.setdefault(observation.kind, {})[observation.key] = observation
    for kind, wanted in by_kind.items():
        known = _known(kind, wanted)
        _open(kind, [wanted[key] for key in wanted if key not in known], at=at, written=written)
        _refresh({known[key]: wanted[key] for key in known}, at=at, written=written)
    return _finish(written)


@transaction.atomic
def settle(scope: Q, *, kind: Kind, judge: Callable[[Key, bool], Seen], at: datetime) -> Written:
    """End, or mark as not assessed, the open findings of a scope that were not observed again.

    `judge(key, deleted)` says what was seen of each; a finding it calls failing is left alone
    (`observe` has it), and one it cannot tell of keeps its detection.
    """
    written = Written()
    rows = list(
        Finding.objects.select_for_update(of=("self",))
        .filter(scope, kind=kind, detection=Detection.FAILING)
        .annotate(deleted_at=F("resource__deleted_at"))
        .order_by("pk")
    )
    changed: list[Finding] = []
    for row in rows:
        deleted = row.deleted_at is not None
        seen = judge(Key(row.code, row.resource_id, row.discriminator), deleted)
        if seen.sight is Sight.FAILING:
            continue
        before = storing.status_of(row, waived_until=None)
        after = lifecycle.see(before, seen.sight, at=at, unknown_since=seen.unknown_since)
        if after == before:
            continue
        storing.put(row, after)
        changed.append(row)
        _count_end(row, seen, written=written, at=at)
    _save(changed, storing.MOVED)
    return _finish(written)


def _count_end(row: Finding, seen: Seen, *, written: Written, at: datetime) -> None:
    name = {Sight.GONE: "gone", Sight.PASSING: "resolved", Sight.UNKNOWN: "not-assessed"}[
        seen.sight
    ]
    attribute = name.replace("-", "_")
    setattr(written, attribute, getattr(written, attribute) + 1)
    written.events.append(storing.event(row, name, at=at, note=seen.note))


def _known(kind: Kind, wanted: Mapping[Key, Observation]) -> dict[Key, Finding]:
    rows = (
        Finding.objects.select_for_update()
        .filter(
            kind=kind,
            code__in={key.code for key in wanted},
            resource_id__in={key.resource_id for key in wanted},
        )
        .order_by("pk")
    )
    found = {Key(row.code, row.resource_id, row.discriminator): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


def _open(
    kind: Kind, observations: Iterable[Observation], *, at: datetime, written: Written
) -> None:
    rows = []
    for seen in observations:
        row = Finding(
            kind=kind,
            code=seen.code,
            resource_id=seen.resource_id,
            discriminator=seen.discriminator,
            first_seen=at,
            **_facts(seen),
        )
        status = lifecycle.begin(at=at)
        storing.put(
            row, lifecycle.see(status, Sight.FAILING, at=at, unknown_since=seen.unknown_since)
        )
        rows.append(row)
    for row in Finding.objects.bulk_create(rows, batch_size=_BATCH):
        written.events.append(storing.event(row, "detected", at=at, severity=row.severity))
    written.opened += len(rows)


def _refresh(pairs: Mapping[Finding, Observation], *, at: datetime, written: Written) -> None:
    waived = storing.waivers_of(row.pk for row in pairs)
    moved, refreshed, woken = [], [], []
    for row, seen in pairs.items():
        before = storing.status_of(row, waived_until=waived.get(row.pk))
        after = lifecycle.see(before, Sight.FAILING, at=at, unknown_since=seen.unknown_since)
        facts = _facts(seen)
        if (
            after.times_reopened == before.times_reopened
            and facts["severity_rank"] < row.severity_rank
        ):
            after = lifecycle.worsen(after)
        written.events += _told(row, before, after, facts, at=at)
        written.reopened += after.times_reopened > before.times_reopened
        if before.triage is Triage.ACCEPTED and after.triage is not Triage.ACCEPTED:
            woken.append(row.pk)
        if after != before:
            storing.put(row, after)
            moved.append(row)
        if any(getattr(row, name) != value for name, value in facts.items() if name != "evidence"):
            for name, value in facts.items():
                setattr(row, name, value)
            refreshed.append(row)
    storing.end_waivers(woken, at=at)
    _save(moved, storing.MOVED)
    _save(refreshed, _FACTS)
    written.updated += len({row.pk for row in (*moved, *refreshed)})


def _told(
    row: Finding, before: Status, after: Status, facts: Mapping[str, Any], *, at: datetime
) -> list[FindingEvent]:
    """What the timeline says of a failure seen again."""
    events = []
    if after.times_reopened > before.times_reopened:
        events.append(storing.event(row, "regressed", at=at, times=after.times_reopened))
    elif facts["severity"] != row.severity:
        changed = {"before": row.severity, "after": facts["severity"]}
        events.append(storing.event(row, "severity", at=at, **changed))
    if bool(before.not_assessed_since) != bool(after.not_assessed_since):
        kind = "not-assessed" if after.not_assessed_since else "assessed-again"
        events.append(storing.event(row, kind, at=at))
    return events


_FACTS = (
    "scope_key",
    "title",
    "severity",
    "severity_rank",
    "severity_reason",
    "evidence",
    "evidence_hash",
)


def _facts(seen: Observation) -> dict[str, Any]:
    severity = Severity(seen.severity)
    evidence = dict(seen.evidence)
    return {
        "scope_key": seen.scope_key,
        "title": seen.title[:300],
        "severity": severity,
        "severity_rank": severity.rank,
        "severity_reason": seen.severity_reason[:300],
        "evidence": evidence,
        "evidence_hash": fingerprint(evidence).hex(),
    }


def _save(rows: Sequence[Finding], fields: Sequence[str]) -> None:
    if rows:
        Finding.objects.bulk_update(rows, fields, batch_size=_BATCH)


def _finish(written: Written) -> Written:
    FindingEvent.objects.bulk_create(written.events, batch_size=_BATCH)
    if written.total:
        wake("finding")
    return written
