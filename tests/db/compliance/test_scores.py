"""Scores over real rows: what counts, for whom, and what a denied listing does."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from plotly.graph_objects import Figure

from compliance import services
from compliance.frameworks import frameworks
from compliance.models import ScoreSnapshot
from compliance.scoring import Status
from compliance.selectors import score_for, trend_for
from compliance.tallies import dumped, loaded, tallies_of
from compliance.tasks import snapshot
from findings.models import EvaluationScope, Finding, Tally
from findings.rules import RULES
from inventory.models import Account
from tests.factories import (
    NOW,
    REGION,
    make_account,
    make_resource,
    make_shards,
    make_source,
    make_user,
    raw_group,
    set_shard,
)

pytestmark = pytest.mark.django_db
CIS = frameworks()["cis-aws-foundations-5.0"]
SSH4 = "sg-ingress-admin-from-internet-ipv4"


def judge(account, *, region=REGION, **verdicts):
    """An evaluated account-region where every rule of CIS passes once, but for `verdicts`."""
    make_shards(account, region=region)
    EvaluationScope.objects.create(
        account=account, region=region, marked=1, marked_at=NOW, evaluated=1, evaluated_at=NOW
    )
    for rule in CIS.rules():
        counts = {"passed": 1} if rule != SSH4 or not verdicts else verdicts
        Tally.objects.create(
            account=account, region=region, rule=rule, generation=1, at=NOW, **counts
        )
    return account


def fail(account, *, rule=SSH4, triage="new", group="sg-1"):
    resource = make_resource("ec2.security-group", raw_group(group), account=account)
    return Finding.objects.create(
        kind="misconfiguration",
        code=rule,
        resource=resource,
        title=RULES[rule].title,
        severity="high",
        severity_rank=1,
        detection="failing",
        triage=triage,
        evidence_hash="x",
        first_seen=NOW,
        failing_since=NOW,
    )


def control(found, number):
    return next(each for each in found.score.controls if each.id == number)


def test_judged_controls_are_met_and_the_rest_in_scope_is_not_assessed():
    judge(make_account())
    found = score_for(make_user("manager"), CIS, now=NOW)
    assert (found.score.met, found.score.in_scope, found.score.assessed) == (8, 15, 8)
    assert (found.not_assessed, found.out_of_scope) == (7, 48)


def test_one_open_failure_fails_its_control_and_no_other():
    judge(make_account(), passed=9, failed=1)
    found = score_for(make_user("manager"), CIS, now=NOW)
    assert control(found, "5.3").status is Status.FAIL
    assert control(found, "5.4").status is Status.PASS
    assert found.failed == 1


@pytest.mark.parametrize("triage", ["accepted", "false-positive"])
def test_a_failure_that_people_accepted_is_waived_and_not_met(triage):
    account = judge(make_account(), passed=9, failed=1)
    fail(account, triage=triage)
    found = score_for(make_user("manager"), CIS, now=NOW)
    assert control(found, "5.3").status is Status.WAIVED
    assert (found.score.met, found.waived) == (7, 1)


def test_a_denied_listing_takes_controls_out_of_assessed_and_leaves_the_denominator():
    account = judge(make_account())
    set_shard(account, "ec2.instance", "denied")
    found = score_for(make_user("manager"), CIS, now=NOW)
    assert control(found, "5.7").status is Status.NOT_ASSESSED
    assert control(found, "5.7").counts.unread == 1
    assert (found.score.met, found.score.in_scope, found.score.assessed) == (7, 15, 7)


def test_a_failure_stands_while_the_listing_is_denied():
    account = judge(make_account(), passed=9, failed=1)
    set_shard(account, "ec2.security-group", "denied")
    found = score_for(make_user("manager"), CIS, now=NOW)
    assert control(found, "5.3").status is Status.FAIL


@pytest.mark.parametrize("state", ["failed", "throttled"])
def test_a_passing_trouble_counts_after_two_intervals(state):
    account = judge(make_account())
    set_shard(account, "ec2.instance", state, last_ok_at=NOW)
    user = make_user("manager")
    interval = timedelta(seconds=account.source.scan_interval_seconds)
    soon, late = NOW + interval, NOW + 3 * interval
    assert control(score_for(user, CIS, now=soon), "5.7").status is Status.PASS
    assert control(score_for(user, CIS, now=late), "5.7").status is Status.NOT_ASSESSED


def test_a_disabled_region_holds_nothing_and_lowers_nothing():
    account = judge(make_account())
    make_shards(account, region="af-south-1", state="region-disabled")
    EvaluationScope.objects.create(
        account=account, region="af-south-1", marked=1, marked_at=NOW, evaluated=1
    )
    assert score_for(make_user("manager"), CIS, now=NOW).score.met == 8


def test_a_region_that_was_read_but_not_judged_yet_leaves_everything_not_assessed():
    account = judge(make_account())
    make_shards(account, region="us-east-1")
    assert score_for(make_user("manager"), CIS, now=NOW).score.met == 0


def test_an_account_that_was_never_read_leaves_everything_not_assessed():
    judge(make_account())
    make_account()
    found = score_for(make_user("manager"), CIS, now=NOW)
    assert (found.score.met, found.score.assessed) == (0, 0)


def test_accounts_that_are_suspended_or_left_do_not_count():
    source = make_source()
    judge(make_account(source))
    make_account(source, status="SUSPENDED")
    make_account(source, status="LEFT")
    assert score_for(make_user("manager"), CIS, now=NOW).score.met == 8


def test_a_user_gets_the_score_of_the_accounts_they_see():
    good, bad = judge(make_account()), judge(make_account(), failed=3)
    seen = {
        name: score_for(make_user("manager", scopes=[scope]), CIS, now=NOW).failed
        for name, scope in {
            "good": f"account:{good.account_id}",
            "bad": f"account:{bad.account_id}",
            "both": "ou:/Root",
        }.items()
    }
    assert seen == {"good": 0, "bad": 1, "both": 1}


def test_a_user_without_a_scope_gets_no_number_at_all():
    judge(make_account(), failed=3)
    found = score_for(make_user("manager", scopes=[]), CIS, now=NOW)
    assert (found.score.met, found.score.assessed, found.failed) == (0, 0, 0)


def test_the_score_costs_the_same_at_any_size(django_assert_num_queries):
    user, source = make_user("manager"), make_source()
    for _ in range(12):
        judge(make_account(source))
    with django_assert_num_queries(4):
        score_for(user, CIS, now=NOW)


def test_counts_survive_being_kept():
    judge(make_account(), passed=2, failed=3, unknown=1, not_applicable=4)
    tallies = tallies_of(Account.objects.all(), CIS.rules(), now=NOW)
    assert loaded(dumped(tallies)) == tallies
    assert loaded(dumped(tallies), accounts=[]) == {rule: {} for rule in tallies}


def test_a_snapshot_is_brought_up_to_date_during_its_day():
    account = judge(make_account())
    now = timezone.now()
    services.keep_scores(account.source_id, now=now)
    Tally.objects.filter(rule=SSH4).update(failed=1)
    services.keep_scores(account.source_id, now=now)
    kept = ScoreSnapshot.objects.get()
    assert (kept.met, kept.failed, kept.not_assessed, kept.out_of_scope) == (7, 1, 7, 48)


def test_a_past_day_refuses_to_be_rewritten():
    account = judge(make_account())
    services.keep_scores(account.source_id, now=NOW)
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        services.keep_scores(account.source_id, now=NOW)
    with pytest.raises(DatabaseError, match="never rewritten"), transaction.atomic():
        ScoreSnapshot.objects.update(met=99)


def test_the_task_keeps_the_scores_of_every_source_and_may_run_twice():
    judge(make_account())
    judge(make_account())
    assert snapshot() == snapshot() == 2 * len(frameworks())
    assert ScoreSnapshot.objects.count() == 2 * len(frameworks())


def test_the_trend_has_one_entry_a_day_of_the_accounts_one_sees():
    source = make_source()
    good, bad = judge(make_account(source)), judge(make_account(source), failed=2)
    for days in (2, 1, 0):
        services.keep_scores(source.pk, now=NOW - timedelta(days=days))
    everything = trend_for(make_user("manager"), CIS, today=NOW.date())
    assert [each.failed for each in everything] == [1, 1, 1]
    assert [each.day for each in everything] == sorted(each.day for each in everything)
    narrow = make_user("manager", scopes=[f"account:{good.account_id}"])
    assert [each.failed for each in trend_for(narrow, CIS, today=NOW.date())] == [0, 0, 0]
    assert bad.source_id == good.source_id


def test_the_trend_adds_sources_up():
    for verdicts in ({}, {"failed": 1}):
        services.keep_scores(judge(make_account(), **verdicts).source_id, now=NOW)
    (day,) = trend_for(make_user("manager"), CIS, today=NOW.date())
    assert (day.met, day.failed, day.in_scope) == (7, 1, 15)


def test_the_frameworks_page_shows_the_fraction(client):
    judge(make_account())
    client.force_login(make_user("manager"))
    page = client.get(reverse("framework-list")).content.decode()
    assert "8 of 15" in page
    assert "7 not assessed" in page


def test_the_framework_page_shows_the_arithmetic_the_accounts_and_the_reasons(client):
    account = judge(make_account(name="<b>shop</b>"), passed=9, failed=2)
    fail(account)
    client.force_login(make_user("manager"))
    page = client.get(reverse("framework-detail", args=[CIS.id])).content.decode()
    assert "7 met + 1 failed + 0 waived + 7 not assessed = 15 in scope" in page
    assert "Metric filters and alarms are not collected yet." in page
    assert f"?rule={SSH4}" in page
    assert "2 failed" in page
    assert "&lt;b&gt;shop&lt;/b&gt;" in page
    assert "<b>shop" not in page


def test_the_framework_page_costs_the_same_at_any_size(client, django_assert_num_queries):
    source = make_source()
    client.force_login(make_user("manager"))
    for number in range(8):
        fail(judge(make_account(source), failed=1), group=f"sg-{number}")
    with django_assert_num_queries(11):
        client.get(reverse("framework-detail", args=[CIS.id]))


def test_a_control_page_lists_what_fails_it_within_ones_scope(client):
    mine, other = judge(make_account(), failed=1), judge(make_account(), failed=1)
    fail(mine, group="sg-mine")
    fail(other, group="sg-other")
    client.force_login(make_user("manager", scopes=[f"account:{mine.account_id}"]))
    page = client.get(reverse("control-detail", args=[CIS.id, "5.3"])).content.decode()
    assert "sg-mine" in page
    assert "sg-other" not in page


@pytest.mark.parametrize("number", ["1.1", "4.10", "5.3"])
def test_every_kind_of_control_has_a_page(client, number):
    client.force_login(make_user("manager"))
    answer = client.get(reverse("control-detail", args=[CIS.id, number]))
    assert answer.status_code == 200
    assert CIS.control(number).title in answer.content.decode()


@pytest.mark.parametrize("path", ["/compliance/none/", f"/compliance/{CIS.id}/9.9/"])
def test_what_no_framework_has_is_not_there(client, path):
    client.force_login(make_user("manager"))
    assert client.get(path).status_code == 404


def test_the_exports_have_the_numbers_of_the_page(client):
    judge(make_account(), passed=9, failed=2)
    client.force_login(make_user("manager"))
    csv = b"".join(client.get(reverse("framework-export", args=[CIS.id, "csv"]))).decode()
    lines = csv.splitlines()
    assert len(lines) == 64
    assert next(line for line in lines if line.startswith("5.3,")).endswith(
        f"fail,{SSH4},9,2,0,0,0,0,"
    )
    document = client.get(reverse("framework-export", args=[CIS.id, "json"])).json()
    assert (document["met"], document["in_scope"], len(document["controls"])) == (7, 15, 63)
    assert document == document | client.get(f"/api/frameworks/{CIS.id}/").json()


def test_the_chart_is_a_figure_that_plotly_accepts(client):
    services.keep_scores(judge(make_account(), failed=1).source_id, now=timezone.now())
    client.force_login(make_user("manager"))
    figure = Figure(client.get(reverse("framework-trend", args=[CIS.id])).json())
    assert [trace.name for trace in figure.data] == ["Met", "Waived", "Not assessed", "Failed"]
    assert [trace.y for trace in figure.data] == [(7,), (0,), (7,), (1,)]
