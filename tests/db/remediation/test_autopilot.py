"""Repairs nobody asked for: within the limits, in an admin's name, and never against a person."""

import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from drift import services as drift
from drift.compare import compare_baseline, mark
from drift.states import TrustLevel
from findings.lifecycle import Action
from findings.models import Finding
from findings.services import decide
from identity.models import AuditEvent
from inventory.models import Resource
from remediation import autopilot, rollback, selectors, switches
from remediation.actions.autonomy import HEALS_AN_HOUR
from remediation.models import Execution, Hold, Request
from remediation.states import ExecutionState

pytestmark = pytest.mark.django_db
PORTS = itertools.count(9000)


class Guarded:
    """A captured VPC with a trust level, and a person who changes things behind its back."""

    def __init__(self, aws):
        self.aws = aws
        vpc = Resource.objects.get(type="ec2.vpc", name="shop")
        version = drift.capture(vpc.pk, actor=aws.admin, now=timezone.now())
        self.baseline = version.baseline
        drift.set_limits(
            self.baseline.pk,
            settle_seconds=0,
            max_age_seconds=900,
            actor=aws.admin,
            now=timezone.now(),
        )
        self.trust(TrustLevel.AUTO)

    def trust(self, level):
        now = timezone.now()
        drift.ask_trust(
            self.baseline.pk, level=level, actor=self.aws.other_admin, now=now, reason="tested"
        )
        if level.acts_alone:
            drift.confirm_trust(self.baseline.pk, actor=self.aws.admin, now=now)

    def notice(self):
        """What a scan and the comparison after it would find."""
        self.aws.scan()
        self.compare()

    def compare(self):
        mark([self.baseline.pk])
        compare_baseline(self.baseline.pk)

    def drift(self, code="drift-sg-rule-added"):
        return Finding.objects.filter(code=code).order_by("-pk").first()

    def pilot(self, *, after=timedelta()):
        started = autopilot.run(now=timezone.now() + after)
        self.aws.work()
        return started

    def add(self):
        added = self.aws.authorize(port=next(PORTS), text="quick fix")
        self.notice()
        return added


@pytest.fixture
def guarded(world_on_aws):
    return Guarded(world_on_aws)


def rule_ids(aws):
    return {each["SecurityGroupRuleId"] for each in aws.rules()}


def test_a_rule_added_behind_our_back_goes_by_itself_in_the_admins_name(guarded):
    added = guarded.add()
    guarded.aws.lab.calls.clear()
    assert guarded.pilot() == 1
    assert added not in rule_ids(guarded.aws)
    execution = Execution.objects.get()
    assert execution.state == ExecutionState.VERIFIED, execution.error
    assert execution.plan.origin == "auto"
    assert (execution.request.requested_by, execution.request.decided_by) == (
        None,
        guarded.aws.admin,
    )
    [write] = guarded.aws.writes()
    assert write.source_identity == guarded.aws.admin.username
    guarded.compare()
    assert guarded.drift().detection == "resolved"
    assert selectors.times().repair.count == 1
    assert selectors.times().detect.count == 1


def test_running_twice_starts_one_repair(guarded):
    guarded.add()
    assert autopilot.run(now=timezone.now()) == 1
    assert autopilot.run(now=timezone.now()) == 0


def test_with_the_kill_switch_on_it_leaves_everything_alone(guarded):
    added = guarded.add()
    switches.throw(scope="*", reason="freeze", actor=guarded.aws.admin, now=timezone.now())
    assert guarded.pilot() == 0
    assert added in rule_ids(guarded.aws)
    assert Execution.objects.count() == 0


def test_a_switch_thrown_after_it_began_stops_it_before_the_call(guarded):
    added = guarded.add()
    autopilot.run(now=timezone.now())
    switches.throw(scope="*", reason="freeze", actor=guarded.aws.admin, now=timezone.now())
    guarded.aws.work()
    assert Execution.objects.get().state == ExecutionState.STOPPED
    assert added in rule_ids(guarded.aws)


def test_a_removed_rule_is_added_back_unless_it_was_bad(guarded):
    [ssh] = guarded.aws.rules()
    [web] = guarded.aws.rules("web")
    guarded.aws.revoke(ssh["SecurityGroupRuleId"])
    guarded.aws.revoke(web["SecurityGroupRuleId"], name="web")
    guarded.notice()
    assert Finding.objects.filter(code="drift-sg-rule-removed").count() == 2
    assert guarded.pilot() == 1
    assert guarded.aws.rules() == [], "SSH from everywhere stays closed"
    [back] = guarded.aws.rules("web")
    assert (back["Description"], back["CidrIpv4"]) == (web["Description"], web["CidrIpv4"])


def test_add_back_trust_restores_and_does_not_revoke(guarded):
    guarded.trust(TrustLevel.OBSERVE)
    guarded.trust(TrustLevel.ADD_BACK)
    [web] = guarded.aws.rules("web")
    guarded.aws.revoke(web["SecurityGroupRuleId"], name="web")
    added = guarded.add()
    assert guarded.pilot() == 1
    assert len(guarded.aws.rules("web")) == 1
    assert added in rule_ids(guarded.aws)


def test_lower_trust_only_says_once_what_it_would_have_done(guarded):
    guarded.trust(TrustLevel.OBSERVE)
    added = guarded.add()
    assert guarded.pilot() == 0
    assert guarded.pilot() == 0
    [said] = AuditEvent.objects.filter(action="autopilot.would-repair")
    assert said.summary.startswith("Would have done: Revoke ingress tcp")
    assert added in rule_ids(guarded.aws)


def test_old_changes_and_those_within_the_settle_delay_are_left_alone(guarded):
    guarded.add()
    assert guarded.pilot(after=timedelta(minutes=16)) == 0
    guarded.baseline.refresh_from_db()
    guarded.baseline.settle_seconds = 60
    guarded.baseline.save(update_fields=["settle_seconds"])
    assert guarded.pilot() == 0
    assert guarded.pilot(after=timedelta(seconds=61)) == 1


def test_a_persons_word_stands_above_the_baseline(guarded):
    guarded.add()
    decide(
        guarded.drift().pk,
        Action.ACCEPT,
        actor=guarded.aws.analyst,
        now=timezone.now(),
        reason="incident 4711",
        until=timezone.now() + timedelta(hours=4),
    )
    assert guarded.pilot() == 0


def test_a_request_of_a_person_is_not_overtaken(guarded):
    guarded.add()
    guarded.aws.ask(Finding.objects.select_related("resource__source").get(pk=guarded.drift().pk))
    assert guarded.pilot() == 0
    assert Request.objects.count() == 1


def test_what_a_person_rolled_back_is_not_repaired_again_until_a_person_says_so(guarded):
    guarded.add()
    guarded.pilot()
    execution = Execution.objects.get()
    rollback.roll_back(execution.pk, actor=guarded.aws.admin, reason="in use", now=timezone.now())
    guarded.aws.work()
    guarded.notice()
    assert guarded.drift().detection == "failing"
    assert guarded.pilot() == 0
    hold = Hold.objects.get()
    assert hold.finding == guarded.drift()
    switches.release(hold.pk, actor=guarded.aws.other_admin, now=timezone.now())
    assert guarded.pilot() == 1


def test_a_resource_that_is_healed_again_and_again_is_left_to_people(guarded):
    for _ in range(HEALS_AN_HOUR):
        guarded.add()
        assert guarded.pilot() == 1
    added = guarded.add()
    assert guarded.pilot() == 0
    assert added in rule_ids(guarded.aws)
    hold = Hold.objects.get()
    assert (hold.finding, hold.lifted_at) == (None, None)
    assert "something fights" in hold.reason
    assert guarded.pilot(after=timedelta(minutes=5)) == 0


def test_two_rules_added_at_once_both_go_though_one_plan_is_stale(guarded):
    first = guarded.aws.authorize(port=next(PORTS))
    second = guarded.aws.authorize(port=next(PORTS))
    guarded.notice()
    for _ in range(3):
        guarded.pilot()
        guarded.compare()
    assert not {first, second} & rule_ids(guarded.aws)


def test_an_admin_who_lost_the_role_no_longer_stands_behind_it(guarded):
    guarded.add()
    guarded.aws.admin.groups.clear()
    assert guarded.pilot() == 0


def test_when_nobody_looked_before_the_change_a_person_decides(guarded):
    added = guarded.add()
    Resource.objects.filter(type="ec2.security-group-rule", rid=added).update(
        first_seen=timezone.now()
    )
    version = guarded.baseline.versions.get()
    version.observed_at = timezone.now() - timedelta(days=3)
    version.save(update_fields=["observed_at"])
    guarded.aws.account.source.scans.all().delete()
    assert guarded.pilot() == 0
