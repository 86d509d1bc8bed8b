"""What the rules of the product say about a change before it is made."""

from collections.abc import Mapping

from findings.rules import RULES
from findings.rules.settings import DEFAULTS, Settings
from findings.rules.verdicts import Outcome
from network.estate import Estate
from remediation.actions.catalogue import Facts
from remediation.actions.rules import GROUP

Spans = Mapping[str, list[tuple[int, int]]]


def risky_ports(facts: Facts) -> dict[str, list[tuple[int, int]]]:
    """The ports that the evidence says must close, by protocol; empty means the whole rules."""
    found: dict[str, list[tuple[int, int]]] = {}
    said = facts.evidence.get("facts") or {}
    for protocol, low, high in said.get("ports", ()):
        found.setdefault(str(protocol), []).append((int(low), int(high)))
    return found


def newly_failing(
    after: Estate, facts: Facts, *, rule_id: str, settings: Settings = DEFAULTS
) -> list[str]:
    """Titles of rules that the group would fail because of one of its rules, as evidence names it."""
    group = after.group(facts.resource)
    if group is None:
        return []
    found = []
    for rule in RULES.values():
        if GROUP not in rule.resources:
            continue
        verdict = rule.judge(group, after, settings)
        if verdict.outcome is Outcome.FAIL and any(
            item.get("rule_id") == rule_id for item in verdict.items
        ):
            found.append(rule.title)
    return found


def fails(estate: Estate, facts: Facts, *, settings: Settings = DEFAULTS) -> bool | None:
    """Whether the finding's own rule fails in an estate; None for what is no rule's finding."""
    rule, group = RULES.get(facts.code), estate.group(facts.resource)
    if rule is None or group is None:
        return None
    return rule.judge(group, estate, settings).outcome is Outcome.FAIL
