import pytest

from lab.policy import Access, conditions_hold, matches, refusal, trusts


def allow(action, resource="*", **more):
    return {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}


def deny(action, resource="*", **more):
    return {"Statement": [{"Effect": "Deny", "Action": action, "Resource": resource, **more}]}


GROUP = "arn:aws:ec2:eu-central-1:111111111111:security-group/sg-1"
REVOKE = Access("ec2:RevokeSecurityGroupIngress", GROUP)


@pytest.mark.parametrize(
    ("identity", "session", "allowed"),
    [
        ([allow("ec2:*")], [], True),
        ([allow("ec2:revokesecuritygroupINGRESS")], [], True),
        ([allow("ec2:Revoke*", GROUP)], [], True),
        ([allow("ec2:Revoke*", GROUP[:-1] + "2")], [], False),
        ([allow("ec2:Describe*")], [], False),
        ([], [], False),
        ([allow("*"), deny("ec2:Revoke*")], [], False),
        ([allow("*"), deny("ec2:Revoke*", GROUP[:-1] + "2")], [], True),
        ([allow("*")], [allow("ec2:Describe*")], False),
        ([allow("ec2:Describe*")], [allow("*")], False),
        ([allow("*")], [allow("ec2:Revoke*", GROUP)], True),
        ([allow("*")], [allow("ec2:Revoke*", GROUP), deny("*", GROUP)], False),
        ([{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}], [], True),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}], [], True),
        ([{"Statement": [{"Effect": "Allow", "NotAction": "ec2:*", "Resource": "*"}]}], [], False),
        ([{"Statement": [{"Effect": "Allow", "Action": "*", "NotResource": GROUP}]}], [], False),
    ],
)
def test_an_access_needs_an_allow_on_each_side_and_no_deny(identity, session, allowed):
    assert (refusal([REVOKE], identity=identity, session=session) is None) is allowed


def test_all_accesses_of_a_call_must_be_allowed():
    both = [REVOKE, Access("ec2:CreateTags", GROUP)]
    found = refusal(both, identity=[allow("ec2:Revoke*")])
    assert found is not None
    assert found.access.action == "ec2:CreateTags"


@pytest.mark.parametrize(
    ("conditions", "context", "held"),
    [
        ({"StringEquals": {"ec2:Vpc": "a"}}, {"ec2:vpc": ("a",)}, True),
        ({"StringEquals": {"ec2:Vpc": ["b", "a"]}}, {"ec2:vpc": ("a",)}, True),
        ({"StringEquals": {"ec2:Vpc": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"ec2:Vpc": "a"}}, {}, True),
        ({"StringNotEquals": {"ec2:Vpc": "a"}}, {}, True),
        ({"StringNotEquals": {"ec2:Vpc": "a"}}, {"ec2:vpc": ("a",)}, False),
        (
            {"StringLike": {"aws:ResourceTag/Team": "shop*"}},
            {"aws:resourcetag/team": ("shop-1",)},
            True,
        ),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["x", "y"]}}, {"aws:tagkeys": ("x",)}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}}, {"aws:tagkeys": ("x", "z")}, False),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["x"]}}, {"aws:tagkeys": ("x", "z")}, True),
        ({"Null": {"sts:ExternalId": "true"}}, {}, True),
        ({"Null": {"sts:ExternalId": "false"}}, {}, False),
        ({"StringEquals": {"a:b": "1"}, "StringLike": {"c:d": "*"}}, {"a:b": ("1",)}, False),
    ],
)
def test_conditions_are_held_against_the_context_of_the_call(conditions, context, held):
    assert conditions_hold(conditions, context) is held


def test_an_operator_not_known_here_never_allows_and_always_denies():
    unknown = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    context = {"aws:sourceip": ("10.0.0.1",)}
    assert not conditions_hold(unknown, context)
    assert conditions_hold(unknown, context, deny=True)


def test_a_trust_policy_names_whom_it_trusts_and_under_which_condition():
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::1:user/cspm"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "secret"}},
            }
        ]
    }
    right = Access("sts:AssumeRole", "*", {"sts:externalid": ("secret",)})
    assert trusts(trust, principal="arn:aws:iam::1:user/cspm", account="1", access=right)
    assert not trusts(trust, principal="arn:aws:iam::1:user/else", account="1", access=right)
    for context in ({}, {"sts:externalid": ("wrong",)}):
        wrong = Access("sts:AssumeRole", "*", context)
        assert not trusts(trust, principal="arn:aws:iam::1:user/cspm", account="1", access=wrong)


def test_wildcards_stand_for_any_run_or_for_one_character():
    assert matches("a*c", "abbc")
    assert matches("a?c", "abc")
    assert not matches("a?c", "abbc")
    assert not matches("a.c", "abc")
