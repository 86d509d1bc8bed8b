"""Approving configurations and saying how far the product may go for them."""

from datetime import datetime, timedelta

from django.db import transaction

from drift import canon, compare
from drift.models import Baseline, BaselineVersion
from drift.scope import VPC, oldest_read, resources_of, unknown_of
from drift.states import TrustLevel
from identity import audit
from identity.models import User
from identity.problems import DomainError
from inventory.models import Resource
from inventory.wake import wake

ASKING_LASTS = timedelta(hours=24)
_LONGEST_SETTLE, _LONGEST_AGE = 3_600, 86_400


@transaction.atomic
def capture(
    vpc_resource_id: int, *, actor: User, now: datetime, name: str = "", reason: str = ""
) -> BaselineVersion:
    """Approve a VPC, with what belongs to it, as it is; again for a new version with a reason.

    Raises `DomainError` when a listing it is composed of cannot be relied on: what nobody read
    cannot be approved. The present differences are compared anew with the new version.
    """
    vpc = Resource.objects.select_related("account").get(pk=vpc_resource_id)
    if vpc.type != VPC or vpc.deleted_at is not None:
        raise DomainError("Only a VPC that exists can be captured.")
    if unknown := unknown_of(vpc):
        raise DomainError(
            "Not captured: "
            + ", ".join(str(item) for item in unknown)
            + " could not be read completely. Scan again, or give the missing permission."
        )
    baseline, created = Baseline.objects.select_for_update().get_or_create(
        vpc=vpc, defaults={"name": (name.strip() or vpc.name or vpc.rid)[:120], "created_at": now}
    )
    if not created:
        _may_renew(baseline, actor=actor, reason=reason)
        if name.strip():
            baseline.name = name.strip()[:120]
            baseline.save(update_fields=["name"])
    latest = baseline.versions.order_by("-number").first()
    version = BaselineVersion.objects.create(
        baseline=baseline,
        number=latest.number + 1 if latest else 1,
        captured_by=actor,
        captured_at=now,
        observed_at=oldest_read(vpc, fallback=vpc.observed_at),
        reason=reason.strip(),
        canon_version=canon.VERSION,
        entries=[
            canon.stored(
                row.type, id=row.rid, name=row.name, parent=row.parent_rid, complete=row.config
            )
            for row in sorted(resources_of(vpc), key=lambda row: (row.type, row.rid))
        ],
    )
    compare.mark([baseline.pk])
    _audit(
        baseline,
        "captured",
        actor=actor,
        now=now,
        summary=f"Captured {baseline.name}, version {version.number}: {len(version.entries)} elements",
        version=version.number,
        reason=reason.strip(),
    )
    wake("change")
    return version


def _may_renew(baseline: Baseline, *, actor: User, reason: str) -> None:
    if not reason.strip():
        raise DomainError("Give a reason: capturing again approves what has changed.")
    if TrustLevel(baseline.trust_level).acts_alone and not actor.has_perm("drift.set_trust"):
        raise DomainError("This baseline repairs by itself: an admin has to capture it again.")


@transaction.atomic
def ask_trust(
    baseline_id: int, *, level: TrustLevel, actor: User, now: datetime, reason: str = ""
) -> Baseline:
    """Set how far the product may go. Down, or up to where a person decides, is immediate.

    A level that repairs without a person waits for another admin (`confirm_trust`) for a day.
    """
    baseline = _locked(baseline_id)
    present = TrustLevel(baseline.trust_level)
    if level is present:
        return _withdrawn(baseline, actor=actor, now=now)
    if level.acts_alone and level.rank > present.rank:
        if not reason.strip():
            raise DomainError("Give a reason: the product would repair without asking.")
        baseline.pending_level = level
        baseline.pending_by, baseline.pending_at = actor, now
        baseline.save(update_fields=["pending_level", "pending_by", "pending_at"])
        summary = f"Asked to set {baseline.name} to {level.value}; another admin has to confirm"
        _audit(baseline, "trust-asked", actor=actor, now=now, summary=summary, reason=reason,
               level=level.value)  # fmt: skip
        return baseline
    _set_level(baseline, level)
    summary = f"Set {baseline.name} from {present.value} to {level.value}"
    _audit(baseline, "trust-set", actor=actor, now=now, summary=summary, reason=reason,
           level=level.value, was=present.value)  # fmt: skip
    wake("finding")
    return baseline


@transaction.atomic
def confirm_trust(baseline_id: int, *, actor: User, now: datetime) -> Baseline:
    """Confirm what another admin asked for; repairs will run in the confirming admin's name."""
    baseline = _locked(baseline_id)
    if not baseline.pending_level or baseline.pending_at is None:
        raise DomainError("Nobody asked for another trust level.")
    if now >= baseline.pending_at + ASKING_LASTS:
        raise DomainError("The question is older than a day: ask again.")
    if baseline.pending_by_id == actor.pk:
        raise DomainError("Another admin has to confirm what you asked for.")
    level, present = TrustLevel(baseline.pending_level), TrustLevel(baseline.trust_level)
    baseline.auto_asked_by, baseline.auto_asked_at = baseline.pending_by, baseline.pending_at
    baseline.auto_confirmed_by, baseline.auto_confirmed_at = actor, now
    _set_level(baseline, level)
    summary = f"Confirmed: {baseline.name} from {present.value} to {level.value}"
    _audit(baseline, "trust-confirmed", actor=actor, now=now, summary=summary,
           level=level.value, was=present.value)  # fmt: skip
    wake("finding")
    return baseline


@transaction.atomic
def set_limits(
    baseline_id: int, *, settle_seconds: int, max_age_seconds: int, actor: User, now: datetime
) -> Baseline:
    """How long to wait before an automatic repair, and how old an addition it may touch."""
    if not 0 <= settle_seconds <= _LONGEST_SETTLE:
        raise DomainError(f"The settle delay is between 0 and {_LONGEST_SETTLE:,} seconds.")
    if not 60 <= max_age_seconds <= _LONGEST_AGE or max_age_seconds <= settle_seconds:
        raise DomainError(
            f"The age limit is between 60 and {_LONGEST_AGE:,} seconds and above the settle delay."
        )
    baseline = _locked(baseline_id)
    baseline.settle_seconds, baseline.max_age_seconds = settle_seconds, max_age_seconds
    baseline.save(update_fields=["settle_seconds", "max_age_seconds"])
    summary = f"Limits of {baseline.name}: settle {settle_seconds} s, age {max_age_seconds} s"
    _audit(baseline, "limits-set", actor=actor, now=now, summary=summary,
           settle_seconds=settle_seconds, max_age_seconds=max_age_seconds)  # fmt: skip
    return baseline


def _withdrawn(baseline: Baseline, *, actor: User, now: datetime) -> Baseline:
    if baseline.pending_level:
        asked = baseline.pending_level
        _set_level(baseline, TrustLevel(baseline.trust_level))
        summary = f"Withdrew the question to set {baseline.name} to {asked}"
        _audit(baseline, "trust-withdrawn", actor=actor, now=now, summary=summary, level=asked)
    return baseline


def _set_level(baseline: Baseline, level: TrustLevel) -> None:
    baseline.trust_level = level
    baseline.pending_level, baseline.pending_by, baseline.pending_at = "", None, None
    if not level.acts_alone:
        baseline.auto_asked_by = baseline.auto_confirmed_by = None
        baseline.auto_asked_at = baseline.auto_confirmed_at = None
    baseline.save()


def _locked(baseline_id: int) -> Baseline:
    return (
        Baseline.objects.select_for_update(of=("self",)).select_related("vpc").get(pk=baseline_id)
    )


def _audit(
    baseline: Baseline, action: str, *, actor: User, now: datetime, summary: str, **data: object
) -> None:
    audit.record(
        f"baseline.{action}",
        actor=actor,
        at=now,
        subject=("baseline", baseline.pk),
        account_id=baseline.vpc.owner_id,
        summary=summary,
        data=data,
    )
