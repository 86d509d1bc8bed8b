"""The API of repairs: the same story as on the pages, with the same refusals."""

from datetime import timedelta

import pytest
from django.utils import timezone

from identity import tokens
from remediation.models import Execution, Request
from tests import factories
from tests.db.remediation.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


@pytest.fixture
def call(client):
    def send(user, method, path, data=None):
        value = tokens.issue(user, name="t", now=timezone.now(), lifetime=timedelta(hours=1))
        return getattr(client, method)(
            f"/api/{path}",
            data,
            content_type="application/json",
            headers={"Authorization": f"Bearer {value}"},
        )

    return send


def test_ask_approve_and_follow(call, world):
    proposal = call(world.analyst, "get", f"plans/proposal/{world.finding.pk}/").json()
    assert proposal["content"]["steps"][0]["operation"] == "RevokeSecurityGroupIngress"
    asked = call(
        world.analyst,
        "post",
        "requests/",
        {"finding_id": world.finding.pk, "hash": proposal["hash"], "reason": "over"},
    )
    assert asked.status_code == 201, asked.content
    key = asked.json()["id"]
    assert asked.json()["state"] == "pending"
    refused = call(world.analyst, "post", f"requests/{key}/approve/", {"hash": proposal["hash"]})
    assert refused.status_code == 403
    approved = call(world.admin, "post", f"requests/{key}/approve/", {"hash": proposal["hash"]})
    assert approved.json()["state"] == "approved"
    execution = call(world.analyst, "get", f"executions/{approved.json()['execution_id']}/").json()
    assert (execution["state"], execution["approved_by"]) == ("queued", world.admin.username)
    plan = call(world.analyst, "get", f"plans/{execution['plan_id']}/").json()
    assert plan["hash"] == proposal["hash"]
    again = call(world.other_admin, "post", f"requests/{key}/approve/", {"hash": proposal["hash"]})
    assert again.status_code == 409
    assert "already approved" in again.json()["detail"]


def test_a_request_for_another_hash_is_a_conflict(call, world):
    answer = call(
        world.analyst,
        "post",
        "requests/",
        {"finding_id": world.finding.pk, "hash": "0" * 64, "reason": "over"},
    )
    assert answer.status_code == 409
    assert Request.objects.count() == 0


def test_ones_own_request_cannot_be_approved(call, world):
    asked = world.ask(actor=world.admin)
    answer = call(world.admin, "post", f"requests/{asked.pk}/approve/", {"hash": asked.plan.hash})
    assert answer.status_code == 409
    assert Execution.objects.count() == 0


def test_reject_and_withdraw(call, world):
    asked = world.ask()
    assert call(world.admin, "post", f"requests/{asked.pk}/reject/", {}).status_code == 400
    answer = call(world.admin, "post", f"requests/{asked.pk}/reject/", {"reason": "no"})
    assert answer.json()["state"] == "rejected"
    asked = world.ask()
    answer = call(world.analyst, "post", f"requests/{asked.pk}/withdraw/")
    assert answer.json()["state"] == "withdrawn"


def test_a_rollback_of_what_is_not_verified_is_a_conflict(call, world):
    execution = world.approve(world.ask())
    answer = call(world.admin, "post", f"executions/{execution.pk}/rollback/", {"reason": "x"})
    assert answer.status_code == 409
    denied = call(world.analyst, "post", f"executions/{execution.pk}/rollback/", {"reason": "x"})
    assert denied.status_code == 403


@pytest.mark.parametrize("path", ["plans/", "requests/", "executions/"])
def test_a_manager_is_refused_and_a_stranger_sees_nothing(call, world, path):
    world.approve(world.ask())
    assert call(world.manager, "get", path).status_code == 403
    assert len(call(world.analyst, "get", path).json()["results"]) == 1
    stranger = factories.make_user("analyst", scopes=["account:999999999999"])
    assert call(stranger, "get", path).json()["results"] == []


def test_lists_cost_the_same_at_any_size(call, world, django_assert_max_num_queries):
    world.approve(world.ask())
    with django_assert_max_num_queries(15) as first:
        call(world.admin, "get", "executions/")
    for _ in range(3):
        other = World()
        other.approve(other.ask())
    with django_assert_max_num_queries(len(first)):
        call(world.admin, "get", "executions/")
