"""From a finding to a plan: what would be called, what it would touch, and its hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.dateparse import parse_datetime

from drift.models import BaselineVersion
from findings.models import Finding
from findings.rules import RULES
from findings.states import Detection, Kind
from identity.models import User
from inventory import selectors as inventory
from inventory.models import Account, Resource, Shard, ShardPeriod, Work
from inventory.states import ShardState, SourceKind, WorkState
from network.estate import Estate
from remediation import impact
from remediation.actions import ACTIONS, Draft, Facts, NoPlanError, content
from remediation.actions.rules import RULE
from remediation.models import Plan
from remediation.states import Origin

Config = dict[str, Any]
DRIFT_ACTIONS: Mapping[str, str] = {
    "drift-sg-rule-added": "revoke-added-rule",
    "drift-sg-rule-removed": "add-back-rule",
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that is not kept yet: looking at it writes nothing."""

    finding: Finding
    account: Account
    action: str
    origin: Origin
    content: Config
    hash: str
    rolls_back: int | None = None

    @property
    def summary(self) -> str:
        """One line for lists."""
        return str(self.content["summary"])


def action_for(finding: Finding) -> str:
    """The action that repairs this kind of finding, or an empty text."""
    if finding.kind == Kind.DRIFT:
        return DRIFT_ACTIONS.get(finding.code, "")
    rule = RULES.get(finding.code)
    return rule.action if rule else ""


def plan_for(
    finding: Finding, *, origin: Origin = Origin.FINDING, estate: Estate | None = None
) -> Prepared:
    """The plan that repairs a finding as the inventory knows it now. Raises `NoPlanError`."""
    name = action_for(finding)
    if name not in ACTIONS:
        raise NoPlanError("There is no automatic repair for this kind of finding yet.")
    if finding.detection != Detection.FAILING:
        raise NoPlanError("The finding is no longer failing: there is nothing to repair.")
    account = owner_of(finding)
    facts = facts_of(finding, account)
    estate = estate or estate_for(account, facts.region)
    return prepare(
        finding,
        account,
        ACTIONS[name].plan(facts, estate),
        estate=estate,
        action=name,
        origin=origin,
    )


def prepare(
    finding: Finding,
    account: Account,
    draft: Draft,
    *,
    estate: Estate,
    action: str,
    origin: Origin,
    rolls_back: int | None = None,
) -> Prepared:
    """A draft with its impact, as content with a hash."""
    resource = finding.resource
    assessed = impact.assess(
        estate,
        resource.rid,
        draft,
        beyond_baseline=finding.kind == Kind.DRIFT and origin is not Origin.ROLLBACK,
    )
    place = {
        "account": account.account_id,
        "region": resource.region,
        "resource": {
            "type": resource.type,
            "id": resource.rid,
            "name": resource.name,
            "vpc": resource.vpc_id,
        },
        "rolls_back": rolls_back,
    }
    body = content.build(
        draft,
        action=action,
        origin=origin.value,
        finding=finding.pk,
        place=place,
        impact=assessed.as_json(),
    )
    return Prepared(
        finding, account, action, origin, body, content.digest(body), rolls_back=rolls_back
    )


def keep(prepared: Prepared, *, actor: User | None, now: datetime) -> Plan:
    """The plan's row; the same content is one row, however often it is proposed."""
    plan, _ = Plan.objects.get_or_create(
        hash=prepared.hash,
        defaults={
            "action": prepared.action,
            "origin": prepared.origin,
            "finding": prepared.finding,
            "account": prepared.account,
            "region": prepared.content["region"],
            "content": prepared.content,
            "summary": prepared.summary,
            "failing_since": prepared.finding.failing_since,
            "unseen_since": earlier_look(prepared.finding),
            "rolls_back_id": prepared.rolls_back,
            "created_by": actor,
            "created_at": now,
        },
    )
    return plan


def facts_of(finding: Finding, account: Account) -> Facts:
    """What a planner may know of a finding."""
    return Facts(
        finding=finding.pk,
        kind=finding.kind,
        code=finding.code,
        account=account.account_id,
        region=finding.resource.region,
        resource_type=finding.resource.type,
        resource=finding.resource.rid,
        evidence=finding.evidence,
    )


def owner_of(finding: Finding) -> Account:
    """The account that owns the resource and may change it. Raises `NoPlanError`."""
    resource = finding.resource
    if resource.source.kind != SourceKind.LIVE:
        raise NoPlanError("This inventory was imported from files: there is no account to repair.")
    account = (
        Account.objects.select_related("source")
        .filter(source_id=resource.source_id, account_id=resource.owner_id)
        .first()
    )
    if account is None:
        raise NoPlanError(f"The owner, account {resource.owner_id}, is not connected.")
    if not (account.remediation_role_arn or account.source.remediation_role_name):
        raise NoPlanError("No remediation role is set for this account.")
    return account


def estate_for(account: Account, region: str) -> Estate:
    """All of one account-region, which is what repairs of groups and their impact rest on."""
    return inventory.estate_of(account.source_id, accounts=[account.pk], regions=[region])


def changed_since(plan: Plan, *, estate: Estate | None = None) -> list[str]:
    """What the inventory now knows to be different from what the plan was made for, in words."""
    place, resource = plan.content, plan.content["resource"]["id"]
    estate = estate or estate_for(plan.account, place["region"])
    group = estate.group(resource)
    if group is None:
        return ["the group is gone"]
    state = content.state(
        content.group_form(group.record.config),
        {rule.id: content.rule_form(rule.record.config) for rule in estate.rules_of(resource)},
    )
    carriers = [
        {"id": each.id, "groups": sorted(each.group_ids)}
        for each in estate.interfaces_with(resource)
    ]
    return content.differences(place["before"], state) + content.interface_differences(
        place["impact"], carriers
    )


def first_observed(finding: Finding) -> datetime:
    """When what fails was first read: said by a drift, else by the rules that the evidence names."""
    said = parse_datetime(str(finding.evidence.get("first_observed", "")))
    if said is not None and said.tzinfo is not None:
        return min(said, finding.failing_since)
    items = finding.evidence.get("items", ())
    ids = [str(item["rule_id"]) for item in items if item.get("rule_id")]
    seen = Resource.objects.filter(
        source_id=finding.resource.source_id, type=RULE, rid__in=ids
    ).aggregate(at=Max("changed_at"))["at"]
    return min(seen, finding.failing_since) if seen else finding.failing_since


def earlier_look(finding: Finding) -> datetime | None:
    """The last good look before what fails was first observed; None when there was none.

    A reading of the account that had ended by then, or the read a baseline rests on; and never a
    time at which the rules could not be read.
    """
    observed, resource = first_observed(finding), finding.resource
    looks = [
        Work.objects.filter(
            account_id=resource.account_id, state=WorkState.DONE, finished_at__lt=observed
        ).aggregate(at=Max("finished_at"))["at"],
        BaselineVersion.objects.filter(
            baseline__vpc__rid=resource.vpc_id,
            baseline__vpc__source_id=resource.source_id,
            observed_at__lt=observed,
        ).aggregate(at=Max("observed_at"))["at"],
    ]
    known = max((look for look in looks if look is not None), default=None)
    if known is None:
        return None
    shard = Shard.objects.filter(
        account_id=resource.account_id, region=resource.region, collector=RULE
    )
    blind = (
        ShardPeriod.objects.filter(shard__in=shard, since__lte=known, until__gt=known)
        .exclude(state__in=(ShardState.OK, ShardState.SKIPPED))
        .first()
    )
    return blind.since if blind else known
