"""A plan's content: its canonical bytes and hash, the states it passes through, and comparisons.

States are {"group": durable configuration, "rules": [{"id", "rule"}]}. The live state is the same
shape with every id known; a state that a plan *reaches* has rules whose ids AWS has yet to invent
(`id` is empty), which are matched by what they say.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from network.canonical import durable
from network.normal import text
from remediation.actions.catalogue import Draft, Step
from remediation.actions.rules import GROUP, RULE, words

Config = dict[str, Any]
FORMAT = 1


def build(
    draft: Draft, *, action: str, origin: str, finding: int, place: Config, impact: Config
) -> Config:
    """Everything that matters of a plan; `place` is {account, region, resource}."""
    return {
        "format": FORMAT,
        "action": action,
        "origin": origin,
        "finding": finding,
        **place,
        "summary": draft.summary,
        "steps": numbered(draft.steps),
        "before": draft.before,
        "after": draft.after,
        "inverse": numbered(draft.inverse),
        "notes": list(draft.notes),
        "needs_person": draft.needs_person,
        "restores": dict(draft.restores),
        "impact": impact,
    }


def numbered(steps: Sequence[Step]) -> list[Config]:
    """Steps as a plan holds them, counted from 1."""
    return [step.as_json(number) for number, step in enumerate(steps, 1)]


def digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON: what an approver approves."""
    return hashlib.sha256(text(content).encode("utf-8", "surrogatepass")).hexdigest()


def group_form(config: Mapping[str, Any]) -> Config:
    """What plans compare of a group's own configuration."""
    return durable(GROUP, config)


def rule_form(config: Mapping[str, Any]) -> Config:
    """What plans compare of a rule's configuration."""
    return durable(RULE, config)


def state(group: Config, rules: Mapping[str, Config]) -> Config:
    """A state in which every rule's id is known."""
    return {"group": group, "rules": [{"id": id, "rule": rules[id]} for id in sorted(rules)]}


def apply(before: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Config:
    """The state after `steps`; removes by id, adds without one."""
    gone = {id for step in steps for id in step["removes"]}
    kept = [item for item in before["rules"] if item["id"] not in gone]
    new = [{"id": "", "rule": rule} for step in steps for rule in step["adds"]]
    return {"group": before["group"], "rules": _ordered([*kept, *new])}


def stages(content: Mapping[str, Any]) -> list[Config]:
    """The states a plan passes through: before, after step 1, and so on to the last."""
    steps = content["steps"]
    return [apply(content["before"], steps[:count]) for count in range(len(steps) + 1)]


def stage_of(content: Mapping[str, Any], live: Mapping[str, Any]) -> int | None:
    """How many steps the live state shows as done; None when it is no state of this plan."""
    found = [number for number, each in enumerate(stages(content)) if matches(each, live)]
    return found[-1] if found else None


def matches(expected: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether the live state is this one: known ids by id and content, new ones by content."""
    return not differences(expected, live)


def differences(expected: Mapping[str, Any], live: Mapping[str, Any]) -> list[str]:
    """What is different in the live state, in words; empty when nothing is."""
    found: list[str] = []
    if expected["group"] != live["group"]:
        found.append(_group_difference(expected["group"], live["group"]))
    there = {item["id"]: item["rule"] for item in live["rules"]}
    for item in expected["rules"]:
        if not item["id"]:
            continue
        rule = there.pop(item["id"], None)
        if rule is None:
            found.append(f"{item['id']} is gone: {words(item['rule'])}")
        elif rule != item["rule"]:
            found.append(f"{item['id']} was changed: it now says {words(rule)}")
    new = [item["rule"] for item in expected["rules"] if not item["id"]]
    for id, rule in sorted(there.items()):
        if rule in new:
            new.remove(rule)
        else:
            found.append(f"{id} was added: {words(rule)}")
    found += [f"missing: {words(rule)}" for rule in new]
    return found


def new_ids(expected: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Config]:
    """Ids of live rules that stand for the expected ones without an id."""
    known = {item["id"] for item in expected["rules"]}
    wanted = [item["rule"] for item in expected["rules"] if not item["id"]]
    return {
        item["id"]: item["rule"]
        for item in live["rules"]
        if item["id"] not in known and item["rule"] in wanted
    }


def interface_differences(planned: Mapping[str, Any], live: Sequence[Config]) -> list[str]:
    """Why an impact no longer holds: interfaces that joined, or whose other groups changed.

    Interfaces that left make the impact smaller and void nothing. `live` is a list of
    {"id", "groups"}.
    """
    known = {item["id"]: item["groups"] for item in planned["inputs"]["interfaces"]}
    joined = [item["id"] for item in live if item["id"] not in known]
    changed = [i["id"] for i in live if i["id"] in known and known[i["id"]] != i["groups"]]
    found = []
    if joined:
        shown = ", ".join(joined[:3]) + (" and more" if len(joined) > 3 else "")
        found.append(f"{len(joined)} more interface(s) carry the group: {shown}")
    if changed:
        found.append(f"other groups of {', '.join(changed[:3])} changed")
    return found


def _group_difference(expected: Mapping[str, Any], live: Mapping[str, Any]) -> str:
    if not live:
        return "the group is gone"
    names = sorted(key for key in {*expected, *live} if expected.get(key) != live.get(key))
    return f"the group itself was changed: {', '.join(names)}"


def _ordered(rules: list[Config]) -> list[Config]:
    return sorted(rules, key=lambda item: (item["id"] == "", item["id"], text(item["rule"])))
