"""What a plan would touch, told from the estate alone."""

import pytest

from network.estate import Estate
from network.records import ShardKey, ShardState, ShardStatus
from remediation.impact import TRAFFIC, ImpactVerdict, assess, kind_of
from tests.core.test_actions import (
    ACCOUNT,
    GROUP,
    REGION,
    TYPES,
    group,
    interface,
    plan,
    record,
    rule,
)


def impact_of(*records, shards=None, **keywords):
    estate = Estate(records, shards)
    return assess(estate, GROUP, plan("revoke-ingress-rule", estate), **keywords)


def test_a_group_nothing_carries_has_no_impact():
    found = impact_of(group(), rule("sgr-open"))
    assert found.verdict is ImpactVerdict.NONE
    assert found.interfaces == ()


def test_an_attached_group_has_an_unknown_impact_and_says_that_traffic_is_not_known():
    found = impact_of(group(), rule("sgr-open"), interface("eni-1"))
    assert found.verdict is ImpactVerdict.UNKNOWN
    assert "not known" in found.text
    assert found.unknown == (TRAFFIC,)
    assert found.interfaces == ({"id": "eni-1", "groups": [GROUP]},)


def test_what_a_baseline_never_granted_is_judged_low():
    found = impact_of(group(), rule("sgr-open"), interface("eni-1"), beyond_baseline=True)
    assert found.verdict is ImpactVerdict.LOW


def test_another_group_that_admits_the_same_makes_the_fix_incomplete_and_is_named():
    other = group("sg-0000000000000002", "legacy")
    same = rule("sgr-same", 0, 65535)
    same = record("ec2.security-group-rule", {**same.config, "GroupId": other.id})
    found = impact_of(group(), other, rule("sgr-open"), same, interface("eni-1", GROUP, other.id))
    assert found.verdict is ImpactVerdict.NONE
    assert "legacy" in found.incomplete[0]
    assert "sgr-same" in found.incomplete[0]


def test_a_narrower_rule_is_named_as_staying_open_and_does_not_cover():
    found = impact_of(
        group(), rule("sgr-open"), rule("sgr-vpn", cidr="10.0.0.0/8"), interface("eni-1")
    )
    assert found.incomplete == ()
    assert "sgr-vpn" in found.kept[0]
    assert found.verdict is ImpactVerdict.UNKNOWN


def test_interfaces_that_could_not_be_read_make_it_unknown_whatever_the_baseline():
    shards = {ShardKey(ACCOUNT, REGION, each): ShardStatus(ShardState.OK) for each in TYPES}
    shards[ShardKey(ACCOUNT, REGION, "ec2.network-interface")] = ShardStatus(ShardState.DENIED)
    found = impact_of(group(), rule("sgr-open"), shards=shards, beyond_baseline=True)
    assert found.verdict is ImpactVerdict.UNKNOWN
    assert any("network-interface" in each for each in found.unknown)


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({}, "instance"),
        ({"RequesterId": "amazon-elb", "Description": "ELB app/web/1"}, "load balancer"),
        ({"RequesterId": "amazon-rds"}, "database"),
        ({"InterfaceType": "lambda"}, "function"),
        ({"InterfaceType": "nat_gateway"}, "NAT gateway"),
        ({"InterfaceType": "vpc_endpoint"}, "endpoint"),
        ({"Attachment": {}, "Status": "available"}, "unattached"),
    ],
)
def test_interfaces_are_told_apart_by_who_asked_for_them(raw, kind):
    estate = Estate([group(), interface("eni-1", **raw)])
    assert kind_of(estate.interfaces_with(GROUP)[0]) == kind


def test_groups_that_refer_to_it_are_named():
    other = group("sg-0000000000000002", "database")
    refers = record(
        "ec2.security-group-rule",
        {
            "SecurityGroupRuleId": "sgr-ref",
            "GroupId": other.id,
            "GroupOwnerId": ACCOUNT,
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": 5432,
            "ToPort": 5432,
            "ReferencedGroupInfo": {"GroupId": GROUP, "UserId": ACCOUNT},
        },
    )
    found = impact_of(group(), other, refers, rule("sgr-open"))
    assert "database" in found.references[0]
