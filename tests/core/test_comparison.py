import random

from hypothesis import given
from hypothesis import strategies as st

from drift.comparison import (
    GROUP,
    GROUP_RULE,
    Change,
    DriftClass,
    Entry,
    apply,
    compare,
    told,
)


def rule(id="sgr-1", group="sg-1", port=22, cidr="10.0.0.0/8", **more):
    config = {
        "GroupId": group,
        "IsEgress": False,
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "CidrIpv4": cidr,
        **more,
    }
    return Entry(GROUP_RULE, id, config, parent=group)


def group(id="sg-1", **more):
    return Entry(GROUP, id, {"GroupName": "web", "VpcId": "vpc-1", **more})


rules = st.builds(
    rule,
    id=st.integers(0, 10**6).map("sgr-{}".format),
    group=st.sampled_from(["sg-1", "sg-2"]),
    port=st.integers(1, 3),
    cidr=st.sampled_from(["10.0.0.0/8", "0.0.0.0/0"]),
    Description=st.sampled_from(["", "a", "b"]),
)
groups = st.builds(
    group, id=st.sampled_from(["sg-1", "sg-2", "sg-3"]), GroupName=st.sampled_from(["web", "db"])
)
states = st.lists(st.one_of(rules, groups), max_size=12)


def keyed(entries):
    return {entry.key: entry.config for entry in entries}


@given(states)
def test_a_state_does_not_differ_from_itself(state):
    assert compare(state, state) == []


@given(states, states, st.randoms(use_true_random=False))
def test_the_order_of_entries_is_of_no_consequence(baseline, current, order: random.Random):
    shuffled, mixed = baseline[:], current[:]
    order.shuffle(shuffled)
    order.shuffle(mixed)
    assert compare(baseline, current) == compare(shuffled, mixed)


@given(states, states)
def test_applying_the_differences_gives_the_present_state(baseline, current):
    assert keyed(apply(baseline, compare(baseline, current))) == keyed(
        apply([], compare([], current))
    )


@given(states, states)
def test_the_way_back_has_the_same_elements_the_other_way_round(baseline, current):
    turned = {Change.ADDED: Change.REMOVED, Change.REMOVED: Change.ADDED}
    there = {(d.key, turned.get(d.change, d.change)) for d in compare(baseline, current)}
    assert there == {(d.key, d.change) for d in compare(current, baseline)}


@given(states, states)
def test_each_element_is_told_at_most_once_and_has_its_own_discriminator(baseline, current):
    found = compare(baseline, current)
    assert len({d.key for d in found}) == len({d.discriminator for d in found}) == len(found)


def test_a_rule_written_again_under_a_new_id_is_no_drift():
    assert compare([rule("sgr-1")], [rule("sgr-2")]) == []


def test_an_added_rule_is_security_drift_told_of_its_group():
    (found,) = compare([group()], [group(), rule(cidr="0.0.0.0/0")])
    assert (found.change, found.drift_class) == (Change.ADDED, DriftClass.SECURITY)
    assert found.entry.subject == (GROUP, "sg-1")
    assert found.before is None


def test_a_removed_rule_is_availability_drift():
    (found,) = compare([group(), rule()], [group()])
    assert (found.change, found.drift_class) == (Change.REMOVED, DriftClass.AVAILABILITY)


def test_another_description_is_management_drift_of_the_same_rule():
    (found,) = compare([rule(Description="a")], [rule("sgr-9", Description="b")])
    assert (found.change, found.drift_class) == (Change.CHANGED, DriftClass.MANAGEMENT)
    assert found.fields == ("Description",)


def test_a_lost_tag_is_named():
    (found,) = compare([group(Tags={"Owner": "a", "x": "1"})], [group(Tags={"x": "1"})])
    assert (found.fields, found.drift_class) == (("Tags.Owner",), DriftClass.MANAGEMENT)


def test_a_wider_port_is_one_rule_removed_and_one_added():
    changes = {d.change for d in compare([rule(port=22)], [rule(port=23)])}
    assert changes == {Change.ADDED, Change.REMOVED}


def test_routes_that_went_are_availability_and_routes_that_came_are_security():
    table = "ec2.route-table"
    home, out = {"DestinationCidrBlock": "10.0.0.0/8"}, {"DestinationCidrBlock": "0.0.0.0/0"}
    both = Entry(table, "rtb-1", {"Routes": [out, home]})
    one = Entry(table, "rtb-1", {"Routes": [home]})
    assert compare([both], [one])[0].drift_class is DriftClass.AVAILABILITY
    assert compare([one], [both])[0].drift_class is DriftClass.SECURITY


def test_a_lost_deny_is_security_drift():
    deny = {"RuleNumber": 90, "RuleAction": "deny"}
    allow = {"RuleNumber": 100, "RuleAction": "allow"}
    before = Entry("ec2.network-acl", "acl-1", {"Entries": [deny, allow]})
    after = Entry("ec2.network-acl", "acl-1", {"Entries": [allow]})
    assert compare([before], [after])[0].drift_class is DriftClass.SECURITY


def test_a_new_group_speaks_for_its_rules_but_not_for_those_of_others():
    found = compare([group("sg-1")], [group("sg-1"), rule(), group("sg-2"), rule(group="sg-2")])
    assert len(found) == 3
    assert [d.entry.id for d in told(found)] == ["sg-2", "sgr-1"]
