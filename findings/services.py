"""What people do with findings, and what time does: each verb is one transaction and one entry."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from celery import current_app
from django.db import transaction
from django.db.models import Q
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from findings import lifecycle, storing
from findings.detection import Key, Observation, Seen, observe, settle
from findings.evaluation import evaluate_scope
from findings.lifecycle import Action, RefusalError
from findings.models import Finding, Waiver
from findings.states import Triage
from identity import audit
from identity.models import User
from identity.problems import DomainError

__all__ = [
    "Key",
    "Observation",
    "Seen",
    "acknowledge_all",
    "ask_recheck",
    "assign",
    "comment",
    "decide",
    "evaluate_scope",
    "observe",
    "queue_recheck",
    "settle",
    "wake_due",
]
log = structlog.get_logger()
_LONGEST_NOTE = 4_000


@transaction.atomic
def decide(
    finding_id: int,
    action: Action,
    *,
    actor: User,
    now: datetime,
    reason: str = "",
    until: datetime | None = None,
) -> Finding:
    """Move a finding's triage; accepting also grants a waiver. Raises `DomainError`.

    The caller has checked that `actor` may see and triage the finding.
    """
    finding = _locked(finding_id)
    reason = _note(reason)
    before = storing.status_of(
        finding, waived_until=storing.waivers_of([finding.pk]).get(finding.pk)
    )
    try:
        after = lifecycle.act(before, action, at=now, reason=reason, until=until)
    except RefusalError as refusal:
        raise DomainError(str(refusal)) from refusal
    storing.put(finding, after)
    finding.save(update_fields=storing.MOVED)
    storing.end_waivers([finding.pk], at=now)
    if action is Action.ACCEPT and until is not None:
        Waiver.objects.create(
            finding=finding, granted_by=actor, reason=reason, granted_at=now, until=until
        )
    data = {"until": until.isoformat()} if until else {}
    storing.event(finding, action, at=now, actor=actor, note=reason, **data).save()
    audit.record(
        f"finding.{action}",
        actor=actor,
        at=now,
        subject=("finding", finding.pk),
        account_id=finding.resource.owner_id,
        summary=f"{action.value.replace('-', ' ').capitalize()}: {finding.title}",
        data={"reason": reason, "was": before.triage, **data},
    )
    return finding


def acknowledge_all(
    finding_ids: Sequence[int], *, actor: User, now: datetime, reason: str
) -> tuple[int, int]:
    """Acknowledge many with one reason; those in a state that refuses it are counted, not forced.

    Returns (acknowledged, left alone). Each is its own transaction with its own entry.
    """
    done = 0
    for finding_id in sorted(set(finding_ids)):
        try:
            decide(finding_id, Action.ACKNOWLEDGE, actor=actor, now=now, reason=reason)
        except DomainError:
            continue
        done += 1
    return done, len(set(finding_ids)) - done


@transaction.atomic
def comment(finding_id: int, *, actor: User, now: datetime, text: str) -> None:
    """Add a remark to the timeline."""
    if not text.strip():
        raise DomainError("Write something first.")
    storing.event(_locked(finding_id), "comment", at=now, actor=actor, note=_note(text)).save()


@transaction.atomic
def assign(finding_id: int, *, actor: User, now: datetime, assignee: User | None) -> None:
    """Give a finding to someone, or to nobody."""
    finding = _locked(finding_id)
    if finding.assignee_id == (assignee.pk if assignee else None):
        return
    finding.assignee = assignee
    finding.save(update_fields=["assignee"])
    name = assignee.get_username() if assignee else ""
    storing.event(finding, "assign", at=now, actor=actor, assignee=name).save()


@transaction.atomic
def ask_recheck(finding_id: int, *, actor: User, now: datetime) -> None:
    """Note that someone wants the resource read and judged again now; the task does it."""
    storing.event(_locked(finding_id), "recheck", at=now, actor=actor).save()


def queue_recheck(finding_id: int) -> bool:
    """Queue the check; False when the broker cannot be reached, which loses nothing but time."""
    try:
        current_app.send_task("findings.recheck", args=[finding_id], retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("recheck-not-queued", finding=finding_id, error=str(error))
        return False
    return True


def wake_due(*, now: datetime) -> int:
    """Make findings new again whose snooze or waiver has ended. Safe to run twice."""
    due = Finding.objects.filter(
        Q(triage=Triage.SNOOZED, snoozed_until__lte=now)
        | Q(triage=Triage.ACCEPTED, waivers__ended_at=None, waivers__until__lte=now)
    )
    return sum(_wake(pk, now=now) for pk in list(due.values_list("pk", flat=True).distinct()))


@transaction.atomic
def _wake(finding_id: int, *, now: datetime) -> bool:
    finding = _locked(finding_id)
    waived_until = storing.waivers_of([finding.pk]).get(finding.pk)
    before = storing.status_of(finding, waived_until=waived_until)
    after = lifecycle.wake(before, at=now)
    if after == before:
        return False
    storing.put(finding, after)
    finding.save(update_fields=storing.MOVED)
    storing.end_waivers([finding.pk], at=now)
    kind = "snooze-ended" if before.triage is Triage.SNOOZED else "waiver-ended"
    storing.event(finding, kind, at=now).save()
    return True


def _locked(finding_id: int) -> Finding:
    return (
        Finding.objects.select_for_update(of=("self",))
        .select_related("resource")
        .get(pk=finding_id)
    )


def _note(text: str) -> str:
    text = text.strip()
    if len(text) > _LONGEST_NOTE:
        raise DomainError(f"The text is longer than {_LONGEST_NOTE:,} characters.")
    return text
