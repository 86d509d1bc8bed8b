"""Repairs without a person, where a baseline is trusted with them: what was added goes, by itself.

Each drift is judged by `remediation.actions.autonomy`; what is allowed takes the same way as an
approved plan, with the admin who confirmed the trust level as the one who stands behind it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from drift.models import Baseline
from drift.states import TrustLevel
from findings.models import Finding
from findings.states import Detection, Kind, Triage
from identity import audit
from identity.models import AuditEvent, User
from identity.problems import DomainError
from remediation import approvals, executions, gates, plans, switches
from remediation.actions import ACTIONS, NoPlanError
from remediation.actions.autonomy import (
    HEALS_AN_HOUR,
    Course,
    Judgement,
    Planned,
    Situation,
    judge,
    judge_plan,
)
from remediation.impact import TRAFFIC
from remediation.models import Execution
from remediation.plans import DRIFT_ACTIONS, Prepared
from remediation.states import ExecutionState, Origin

log = structlog.get_logger()
HOUR = timedelta(hours=1)
WOULD, LEFT = "autopilot.would-repair", "autopilot.left-to-people"
# Not accepted, not snoozed, not called a false positive: a person's word stands above a baseline.
OPEN_TRIAGE = (Triage.NEW, Triage.ACKNOWLEDGED)


def run(*, now: datetime) -> int:
    """Judge every failing drift that a baseline covers; returns how many repairs were started."""
    return sum(consider(finding, baseline, now=now) for finding, baseline in candidates())


def candidates() -> Iterable[tuple[Finding, Baseline]]:
    """Failing drifts of a kind that can be repaired, with the baseline they differ from."""
    found = list(
        Finding.objects.filter(
            kind=Kind.DRIFT, detection=Detection.FAILING, code__in=list(DRIFT_ACTIONS)
        )
        .select_related("resource__source", "resource__account")
        .order_by("failing_since", "pk")
    )
    wanted = {finding.evidence.get("baseline") for finding in found}
    baselines = {
        baseline.pk: baseline
        for baseline in Baseline.objects.filter(pk__in=[pk for pk in wanted if pk]).select_related(
            "auto_confirmed_by", "auto_asked_by", "vpc"
        )
    }
    for finding in found:
        baseline = baselines.get(finding.evidence.get("baseline"))
        if baseline is not None:
            yield finding, baseline


def consider(finding: Finding, baseline: Baseline, *, now: datetime) -> bool:
    """Judge one drift and act on the judgement. True when a repair was started."""
    situation = situation_of(finding, baseline, now=now)
    judged = judge(situation)
    if situation.heals >= HEALS_AN_HOUR:
        switches.hold(
            resource_id=finding.resource_id,
            finding=None,
            reason=judged.reason,
            actor=None,
            now=now,
            account_id=finding.resource.owner_id,
        )
    if judged.course not in (Course.ACT, Course.WOULD) or approvals.under_way(finding):
        return False
    if judged.course is Course.WOULD and _was_said(finding, WOULD):
        return False
    prepared = _planned(finding)
    if prepared is None:
        return False
    allowed = _judged_plan(prepared)
    if judged.course is Course.WOULD or allowed.course is not Course.ACT:
        _say_once(finding, prepared, judged, allowed, now=now)
        return False
    admin = admin_behind(baseline)
    if admin is None:
        return False
    reason = f"{judged.reason} Baseline “{baseline.name}” is trusted with “{baseline.trust_level}”."
    try:
        approvals.grant_automatically(prepared, admin=admin, reason=reason, now=now)
    except DomainError as refused:  # someone was faster
        log.info("autopilot.refused", finding=finding.pk, why=str(refused))
        return False
    return True


def situation_of(finding: Finding, baseline: Baseline, *, now: datetime) -> Situation:
    """Everything the judgement rests on, from the records."""
    resource = finding.resource
    switch = gates.thrown_for(account_id=resource.owner_id, vpc_id=resource.vpc_id)
    held = gates.holds_on(resource_id=resource.pk, finding_id=finding.pk)
    mine = Execution.objects.filter(plan__origin=Origin.AUTO)
    return Situation(
        action=DRIFT_ACTIONS[finding.code],
        trust=TrustLevel(baseline.trust_level),
        confirmed=admin_behind(baseline) is not None,
        first_observed=plans.first_observed(finding),
        earlier_look=plans.earlier_look(finding),
        settle=timedelta(seconds=baseline.settle_seconds),
        max_age=timedelta(seconds=baseline.max_age_seconds),
        look_interval=timedelta(seconds=resource.source.scan_interval_seconds),
        now=now,
        stopped=_stopped(switch.reason if switch else "", paused=resource.account.paused),
        waived=finding.triage not in OPEN_TRIAGE
        or gates.waiver_of(finding.pk, now=now) is not None,
        held=held.reason if held else "",
        heals=mine.filter(
            plan__finding__resource=resource,
            state=ExecutionState.VERIFIED,
            verified_at__gt=now - HOUR,
        ).count(),
        repairs=executions.repairs_within(
            now - HOUR, account_id=resource.account_id, origin=Origin.AUTO
        ),
        tries=mine.filter(plan__finding=finding, queued_at__gte=finding.failing_since)
        .exclude(state=ExecutionState.VERIFIED)
        .count(),
    )


def admin_behind(baseline: Baseline) -> User | None:
    """Who answers for repairs nobody asked for: the admin who confirmed the trust level."""
    admin = baseline.auto_confirmed_by
    if admin is None or not admin.is_active or not admin.has_perm("drift.set_trust"):
        return None
    return admin


def _stopped(reason: str, *, paused: bool) -> str:
    if reason:
        return f"The kill switch is thrown: {reason}"
    return "The account is paused." if paused else ""


def _planned(finding: Finding) -> Prepared | None:
    try:
        return plans.plan_for(finding, origin=Origin.AUTO)
    except NoPlanError as none:
        log.info("autopilot.no-plan", finding=finding.pk, why=str(none))
        return None


def _judged_plan(prepared: Prepared) -> Judgement:
    impact = prepared.content["impact"]
    return judge_plan(
        Planned(
            tier=ACTIONS[prepared.action].tier,
            needs_person=prepared.content["needs_person"],
            unknown=tuple(impact["unknown"]),
        ),
        tolerated=frozenset([TRAFFIC]),
    )


def _say_once(
    finding: Finding, prepared: Prepared, judged: Judgement, allowed: Judgement, *, now: datetime
) -> None:
    """The “would have done” log: one audit event for each episode, to read before trusting more."""
    would = allowed.course is Course.ACT
    action = WOULD if would else LEFT
    if _was_said(finding, action):
        return
    said = (
        f"Would have done: {prepared.summary}" if would else f"Left to people: {prepared.summary}"
    )
    audit.record(
        action,
        actor=None,
        at=now,
        subject=("finding", finding.pk),
        account_id=finding.resource.owner_id,
        summary=said,
        data={"why": judged.reason if would else allowed.reason, "hash": prepared.hash},
    )


def _was_said(finding: Finding, action: str) -> bool:
    return AuditEvent.objects.filter(
        action=action,
        subject_type="finding",
        subject_id=str(finding.pk),
        at__gte=finding.failing_since,
    ).exists()


def opinion(finding: Finding, *, now: datetime) -> Judgement | None:
    """What the autopilot makes of a drift, for its page; None where no baseline trusts it so far."""
    if finding.kind != Kind.DRIFT or finding.code not in DRIFT_ACTIONS:
        return None
    baseline = Baseline.objects.filter(pk=finding.evidence.get("baseline")).first()
    if baseline is None or not TrustLevel(baseline.trust_level).acts_alone:
        return None
    return judge(situation_of(finding, baseline, now=now))
