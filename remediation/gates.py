"""What forbids a repair right now: asked when it is approved, claimed, and before each call."""

from datetime import datetime

from django.db.models import Q, QuerySet

from findings.models import Waiver
from remediation.models import Execution, Hold, KillSwitch, Plan
from remediation.states import Origin, RequestState

EVERYTHING = "*"


def thrown(plan: Plan) -> KillSwitch | None:
    """The kill switch that covers this plan, if one is thrown: everything, its account or VPC."""
    scopes = [EVERYTHING, plan.account.account_id, plan.content["resource"].get("vpc") or "-"]
    return open_switches().filter(scope__in=scopes).order_by("thrown_at").first()


def thrown_for(*, account_id: str, vpc_id: str) -> KillSwitch | None:
    """The same before there is a plan."""
    return open_switches().filter(scope__in=[EVERYTHING, account_id, vpc_id or "-"]).first()


def open_switches() -> QuerySet[KillSwitch]:
    """All switches that are thrown now."""
    return KillSwitch.objects.filter(lifted_at=None).select_related("thrown_by")


def holds_on(*, resource_id: int, finding_id: int) -> Hold | None:
    """What keeps the product from repairing this finding by itself."""
    return (
        Hold.objects.filter(lifted_at=None, resource_id=resource_id)
        .filter(Q(finding=None) | Q(finding_id=finding_id))
        .first()
    )


def waiver_of(finding_id: int, *, now: datetime) -> Waiver | None:
    """The waiver that is in force for a finding."""
    return (
        Waiver.objects.filter(finding_id=finding_id, ended_at=None, until__gt=now)
        .select_related("granted_by")
        .first()
    )


def obstacle(execution: Execution, *, now: datetime, written: bool) -> str:
    """Why this execution must not make its next call, in words; empty when nothing forbids it.

    `written` says whether a call was made already: an approval does not lapse in mid-repair.
    """
    plan, request = execution.plan, execution.request
    if switch := thrown(plan):
        return f"The kill switch for {switch.scope} is thrown: {switch.reason}"
    if plan.account.paused:
        return f"Account {plan.account.name} is paused."
    if plan.origin != Origin.ROLLBACK and (waiver := waiver_of(plan.finding_id, now=now)):
        return f"{waiver.granted_by.get_username()} accepted the finding: {waiver.reason}"
    if request.state != RequestState.APPROVED:
        return f"The request is {request.state}, not approved."
    if request.approved_hash != plan.hash:
        return "What was approved is not this plan."
    if not written and request.expires_at <= now:
        return "The approval lapsed before a worker carried it out."
    return ""
