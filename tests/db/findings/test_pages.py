import csv
import io
import json
from datetime import timedelta

import pytest
from django.urls import reverse

from findings.detection import Observation, observe
from findings.models import Finding
from findings.states import Kind, Severity
from identity.models import AuditEvent
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def make_findings(count=3, *, account=None, name="web", **more):
    """`count` findings on groups of their own in one account."""
    account = account or factories.make_account()
    start = Finding.objects.count()
    rows = [
        factories.make_resource(
            "ec2.security-group",
            factories.raw_group(f"sg-{start + number}", name=name),
            account=account,
        )
        for number in range(count)
    ]
    observe(
        [
            Observation(
                **{
                    "kind": Kind.MISCONFIGURATION,
                    "code": "sg-ingress-ssh-from-internet",
                    "resource_id": row.pk,
                    "discriminator": "",
                    "title": "Security group opens SSH to the Internet",
                    "severity": Severity.HIGH,
                    "severity_reason": "Raised: attached to a public interface",
                    "evidence": {
                        "summary": f"{row.name} ({row.rid}) admits SSH from 0.0.0.0/0.",
                        "items": [
                            {
                                "resource": row.rid,
                                "resource_type": row.type,
                                "rule_id": f"sgr-of-{row.rid}",
                                "direction": "ingress",
                                "protocol": "tcp",
                                "ports": "22",
                                "sources": ["0.0.0.0/0"],
                                "text": "admits the Internet",
                            }
                        ],
                        "facts": {
                            "interfaces": 2,
                            "ports": [["tcp", 22, 22], ["tcp", 20, 21]],
                            "reachable": [],
                        },
                    },
                    **more,
                }
            )
            for row in rows
        ],
        at=NOW,
    )
    return list(Finding.objects.filter(resource__in=rows).order_by("id"))


@pytest.fixture
def analyst(client):
    user = factories.make_user("analyst")
    client.force_login(user)
    return user


def ids_on(response):
    return [finding.pk for finding in response.context["page"].rows]


def test_the_inbox_costs_the_same_at_any_size(client, analyst, django_assert_max_num_queries):
    make_findings(2)
    with django_assert_max_num_queries(15) as few:
        client.get(reverse("finding-list"))
    make_findings(60, account=factories.make_account())
    with django_assert_max_num_queries(15) as many:
        client.get(reverse("finding-list"))
    assert len(few.captured_queries) == len(many.captured_queries)


def test_the_detail_costs_the_same_with_many_related(
    client, analyst, django_assert_max_num_queries
):
    (finding,) = make_findings(1)
    with django_assert_max_num_queries(14) as few:
        client.get(reverse("finding-detail", args=[finding.pk]))
    make_findings(20, account=finding.resource.account)
    with django_assert_max_num_queries(14) as many:
        client.get(reverse("finding-detail", args=[finding.pk]))
    assert len(few.captured_queries) == len(many.captured_queries)


def test_tabs_count_what_they_show(client, analyst):
    first, second, third = make_findings(3)
    url = reverse("finding-triage", args=[first.pk, "acknowledge"])
    client.post(url)
    client.post(reverse("finding-triage", args=[second.pk, "snooze"]), {"days": "7"})
    client.post(reverse("finding-assign", args=[third.pk]), {"to": "me"})
    response = client.get(reverse("finding-list"))
    counts = {tab["name"]: tab["count"] for tab in response.context["tabs"]}
    assert counts == {
        "review": 1,
        "mine": 1,
        "acknowledged": 1,
        "snoozed": 1,
        "accepted": 0,
        "resolved": 0,
        "all": 3,
    }
    for name, count in counts.items():
        assert len(ids_on(client.get(reverse("finding-list"), {"tab": name}))) == count


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"severity": ["high"]}, True),
        ({"severity": ["low", "info"]}, False),
        ({"kind": "drift"}, False),
        ({"rule": "sg-ingress-ssh-from-internet"}, True),
        ({"rule": "another"}, False),
        ({"region": "eu-central-1"}, True),
        ({"region": "us-east-1"}, False),
        ({"q": "SG-0"}, True),
        ({"q": "nothing like it"}, False),
        ({"not_assessed": "true"}, False),
        ({"not_assessed": "false"}, True),
        ({"triage": "snoozed"}, False),
        ({"detection": "resolved"}, False),
        ({"account": "000000000000"}, False),
    ],
)
def test_filters_in_the_address_narrow_the_inbox(client, analyst, query, shown):
    make_findings(1)
    response = client.get(reverse("finding-list"), query)
    assert bool(ids_on(response)) is shown


def test_a_filter_that_is_not_valid_is_said_and_shows_nothing(client, analyst):
    make_findings(1)
    response = client.get(reverse("finding-list"), {"severity": "terrible"})
    assert response.status_code == 200
    assert "not valid" in response.content.decode()
    assert ids_on(response) == []


def test_grouping_by_rule_counts_and_links_to_the_rows(client, analyst):
    make_findings(3)
    response = client.get(reverse("finding-list"), {"group": "rule"})
    (group,) = response.context["groups"]
    assert (group["count"], group["severity"]) == (3, Severity.HIGH)
    assert "rule=sg-ingress-ssh-from-internet" in response.content.decode()


def test_pages_show_every_finding_once(client, analyst):
    findings = make_findings(60)
    first = ids_on(client.get(reverse("finding-list")))
    second = ids_on(client.get(reverse("finding-list"), {"page": "2"}))
    assert (len(first), len(second)) == (50, 10)
    assert set(first) | set(second) == {finding.pk for finding in findings}
    assert client.get(reverse("finding-list"), {"page": "x"}).status_code == 200


def test_htmx_gets_the_results_alone_and_a_restored_page_gets_all(client, analyst):
    make_findings(1)
    url = reverse("finding-list")
    fragment = client.get(url, headers={"HX-Request": "true"}).content.decode()
    restored = client.get(url, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" not in fragment
    assert "<html" in restored.content.decode()
    assert "HX-Request" in restored["Vary"]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_is_what_the_screen_shows(client, analyst, form):
    make_findings(3, name="=cmd|calc")
    make_findings(2, severity=Severity.CRITICAL)
    query = {"severity": ["critical", "high"], "tab": "review"}
    shown = ids_on(client.get(reverse("finding-list"), query))
    response = client.get(reverse("finding-export", args=[form]), query)
    text = b"".join(response.streaming_content).decode()
    rows = json.loads(text) if form == "json" else list(csv.DictReader(io.StringIO(text)))
    assert [int(row["id"]) for row in rows] == shown
    assert rows[0]["severity"] == "critical"
    assert AuditEvent.objects.filter(action="finding.export").count() == 1
    if form == "csv":
        assert rows[-1]["resource_name"] == "'=cmd|calc"


def test_an_unknown_export_format_is_not_found(client, analyst):
    assert client.get("/findings/export.exe").status_code == 404


def test_the_detail_names_what_is_wrong_and_the_deciding_rule(client, analyst):
    (finding,) = make_findings(1)
    text = client.get(reverse("finding-detail", args=[finding.pk])).content.decode()
    assert "admits SSH from 0.0.0.0/0." in text
    assert f"sgr-of-{finding.resource.rid}" in text
    assert "Raised: attached to a public interface" in text
    assert "Interfaces" in text
    assert "tcp 22, tcp 20-21" in text
    assert "Reachable" not in text
    assert "as of" in text


def test_hostile_names_are_shown_and_never_run(client, analyst):
    (finding,) = make_findings(1, name=HOSTILE, title=HOSTILE, evidence={"summary": HOSTILE})
    client.post(reverse("finding-comment", args=[finding.pk]), {"text": HOSTILE})
    for url in (
        reverse("finding-detail", args=[finding.pk]),
        reverse("finding-list"),
        reverse("finding-list") + f"?q={HOSTILE}&group=rule",
        reverse("resource-findings", args=[finding.resource_id]),
    ):
        text = client.get(url).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    assert "&lt;script&gt;" in client.get(reverse("finding-list")).content.decode()


def test_nobody_can_resolve_a_finding(client):
    client.force_login(factories.make_user("admin"))
    (finding,) = make_findings(1)
    for action in ("resolve", "resolved", "close"):
        url = reverse("finding-triage", args=[finding.pk, action])
        assert client.post(url).status_code == 404
    text = client.get(reverse("finding-detail", args=[finding.pk])).content.decode()
    assert "triage/resolve" not in text
    finding.refresh_from_db()
    assert finding.detection == "failing"


def test_an_action_without_a_reason_comes_back_with_the_error(client, analyst):
    (finding,) = make_findings(1)
    url = reverse("finding-triage", args=[finding.pk, "false-positive"])
    response = client.post(url, {"reason": ""})
    assert response.status_code == 422
    assert "This field is required" in response.content.decode()
    finding.refresh_from_db()
    assert finding.triage == "new"


def test_accepting_until_yesterday_is_refused(client, analyst):
    (finding,) = make_findings(1)
    url = reverse("finding-triage", args=[finding.pk, "accept"])
    response = client.post(url, {"reason": "x", "until": "2020-01-01"})
    assert response.status_code == 422
    assert "in the future" in response.content.decode()


def test_an_action_the_state_refuses_says_what_to_do(client, analyst):
    (finding,) = make_findings(1)
    url = reverse("finding-triage", args=[finding.pk, "false-positive"])
    assert client.post(url, {"reason": "lab"}).status_code == 302
    response = client.post(url, {"reason": "lab"})
    assert response.status_code == 422
    assert "reopen it first" in response.content.decode()


def test_many_are_acknowledged_with_one_reason(client, analyst):
    findings = make_findings(3)
    ticked = [finding.pk for finding in findings[:2]]
    sent = {"finding": ticked, "which": "selected", "reason": "known", "shown": []}
    client.post(reverse("finding-bulk"), sent)
    assert Finding.objects.filter(triage="acknowledged").count() == 2
    everything = [finding.pk for finding in findings]
    sent = {"shown": everything, "which": "page", "reason": "all", "next": "/findings/?tab=all"}
    response = client.post(reverse("finding-bulk"), sent)
    assert response["Location"] == "/findings/?tab=all"
    assert Finding.objects.filter(triage="acknowledged").count() == 3


def test_a_bulk_action_needs_a_reason_and_goes_back_to_this_site_only(client, analyst):
    (finding,) = make_findings(1)
    sent = {
        "finding": finding.pk,
        "which": "selected",
        "reason": "",
        "next": "https://evil.example/",
    }
    response = client.post(reverse("finding-bulk"), sent)
    assert response["Location"] == reverse("finding-list")
    assert Finding.objects.get().triage == "new"


def test_a_user_sees_and_touches_the_accounts_of_their_scope_only(client):
    mine, other = factories.make_account(), factories.make_account()
    (seen,) = make_findings(1, account=mine)
    (hidden,) = make_findings(1, account=other)
    user = factories.make_user("analyst", scopes=[f"account:{mine.account_id}"])
    client.force_login(user)
    assert ids_on(client.get(reverse("finding-list"))) == [seen.pk]
    export = client.get(reverse("finding-export", args=["json"]))
    assert [row["id"] for row in json.loads(b"".join(export.streaming_content))] == [seen.pk]
    sent = {"finding": [hidden.pk], "which": "selected", "reason": "x"}
    client.post(reverse("finding-bulk"), sent)
    for name, args in (
        ("finding-detail", [hidden.pk]),
        ("finding-triage", [hidden.pk, "acknowledge"]),
        ("finding-comment", [hidden.pk]),
        ("finding-assign", [hidden.pk]),
    ):
        url = reverse(name, args=args)
        response = client.get(url) if name == "finding-detail" else client.post(url)
        assert response.status_code == 404
    hidden.refresh_from_db()
    assert hidden.triage == "new"
    fragment = client.get(reverse("resource-findings", args=[hidden.resource_id]))
    assert hidden.title not in fragment.content.decode()


@pytest.mark.parametrize(
    ("role", "view", "export", "triage", "recheck"),
    [
        ("", 403, 403, 403, 403),
        ("manager", 200, 200, 403, 403),
        ("analyst", 200, 200, 302, 302),
        ("admin", 200, 200, 302, 302),
    ],
)
def test_each_role_gets_what_it_may(client, role, view, export, triage, recheck):
    (finding,) = make_findings(1)
    client.force_login(factories.make_user(role))
    assert client.get(reverse("finding-list")).status_code == view
    assert client.get(reverse("finding-detail", args=[finding.pk])).status_code == view
    assert client.get(reverse("resource-findings", args=[finding.resource_id])).status_code == view
    assert client.get(reverse("finding-export", args=["csv"])).status_code == export
    for name, args, sent in (
        ("finding-triage", [finding.pk, "acknowledge"], {}),
        ("finding-comment", [finding.pk], {"text": "x"}),
        ("finding-assign", [finding.pk], {"to": "me"}),
        ("finding-bulk", [], {"which": "page", "reason": "x"}),
    ):
        assert client.post(reverse(name, args=args), sent).status_code == triage
    assert client.post(reverse("finding-recheck", args=[finding.pk])).status_code == recheck


def test_a_manager_sees_no_button_that_would_be_refused(client):
    (finding,) = make_findings(1)
    client.force_login(factories.make_user("manager"))
    text = client.get(reverse("finding-detail", args=[finding.pk])).content.decode()
    text += client.get(reverse("finding-list")).content.decode()
    for url in ("triage/", "/comment/", "/assign/", "/recheck/", "/bulk/"):
        assert url not in text


def test_a_finding_that_cannot_be_assessed_says_since_when_and_why(client, analyst):
    (finding,) = make_findings(1, unknown_since=NOW - timedelta(days=1))
    factories.set_shard(
        finding.resource.account,
        "ec2.security-group",
        "denied",
        missing_permission="ec2:DescribeSecurityGroups",
    )
    text = client.get(reverse("finding-detail", args=[finding.pk])).content.decode()
    assert "Not assessed since" in text
    assert "ec2:DescribeSecurityGroups" in text
