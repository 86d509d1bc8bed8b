"""Plans and journals as people read them: calls as AWS CLI lines, differences, states in words."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remediation.actions.policy import PolicyTooLongError, session_policy
from remediation.actions.rules import words
from remediation.models import Execution, StepRecord

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One rule before and after: the difference a plan makes."""

    before: str
    after: str
    rule_id: str
    change: str  # removed, added, kept


@dataclass(frozen=True, slots=True)
class PlanView:
    """Everything the page of a plan shows."""

    content: Config
    hash: str
    steps: list[Config]
    inverse: list[Config]
    lines: list[Line]
    kept: int
    impact: Config
    permissions: list[str]
    policy: str


@dataclass(frozen=True, slots=True)
class StepView:
    """A planned step with what the journal says of it; `record` is None before it began."""

    step: Config
    cli: str
    record: StepRecord | None

    @property
    def outcome(self) -> str:
        """`waiting`, `calling`, or the recorded outcome."""
        if self.record is None:
            return "waiting"
        return self.record.outcome or "calling"


def of_content(content: Config, hash: str) -> PlanView:
    """A plan's content, ready for a template."""
    steps = [{**step, "cli": cli(step, content["region"])} for step in content["steps"]]
    inverse = [{**step, "cli": cli(step, content["region"])} for step in content["inverse"]]
    lines = difference(content)
    try:
        policy = json.dumps(
            json.loads(session_policy(content["steps"], region=content["region"])), indent=2
        )
    except PolicyTooLongError as problem:
        policy = str(problem)
    return PlanView(
        content=content,
        hash=hash,
        steps=steps,
        inverse=inverse,
        lines=[line for line in lines if line.change != "kept"],
        kept=sum(line.change == "kept" for line in lines),
        impact=content["impact"],
        permissions=sorted({step["permission"] for step in content["steps"]}),
        policy=policy,
    )


def difference(content: Mapping[str, Any]) -> list[Line]:
    """Rules that go, that stay, and that come."""
    after = {item["id"] for item in content["after"]["rules"] if item["id"]}
    lines = []
    for item in content["before"]["rules"]:
        said, kept = words(item["rule"]), item["id"] in after
        lines.append(Line(said, said if kept else "", item["id"], "kept" if kept else "removed"))
    lines += [
        Line("", words(item["rule"]), "", "added")
        for item in content["after"]["rules"]
        if not item["id"]
    ]
    return sorted(lines, key=lambda line: line.change != "removed")


def cli(step: Mapping[str, Any], region: str) -> str:
    """A step as one would type it; for reading, the worker uses the API."""
    parts = ["aws", step["service"], kebab(step["operation"]), "--region", region]
    for name, value in step["params"].items():
        parts.append(f"--{kebab(name)}")
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            parts += value
        elif isinstance(value, str):
            parts.append(value)
        else:
            parts.append(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return shlex.join(parts)


def kebab(name: str) -> str:
    """`RevokeSecurityGroupIngress` → `revoke-security-group-ingress`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def journal(execution: Execution) -> list[StepView]:
    """Planned steps with their records, then whatever was done beyond them."""
    records = {step.number: step for step in execution.steps.order_by("number")}
    region = execution.plan.region
    planned = execution.plan.content["steps"]
    views = [
        StepView(step, cli(step, region), records.pop(step["number"], None)) for step in planned
    ]
    views += [StepView(each.call, cli(each.call, region), each) for each in records.values()]
    return views


def live_rules(execution: Execution) -> list[tuple[str, str]]:
    """Rules of the group as the proving read saw them: (id, words)."""
    if not execution.live_after:
        return []
    return [(item["id"], words(item["rule"])) for item in execution.live_after["rules"]]
