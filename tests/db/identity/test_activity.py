"""The activity page: filters in the address, pages of one cost, scope, export, and no rewriting."""

import csv
import io

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from identity import audit
from identity.exports import plain
from identity.models import AuditEvent
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db


def tell(summary, *, action="plan.approve", actor=None, subject=("plan", 1), account=""):
    return audit.record(
        action,
        actor=actor,
        at=timezone.now(),
        subject=subject,
        summary=summary,
        account_id=account,
    )


def shown(client, **query):
    page = client.get(reverse("activity"), query)
    return [event.summary for event in page.context["events"]]


@pytest.fixture
def auditor(client):
    user = make_user("manager")
    client.force_login(user)
    return user


def test_newest_stands_first(client, auditor):
    for summary in ("first", "second"):
        tell(summary)
    assert shown(client) == ["second", "first"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "grace"}, ["by grace"]),
        ({"actor": "cspm"}, ["other account", "other subject", "other action"]),
        ({"action": "user.role"}, ["other action"]),
        ({"action": "user"}, ["other action"]),
        ({"action": "use"}, []),
        ({"subject": "finding"}, ["other subject"]),
        ({"subject": "finding:7"}, ["other subject"]),
        ({"subject": "finding:8"}, []),
        ({"account": "222222222222"}, ["other account"]),
        ({"text": "OTHER"}, ["other account", "other subject", "other action"]),
        ({"text": "other", "action": "user"}, ["other action"]),
        (
            {"before": "not a number"},
            ["other account", "other subject", "other action", "by grace"],
        ),
    ],
)
def test_filters_stand_in_the_address_and_add_up(client, auditor, query, found):
    tell("by grace", actor=make_user("analyst", username="grace"))
    tell("other action", action="user.role")
    tell("other subject", subject=("finding", 7))
    tell("other account", account="222222222222")
    assert shown(client, **query) == found


def test_pages_join_without_a_gap_and_keep_the_filter(client, auditor):
    for number in range(120):
        tell(f"event {number}")
    tell("noise", action="user.role")
    seen, query = [], {"action": "plan"}
    while True:
        page = client.get(reverse("activity"), query)
        seen += [event.summary for event in page.context["events"]]
        if not (older := page.context["older"]):
            break
        assert f"action=plan&amp;before={older}" in page.content.decode()
        query["before"] = older
    assert seen == [f"event {number}" for number in reversed(range(120))]


def test_every_page_costs_the_same(client, auditor, django_assert_num_queries):
    first = tell("first")
    for number in range(60):
        tell(f"event {number}")
    for query in ({}, {"before": first.pk + 5}):
        with django_assert_num_queries(5):
            client.get(reverse("activity"), query)


def test_a_narrow_scope_shows_its_accounts_and_what_one_did_oneself(client):
    mine, other = make_account(), make_account()
    user = make_user("manager", scopes=[f"account:{mine.account_id}"])
    tell("mine", account=mine.account_id)
    tell("other", account=other.account_id)
    tell("of the installation")
    tell("my own", actor=user)
    client.force_login(user)
    assert shown(client) == ["my own", "mine"]
    export = b"".join(client.get(reverse("activity-export"))).decode()
    assert "other" not in export


def test_the_export_has_what_the_filters_admit(client, auditor):
    for number in range(70):
        tell(f"event {number}")
    tell("noise", action="user.role")
    answer = client.get(reverse("activity-export"), {"action": "plan"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [row["summary"] for row in rows] == [f"event {number}" for number in reversed(range(70))]
    assert rows[0]["subject"] == "plan:1"
    assert answer["Content-Disposition"] == 'attachment; filename="activity.csv"'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_cell_cannot_become_a_formula(client, auditor, text):
    tell(text)
    assert plain(text) == f"'{text}"
    assert f"'{text}" in b"".join(client.get(reverse("activity-export"))).decode()


def test_hostile_text_is_text(client, auditor):
    tell("<script>alert(1)</script>")
    assert "<script>alert(1)" not in client.get(reverse("activity")).content.decode()


def test_an_empty_trail_and_an_empty_filter_say_different_things(client, auditor):
    assert "Nothing happened yet" in client.get(reverse("activity")).content.decode()
    filtered = client.get(reverse("activity"), {"actor": "nobody"}).content.decode()
    assert "No event matches" in filtered


@pytest.mark.parametrize(
    "rewrite",
    [lambda rows: rows.update(summary="it did not"), lambda rows: rows.delete()],
    ids=["update", "delete"],
)
def test_the_trail_refuses_to_be_rewritten(rewrite):
    tell("it happened")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        rewrite(AuditEvent.objects.all())
    assert AuditEvent.objects.get().summary == "it happened"
