"""Rules over an estate, with the unknown decided in one place."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from findings.rules import DEFAULTS, RULES, Outcome, Rule, Settings, Severity, Verdict, Weight
from network.estate import Estate
from network.records import Record, ShardKey


@dataclass(frozen=True, slots=True)
class Result:
    """One rule's word on one resource.

    `verdict` is `pass`, `fail`, `unknown` or `not-applicable`; `missing` the listings an unknown
    waits for. `severity_reason` says what exposure made of the declared severity.
    """

    rule: str
    record: Record
    verdict: str
    severity: Severity
    severity_reason: str
    title: str
    evidence: dict[str, Any]
    missing: tuple[ShardKey, ...]


def evaluate(
    estate: Estate,
    *,
    rules: Iterable[Rule | str] | None = None,
    settings: Settings | None = None,
    scope: Callable[[Record], bool] | None = None,
) -> Iterator[Result]:
    """Every verdict of `rules` (all by default) on the records `scope` admits, in a fixed order.

    A pass or a not-applicable that rests on a listing which is not good becomes unknown; a fail
    stands, since it shows what is there. Raises `KeyError` for an unknown rule id.
    """
    chosen = RULES.values() if rules is None else [_rule(each) for each in rules]
    wanted = settings or DEFAULTS
    for each in sorted(chosen, key=lambda rule: rule.id):
        for type_ in each.resources:
            for record in estate.records(type_):
                if scope is None or scope(record):
                    yield _result(each, record, estate, wanted)


def not_assessed(
    estate: Estate, *, rules: Iterable[Rule | str] | None = None
) -> Iterator[tuple[Rule, ShardKey]]:
    """Rules whose own resources could not be listed: no verdict speaks for what is not there."""
    chosen = RULES.values() if rules is None else [_rule(each) for each in rules]
    for each in sorted(chosen, key=lambda rule: rule.id):
        for key in sorted(estate.shards or ()):
            if key.collector in each.resources and not estate.status(key).good:
                yield each, key


def _rule(each: Rule | str) -> Rule:
    return RULES[each] if isinstance(each, str) else each


def _result(rule: Rule, record: Record, estate: Estate, settings: Settings) -> Result:
    with estate.reading() as read:
        estate.note(record.observer or record.account, record.region, record.type)
        verdict = rule.judge(estate.view(record), estate, settings)
    outcome, missing = verdict.outcome, verdict.missing
    if outcome is not Outcome.FAIL and estate.shards is not None:
        bad = tuple(sorted(key for key in read if not estate.status(key).good))
        if bad:
            outcome, missing = Outcome.UNKNOWN, tuple(sorted({*missing, *bad}))
    severity, reason = _severity(rule, verdict)
    evidence = verdict.evidence
    if outcome is Outcome.UNKNOWN and missing and verdict.outcome is not Outcome.UNKNOWN:
        evidence["summary"] = f"Not read: {', '.join(map(str, missing))}."
    return Result(
        rule=rule.id,
        record=record,
        verdict=outcome.value,
        severity=severity,
        severity_reason=reason,
        title=rule.title,
        evidence=evidence,
        missing=missing,
    )


def _severity(rule: Rule, verdict: Verdict) -> tuple[Severity, str]:
    if verdict.weight is Weight.RAISED:
        return rule.severity.raised, f"Raised: {verdict.why}"
    if verdict.weight is Weight.LOWERED:
        return rule.severity.lowered, f"Lowered: {verdict.why}"
    return rule.severity, verdict.why[:1].upper() + verdict.why[1:]
