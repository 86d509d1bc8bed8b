"""The overview: numbers that are links, and honest first words."""

import re

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from cspm.overview import overview
from findings.filters import FindingFilter
from findings.models import Finding
from findings.rules import RULES
from inventory.models import Scan
from remediation.models import KillSwitch
from tests.factories import (
    make_account,
    make_resource,
    make_shards,
    make_source,
    make_user,
    raw_group,
    set_shard,
)

pytestmark = pytest.mark.django_db
SSH4 = "sg-ingress-admin-from-internet-ipv4"
RANKS = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def fail(account, *, rule=SSH4, severity="high", kind="misconfiguration", **fields):
    number = Finding.objects.count()
    resource = make_resource("ec2.security-group", raw_group(f"sg-{number}"), account=account)
    return Finding.objects.create(
        kind=kind,
        code=rule,
        resource=resource,
        title=RULES[rule].title if rule in RULES else rule,
        severity=severity,
        severity_rank=RANKS[severity],
        detection="failing",
        evidence_hash="x",
        first_seen=timezone.now(),
        failing_since=timezone.now(),
        **fields,
    )


def page(client, user):
    client.force_login(user)
    return client.get(reverse("overview")).content.decode()


def look(user):
    return overview(user, now=timezone.now())


def test_without_an_account_an_admin_is_led_to_connect_one(client):
    html = page(client, make_user("admin"))
    assert "Nothing is connected yet" in html
    assert reverse("account-add") in html


def test_without_an_account_others_are_told_whom_to_ask(client):
    html = page(client, make_user("manager"))
    assert "An admin can connect one" in html
    assert reverse("account-add") not in html


def test_without_a_scope_one_is_told_so_and_sees_no_number(client):
    fail(make_account(name="hidden-account"))
    html = page(client, make_user("analyst", scopes=[]))
    assert "You see no account" in html
    assert "hidden-account" not in html


def test_while_the_first_scan_runs_the_page_says_so_and_not_that_all_is_well(client):
    account = make_account()
    Scan.objects.create(source=account.source, created_at=timezone.now())
    html = page(client, make_user("analyst"))
    assert "The scan is running" in html
    assert "No open finding" not in html


def test_nothing_found_is_not_clean_while_something_could_not_be_read(client):
    account = make_account()
    make_shards(account)
    set_shard(account, "ec2.instance", "denied")
    assert "Nothing found in what could be read" in page(client, make_user("analyst"))


def test_a_refused_account_is_not_clean_either(client):
    make_account(connection="denied")
    assert "Nothing found in what could be read" in page(client, make_user("analyst"))


def test_nothing_found_when_everything_was_read_is_clean(client):
    make_shards(make_account())
    assert "No open finding" in page(client, make_user("analyst"))


def test_each_number_is_a_link_to_a_list_with_as_many_rows(client):
    account = make_account()
    fail(account, severity="critical")
    fail(account, rule="sg-ingress-admin-from-internet-ipv6")
    fail(account, rule="sg-default-restricts-all", severity="medium")
    fail(account, rule="drift-sg-rule-added", kind="drift", severity="high")
    fail(account, severity="critical", triage="acknowledged")
    html = page(client, make_user("analyst"))
    links = re.findall(r'href="/findings/\?([^"]+)"><span class="stat-number">(\d+)', html)
    assert [int(number) for _, number in links] == [4, 3, 1]
    for query, number in links:
        asked = QueryDict(query.replace("&amp;", "&"))
        listed = FindingFilter(asked, queryset=Finding.objects.all()).qs
        assert (asked["tab"], listed.count()) == ("all", int(number))


def test_only_accounts_in_scope_are_counted(client):
    mine, other = make_account(name="mine"), make_account(name="other")
    fail(mine)
    fail(other)
    found = look(make_user("analyst", scopes=[f"account:{mine.account_id}"]))
    assert found.numbers.loud == 1
    assert [account.name for account in found.worst] == ["mine"]
    assert [row.account.name for row in found.freshness] == ["mine"]


def test_the_worst_accounts_are_sorted_by_critical_then_high():
    source = make_source()
    accounts = {name: make_account(source, name=name) for name in ("a", "b", "c")}
    fail(accounts["a"])
    fail(accounts["a"])
    fail(accounts["b"], severity="critical")
    fail(accounts["c"], severity="low")
    found = look(make_user("analyst")).worst
    assert [(row.name, row.critical, row.loud) for row in found] == [("b", 1, 1), ("a", 0, 2)]


def test_accounts_never_read_stand_before_those_read_long_ago():
    source, now = make_source(), timezone.now()
    make_account(source, name="fresh", last_scan_at=now)
    make_account(source, name="never")
    assert [row.account.name for row in look(make_user("analyst")).freshness] == ["never", "fresh"]


def test_a_thrown_kill_switch_stands_on_top_for_everyone(client):
    make_account()
    KillSwitch.objects.create(
        reason="Incident 7", thrown_by=make_user("admin"), thrown_at=timezone.now()
    )
    for role in ("analyst", "manager", "admin"):
        html = page(client, make_user(role))
        assert "Repairs are stopped" in html
        assert "Incident 7" in html


def test_a_manager_sees_neither_approvals_nor_repairs(client):
    make_account()
    html = page(client, make_user("manager"))
    assert "awaiting approval" not in html
    assert "Recent repairs" not in html
    assert "awaiting approval" in page(client, make_user("analyst"))


def test_hostile_names_are_text(client):
    fail(make_account(name="<script>alert(1)</script>"))
    assert "<script>alert(1)" not in page(client, make_user("analyst"))


def test_the_overview_costs_the_same_at_any_size(client, django_assert_num_queries):
    source = make_source()
    for _ in range(3):
        fail(make_account(source))
    user = make_user("admin")
    client.force_login(user)
    with django_assert_num_queries(21):
        client.get(reverse("overview"))
    for _ in range(12):
        fail(make_account(source))
    with django_assert_num_queries(21):
        client.get(reverse("overview"))
