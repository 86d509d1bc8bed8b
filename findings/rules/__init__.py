"""The catalogue of rules: pure functions of an estate, as a library without Django."""

from findings.rules import (
    group_hygiene,
    instances,
    network_acls,
    routes,
    security_groups,
    subnets,
    vpcs,
)
from findings.rules.registry import RULES, Rule, Scope, rule
from findings.rules.settings import DEFAULTS, Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Outcome, Verdict, Weight

FAMILIES = (security_groups, group_hygiene, network_acls, routes, subnets, instances, vpcs)

__all__ = [
    "DEFAULTS",
    "FAMILIES",
    "RULES",
    "Outcome",
    "Rule",
    "Scope",
    "Settings",
    "Severity",
    "Verdict",
    "Weight",
    "rule",
]
