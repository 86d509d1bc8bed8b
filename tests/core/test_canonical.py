"""Canonical forms: one shape whatever AWS's order, mood and spelling."""

import copy
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.canonical import (
    SECRETS,
    TYPES,
    VERSIONS,
    MalformedResource,
    canonicalise,
    durable,
    fingerprint,
)
from tests.core.raw import EXAMPLES, VOLATILE
from tests.core.world import ACCOUNT, OTHER

CASES = [(type_, raw) for type_ in EXAMPLES for raw in EXAMPLES[type_]]


def canon(type_: str, raw: Any) -> Any:
    return canonicalise(type_, raw, account=ACCOUNT, region="eu-west-1")


def shuffled(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {key: shuffled(item, rng) for key, item in items}
    if isinstance(value, list):
        items = [shuffled(item, rng) for item in value]
        rng.shuffle(items)
        return items
    return value


def put(config: dict[str, Any], path: str, value: Any) -> None:
    """Set a nested field in every object on its way."""
    head, _, rest = path.partition(".")
    if not rest:
        config[head] = value
        return
    inside = config.get(head, {})
    for item in inside if isinstance(inside, list) else [inside]:
        put(item, rest, value)


def test_every_type_has_an_example_and_a_version():
    assert set(EXAMPLES) == set(TYPES) == set(VERSIONS) == set(SECRETS)


@pytest.mark.parametrize(("type_", "raw"), CASES)
def test_doing_it_twice_changes_nothing(type_, raw):
    once = canon(type_, raw)
    assert canon(type_, once.config) == once


@given(case=st.sampled_from(CASES), rng=st.randoms(use_true_random=False))
def test_the_order_of_lists_and_fields_is_of_no_consequence(case, rng):
    type_, raw = case
    once, again = canon(type_, raw), canon(type_, shuffled(raw, rng))
    assert again == once
    assert fingerprint(again.config) == fingerprint(once.config)


@given(case=st.sampled_from(CASES), value=st.one_of(st.integers(), st.text(), st.datetimes()))
def test_volatile_fields_change_neither_hash(case, value):
    type_, raw = case
    before = canon(type_, raw)
    for path in VOLATILE.get(type_, ()):
        changed = copy.deepcopy(raw)
        put(changed, path, value)
        assert canon(type_, changed).config == before.config


@given(
    case=st.sampled_from(CASES), value=st.one_of(st.booleans(), st.text(), st.lists(st.integers()))
)
def test_an_unknown_field_is_kept_and_named_and_not_compared(case, value):
    type_, raw = case
    before, after = canon(type_, raw), canon(type_, {**raw, "FieldOfTomorrow": value})
    assert after.unknown_fields == (*before.unknown_fields, "FieldOfTomorrow")
    assert "FieldOfTomorrow" in after.config
    assert durable(type_, after.config) == durable(type_, before.config)


@pytest.mark.parametrize(("type_", "raw"), CASES)
def test_the_examples_hold_no_field_we_do_not_know(type_, raw):
    assert canon(type_, raw).unknown_fields == ()


def test_an_unknown_field_inside_a_route_is_named_too():
    raw = {"RouteTableId": "rtb-1", "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "Via": "x"}]}
    made = canon("ec2.route-table", raw)
    assert made.unknown_fields == ("Routes[].Via",)
    assert durable("ec2.route-table", made.config)["Routes"] == [
        {"DestinationCidrBlock": "0.0.0.0/0"}
    ]


def test_states_and_health_are_kept_but_not_compared():
    route = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "Origin": "CreateRoute"}
    active, dead = (
        canon("ec2.route-table", {"RouteTableId": "rtb-1", "Routes": [route | {"State": state}]})
        for state in ("active", "blackhole")
    )
    assert active.config != dead.config
    assert durable("ec2.route-table", active.config) == durable("ec2.route-table", dead.config)


def test_secrets_are_gone_at_any_depth():
    raw = {
        "InstanceId": "i-1",
        "UserData": "canary-1",
        "FieldOfTomorrow": [{"UserData": {"Value": "canary-2"}}],
    }
    made = canon("ec2.instance", raw)
    assert "canary" not in repr(made)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (("-1", None, None), ("-1", None, None)),
        (("-1", 0, 0), ("-1", None, None)),
        (("-1", -1, -1), ("-1", None, None)),
        (("6", 22, 22), ("tcp", 22, 22)),
        (("TCP", -1, -1), ("tcp", 0, 65535)),
        (("udp", None, None), ("udp", 0, 65535)),
        (("icmp", -1, -1), ("icmp", None, None)),
        (("icmp", 8, -1), ("icmp", 8, None)),
        (("58", 128, 0), ("icmpv6", 128, 0)),
        (("50", -1, -1), ("50", None, None)),
        (("47", 0, 65535), ("47", None, None)),
    ],
)
def test_protocols_are_names_and_ports_are_numbers_or_none(given_, expected):
    protocol, low, high = given_
    raw = {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1", "IsEgress": False}
    raw |= {"IpProtocol": protocol, "FromPort": low, "ToPort": high, "CidrIpv4": "10.0.0.0/8"}
    config = canon("ec2.security-group-rule", raw).config
    assert (config["IpProtocol"], config["FromPort"], config["ToPort"]) == expected


def test_cidrs_are_masked_and_compressed():
    raw = {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1", "IsEgress": False, "IpProtocol": "-1"}
    assert (
        canon("ec2.security-group-rule", raw | {"CidrIpv4": "10.1.2.3/8"}).config["CidrIpv4"]
        == "10.0.0.0/8"
    )
    assert (
        canon("ec2.security-group-rule", raw | {"CidrIpv6": "2001:DB8:0::1/32"}).config["CidrIpv6"]
        == "2001:db8::/32"
    )


def test_a_group_holds_no_rules():
    made = canon(
        "ec2.security-group", {"GroupId": "sg-1", "IpPermissions": [{}], "GroupName": "web"}
    )
    assert "IpPermissions" not in made.config
    assert made.name == "web"


def test_the_owner_is_said_by_aws_or_is_who_was_asked():
    assert canon("ec2.vpc", {"VpcId": "vpc-1", "OwnerId": OTHER}).owner == OTHER
    assert canon("ec2.vpc", {"VpcId": "vpc-1"}).owner == ACCOUNT
    assert canon("ec2.flow-log", {"FlowLogId": "fl-1", "ResourceId": "vpc-1"}).vpc_id == "vpc-1"


def test_a_rule_without_its_id_durably_equals_its_twin():
    raw = {"GroupId": "sg-1", "IsEgress": False, "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2}
    raw |= {"CidrIpv4": "10.0.0.0/8", "Description": "why"}
    one, two = (
        canon("ec2.security-group-rule", raw | {"SecurityGroupRuleId": id_})
        for id_ in ("sgr-1", "sgr-2")
    )
    assert durable("ec2.security-group-rule", one.config) == durable(
        "ec2.security-group-rule", two.config
    )
    other = canon(
        "ec2.security-group-rule", raw | {"SecurityGroupRuleId": "sgr-1", "Description": "new"}
    )
    assert durable("ec2.security-group-rule", other.config) != durable(
        "ec2.security-group-rule", one.config
    )


def test_durable_leaves_out_propagated_routes_default_denies_and_aws_tags():
    table = canon("ec2.route-table", EXAMPLES["ec2.route-table"][0])
    destinations = {
        next(iter(r.values())) for r in durable("ec2.route-table", table.config)["Routes"]
    }
    assert destinations == {"0.0.0.0/0", "::/0", "10.9.0.0/16"}
    acl = canon("ec2.network-acl", EXAMPLES["ec2.network-acl"][0])
    assert {e["RuleNumber"] for e in durable("ec2.network-acl", acl.config)["Entries"]} == {
        100,
        110,
        120,
    }
    tagged = canon(
        "ec2.vpc",
        {"VpcId": "vpc-1", "Tags": [{"Key": "aws:x", "Value": "1"}, {"Key": "a", "Value": ""}]},
    )
    assert durable("ec2.vpc", tagged.config)["Tags"] == {"a": ""}


@pytest.mark.parametrize(
    ("type_", "raw", "field"),
    [
        ("ec2.vpc", {}, "VpcId"),
        ("ec2.vpc", "text", ""),
        ("ec2.vpc", {"VpcId": "vpc-1", "CidrBlock": "ten"}, "CidrBlock"),
        ("ec2.vpc", {"VpcId": "vpc-1", "Tags": [{"Value": "x"}]}, "Tags"),
        ("ec2.vpc", {"VpcId": "vpc-1", "Odd": {1, 2}}, "Odd"),
        ("ec2.route-table", {"RouteTableId": "rtb-1", "Routes": "none"}, "Routes"),
        ("ec2.route-table", {"RouteTableId": "rtb-1", "Routes": [{"GatewayId": "x"}]}, "Routes"),
        (
            "ec2.network-acl",
            {"NetworkAclId": "acl-1", "Entries": [{"RuleAction": "allow"}]},
            "Entries",
        ),
        (
            "ec2.security-group-rule",
            {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1"},
            "IsEgress",
        ),
        (
            "ec2.security-group-rule",
            {
                "SecurityGroupRuleId": "sgr-1",
                "GroupId": "sg-1",
                "IsEgress": True,
                "IpProtocol": "tcp",
            },
            "peer",
        ),
        (
            "ec2.security-group-rule",
            {
                "SecurityGroupRuleId": "s",
                "GroupId": "g",
                "IsEgress": True,
                "IpProtocol": "tcp",
                "FromPort": 70000,
            },
            "FromPort",
        ),
        (
            "ec2.security-group-rule",
            {"SecurityGroupRuleId": "s", "GroupId": "g", "IsEgress": True, "IpProtocol": "none"},
            "IpProtocol",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_the_field(type_, raw, field):
    with pytest.raises(MalformedResource) as caught:
        canon(type_, raw)
    assert caught.value.field == field
    assert caught.value.type == type_


def test_times_become_text():
    made = canon("ec2.vpc", {"VpcId": "vpc-1", "Seen": datetime(2026, 1, 2, tzinfo=UTC)})
    assert made.config["Seen"] == "2026-01-02T00:00:00+00:00"
