"""Undoing a verified repair: the inverse plan, made from what was recorded, by the same machinery."""

from datetime import datetime

from django.db import transaction

from identity.models import User
from identity.problems import DomainError
from remediation import approvals, plans, switches
from remediation.actions import NoPlanError, content
from remediation.actions.security_groups import restore
from remediation.executions import OPEN
from remediation.models import Execution
from remediation.plans import Prepared
from remediation.states import ExecutionState, Origin

ACTION = "roll-back"


def rollback_plan(execution: Execution) -> Prepared:
    """What restores the state before an execution; raises `NoPlanError` when that is not possible now."""
    if execution.state != ExecutionState.VERIFIED or execution.live_after is None:
        raise NoPlanError("Only a verified repair can be rolled back.")
    plan = execution.plan
    if Execution.objects.filter(
        plan__rolls_back=execution, state__in=(*OPEN, ExecutionState.VERIFIED)
    ).exists():
        raise NoPlanError("This repair was rolled back already, or is being rolled back.")
    account = plans.owner_of(plan.finding)
    gone = {id for step in plan.content["steps"] for id in step["removes"]}
    before = {item["id"]: item["rule"] for item in plan.content["before"]["rules"]}
    added = content.new_ids(plan.content["after"], execution.live_after)
    facts = plans.facts_of(plan.finding, account)
    estate = plans.estate_for(account, plan.region)
    draft = restore(
        facts,
        estate,
        back={id: before[id] for id in sorted(gone)},
        away=sorted(added),
        summary=f"Roll back: {plan.summary}"[:300],
    )
    return plans.prepare(
        plan.finding,
        account,
        draft,
        estate=estate,
        action=ACTION,
        origin=Origin.ROLLBACK,
        rolls_back=execution.pk,
    )


@transaction.atomic
def roll_back(execution_id: int, *, actor: User, reason: str, now: datetime) -> Execution:
    """Queue the rollback of a verified repair; the caller has checked that `actor` may do this.

    What the autopilot repaired and a person rolled back is left to people from then on: the two
    must not fight. So is any drift whose repair was rolled back.
    """
    execution = (
        Execution.objects.select_for_update(of=("self",))
        .select_related("plan__finding__resource__source", "plan__account__source")
        .get(pk=execution_id)
    )
    try:
        prepared = rollback_plan(execution)
    except NoPlanError as none:
        raise DomainError(str(none)) from none
    said = reason.strip() or "Rolled back by hand"
    finding = execution.plan.finding
    switches.hold(
        resource_id=finding.resource_id,
        finding=finding,
        reason=f"{actor.get_username()} rolled a repair back: {said}",
        actor=actor,
        now=now,
        account_id=execution.plan.account.account_id,
    )
    return approvals.grant_rollback(prepared, admin=actor, reason=said, now=now)
