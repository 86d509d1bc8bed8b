"""Stopping all repairs at once, and keeping the product from repairing something by itself."""

from datetime import datetime

from django.db import IntegrityError, transaction

from findings.models import Finding
from identity import audit
from identity.models import User
from identity.problems import DomainError
from inventory.wake import wake
from remediation.models import Hold, KillSwitch


def throw(*, scope: str, reason: str, actor: User, now: datetime) -> KillSwitch:
    """Stop every repair of a scope before its next call; also those under way."""
    if not reason.strip():
        raise DomainError("Say why repairs must stop: whoever lifts it will want to know.")
    try:
        with transaction.atomic():
            switch = KillSwitch.objects.create(
                scope=scope, reason=reason.strip(), thrown_by=actor, thrown_at=now
            )
            audit.record(
                "kill-switch.thrown",
                actor=actor,
                at=now,
                subject=("kill-switch", switch.pk),
                account_id=scope if scope.isdecimal() else "",
                summary=f"Stopped all repairs of {_words(scope)}: {switch.reason}",
            )
            return switch
    except IntegrityError as clash:
        raise DomainError(f"The kill switch for {_words(scope)} is thrown already.") from clash


@transaction.atomic
def lift(switch_id: int, *, actor: User, now: datetime) -> KillSwitch:
    """Allow repairs again; what was stopped stays stopped and has to be asked for again."""
    switch = KillSwitch.objects.select_for_update().get(pk=switch_id)
    if switch.lifted_at is not None:
        raise DomainError("This kill switch is lifted already.")
    switch.lifted_by, switch.lifted_at = actor, now
    switch.save(update_fields=["lifted_by", "lifted_at"])
    wake("finding")
    audit.record(
        "kill-switch.lifted",
        actor=actor,
        at=now,
        subject=("kill-switch", switch.pk),
        account_id=switch.scope if switch.scope.isdecimal() else "",
        summary=f"Allowed repairs of {_words(switch.scope)} again",
    )
    return switch


def hold(
    *,
    resource_id: int,
    finding: Finding | None,
    reason: str,
    actor: User | None,
    now: datetime,
    account_id: str,
) -> Hold:
    """Leave something to people until one of them lifts this; holding twice is holding once."""
    found, created = Hold.objects.get_or_create(
        resource_id=resource_id,
        finding=finding,
        lifted_at=None,
        defaults={"reason": reason[:300], "since": now},
    )
    if created:
        audit.record(
            "autopilot.held",
            actor=actor,
            at=now,
            subject=("finding", finding.pk) if finding else ("resource", resource_id),
            account_id=account_id,
            summary=f"Left to people: {reason}",
        )
    return found


@transaction.atomic
def release(hold_id: int, *, actor: User, now: datetime) -> Hold:
    """A person decided: the product may repair it by itself again."""
    found = Hold.objects.select_for_update(of=("self",)).select_related("resource").get(pk=hold_id)
    if found.lifted_at is not None:
        raise DomainError("This was released already.")
    found.lifted_by, found.lifted_at = actor, now
    found.save(update_fields=["lifted_by", "lifted_at"])
    wake("finding")
    audit.record(
        "autopilot.released",
        actor=actor,
        at=now,
        subject=("resource", found.resource_id),
        account_id=found.resource.owner_id,
        summary=f"The product may repair {found.resource.rid} by itself again",
    )
    return found


def _words(scope: str) -> str:
    return "everything" if scope == "*" else scope
