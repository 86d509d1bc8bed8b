"""The pages of repairs: what each role sees and may do, at a fixed cost, with hostile text."""

import pytest
from django.urls import reverse

from remediation import switches
from remediation.models import Execution, KillSwitch, Request
from tests import factories
from tests.db.remediation.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return World()


def page(client, user, name, *args, **headers):
    client.force_login(user)
    return client.get(reverse(name, args=args), headers=headers)


def post(client, user, name, *args, **data):
    client.force_login(user)
    return client.post(reverse(name, args=args), data)


def test_the_panel_shows_an_analyst_the_plan_and_takes_the_request(client, world):
    shown = page(client, world.analyst, "finding-repair", world.finding.pk, HX_Request="true")
    text = shown.content.decode()
    assert "revoke-security-group-ingress" in text
    assert "Request this repair" in text
    assert "<html" not in text
    form = shown.context["form"]
    answer = post(
        client,
        world.analyst,
        "repair-request",
        world.finding.pk,
        hash=form.initial["hash"],
        reason="over",
    )
    assert Request.objects.get().reason == "over"
    assert answer.headers["Location"] == reverse("finding-detail", args=[world.finding.pk])
    again = page(client, world.analyst, "finding-repair", world.finding.pk).content.decode()
    assert "Open the request" in again
    assert "Request this repair" not in again


def test_the_panel_is_a_page_without_javascript(client, world):
    shown = page(client, world.analyst, "finding-repair", world.finding.pk)
    assert "<html" in shown.content.decode()


def test_a_manager_sees_no_plan_and_no_button(client, world):
    text = page(client, world.manager, "finding-repair", world.finding.pk).content.decode()
    assert "revoke-security-group" not in text
    assert "<textarea" not in text


def test_a_request_without_a_reason_says_so(client, world):
    answer = post(client, world.analyst, "repair-request", world.finding.pk, hash="0" * 64)
    assert answer.status_code == 422
    assert "This field is required" in answer.content.decode()


def test_the_requester_sees_why_they_cannot_approve(client, world):
    asked = world.ask(actor=world.admin)
    text = page(client, world.admin, "request-detail", asked.pk).content.decode()
    assert "another admin has to approve" in text
    assert "Approve and repair" not in text
    answer = post(client, world.admin, "request-approve", asked.pk, hash=asked.plan.hash)
    assert answer.status_code == 302
    assert Execution.objects.count() == 0


def test_an_admin_approves_on_the_page_and_lands_on_the_journal(client, world):
    asked = world.ask()
    shown = page(client, world.admin, "request-detail", asked.pk)
    text = shown.content.decode()
    assert asked.plan.hash in text
    assert "ec2:RevokeSecurityGroupIngress" in text
    assert "No interface carries the group" in text
    answer = post(client, world.admin, "request-approve", asked.pk, hash=asked.plan.hash)
    execution = Execution.objects.get()
    assert answer.headers["Location"] == reverse("execution-detail", args=[execution.pk])
    text = page(client, world.analyst, "execution-detail", execution.pk).content.decode()
    assert 'hx-trigger="every 1s"' in text
    assert "waiting" in text


def test_a_rejection_without_a_reason_keeps_the_request_open(client, world):
    asked = world.ask()
    assert post(client, world.admin, "request-reject", asked.pk).status_code == 422
    post(client, world.admin, "request-reject", asked.pk, reason="needed until Friday")
    asked.refresh_from_db()
    assert asked.state == "rejected"
    text = page(client, world.analyst, "request-detail", asked.pk).content.decode()
    assert "needed until Friday" in text


def test_the_kill_switch_stands_on_the_page_and_only_admins_flip_it(client, world):
    post(client, world.admin, "switch-throw", scope="*", reason="change freeze")
    switch = KillSwitch.objects.get()
    text = page(client, world.analyst, "request-list").content.decode()
    assert "All repairs are stopped" in text
    assert "change freeze" in text
    assert "Lift" not in text
    assert post(client, world.analyst, "switch-lift", switch.pk).status_code == 403
    post(client, world.admin, "switch-lift", switch.pk)
    switch.refresh_from_db()
    assert switch.lifted_by == world.admin


def test_a_scope_that_is_none_is_refused_in_words(client, world):
    answer = post(client, world.admin, "switch-throw", scope="everything", reason="x")
    assert answer.status_code == 422
    assert "12 digits" in answer.content.decode()


READS = [("request-list", False), ("request-detail", True), ("execution-detail", True)]
WRITES = {
    "repair-request": ("analyst", "admin"),
    "request-withdraw": ("analyst", "admin"),
    "request-approve": ("admin",),
    "request-reject": ("admin",),
    "execution-rollback": ("admin",),
    "hold-release": ("admin",),
    "switch-throw": ("admin",),
    "switch-lift": ("admin",),
}


@pytest.mark.parametrize("role", ["manager", "analyst", "admin"])
def test_each_role_gets_its_403s(client, world, role):
    asked = world.ask()
    execution = world.approve(asked)
    switch = switches.throw(scope="vpc-9", reason="x", actor=world.admin, now=world.now)
    user = {"manager": world.manager, "analyst": world.analyst, "admin": world.other_admin}[role]
    keys = {
        "repair-request": [world.finding.pk],
        "hold-release": [world.finding.pk],
        "execution-rollback": [execution.pk],
        "switch-throw": [],
        "switch-lift": [switch.pk],
    }
    for name, has_key in READS:
        args = [] if not has_key else [execution.pk if name.startswith("exec") else asked.pk]
        expected = 403 if role == "manager" else 200
        assert page(client, user, name, *args).status_code == expected, name
    for name, roles in WRITES.items():
        status = post(client, user, name, *keys.get(name, [asked.pk])).status_code
        assert (status == 403) == (role not in roles), (name, status)


def test_accounts_outside_the_scope_do_not_exist(client, world):
    execution = world.approve(world.ask())
    stranger = factories.make_user("admin", scopes=["account:999999999999"])
    for name, key in (
        ("request-detail", execution.request_id),
        ("execution-detail", execution.pk),
        ("finding-repair", world.finding.pk),
    ):
        assert page(client, stranger, name, key).status_code == 404
    for name, key in (
        ("request-approve", execution.request_id),
        ("execution-rollback", execution.pk),
        ("repair-request", world.finding.pk),
    ):
        assert post(client, stranger, name, key).status_code == 404
    listed = page(client, stranger, "request-list")
    assert not listed.context["executions"]


def test_the_list_costs_the_same_at_any_size(client, world, django_assert_max_num_queries):
    world.approve(world.ask())
    World().ask()
    client.force_login(world.admin)
    with django_assert_max_num_queries(12) as first:
        client.get(reverse("request-list"))
    for _ in range(3):
        world.approve(World().ask())
        World().ask()
    with django_assert_max_num_queries(len(first)):
        client.get(reverse("request-list"))


def test_hostile_text_is_shown_and_not_run(client):
    hostile = '<script>alert("x")</script>'
    world = World(Description=hostile)
    factories.change_resource(world.group, factories.raw_group(name=hostile), at=world.now)
    world.evaluate()
    panel = page(client, world.admin, "finding-repair", world.finding.pk).content.decode()
    asked = world.ask(reason=hostile)
    detail = page(client, world.admin, "request-detail", asked.pk).content.decode()
    listed = page(client, world.admin, "request-list").content.decode()
    for text in (panel, detail, listed):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert" in text
