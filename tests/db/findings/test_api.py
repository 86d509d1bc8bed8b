from datetime import timedelta

import pytest
from django.utils import timezone

from findings.models import Finding, Waiver
from identity import tokens
from tests import factories
from tests.db.findings.test_pages import make_findings

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_role(client):
    def use(role, **fields):
        user = factories.make_user(role, **fields)
        value = tokens.issue(user, name="test", now=timezone.now(), lifetime=timedelta(days=1))
        client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {value}"
        return user

    return use


def post(client, finding, verb, **sent):
    url = f"/api/findings/{finding.pk}/{verb}/"
    return client.post(url, sent, content_type="application/json")


def test_the_list_filters_and_pages_in_the_user_s_scope(client, as_role):
    mine, other = factories.make_account(), factories.make_account()
    findings = make_findings(3, account=mine)
    make_findings(1, account=other)
    as_role("analyst", scopes=[f"account:{mine.account_id}"])
    answer = client.get("/api/findings/", {"severity": "high", "limit": "2"}).json()
    assert len(answer["results"]) == 2
    rest = client.get(answer["next"]).json()
    listed = [row["id"] for row in answer["results"] + rest["results"]]
    assert sorted(listed) == sorted(finding.pk for finding in findings)
    assert client.get("/api/findings/", {"severity": "low"}).json()["results"] == []
    assert client.get("/api/findings/", {"severity": "terrible"}).status_code == 400


def test_the_list_costs_the_same_at_any_size(client, as_role, django_assert_max_num_queries):
    as_role("analyst")
    make_findings(2)
    with django_assert_max_num_queries(6) as few:
        client.get("/api/findings/")
    make_findings(30)
    with django_assert_max_num_queries(6) as many:
        client.get("/api/findings/")
    assert len(few.captured_queries) == len(many.captured_queries)


def test_one_finding_comes_with_its_evidence_and_timeline(client, as_role):
    as_role("manager")
    (finding,) = make_findings(1)
    answer = client.get(f"/api/findings/{finding.pk}/").json()
    assert answer["rule"] == "sg-ingress-ssh-from-internet"
    assert answer["evidence"]["items"][0]["rule_id"].startswith("sgr-")
    assert [event["kind"] for event in answer["timeline"]] == ["detected"]


def test_triage_by_api_follows_the_same_rules_as_the_pages(client, as_role):
    user = as_role("analyst")
    (finding,) = make_findings(1)
    assert post(client, finding, "acknowledge").json()["triage"] == "acknowledged"
    assert post(client, finding, "snooze", days=7).json()["triage"] == "snoozed"
    assert post(client, finding, "accept", days=30).status_code == 400
    assert post(client, finding, "accept", days=30, reason="known").json()["triage"] == "accepted"
    assert Waiver.objects.get().granted_by == user
    refused = post(client, finding, "snooze", days=1)
    assert refused.status_code == 409
    assert "reopen" in refused.json()["detail"]
    assert post(client, finding, "reopen").json()["triage"] == "new"
    assert post(client, finding, "comment", text="seen").json()["timeline"][0]["note"] == "seen"
    assert post(client, finding, "assign", to="me").json()["assignee"] == user.username
    assert post(client, finding, "recheck").json() == {"queued": True}


def test_no_request_resolves_a_finding(client, as_role):
    as_role("admin")
    (finding,) = make_findings(1)
    assert post(client, finding, "resolve").status_code == 404
    url = f"/api/findings/{finding.pk}/"
    for method in (client.put, client.patch, client.delete):
        sent = {"detection": "resolved"}
        assert method(url, sent, content_type="application/json").status_code == 405
    assert Finding.objects.get().detection == "failing"


@pytest.mark.parametrize(
    ("role", "read", "triage", "recheck"),
    [("", 403, 403, 403), ("manager", 200, 403, 403), ("analyst", 200, 200, 202)],
)
def test_each_role_gets_what_it_may(client, as_role, role, read, triage, recheck):
    as_role(role)
    (finding,) = make_findings(1)
    assert client.get("/api/findings/").status_code == read
    assert client.get(f"/api/findings/{finding.pk}/").status_code == read
    assert post(client, finding, "acknowledge").status_code == triage
    assert post(client, finding, "recheck").status_code == recheck


def test_without_a_token_the_api_asks_for_one(client):
    assert client.get("/api/findings/").status_code == 401


def test_what_lies_outside_the_scope_is_not_found(client, as_role):
    as_role("analyst", scopes=["account:000000000000"])
    (finding,) = make_findings(1)
    assert client.get(f"/api/findings/{finding.pk}/").status_code == 404
    assert post(client, finding, "acknowledge").status_code == 404
    assert post(client, finding, "recheck").status_code == 404


def test_baselines_are_listed_read_and_captured(client, as_role):
    as_role("analyst")
    made = factories.make_network(factories.make_account())
    sent = {"vpc_resource_id": made["vpc"].pk, "name": "shop"}
    answer = client.post("/api/baselines/", sent, content_type="application/json")
    assert answer.status_code == 201
    assert {entry["id"] for entry in answer.json()["entries"]} == {"vpc-1", "sg-1", "sgr-sg-1"}
    (listed,) = client.get("/api/baselines/").json()["results"]
    assert (listed["name"], listed["vpc"], listed["trust_level"]) == ("shop", "vpc-1", "observe")
    again = client.post("/api/baselines/", sent, content_type="application/json")
    assert again.status_code == 409
    assert "reason" in again.json()["detail"]


def test_a_manager_reads_baselines_and_captures_none(client, as_role):
    as_role("manager")
    made = factories.make_network(factories.make_account())
    sent = {"vpc_resource_id": made["vpc"].pk}
    answer = client.post("/api/baselines/", sent, content_type="application/json")
    assert answer.status_code == 403
    assert client.get("/api/baselines/").json()["results"] == []


def test_baselines_outside_the_scope_are_not_found(client, as_role):
    made = factories.make_network(factories.make_account())
    as_role("analyst", scopes=[])
    sent = {"vpc_resource_id": made["vpc"].pk}
    answer = client.post("/api/baselines/", sent, content_type="application/json")
    assert answer.status_code == 404
