"""The rows of executions: claiming one with a lease, its journal, and how it ends.

Every function that moves an execution re-checks the lease's generation under a row lock: who
lost the lease changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from findings import storing
from identity import audit
from remediation import gates
from remediation.actions import content
from remediation.models import Execution, StepRecord
from remediation.states import ExecutionState, Origin, RequestState

ACTIVE = (ExecutionState.RUNNING, ExecutionState.VERIFYING)
OPEN = (ExecutionState.QUEUED, *ACTIVE)
ATTEMPTS = 5
_CLAIM_LOCK = 0x6373706D  # one claimer at a time, so that two never take the same resource

_OUTCOME_WORDS = {
    ExecutionState.VERIFIED: "Verified: live state is what the plan promised",
    ExecutionState.STALE: "Stale: the live state was no longer what was approved; nothing was written",
    ExecutionState.STOPPED: "Stopped",
    ExecutionState.FAILED: "Failed",
    ExecutionState.UNVERIFIED: "Unverified: a person must look at what AWS holds now",
}


class LostLeaseError(Exception):
    """Another worker has this execution now, or the time left is too short for a call."""


class HaltedError(Exception):
    """The execution must end here; carries the state it ends in."""

    def __init__(self, state: ExecutionState, reason: str) -> None:
        super().__init__(reason)
        self.state = state
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claim:
    """A right to work on one execution while the generation is the row's."""

    execution_id: int
    generation: int


@transaction.atomic
def claim(*, now: datetime, lease: timedelta) -> Claim | None:
    """Take the next execution that is due, or whose worker let its lease run out.

    Two executions on one resource never run at the same time.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK])
    busy = Execution.objects.filter(
        state__in=ACTIVE,
        lease_until__gt=now,
        plan__finding__resource=OuterRef("plan__finding__resource"),
    ).exclude(pk=OuterRef("pk"))
    found = (
        Execution.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(
            Q(state=ExecutionState.QUEUED, not_before__lte=now)
            | Q(state__in=ACTIVE, lease_until__lte=now)
        )
        .filter(~Exists(busy))
        .order_by("not_before", "pk")
        .first()
    )
    if found is None:
        return None
    found.generation += 1
    found.attempts += 1
    found.lease_until = now + lease
    found.started_at = found.started_at or now
    if found.state == ExecutionState.QUEUED:
        found.state = ExecutionState.RUNNING
    found.save(update_fields=["generation", "attempts", "lease_until", "started_at", "state"])
    return Claim(found.pk, found.generation)


def held(claimed: Claim) -> Execution:
    """The execution, locked, if the claim still holds; call inside a transaction."""
    execution = (
        Execution.objects.select_for_update(of=("self",))
        .select_related("plan__account__source", "plan__finding__resource", "request__decided_by")
        .filter(pk=claimed.execution_id, generation=claimed.generation, state__in=ACTIVE)
        .first()
    )
    if execution is None:
        raise LostLeaseError(f"execution {claimed.execution_id} was taken by another worker")
    return execution


@transaction.atomic
def renew(claimed: Claim, *, now: datetime, lease: timedelta) -> Execution:
    """Prolong the lease; raises `LostLeaseError` when it is another worker's."""
    execution = held(claimed)
    execution.lease_until = now + lease
    execution.save(update_fields=["lease_until"])
    return execution


@transaction.atomic
def intend(
    claimed: Claim,
    *,
    number: int,
    call: Mapping[str, Any],
    now: datetime,
    lease: timedelta,
    written: bool,
) -> None:
    """Commit the intent of one call, after asking once more whether anything forbids it.

    Raises `LostLeaseError`, or `HaltedError` when a gate is closed. On return the lease runs its full time.
    """
    execution = held(claimed)
    if reason := gates.obstacle(execution, now=now, written=written):
        raise HaltedError(ExecutionState.STOPPED, reason)
    StepRecord.objects.update_or_create(
        execution=execution,
        number=number,
        defaults={
            "call": dict(call),
            "intended_at": now,
            "intended_generation": claimed.generation,
            "finished_at": None,
            "outcome": "",
            "error": "",
        },
    )
    execution.lease_until = now + lease
    execution.save(update_fields=["lease_until"])


@transaction.atomic
def record(
    claimed: Claim,
    *,
    number: int,
    outcome: str,
    now: datetime,
    answer: Mapping[str, Any] | None = None,
    error: str = "",
) -> None:
    """Write what became of a step: `done`, `already`, `refused` or `unknown`. Audited."""
    execution = held(claimed)
    step = StepRecord.objects.select_for_update().get(execution=execution, number=number)
    step.outcome = outcome
    step.finished_at = now
    step.answer = dict(answer) if answer is not None else None
    step.request_id = str((answer or {}).get("RequestId", ""))[:80]
    step.error = error
    step.save(update_fields=["outcome", "finished_at", "answer", "request_id", "error"])
    audit.record(
        f"repair.step-{outcome}",
        actor=None,
        at=now,
        subject=("execution", execution.pk),
        account_id=execution.plan.account.account_id,
        summary=f"Step {number} {outcome}: {step.call['purpose']}",
        data={
            "call": step.call,
            "error": error,
            "request_id": step.request_id,
            "source_identity": execution.source_identity,
        },
    )


@transaction.atomic
def verifying(claimed: Claim, *, now: datetime, lease: timedelta) -> None:
    """All calls are made; what is left is to see that they worked."""
    execution = held(claimed)
    execution.state = ExecutionState.VERIFYING
    execution.lease_until = now + lease
    execution.save(update_fields=["state", "lease_until"])


@transaction.atomic
def conclude(
    claimed: Claim,
    state: ExecutionState,
    *,
    now: datetime,
    reason: str = "",
    live: Mapping[str, Any] | None = None,
    verified_at: datetime | None = None,
) -> None:
    """End an execution, with its audit event and its line in the finding's timeline.

    A stale one voids the approval: whoever wants the repair asks for a new plan.
    """
    execution = held(claimed)
    plan = execution.plan
    execution.state = state
    execution.finished_at = now
    execution.lease_until = None
    execution.error = reason
    execution.verified_at = verified_at
    execution.live_after = dict(live) if live is not None else None
    execution.renamed = _renamed(plan.content, live) if state is ExecutionState.VERIFIED else {}
    execution.save()
    if state is ExecutionState.STALE:
        execution.request.state = RequestState.VOID
        execution.request.comment = f"{execution.request.comment}\n{reason}".strip()
        execution.request.save(update_fields=["state", "comment"])
    word = _OUTCOME_WORDS[state]
    storing.event(
        plan.finding,
        f"repair-{state}",
        at=now,
        note=reason,
        execution=execution.pk,
        plan=plan.pk,
        summary=plan.summary,
    ).save()
    audit.record(
        f"repair.{state}",
        actor=None,
        at=now,
        subject=("execution", execution.pk),
        account_id=plan.account.account_id,
        summary=f"{word}: {plan.summary}",
        data={
            "reason": reason,
            "plan": plan.pk,
            "hash": plan.hash,
            "finding": plan.finding_id,
            "source_identity": execution.source_identity,
            "renamed": execution.renamed,
        },
    )


def _renamed(planned: Mapping[str, Any], live: Mapping[str, Any] | None) -> dict[str, str]:
    """Old rule ids and the ids of the rules that stand for them after a rollback."""
    if live is None:
        return {}
    new = content.new_ids(planned["after"], live)
    return {
        old: next((id for id, rule in new.items() if rule == restored), "")
        for old, restored in planned["restores"].items()
    }


def repairs_within(hour_ago: datetime, *, account_id: int, origin: Origin | None = None) -> int:
    """How many repairs of an account began since then."""
    found = Execution.objects.filter(plan__account_id=account_id, queued_at__gt=hour_ago)
    return (found.filter(plan__origin=origin) if origin else found).count()
