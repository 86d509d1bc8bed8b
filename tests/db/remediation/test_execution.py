"""The whole story against a real API: asked, approved, checked, carried out, proven, undone."""

from datetime import timedelta

import pytest
from django.utils import timezone

from findings.lifecycle import Action
from findings.services import decide
from identity.models import AuditEvent
from identity.problems import DomainError
from inventory import access, aws
from inventory.aws import AwsError
from inventory.models import Account
from remediation import rollback, selectors, switches
from remediation.actions.policy import session_policy
from remediation.models import Execution, Hold, Request
from remediation.states import ExecutionState

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(world_on_aws):
    return world_on_aws


def test_an_approved_repair_is_carried_out_proven_and_resolves_the_finding(world):
    world.lab.calls.clear()
    execution = world.repair()
    assert (execution.state, execution.error) == (ExecutionState.VERIFIED, "")
    assert world.rules() == []
    world.evaluate()
    assert world.finding.detection == "resolved"
    [write] = world.writes()
    assert write.source_identity == "ada.admin"
    assert write.session_name == f"cspm-{execution.plan_id}"
    assert "cspm-remediate" in write.principal_arn
    [step] = execution.steps.all()
    assert step.outcome == "done"
    assert step.request_id


def test_the_audit_trail_tells_all_of_it(world):
    execution = world.repair()
    told = AuditEvent.objects.order_by("id").filter(action__startswith="repair.")
    assert [(event.action, event.actor_name) for event in told] == [
        ("repair.requested", world.analyst.username),
        ("repair.approved", "ada.admin"),
        ("repair.step-done", "cspm"),
        ("repair.verified", "cspm"),
    ]
    assert told.last().data["hash"] == execution.plan.hash


def test_times_are_computed_from_the_records(world):
    execution = world.repair()
    times = selectors.times()
    assert times.repair.count == 1
    expected = (execution.verified_at - execution.plan.failing_since).total_seconds()
    assert times.repair.p50 == pytest.approx(expected)
    assert selectors.times(world.admin).repair.count == 1


def test_a_rule_that_changed_behind_our_back_voids_the_approval_and_nothing_is_written(world):
    execution = world.approved()
    world.authorize(port=443)
    world.lab.calls.clear()
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.STALE
    assert "was added" in execution.error
    assert execution.request.state == "void"
    assert world.writes() == []
    assert len(world.rules()) == 2
    world.evaluate()
    assert world.ask().plan.hash != execution.plan.hash


def test_an_interface_that_joined_voids_the_approval(world):
    execution = world.approved()
    subnet = world.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    world.ec2.create_network_interface(SubnetId=subnet, Groups=[world.group_id()])
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.STALE
    assert "1 more interface" in execution.error
    assert len(world.rules()) == 1


def test_a_group_that_is_gone_is_stale_and_not_an_error(world):
    execution = world.approved()
    plan = execution.plan
    plan.content["resource"]["id"] = "sg-0123456789abcdef0"
    found = world.ec2.describe_network_interfaces()["NetworkInterfaces"]
    for interface in found:
        world.ec2.modify_network_interface_attribute(
            NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=[world.group_id("web")]
        )
    world.ec2.delete_security_group(GroupId=world.group_id())
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.STALE
    assert "gone" in execution.error


def test_a_range_is_split_without_a_moment_in_which_the_rest_is_closed(world):
    world.revoke(world.rules()[0]["SecurityGroupRuleId"])
    world.authorize(port=20, to=80, cidr="0.0.0.0/0", text="legacy")
    world.scan()
    world.lab.calls.clear()
    execution = world.repair()
    assert execution.state == ExecutionState.VERIFIED, execution.error
    assert [call.action for call in world.writes()] == [
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
    ]
    left = sorted((each["FromPort"], each["ToPort"], each["Description"]) for each in world.rules())
    assert left == [(20, 21, "legacy"), (23, 80, "legacy")]


def test_when_the_removal_fails_what_was_added_is_taken_back(world):
    world.revoke(world.rules()[0]["SecurityGroupRuleId"])
    wide = world.authorize(port=20, to=80, cidr="0.0.0.0/0")
    world.scan()
    execution = world.approved()
    world.fault("unauthorized", "RevokeSecurityGroupIngress", times=1)
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.FAILED
    assert "taken back" in execution.error
    assert [each["SecurityGroupRuleId"] for each in world.rules()] == [wide]


def test_when_an_addition_fails_nothing_is_removed(world):
    world.revoke(world.rules()[0]["SecurityGroupRuleId"])
    wide = world.authorize(port=20, to=80, cidr="0.0.0.0/0")
    world.scan()
    execution = world.approved()
    world.fault("unauthorized", "AuthorizeSecurityGroupIngress", times=1, after=1)
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.FAILED
    assert [each["SecurityGroupRuleId"] for each in world.rules()] == [wide]


def test_a_rollback_brings_back_exactly_the_rule_with_its_description_and_tags(world):
    [before] = world.rules()
    execution = world.repair()
    started = rollback.roll_back(
        execution.pk, actor=world.admin, reason="needed after all", now=timezone.now()
    )
    world.work()
    started = world.again(started)
    assert started.state == ExecutionState.VERIFIED, started.error
    [after] = world.rules()
    old, new = before.pop("SecurityGroupRuleId"), after.pop("SecurityGroupRuleId")
    for each in (before, after):
        each.pop("SecurityGroupRuleArn", None)
        each["Tags"] = sorted(each["Tags"], key=lambda tag: tag["Key"])
    assert after == before
    assert before["Tags"]
    assert started.renamed == {old: new}
    assert old != new
    world.evaluate()
    assert world.finding.detection == "failing"


def test_a_rollback_of_a_split_leaves_no_part_behind(world):
    world.revoke(world.rules()[0]["SecurityGroupRuleId"])
    world.authorize(port=20, to=80, cidr="0.0.0.0/0", text="legacy")
    world.scan()
    execution = world.repair()
    world.evaluate()
    started = rollback.roll_back(execution.pk, actor=world.admin, reason="", now=timezone.now())
    world.work()
    assert world.again(started).state == ExecutionState.VERIFIED
    [rule] = world.rules()
    assert (rule["FromPort"], rule["ToPort"], rule["Description"]) == (20, 80, "legacy")


def test_a_repair_is_rolled_back_once(world):
    execution = world.repair()
    rollback.roll_back(execution.pk, actor=world.admin, reason="", now=timezone.now())
    with pytest.raises(DomainError, match="already"):
        rollback.roll_back(execution.pk, actor=world.other_admin, reason="", now=timezone.now())
    world.work()
    with pytest.raises(DomainError, match="already"):
        rollback.roll_back(execution.pk, actor=world.admin, reason="", now=timezone.now())
    assert Hold.objects.get().reason.startswith("ada.admin rolled a repair back")


def test_what_is_not_verified_cannot_be_rolled_back(world):
    execution = world.approved()
    with pytest.raises(DomainError, match="Only a verified"):
        rollback.roll_back(execution.pk, actor=world.admin, reason="", now=timezone.now())


def test_a_kill_switch_thrown_after_the_approval_stops_it(world):
    execution = world.approved()
    switches.throw(scope="*", reason="change freeze", actor=world.admin, now=timezone.now())
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.STOPPED
    assert "change freeze" in execution.error
    assert len(world.rules()) == 1


def test_a_kill_switch_thrown_between_two_steps_stops_before_the_next(world):
    world.revoke(world.rules()[0]["SecurityGroupRuleId"])
    world.authorize(port=20, to=80, cidr="0.0.0.0/0")
    world.scan()
    execution = world.approved()
    world.fault("throttle", "AuthorizeSecurityGroupIngress", times=1, after=1)

    def throw(seconds):  # called while the worker waits to try its second call again
        if not selectors.open_switches().exists():
            switches.throw(scope="*", reason="stop", actor=world.admin, now=timezone.now())

    world.work(sleep=throw)
    execution = world.again(execution)
    assert execution.state == ExecutionState.STOPPED
    assert "Done before that: Add ingress tcp 20-21" in execution.error
    assert [call.status for call in world.writes() if call.status == 200] == [200]


def test_a_paused_account_a_waiver_and_a_lapsed_approval_stop_it(world):
    paused = world.approved()
    Account.objects.filter(pk=world.account.pk).update(paused=True)
    world.work()
    assert "paused" in world.again(paused).error
    Account.objects.filter(pk=world.account.pk).update(paused=False)

    lapsed = world.approved()
    Request.objects.filter(pk=lapsed.request_id).update(expires_at=timezone.now())
    world.work()
    assert "lapsed" in world.again(lapsed).error

    waived = world.approved()
    decide(
        world.finding.pk,
        Action.ACCEPT,
        actor=world.admin,
        now=timezone.now(),
        reason="needed for the migration",
        until=timezone.now() + timedelta(days=1),
    )
    world.work()
    assert "needed for the migration" in world.again(waived).error
    states = {world.again(each).state for each in (paused, lapsed, waived)}
    assert states == {ExecutionState.STOPPED}
    assert len(world.rules()) == 1


def test_an_approval_of_another_hash_is_not_carried_out(world):
    execution = world.approved()
    Request.objects.filter(pk=execution.request_id).update(approved_hash="0" * 64)
    world.work()
    assert world.again(execution).state == ExecutionState.STOPPED
    assert len(world.rules()) == 1


def test_a_session_may_do_what_its_plan_says_and_nothing_else(world):
    plan = world.approved().plan
    credentials = access.writer(
        world.account,
        session_policy=session_policy(plan.content["steps"], region=plan.region),
        source_identity="ada.admin",
        session_name="cspm-test",
    )
    web = world.rules("web")[0]
    attempts = [
        (
            "RevokeSecurityGroupIngress",
            {
                "GroupId": web["GroupId"],
                "SecurityGroupRuleIds": [web["SecurityGroupRuleId"]],
            },
        ),
        (
            "AuthorizeSecurityGroupIngress",
            {
                "GroupId": world.group_id(),
                "IpPermissions": [
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 1,
                        "ToPort": 1,
                        "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
                    }
                ],
            },
        ),
        ("DeleteSecurityGroup", {"GroupId": world.group_id()}),
        ("DescribeVpcs", {}),
    ]
    for operation, params in attempts:
        with pytest.raises(AwsError) as refused:
            aws.call(
                "ec2",
                "eu-central-1",
                operation,
                params,
                credentials=credentials,
                account=world.account.account_id,
            )
        assert refused.value.code == "UnauthorizedOperation", operation


def test_a_role_that_cannot_be_entered_fails_with_its_name_and_writes_nothing(world):
    world.account.source.remediation_role_name = "no-such-role"
    world.account.source.save()
    execution = world.approved()
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.FAILED
    assert "remediation role could not be entered" in execution.error


def test_throttled_writes_are_tried_again_and_others_are_not(world):
    execution = world.approved()
    world.fault("throttle", "RevokeSecurityGroupIngress", times=1)
    world.work()
    assert world.again(execution).state == ExecutionState.VERIFIED


def test_an_answer_of_500_is_settled_by_reading_and_trying_again(world):
    execution = world.approved()
    world.fault("500", "RevokeSecurityGroupIngress", times=1)
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.VERIFIED, execution.error
    assert world.rules() == []


def test_a_write_that_was_denied_names_the_permission_and_changes_nothing(world):
    execution = world.approved()
    world.fault("unauthorized", "RevokeSecurityGroupIngress")
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.FAILED
    assert "RevokeSecurityGroupIngress" in execution.error
    assert execution.steps.get().outcome == "refused"
    assert len(world.rules()) == 1


def test_the_second_repair_of_one_group_waits_for_the_first_and_is_then_stale(world):
    first = world.approved()
    Execution.objects.filter(pk=first.pk).update(
        state="running", lease_until=timezone.now() + timedelta(minutes=1), generation=1
    )
    second = Execution.objects.create(
        plan=first.plan,
        request=Request.objects.create(
            plan=first.plan,
            state="approved",
            decided_by=world.admin,
            approved_hash=first.plan.hash,
            requested_at=timezone.now(),
            expires_at=timezone.now() + timedelta(hours=1),
        ),
        source_identity="ada.admin",
        queued_at=timezone.now(),
        not_before=timezone.now(),
    )
    world.work()
    assert world.again(second).state == ExecutionState.QUEUED
    Execution.objects.filter(pk=first.pk).update(lease_until=timezone.now())
    world.work()
    assert world.again(first).state == ExecutionState.VERIFIED
    assert world.again(second).state == ExecutionState.STALE
