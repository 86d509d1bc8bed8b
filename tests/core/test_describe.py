"""Folders of describe-* answers: what is read, what is named as unreadable, what stays unknown."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from findings.rules.evaluate import evaluate
from network.answers import Problem, records_from_answer
from network.describe import read_folder
from network.estate import Estate
from network.records import ShardKey, ShardState
from tests.core.world import ACCOUNT, OTHER, REGION

DATA = Path(__file__).parent / "data" / "estate"


@pytest.fixture(scope="module")
def found():
    return read_folder(DATA)


def test_each_type_is_told_by_its_result_key(found):
    counts = Counter(record.type for record in found.records if record.region == REGION)
    assert counts == {
        "ec2.vpc": 1,
        "ec2.subnet": 2,
        "ec2.route-table": 1,
        "ec2.network-acl": 1,
        "ec2.security-group": 2,
        "ec2.security-group-rule": 7,
        "ec2.network-interface": 1,
        "ec2.instance": 1,
        "ec2.managed-prefix-list": 1,
    }


def test_what_cannot_be_read_is_named_with_the_reason(found):
    problems = {problem.where: problem.reason for problem in found.problems}
    folder = f"{ACCOUNT}/{REGION}"
    assert problems == {
        f"{folder}/broken.json": "not JSON (line 1)",
        f"{folder}/notes.txt": "not JSON (line 1)",
        f"{folder}/load-balancers.json": "holds no type read here (LoadBalancers)",
        "flat/Vpcs.json": "ec2.vpc: CidrBlock: 'nonsense' is no CIDR",
    }


def test_rules_listed_only_in_their_group_get_ids_that_stay(found):
    again = read_folder(DATA)
    ids = [r.id for r in found.records if r.type == "ec2.security-group-rule"]
    assert ids == [r.id for r in again.records if r.type == "ec2.security-group-rule"]
    estate = Estate(found.records)
    assert [rule.id for rule in estate.rules_of("sg-0b")] == ["sgr-0b1"]
    rules = estate.rules_of("sg-0a")
    assert all(rule.id.startswith("sg-0a/") for rule in rules)
    assert sorted(rule.peer for rule in rules) == [
        "0.0.0.0/0", "0.0.0.0/0", "198.51.100.0/24", "::/0", "pl-0a", "sg-0b",
    ]  # fmt: skip
    assert {rule.description for rule in rules} == {"", "temporary"}


def test_entries_of_a_prefix_list_are_joined_to_it(found):
    assert Estate(found.records).prefix_list("pl-0a").cidrs == ("198.51.100.0/24",)


def test_account_and_region_come_from_folders_then_from_owners_then_are_unknown(found):
    places = {record.id: (record.account, record.region) for record in found.records}
    assert places["vpc-0a"] == (ACCOUNT, REGION)
    assert places["subnet-0b"] == (OTHER, REGION)
    assert places["vpc-0f"] == places["subnet-0f"] == ("333333333333", "us-east-2")
    assert places["eipalloc-0f"] == ("000000000000", "unknown")
    shared = next(record for record in found.records if record.id == "subnet-0b")
    assert shared.observer == ACCOUNT


def test_a_listing_without_a_file_was_never_read(found):
    assert found.shards[ShardKey(ACCOUNT, REGION, "ec2.vpc")].good
    assert found.shards[ShardKey(ACCOUNT, REGION, "ec2.flow-log")].state is ShardState.NEVER
    assert (
        found.shards[ShardKey("333333333333", "us-east-2", "ec2.route-table")].state
        is ShardState.NEVER
    )
    results = list(evaluate(Estate(found.records, found.shards), rules=["vpc-flow-logs-enabled"]))
    assert {result.verdict for result in results} == {"unknown"}


def test_the_estate_of_a_folder_shows_the_open_bastion(found):
    estate = Estate(found.records, found.shards)
    (result,) = [
        result
        for result in evaluate(estate, rules=["sg-ingress-ssh-from-internet"])
        if result.verdict == "fail"
    ]
    assert result.severity == "critical"
    assert result.severity_reason == "Raised: the Internet reaches i-0a at 52.1.2.3"
    assert sorted(item["sources"][0] for item in result.evidence["items"]) == ["0.0.0.0/0", "::/0"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(NotADirectoryError):
        read_folder(tmp_path / "nothing")
    assert read_folder(tmp_path).records == ()


def test_files_that_are_no_text_or_no_answer_do_not_stop_the_rest(tmp_path):
    (tmp_path / "image.png").write_bytes(b"\x89PNG\xff\xfe")
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "mark.json").write_text("\ufeff" + json.dumps({"Vpcs": [{"VpcId": "vpc-1"}]}))
    (tmp_path / "odd.json").write_text(
        json.dumps({"Subnets": "none", "Reservations": [{"Instances": 3}]})
    )
    (tmp_path / ".hidden").write_text("x")
    found = read_folder(tmp_path)
    assert [record.id for record in found.records] == ["vpc-1"]
    assert {problem.where for problem in found.problems} == {
        "image.png", "list.json", "deep.json", "odd.json",
    }  # fmt: skip
    damaged = [status for key, status in found.shards.items() if key.collector == "ec2.subnet"]
    assert [status.good for status in damaged] == [False]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["VpcId", "GroupId", "IpPermissions", "IpRanges", "CidrIp", "Tags", "Key", "Entries", "Routes",
             "UserIdGroupPairs", "IpProtocol", "Instances", "Groups", "Attachment", "PrefixListId",
             "SecurityGroupRuleId", "RouteTableId", "NetworkAclId", "SubnetId", "Associations",
             "NetworkInterfaceId", "InstanceId", "IsEgress", "CidrIpv4", "OwnerId", "TagSet", "State",
             "ReferencedGroupInfo", "MetadataOptions", "Association", "PrivateIpAddress", "Status",
             "RequesterVpcInfo", "VpcPeeringConnectionId", "CidrBlockAssociationSet", "Code",
             "PrivateIpAddresses", "Ipv6Addresses", "DestinationCidrBlock", "GatewayId"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    key=st.sampled_from(
        ["Vpcs", "SecurityGroups", "SecurityGroupRules", "Reservations", "RouteTables", "NetworkAcls",
         "PrefixLists", "NetworkInterfaces", "Subnets", "VpcPeeringConnections"]
    ),
    value=json_values,
)  # fmt: skip
def test_no_json_stops_the_reading(tmp_path, key, value):
    file = tmp_path / "pl-0a.json"
    file.write_text(json.dumps({key: value}))
    found = read_folder(tmp_path)
    for result in evaluate(Estate(found.records, found.shards)):
        assert result.verdict in ("pass", "fail", "unknown", "not-applicable")
    if not isinstance(value, list):
        assert found.problems
    else:
        assert len(found.records) + len(found.problems) >= (
            1 if value and key != "Reservations" else 0
        )


def test_an_answer_keeps_the_observer_apart_from_the_owner():
    answer = {"Subnets": [{"SubnetId": "subnet-1", "OwnerId": OTHER}, {"CidrBlock": "10.0.0.0/24"}]}
    records, problems = records_from_answer("ec2.subnet", answer, ACCOUNT, REGION)
    assert [(r.account, r.observer) for r in records] == [(OTHER, ACCOUNT)]
    assert [str(problem) for problem in problems] == ["ec2.subnet[1]: SubnetId: missing"]
    nothing = records_from_answer("ec2.subnet", {}, ACCOUNT, REGION)
    assert nothing == ([], [Problem("ec2.subnet", "Subnets: no list")])
