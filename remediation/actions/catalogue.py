"""The table of actions, and the values a planner works with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from network.estate import Estate

Config = dict[str, Any]


class NoPlanError(Exception):
    """There is no safe plan; the message says why, for a person to read."""


class Tier(StrEnum):
    """How far an action may go by itself, whatever a baseline trusts it with."""

    AUTO = "auto"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a planner may know of the finding it repairs."""

    finding: int
    kind: str
    code: str
    account: str
    region: str
    resource_type: str
    resource: str
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One AWS call, and what it does to the state: rules it adds, ids of rules it removes."""

    operation: str
    params: Config
    arns: tuple[str, ...]
    purpose: str
    adds: tuple[Config, ...] = ()
    removes: tuple[str, ...] = ()
    service: str = "ec2"

    @property
    def permission(self) -> str:
        """The IAM action that the call needs."""
        return f"{self.service}:{self.operation}"

    def as_json(self, number: int) -> Config:
        """The form in which a plan's content holds it."""
        return {
            "number": number,
            "service": self.service,
            "operation": self.operation,
            "params": self.params,
            "permission": self.permission,
            "arns": list(self.arns),
            "purpose": self.purpose,
            "adds": [dict(rule) for rule in self.adds],
            "removes": list(self.removes),
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """What a planner proposes. `before` is all that is compared with the live state.

    A state is {"group": durable configuration, "rules": [{"id", "rule"}]}; rules that a step adds
    have no id yet. `needs_person` says why the product must not do this unasked.
    """

    summary: str
    steps: tuple[Step, ...]
    before: Config
    after: Config
    inverse: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    needs_person: str = ""
    restores: Mapping[str, Config] = field(default_factory=dict)


Planner = Callable[[Facts, Estate], Draft]


@dataclass(frozen=True, slots=True)
class Action:
    """One entry of the catalogue: policies, pages and tests are made from it."""

    id: str
    title: str
    permissions: tuple[str, ...]
    reversible: bool
    tier: Tier
    plan: Planner


ACTIONS: dict[str, Action] = {}


def action(
    id: str, title: str, *, permissions: tuple[str, ...], reversible: bool, tier: Tier
) -> Callable[[Planner], Planner]:
    """Enter a planner into the table. The planner raises `NoPlanError` where it has none."""

    def enter(plan: Planner) -> Planner:
        if id in ACTIONS:
            raise ValueError(f"action {id} stands twice in the table")
        ACTIONS[id] = Action(id, title, permissions, reversible, tier, plan)
        return plan

    return enter
