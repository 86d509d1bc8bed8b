"""The live state of what a plan touches, read with the plan's own session."""

from typing import Any

from inventory import refresh
from inventory.aws import AwsError, Credentials
from network.canonical import Canonical
from remediation.actions import content
from remediation.actions.rules import GROUP, INTERFACE, RULE
from remediation.models import Plan

Config = dict[str, Any]
_GONE = ("InvalidGroup.NotFound", "InvalidGroupId.Malformed")


def read_state(plan: Plan, *, credentials: Credentials) -> Config:
    """The group and all its rules, as plans compare them; an empty group when it is gone."""
    group = _one_or_gone(plan, credentials=credentials)
    if group is None:
        return {"group": {}, "rules": []}
    rules = refresh.read_live(
        plan.account,
        region=plan.region,
        type=RULE,
        parent_ids=[group.id],
        credentials=credentials,
    )
    return content.state(
        content.group_form(group.config),
        {rule.id: content.rule_form(rule.config) for rule in rules},
    )


def read_interfaces(plan: Plan, *, credentials: Credentials) -> list[Config]:
    """The interfaces that carry the group now, with their groups: what the impact rests on."""
    found = refresh.read_live(
        plan.account,
        region=plan.region,
        type=INTERFACE,
        parent_ids=[plan.content["resource"]["id"]],
        credentials=credentials,
    )
    return [
        {"id": each.id, "groups": sorted(group["GroupId"] for group in each.config["Groups"])}
        for each in sorted(found, key=lambda item: item.id)
    ]


def _one_or_gone(plan: Plan, *, credentials: Credentials) -> Canonical | None:
    try:
        found = refresh.read_live(
            plan.account,
            region=plan.region,
            type=GROUP,
            ids=[plan.content["resource"]["id"]],
            credentials=credentials,
        )
    except AwsError as error:
        if error.code in _GONE:
            return None
        raise
    return found[0] if found else None
