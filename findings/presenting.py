"""Findings as people read them: evidence rows, differences and the sentences of a timeline."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from findings.lifecycle import ALLOWED, Action
from findings.models import Finding, FindingEvent
from findings.states import Detection, Triage

_SAID: Mapping[str, str] = {
    "detected": "Detected",
    "regressed": "Failing again after it was gone",
    "resolved": "Verified gone: the configuration no longer fails",
    "gone": "The resource no longer exists",
    "severity": "Severity changed",
    "not-assessed": "Could not be checked again",
    "assessed-again": "Checked again and still failing",
    "snooze-ended": "The snooze ended",
    "waiver-ended": "The acceptance ended",
    "acknowledge": "Acknowledged",
    "snooze": "Snoozed",
    "accept": "Risk accepted",
    "false-positive": "Marked as a false positive",
    "reopen": "Reopened",
    "comment": "Commented",
    "recheck": "Asked to check again now",
    "recheck-failed": "Could not be read again",
}
_LONGEST_VALUE = 2_000


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline."""

    event: FindingEvent
    text: str

    @property
    def who(self) -> str:
        """The person, or the product."""
        return self.event.actor.get_username() if self.event.actor else "CSPM"


def moments(events: Iterable[FindingEvent]) -> list[Moment]:
    """A timeline in sentences."""
    return [Moment(event, _sentence(event)) for event in events]


def _sentence(event: FindingEvent) -> str:
    data = event.data
    if event.kind == "assign":
        return f"Assigned to {data['assignee']}" if data.get("assignee") else "Assigned to nobody"
    text = _SAID.get(event.kind, event.kind.replace("-", " ").capitalize())
    if event.kind == "severity":
        return f"{text} from {data.get('before')} to {data.get('after')}"
    if event.kind == "detected" and data.get("severity"):
        return f"{text} as {data['severity']}"
    if data.get("until"):
        return f"{text} until {str(data['until'])[:16].replace('T', ' ')} UTC"
    return text


@dataclass(frozen=True, slots=True)
class Proof:
    """One row of the evidence: what decides, and what it lets through."""

    rule_id: str
    resource: str
    resource_type: str
    direction: str
    protocol: str
    ports: str
    sources: str
    text: str


def proofs(evidence: Mapping[str, Any]) -> list[Proof]:
    """The evidence table; missing cells are empty."""
    names = Proof.__dataclass_fields__
    items = evidence.get("items") or ()
    return [Proof(**{name: words(item.get(name)) for name in names}) for item in items]


def facts(evidence: Mapping[str, Any]) -> dict[str, str]:
    """What else counts, in words; what is empty says nothing and is left out."""
    told = {
        name.replace("_", " ").capitalize(): words(value)
        for name, value in (evidence.get("facts") or {}).items()
    }
    return {name: text for name, text in told.items() if text}


@dataclass(frozen=True, slots=True)
class FieldPair:
    """A field as it was approved and as it is."""

    name: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether the two sides differ."""
        return self.before != self.after


def side_by_side(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> list[FieldPair]:
    """Two configurations field by field, those that differ first."""
    old, new = before or {}, after or {}
    pairs = [
        FieldPair(name, value_text(old.get(name)), value_text(new.get(name)))
        for name in sorted({*old, *new})
    ]
    return sorted(pairs, key=lambda pair: not pair.changed)


def words(value: Any) -> str:
    """A cell: lists joined, a span of ports as `tcp 20-21`, nothing as an empty cell."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {words(item)}" for name, item in value.items())
    if isinstance(value, list | tuple):
        if len(value) == 3 and [type(item) for item in value] == [str, int, int]:
            name, low, high = value
            return f"{name} {low}" if low == high else f"{name} {low}-{high}"
        return ", ".join(words(item) for item in value)
    return str(value)


def value_text(value: Any) -> str:
    """A configuration value on a few lines."""
    if value is None:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list):
        text = "\n".join(value_text(item) for item in value)
    elif isinstance(value, dict) and all(not isinstance(v, dict | list) for v in value.values()):
        text = " ".join(f"{name}={item}" for name, item in value.items())
    else:
        text = json.dumps(value, indent=1, sort_keys=True)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def actions_for(finding: Finding) -> list[Action]:
    """What the finding's state allows people to do now."""
    failing = finding.detection == Detection.FAILING
    triage = Triage(finding.triage)
    return [
        action
        for action in Action
        if triage in ALLOWED[action] and (failing or action is Action.REOPEN)
    ]
