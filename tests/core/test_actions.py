"""Planners, contents and policies: pure, so every case is a few records."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from findings.rules.evaluate import evaluate
from network.canonical import canonicalise
from network.estate import Estate
from network.records import Record, ShardKey, ShardState, ShardStatus
from remediation.actions import ACTIONS, Facts, NoPlanError, content, rules
from remediation.actions.policy import LIMIT, PolicyTooLongError, session_policy
from remediation.actions.security_groups import restore
from remediation.actions.sessions import source_identity
from remediation.execute import WRITES

ACCOUNT, REGION, GROUP = "111111111111", "eu-central-1", "sg-0000000000000001"
TYPES = ("ec2.security-group", "ec2.security-group-rule", "ec2.network-interface")


def record(type, raw):
    form = canonicalise(type, raw, account=ACCOUNT, region=REGION)
    return Record(type, form.owner, REGION, form.id, form.config)


def group(id=GROUP, name="bastion", **raw):
    return record(
        "ec2.security-group",
        {"GroupId": id, "OwnerId": ACCOUNT, "GroupName": name, "VpcId": "vpc-1", **raw},
    )


def rule(id, low=22, high=None, *, cidr="0.0.0.0/0", protocol="tcp", egress=False, **raw):
    peer = (
        {}
        if any(k in raw for k in ("PrefixListId", "ReferencedGroupInfo"))
        else {"CidrIpv6" if ":" in cidr else "CidrIpv4": cidr}
    )
    return record(
        "ec2.security-group-rule",
        {
            "SecurityGroupRuleId": id,
            "GroupId": GROUP,
            "GroupOwnerId": ACCOUNT,
            "IsEgress": egress,
            "IpProtocol": protocol,
            "FromPort": low,
            "ToPort": low if high is None else high,
            **peer,
            **raw,
        },
    )


def interface(id, *groups, **raw):
    return record(
        "ec2.network-interface",
        {
            "NetworkInterfaceId": id,
            "OwnerId": ACCOUNT,
            "VpcId": "vpc-1",
            "SubnetId": "subnet-1",
            "Status": "in-use",
            "Groups": [{"GroupId": each} for each in groups or (GROUP,)],
            "Attachment": {"Status": "attached", "InstanceId": "i-1"},
            **raw,
        },
    )


def facts(estate, code="sg-ingress-ssh-from-internet", **evidence):
    if not evidence:
        found = [
            r
            for r in evaluate(estate)
            if r.rule == code and r.verdict == "fail" and r.record.id == GROUP
        ]
        evidence = found[0].evidence
    kind = "drift" if code.startswith("drift") else "misconfiguration"
    return Facts(1, kind, code, ACCOUNT, REGION, "ec2.security-group", GROUP, evidence)


def plan(action, estate, code="sg-ingress-ssh-from-internet", **evidence):
    return ACTIONS[action].plan(facts(estate, code, **evidence), estate)


def test_an_open_rule_is_revoked_by_its_id_and_no_other():
    estate = Estate(
        [
            group(),
            rule("sgr-open", Description="debug access", Tags=[{"Key": "Owner", "Value": "ops"}]),
            rule("sgr-office", cidr="198.51.100.0/24"),
            rule("sgr-web", 443),
        ]
    )
    draft = plan("revoke-ingress-rule", estate)
    assert [step.params for step in draft.steps] == [
        {"GroupId": GROUP, "SecurityGroupRuleIds": ["sgr-open"]}
    ]
    assert {item["id"] for item in draft.after["rules"]} == {"sgr-office", "sgr-web"}
    back = draft.inverse[0]
    assert back.operation == "AuthorizeSecurityGroupIngress"
    assert back.params["IpPermissions"] == [
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "debug access"}],
        }
    ]
    assert back.params["TagSpecifications"][0]["Tags"] == [{"Key": "Owner", "Value": "ops"}]


def test_two_halves_of_the_internet_are_both_revoked():
    estate = Estate([group(), rule("sgr-1", cidr="0.0.0.0/1"), rule("sgr-2", cidr="128.0.0.0/1")])
    draft = plan("revoke-ingress-rule", estate)
    assert draft.steps[0].removes == ("sgr-1", "sgr-2")


def test_a_range_is_split_and_what_remains_is_authorised_before_anything_goes():
    wide = rule("sgr-wide", 20, 8080, Description="legacy", Tags=[{"Key": "A", "Value": "b"}])
    draft = plan("revoke-ingress-rule", Estate([group(), wide]))
    assert [step.operation for step in draft.steps] == [
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
    ]
    added = [step.adds[0] for step in draft.steps[:2]]
    assert [(each["FromPort"], each["ToPort"]) for each in added] == [(20, 21), (23, 8080)]
    assert all(each["Description"] == "legacy" and each["Tags"] == {"A": "b"} for each in added)
    assert {rules.ports(item["rule"]) for item in draft.after["rules"]} == {"20-21", "23-8080"}


def test_a_part_that_another_rule_has_already_is_not_written_twice():
    estate = Estate([group(), rule("sgr-wide", 22, 80), rule("sgr-rest", 23, 80)])
    draft = plan("revoke-ingress-rule", estate)
    assert [step.operation for step in draft.steps] == ["RevokeSecurityGroupIngress"]


@pytest.mark.parametrize(
    "open_to_all", [{"protocol": "-1", "low": None}, {"low": 0, "high": 65535}]
)
def test_all_traffic_needs_a_person_and_the_plan_says_why(open_to_all):
    draft = plan("revoke-ingress-rule", Estate([group(), rule("sgr-all", **open_to_all)]))
    assert draft.steps[0].removes == ("sgr-all",)
    assert "everything else it admitted ends" in draft.needs_person


def test_a_world_open_prefix_list_is_revoked_whole_with_the_list_in_the_way_back():
    prefix_list = record(
        "ec2.managed-prefix-list",
        {
            "PrefixListId": "pl-1",
            "OwnerId": ACCOUNT,
            "PrefixListName": "partners",
            "Entries": [{"Cidr": "0.0.0.0/0"}],
        },
    )
    estate = Estate([group(), prefix_list, rule("sgr-list", PrefixListId="pl-1")])
    draft = plan("revoke-ingress-rule", estate)
    assert draft.inverse[0].params["IpPermissions"][0]["PrefixListIds"] == [
        {"PrefixListId": "pl-1"}
    ]


def test_there_is_no_plan_when_the_rules_are_gone_or_were_not_read():
    before = Estate([group(), rule("sgr-open")])
    evidence = facts(before).evidence
    with pytest.raises(NoPlanError, match="no longer"):
        plan("revoke-ingress-rule", Estate([group()]), **evidence)
    shards = {ShardKey(ACCOUNT, REGION, t): ShardStatus(ShardState.OK) for t in TYPES}
    shards[ShardKey(ACCOUNT, REGION, TYPES[1])] = ShardStatus(ShardState.DENIED)
    with pytest.raises(NoPlanError, match="not sure"):
        plan("revoke-ingress-rule", Estate([group(), rule("sgr-open")], shards), **evidence)


def test_an_added_rule_is_revoked_in_its_own_direction():
    estate = Estate([group(), rule("sgr-out", 5432, egress=True), rule("sgr-in", 443)])
    draft = plan("revoke-added-rule", estate, "drift-sg-rule-added", rule_ids=["sgr-out"])
    assert [step.operation for step in draft.steps] == ["RevokeSecurityGroupEgress"]
    assert draft.inverse[0].operation == "AuthorizeSecurityGroupEgress"
    assert draft.needs_person == ""


def test_an_added_rule_that_says_something_else_by_now_is_left_alone():
    was = content.rule_form(rule("sgr-x", 22).config)
    with pytest.raises(NoPlanError, match="no longer"):
        plan(
            "revoke-added-rule",
            Estate([group(), rule("sgr-x", 443)]),
            "drift-sg-rule-added",
            rule_ids=["sgr-x"],
            after=was,
        )


@pytest.mark.parametrize(
    "mark",
    [
        {"Tags": [{"Key": "kubernetes.io/cluster/prod", "Value": "owned"}]},
        {"Tags": [{"Key": "elbv2.k8s.aws/cluster", "Value": "prod"}]},
    ],
)
def test_a_group_that_a_controller_manages_is_left_to_people(mark):
    estate = Estate([group(**mark), rule("sgr-x", 8443)])
    draft = plan("revoke-added-rule", estate, "drift-sg-rule-added", rule_ids=["sgr-x"])
    assert "managed by something else" in draft.needs_person


def test_a_removed_rule_comes_back_exactly():
    wanted = content.rule_form(
        rule(
            "sgr-old", 443, cidr="10.0.0.0/8", Description="app", Tags=[{"Key": "a", "Value": "b"}]
        ).config
    )
    draft = plan("add-back-rule", Estate([group()]), "drift-sg-rule-removed", before=wanted)
    assert draft.steps[0].adds == (wanted,)
    assert draft.after["rules"] == [{"id": "", "rule": wanted}]


def test_a_removed_rule_that_was_bad_is_not_resurrected():
    wanted = content.rule_form(rule("sgr-old", 22).config)
    with pytest.raises(NoPlanError, match="SSH"):
        plan("add-back-rule", Estate([group()]), "drift-sg-rule-removed", before=wanted)


def test_a_rollback_restores_what_was_removed_and_takes_away_what_was_added():
    wide = rule("sgr-wide", 20, 80, Description="legacy")
    first = plan("revoke-ingress-rule", Estate([group(), wide]))
    after = Estate([group(), rule("sgr-a", 20, 21), rule("sgr-b", 23, 80)])
    was = {item["id"]: item["rule"] for item in first.before["rules"]}
    back = restore(
        facts(after, "x", items=[]), after, back=was, away=["sgr-a", "sgr-b"], summary="Roll back"
    )
    assert [step.operation[:6] for step in back.steps] == ["Author", "Revoke"]
    assert [item["rule"] for item in back.after["rules"]] == [was["sgr-wide"]]


def test_a_rollback_is_refused_when_the_rule_is_there_again():
    estate = Estate([group(), rule("sgr-new")])
    was = content.rule_form(rule("sgr-old").config)
    with pytest.raises(NoPlanError, match="again already"):
        restore(facts(estate), estate, back={"sgr-old": was}, away=[], summary="Roll back")


SOURCES = st.sampled_from(["0.0.0.0/0", "10.0.0.0/8", "198.51.100.7/32", "::/0"])
PORTS = st.tuples(st.integers(1, 3000), st.integers(0, 3000)).map(lambda p: (p[0], p[0] + p[1]))


@given(st.lists(st.tuples(PORTS, SOURCES), min_size=1, max_size=6, unique=True))
def test_a_plan_closes_the_risky_port_and_nothing_else(listed):
    made = [rule(f"sgr-{n}", low, high, cidr=cidr) for n, ((low, high), cidr) in enumerate(listed)]
    estate = Estate([group(), *made])
    failing = [r for r in evaluate(estate) if r.rule == "sg-ingress-ssh-from-internet"]
    if failing[0].verdict != "fail":
        return
    draft = plan("revoke-ingress-rule", estate)

    def admitted(state):
        return {
            (rules.peer(item["rule"]), port)
            for item in state["rules"]
            for port in range(item["rule"]["FromPort"], item["rule"]["ToPort"] + 1)
        }

    before, after = admitted(draft.before), admitted(draft.after)
    assert after <= before
    assert before - after == {pair for pair in before if pair[1] == 22 and "/0" in pair[0]}
    steps = content.numbered(draft.steps)
    kinds = ["add" if step["adds"] else "remove" for step in steps]
    assert kinds == sorted(kinds), "adds come before removals"


def test_every_stage_of_a_plan_is_told_from_the_others():
    draft = plan("revoke-ingress-rule", Estate([group(), rule("sgr-wide", 20, 80)]))
    made = {"before": draft.before, "steps": content.numbered(draft.steps)}
    for number, stage in enumerate(content.stages(made)):
        live = {
            "group": stage["group"],
            "rules": [
                {"id": item["id"] or f"sgr-new-{n}", "rule": item["rule"]}
                for n, item in enumerate(stage["rules"])
            ],
        }
        assert content.stage_of(made, live) == number
    assert content.stage_of(made, {"group": {}, "rules": []}) is None


def test_the_hash_covers_every_part_and_not_the_order_of_keys():
    draft = plan("revoke-ingress-rule", Estate([group(), rule("sgr-open")]))
    made = content.build(
        draft, action="a", origin="finding", finding=1, place={"region": REGION}, impact={}
    )
    assert content.digest(dict(reversed(made.items()))) == content.digest(
        json.loads(json.dumps(made))
    )
    for key in made:
        assert content.digest({**made, key: "other"}) != content.digest(made)


def test_a_changed_description_or_an_added_rule_is_a_difference():
    expected = content.state(
        {}, {"sgr-1": content.rule_form(rule("sgr-1", Description="a").config)}
    )
    other = content.state({}, {"sgr-1": content.rule_form(rule("sgr-1", Description="b").config)})
    more = content.state(
        {}, {"sgr-1": expected["rules"][0]["rule"], "sgr-2": {**other["rules"][0]["rule"]}}
    )
    assert "was changed" in content.differences(expected, other)[0]
    assert "was added" in content.differences(expected, more)[0]
    assert "is gone" in content.differences(expected, content.state({}, {}))[0]


def test_a_session_policy_names_the_plans_objects_and_nothing_more():
    draft = plan("revoke-ingress-rule", Estate([group(), rule("sgr-open", 20, 80)]))
    policy = json.loads(session_policy(content.numbered(draft.steps), region=REGION))
    allowed = {
        action: statement["Resource"]
        for statement in policy["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert allowed["ec2:RevokeSecurityGroupIngress"] == [
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/sgr-open",
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{GROUP}",
    ]
    assert not any("*" in action for action in allowed)
    assert {a for a in allowed if not a.startswith("ec2:Describe")} == {
        "ec2:RevokeSecurityGroupIngress",
        "ec2:AuthorizeSecurityGroupIngress",
    }


def test_a_policy_that_aws_would_not_take_is_refused_before():
    step = rules.revoke(
        [f"sgr-{n:017x}" for n in range(40)],
        {"GroupId": GROUP, "IsEgress": False},
        account=ACCOUNT,
        region=REGION,
        purpose="many",
    )
    with pytest.raises(PolicyTooLongError, match=str(LIMIT)):
        session_policy([step.as_json(1)], region=REGION)


@given(st.text(max_size=150))
def test_any_user_name_becomes_a_source_identity_that_sts_takes(name):
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", source_identity(name))


def test_no_action_needs_a_permission_beyond_the_allowed_writes():
    needed = {p.removeprefix("ec2:") for each in ACTIONS.values() for p in each.permissions}
    assert needed - {"CreateTags"} == WRITES
