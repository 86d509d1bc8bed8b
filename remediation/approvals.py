"""Asking for a repair and deciding on it. The web calls no AWS: an approval only queues a row."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from findings import storing
from findings.models import Finding
from identity import audit
from identity.models import User
from identity.problems import DomainError
from inventory.wake import wake
from remediation import gates, plans
from remediation.actions.sessions import source_identity
from remediation.executions import OPEN
from remediation.models import Execution, Plan, Request
from remediation.plans import Prepared
from remediation.states import ExecutionState, Origin, RequestState

LIFETIME = timedelta(hours=24)
APPROVED_FOR = timedelta(hours=1)  # an approval that no worker carried out by then lapses
_LONGEST_REASON = 2_000
_WORDS = {
    RequestState.APPROVED: "Approved",
    RequestState.REJECTED: "Rejected",
    RequestState.WITHDRAWN: "Withdrew",
    RequestState.EXPIRED: "Expired",
    RequestState.VOID: "Void",
}


class StalePlanError(DomainError):
    """The plan was made for another state; its request is void now. A new plan can be asked for."""


def request_repair(
    prepared: Prepared, *, actor: User, reason: str, shown_hash: str, now: datetime
) -> Request:
    """Ask for a plan to be carried out: the very plan that was on the screen, by its hash."""
    if not reason.strip():
        raise DomainError("Say why this should be repaired now.")
    if shown_hash != prepared.hash:
        raise StalePlanError("The inventory changed since the plan was shown: look at the new one.")
    with transaction.atomic():
        claim_finding(prepared.finding)
        plan = plans.keep(prepared, actor=actor, now=now)
        request = Request.objects.create(
            plan=plan,
            requested_by=actor,
            reason=_cut(reason),
            requested_at=now,
            expires_at=now + LIFETIME,
        )
        _tell(
            request,
            "requested",
            f"Asked for: {plan.summary}",
            actor=actor,
            now=now,
            note=request.reason,
        )
        return request


def claim_finding(finding: Finding) -> None:
    """Lock the finding, and refuse when a repair of it is asked for or under way already."""
    Finding.objects.select_for_update(of=("self",)).get(pk=finding.pk)
    if under_way(finding):
        raise DomainError("A repair of this finding is already asked for or under way.")


def under_way(finding: Finding) -> bool:
    """Whether someone decides on a repair, or a worker carries one out, at this moment."""
    return (
        Request.objects.filter(plan__finding=finding)
        .filter(Q(state=RequestState.PENDING) | Q(execution__state__in=OPEN))
        .exists()
    )


def approve(request_id: int, *, actor: User, posted_hash: str, now: datetime) -> Execution:
    """Approve exactly the plan with this hash, and queue it.

    The caller has checked that `actor` may see the request and may approve. Raises `StalePlanError`
    when what the inventory knows is no longer what the plan was made for; the request is void
    then. Two who approve at once get one execution.
    """
    stale: list[str] = []
    with transaction.atomic():
        request = _pending(request_id, now=now)
        plan = request.plan
        if request.requested_by_id == actor.pk:
            raise DomainError("Another person has to approve what you asked for.")
        if posted_hash != plan.hash:
            raise DomainError("The hash is not that of this plan: look at the plan again.")
        if switch := gates.thrown(plan):
            raise DomainError(f"The kill switch for {switch.scope} is thrown: {switch.reason}")
        if plan.account.paused:
            raise DomainError(f"Account {plan.account.name} is paused.")
        stale = plans.changed_since(plan)
        if stale:
            _decide(request, RequestState.VOID, actor=None, now=now, comment="; ".join(stale))
        else:
            request.approved_hash = plan.hash
            request.expires_at = now + APPROVED_FOR
            _decide(request, RequestState.APPROVED, actor=actor, now=now)
            execution = queue(request, actor=actor, now=now)
    if stale:
        raise StalePlanError(
            "The plan no longer fits, so its request is void: "
            + "; ".join(stale)
            + ". Open the finding for a new plan."
        )
    return execution


def queue(request: Request, *, actor: User, now: datetime) -> Execution:
    """The row a worker picks up, and the hint that it is there; inside the approving transaction."""
    execution = Execution.objects.create(
        plan=request.plan,
        request=request,
        state=ExecutionState.QUEUED,
        source_identity=source_identity(actor.get_username()),
        queued_at=now,
        not_before=now,
    )
    wake("plan")
    return execution


@transaction.atomic
def reject(request_id: int, *, actor: User, reason: str, now: datetime) -> Request:
    """Decide against it, with a reason that the requester can read."""
    if not reason.strip():
        raise DomainError("Say why it is rejected.")
    request = _pending(request_id, now=now)
    _decide(request, RequestState.REJECTED, actor=actor, now=now, comment=_cut(reason))
    return request


@transaction.atomic
def withdraw(request_id: int, *, actor: User, now: datetime) -> Request:
    """Take back one's own request."""
    request = _pending(request_id, now=now)
    if request.requested_by_id != actor.pk:
        raise DomainError("Only who asked for it can withdraw it.")
    _decide(request, RequestState.WITHDRAWN, actor=actor, now=now)
    return request


def expire(*, now: datetime) -> int:
    """Close requests that nobody decided on in time. Safe to run twice."""
    due = Request.objects.filter(state=RequestState.PENDING, expires_at__lte=now)
    return sum(_expire(pk, now=now) for pk in list(due.values_list("pk", flat=True)))


@transaction.atomic
def _expire(request_id: int, *, now: datetime) -> bool:
    request = (
        Request.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("plan__account", "plan__finding")
        .filter(pk=request_id, state=RequestState.PENDING, expires_at__lte=now)
        .first()
    )
    if request is None:
        return False
    _decide(request, RequestState.EXPIRED, actor=None, now=now, comment="Nobody decided in time.")
    return True


def grant_automatically(
    prepared: Prepared, *, admin: User, reason: str, now: datetime
) -> Execution:
    """A repair nobody asked for: approved beforehand by the admin who confirmed the trust level."""
    with transaction.atomic():
        return _granted(prepared, admin=admin, reason=reason, now=now, actor=None)


def grant_rollback(prepared: Prepared, *, admin: User, reason: str, now: datetime) -> Execution:
    """One click of an admin: asking and approving are one, and the audit trail says so."""
    with transaction.atomic():
        return _granted(prepared, admin=admin, reason=reason, now=now, actor=admin)


def _granted(
    prepared: Prepared, *, admin: User, reason: str, now: datetime, actor: User | None
) -> Execution:
    claim_finding(prepared.finding)
    plan = plans.keep(prepared, actor=actor, now=now)
    request = Request.objects.create(
        plan=plan,
        state=RequestState.APPROVED,
        requested_by=None,
        reason=reason,
        requested_at=now,
        expires_at=now + APPROVED_FOR,
        decided_by=admin,
        decided_at=now,
        approved_hash=plan.hash,
    )
    said = "Rollback started" if plan.origin == Origin.ROLLBACK else "Automatic repair started"
    _tell(request, "approved", f"{said}: {plan.summary}", actor=actor, now=now, note=reason)
    return queue(request, actor=admin, now=now)


def _pending(request_id: int, *, now: datetime) -> Request:
    request = (
        Request.objects.select_for_update(of=("self",))
        .select_related("plan__account__source", "plan__finding", "requested_by", "decided_by")
        .get(pk=request_id)
    )
    if request.state != RequestState.PENDING:
        who = f" by {request.decided_by.get_username()}" if request.decided_by else ""
        raise DomainError(f"This request is already {request.state}{who}.")
    if request.expires_at <= now:
        raise DomainError("This request has expired: ask for the repair again.")
    return request


def _decide(
    request: Request, state: RequestState, *, actor: User | None, now: datetime, comment: str = ""
) -> None:
    request.state = state
    request.decided_by = actor
    request.decided_at = now
    request.comment = comment
    request.save()
    said = f"{_WORDS[state]}: {request.plan.summary}"
    _tell(request, state.value, said, actor=actor, now=now, note=comment)


def _tell(
    request: Request, verb: str, summary: str, *, actor: User | None, now: datetime, note: str
) -> None:
    """One audit event and one line in the finding's timeline."""
    plan: Plan = request.plan
    audit.record(
        f"repair.{verb}",
        actor=actor,
        at=now,
        subject=("request", request.pk),
        account_id=plan.account.account_id,
        summary=summary,
        data={
            "plan": plan.pk,
            "hash": plan.hash,
            "finding": plan.finding_id,
            "origin": plan.origin,
            "note": note,
            "decided_by": request.decided_by.get_username() if request.decided_by else "",
        },
    )
    storing.event(
        plan.finding, f"repair-{verb}", at=now, actor=actor, note=note, request=request.pk
    ).save()


def _cut(text: str) -> str:
    return text.strip()[:_LONGEST_REASON]
