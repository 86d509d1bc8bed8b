"""Asking, approving, rejecting: by two people, by the hash, in time, once."""

import threading
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from findings.lifecycle import Action
from findings.services import decide
from identity.models import AuditEvent
from identity.problems import DomainError
from remediation import approvals, plans, switches
from remediation.actions import NoPlanError, content
from remediation.approvals import StalePlanError
from remediation.models import Execution, Plan, Request
from remediation.states import RequestState
from tests import factories
from tests.db.remediation.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


def actions():
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


def test_looking_at_a_plan_writes_nothing(world):
    prepared = plans.plan_for(world.finding)
    assert prepared.summary.startswith("Revoke ingress tcp 22 from 0.0.0.0/0")
    assert Plan.objects.count() == 0


def test_an_analyst_asks_and_an_admin_approves_exactly_that_plan(world):
    asked = world.ask()
    execution = world.approve(asked)
    asked.refresh_from_db()
    assert (asked.state, asked.approved_hash) == (RequestState.APPROVED, asked.plan.hash)
    assert execution.source_identity == world.admin.username
    assert [a for a in actions() if a.startswith("repair")] == [
        "repair.requested",
        "repair.approved",
    ]
    kinds = list(world.finding.events.values_list("kind", flat=True))
    assert kinds[-2:] == ["repair-requested", "repair-approved"]


def test_the_stored_content_still_has_the_hash_that_was_approved(world):
    plan = Plan.objects.get(pk=world.ask().plan_id)
    assert content.digest(plan.content) == plan.hash


def test_a_plan_row_cannot_be_changed(world):
    plan = world.ask().plan
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Plan.objects.filter(pk=plan.pk).update(summary="something else")


def test_nobody_approves_what_they_asked_for(world):
    asked = world.ask(actor=world.admin)
    with pytest.raises(DomainError, match="Another person"):
        world.approve(asked, actor=world.admin)
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=asked.pk).update(
            state="approved", decided_by=world.admin, approved_hash=asked.plan.hash
        )
    assert Execution.objects.count() == 0
    world.approve(asked, actor=world.other_admin)


def test_a_reason_is_needed_and_the_shown_hash_must_be_the_plans(world):
    prepared = plans.plan_for(world.finding)
    with pytest.raises(DomainError, match="Say why"):
        approvals.request_repair(
            prepared, actor=world.analyst, reason=" ", shown_hash=prepared.hash, now=world.now
        )
    with pytest.raises(StalePlanError):
        approvals.request_repair(
            prepared, actor=world.analyst, reason="x", shown_hash="0" * 64, now=world.now
        )


def test_another_hash_than_the_plans_approves_nothing(world):
    asked = world.ask()
    with pytest.raises(DomainError, match="hash"):
        approvals.approve(asked.pk, actor=world.admin, posted_hash="f" * 64, now=world.now)
    asked.refresh_from_db()
    assert asked.state == RequestState.PENDING


def test_a_second_request_for_the_same_finding_is_refused_while_one_waits(world):
    world.ask()
    with pytest.raises(DomainError, match="already asked for"):
        world.ask(actor=world.other_admin)


def test_a_rule_that_changed_since_voids_the_request_and_says_what(world):
    asked = world.ask()
    factories.change_resource(world.rule, factories.raw_rule(description="now something else"))
    with pytest.raises(StalePlanError, match="was changed"):
        world.approve(asked)
    asked.refresh_from_db()
    assert asked.state == RequestState.VOID
    assert "now something else" in asked.comment
    assert Execution.objects.count() == 0
    assert world.ask().plan.hash != asked.plan.hash


def test_an_interface_that_joined_since_voids_the_request(world):
    asked = world.ask()
    factories.make_resource(
        "ec2.network-interface",
        {"NetworkInterfaceId": "eni-1", "VpcId": "vpc-1", "Groups": [{"GroupId": "sg-1"}]},
        account=world.account,
    )
    with pytest.raises(StalePlanError, match="eni-1"):
        world.approve(asked)


def test_a_request_lapses_after_a_day(world):
    asked = world.ask()
    late = world.now + approvals.LIFETIME
    with pytest.raises(DomainError, match="expired"):
        world.approve(asked, now=late)
    assert approvals.expire(now=late) == 1
    assert approvals.expire(now=late) == 0
    asked.refresh_from_db()
    assert asked.state == RequestState.EXPIRED
    assert actions()[-1] == "repair.expired"


def test_a_rejection_has_a_reason_and_ends_it(world):
    asked = world.ask()
    with pytest.raises(DomainError, match="why"):
        approvals.reject(asked.pk, actor=world.admin, reason="", now=world.now)
    approvals.reject(asked.pk, actor=world.admin, reason="needed until Friday", now=world.now)
    with pytest.raises(DomainError, match=f"already rejected by {world.admin.username}"):
        world.approve(asked)


def test_only_who_asked_can_withdraw(world):
    asked = world.ask()
    with pytest.raises(DomainError, match="Only who asked"):
        approvals.withdraw(asked.pk, actor=world.admin, now=world.now)
    approvals.withdraw(asked.pk, actor=world.analyst, now=world.now)
    asked.refresh_from_db()
    assert asked.state == RequestState.WITHDRAWN


@pytest.mark.parametrize("scope", ["*", "account", "vpc-1"])
def test_a_thrown_kill_switch_refuses_approvals_in_its_scope(world, scope):
    asked = world.ask()
    scope = world.account.account_id if scope == "account" else scope
    switch = switches.throw(scope=scope, reason="drill", actor=world.admin, now=world.now)
    with pytest.raises(DomainError, match="drill"):
        world.approve(asked)
    switches.lift(switch.pk, actor=world.other_admin, now=world.now)
    world.approve(asked)


def test_a_switch_for_another_account_stops_nothing_here(world):
    switches.throw(scope="999999999999", reason="drill", actor=world.admin, now=world.now)
    assert world.approve(world.ask()).state == "queued"


def test_the_same_switch_cannot_be_thrown_twice(world):
    switches.throw(scope="*", reason="drill", actor=world.admin, now=world.now)
    with pytest.raises(DomainError, match="already"):
        switches.throw(scope="*", reason="again", actor=world.admin, now=world.now)


def test_there_is_no_plan_for_an_import_or_a_resolved_finding(world):
    finding = world.finding
    factories.delete_resource(world.rule)
    world.evaluate()
    with pytest.raises(NoPlanError, match="no longer failing"):
        plans.plan_for(world.finding)
    finding.resource.source.kind = "import"
    with pytest.raises(NoPlanError, match="imported"):
        plans.plan_for(finding)


def test_an_accepted_finding_can_still_be_planned_but_waits_for_a_person(world):
    decide(
        world.finding.pk,
        Action.ACCEPT,
        actor=world.analyst,
        now=world.now,
        reason="needed",
        until=world.now + timedelta(days=1),
    )
    assert plans.plan_for(world.finding).summary


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_click_at_once_start_one_repair():
    world = World()
    asked = world.ask()
    together = threading.Barrier(2)
    outcomes = []

    def click(admin):
        together.wait()
        try:
            outcomes.append(world.approve(asked, actor=admin).pk)
        except DomainError as refusal:
            outcomes.append(str(refusal))
        finally:
            connection.close()

    clicks = [threading.Thread(target=click, args=[a]) for a in (world.admin, world.other_admin)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert Execution.objects.count() == 1
    assert sorted(type(each).__name__ for each in outcomes) == ["int", "str"]
    assert any("already approved" in str(each) for each in outcomes)
