"""Every rule: what passes, what fails, what cannot be told; and what a bad listing makes of it."""

import copy
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings.rules import RULES, Severity
from findings.rules.__main__ import pages
from findings.rules.evaluate import Result, evaluate, not_assessed
from network.canonical import MalformedResource, canonicalise, durable
from network.estate import Estate
from network.records import Record, ShardKey, ShardState
from tests.core.cases import CASES, Case
from tests.core.raw import EXAMPLES
from tests.core.world import ACCOUNT, REGION, World, statuses

IDS = [f"{each.rule}-{each.name}" for each in CASES]


def judge(case: Case, estate: Estate, subject: str) -> Result:
    (result,) = evaluate(
        estate, rules=[case.rule], settings=case.settings, scope=lambda record: record.id == subject
    )
    return result


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_rule_says_what_is_so(case):
    world, subject = case.build()
    result = judge(case, world.estate(), subject)
    assert result.verdict == case.expected, result.evidence
    if case.severity:
        assert result.severity == case.severity, result.severity_reason
    if case.evidence:
        assert [item["rule_id"] for item in result.evidence["items"]] == list(case.evidence)


@pytest.mark.parametrize("case", [c for c in CASES if c.expected == "fail"], ids=lambda c: c.name)
def test_a_fail_shows_what_it_rests_on(case):
    world, subject = case.build()
    result = judge(case, world.estate(), subject)
    assert re.fullmatch(r"[^\n]+\.", result.evidence["summary"])
    assert len(result.evidence["summary"]) < 600
    items = result.evidence["items"]
    assert items
    known = {record.id for record in world.records}
    for item in items:
        assert set(item) == {
            "resource", "resource_type", "rule_id", "direction", "protocol", "ports", "sources", "text",
        }  # fmt: skip
        assert item["resource"] in known
        assert item["text"]
    if result.severity != RULES[case.rule].severity:
        assert result.severity_reason


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_bad_listing_never_leads_to_a_pass(case):
    world, subject = case.build()
    whole = world.estate()
    with whole.reading() as read:
        before = judge(case, whole, subject)
    assert ShardKey(ACCOUNT, REGION, before.record.type) in read
    for state in (ShardState.DENIED, ShardState.THROTTLED, ShardState.FAILED, ShardState.NEVER):
        for key in read:
            after = judge(case, world.estate(statuses(whole, [key], state)), subject)
            if before.verdict == "fail":
                # A fail stands, but where it would rest on what was not seen.
                assert after.verdict in ("fail", "unknown")
            else:
                assert after.verdict == "unknown"
                assert key in after.missing
                assert after.evidence["summary"]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_is_hidden_never_leads_to_a_fail(case):
    world, subject = case.build()
    whole = world.estate()
    with whole.reading() as read:
        before = judge(case, whole, subject)
    if before.verdict == "fail":
        return
    for key in read:
        kept = [r for r in world.records if r.shard != key or r.id == subject]
        shards = statuses(whole, [key])
        assert judge(case, Estate(kept, shards), subject).verdict == "unknown"


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_good_listings_change_no_verdict(case):
    world, subject = case.build()
    whole = world.estate()
    sure = judge(case, world.estate(statuses(whole)), subject)
    assert (sure.verdict, sure.severity) == (case.expected, judge(case, whole, subject).severity)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_each_rule_has_a_pass_a_fail_and_a_record_that_says_too_little(rule):
    mine = [case for case in CASES if case.rule == rule.id]
    assert {"pass", "fail"} <= {case.expected for case in mine}
    absent = [
        case for case in mine if "bare" in case.name or "unread" in case.name or "without" in case.name
        or "not_say" in case.name or "nothing" in case.name
    ]  # fmt: skip
    assert absent, "no case for a record without what AWS always says"
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", rule.id)
    assert rule.rationale.endswith(".")


def test_there_are_at_least_twenty_rules_and_the_ones_others_name():
    named = {
        "sg-ingress-ssh-from-internet", "sg-ingress-rdp-from-internet", "sg-default-restricts-all",
        "sg-ingress-admin-from-internet-ipv4", "sg-ingress-admin-from-internet-ipv6",
        "sg-ingress-cifs-from-internet", "acl-ingress-admin-from-internet", "vpc-flow-logs-enabled",
        "vpc-peering-routes-least-access", "instance-imdsv2-required",
    }  # fmt: skip
    assert named <= set(RULES)
    assert len(RULES) >= 20


@settings(max_examples=20, deadline=None)
@given(rng=st.randoms(use_true_random=False))
def test_the_order_of_records_changes_no_verdict(rng: random.Random):
    records = {}
    for number, case in enumerate(rng.sample(CASES, 8)):
        for record in case.build()[0].records:
            records.setdefault((record.type, record.id), record)
        assert number < 8
    listed = list(records.values())
    first = [summary(result) for result in evaluate(Estate(listed))]
    rng.shuffle(listed)
    assert [summary(result) for result in evaluate(Estate(listed))] == first


def summary(result: Result):
    return result.rule, result.record.id, result.verdict, result.severity, result.evidence


def places(value, path=()):
    """Every field and item inside a description."""
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, item in inside:
        yield (*path, key)
        yield from places(item, (*path, key))


@pytest.mark.parametrize("type_", EXAMPLES)
def test_a_damaged_field_is_refused_by_name_or_judged_and_never_a_crash(type_):
    wrongs = [None, True, 7, 1.5, "x", "", [], {}, [1], ["a"], [{}], {"a": 1}, [[]], [None]]
    for raw in EXAMPLES[type_]:
        for path in places(raw):
            for wrong in wrongs:
                damaged = copy.deepcopy(raw)
                inside = damaged
                for step in path[:-1]:
                    inside = inside[step]
                inside[path[-1]] = wrong
                try:
                    made = canonicalise(type_, damaged, account=ACCOUNT, region=REGION)
                except MalformedResource:
                    continue
                durable(type_, made.config)
                record = Record(type_, made.owner, REGION, made.id, made.config)
                estate = Estate([record, *OTHERS])
                assert list(evaluate(estate, rules=FOR_TYPE[type_]))


OTHERS = [each for case in CASES[:3] for each in case.build()[0].records]
FOR_TYPE = {
    type_: [
        r
        for r in RULES.values()
        if r.resource in (type_, "ec2.vpc", "ec2.subnet", "ec2.security-group")
    ]
    for type_ in EXAMPLES
}


def test_all_rules_on_one_group_do_not_mask_each_other():
    world = World()
    made = world.group(world.vpc(), [{"source": "0.0.0.0/0", "IpProtocol": "-1"}])
    failing = {
        r.rule for r in evaluate(world.estate()) if r.record.id == made and r.verdict == "fail"
    }
    assert {
        "sg-ingress-all-traffic-from-internet",
        "sg-ingress-ssh-from-internet",
        "sg-ingress-rdp-from-internet",
        "sg-ingress-database-from-internet",
        "sg-ingress-admin-from-internet-ipv4",
    } <= failing


def test_an_unknown_rule_is_refused_and_one_can_be_asked_alone():
    world = World()
    world.vpc()
    with pytest.raises(KeyError):
        list(evaluate(world.estate(), rules=["no-such-rule"]))
    assert {r.rule for r in evaluate(world.estate(), rules=["vpc-flow-logs-enabled"])} == {
        "vpc-flow-logs-enabled"
    }


def test_rules_whose_own_resources_were_not_listed_are_named():
    world = World()
    world.vpc()
    estate = world.estate(statuses(world.estate(), [ShardKey(ACCOUNT, REGION, "ec2.instance")]))
    named = {rule.id for rule, key in not_assessed(estate) if key.collector == "ec2.instance"}
    assert "instance-imdsv2-required" in named
    assert not list(not_assessed(world.estate()))


def test_severities_move_one_step_and_stop_at_the_ends():
    assert Severity.HIGH.raised is Severity.CRITICAL
    assert Severity.CRITICAL.raised is Severity.CRITICAL
    assert Severity.MEDIUM.lowered is Severity.LOW
    assert Severity.LOW.lowered is Severity.LOW
    assert Severity.INFO.lowered is Severity.INFO


def test_the_page_of_rules_is_current(request):
    page = request.config.rootpath / "docs" / "rules.md"
    assert page.read_text() == pages(), "run: python -m findings.rules > docs/rules.md"
