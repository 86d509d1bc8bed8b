import json

import pytest

from .errors import refused, status_of


def open_port(port):
    return [
        {
            "IpProtocol": "tcp",
            "FromPort": port,
            "ToPort": port,
            "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
        }
    ]


def test_the_read_role_reads_and_writes_nothing(product, group):
    reader = product.acting()
    assert reader.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    for call, params in (
        (
            reader.authorize_security_group_ingress,
            {"GroupId": group, "IpPermissions": open_port(1)},
        ),
        (reader.create_vpc, {"CidrBlock": "10.0.0.0/16"}),
        (reader.delete_security_group, {"GroupId": group}),
    ):
        assert refused(call, **params) == "UnauthorizedOperation"
        assert status_of(call, **params) == 403


def test_the_remediation_role_changes_rules_and_destroys_nothing(product, group, vpc):
    writer = product.acting(role="cspm-remediate")
    added = writer.authorize_security_group_ingress(GroupId=group, IpPermissions=open_port(1))
    rule = added["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    writer.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])
    assert refused(writer.delete_security_group, GroupId=group) == "UnauthorizedOperation"
    assert refused(writer.delete_vpc, VpcId=vpc) == "UnauthorizedOperation"


def session_policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_session_policy_holds_the_session_to_one_group(product, lab, developer, group, vpc):
    other = developer.create_security_group(GroupName="other", Description="x", VpcId=vpc)[
        "GroupId"
    ]
    arn = f"arn:aws:ec2:eu-central-1:{lab.accounts['production']}:security-group/{group}"
    policy = session_policy(
        {"Effect": "Allow", "Action": "ec2:AuthorizeSecurityGroupIngress", "Resource": arn},
        {"Effect": "Allow", "Action": "ec2:DescribeSecurityGroupRules", "Resource": "*"},
    )
    writer = product.acting(role="cspm-remediate", Policy=policy)
    writer.describe_security_group_rules()
    writer.authorize_security_group_ingress(GroupId=group, IpPermissions=open_port(2))
    denied = [
        (
            writer.authorize_security_group_ingress,
            {"GroupId": other, "IpPermissions": open_port(2)},
        ),
        (writer.revoke_security_group_ingress, {"GroupId": group, "IpPermissions": open_port(2)}),
        (writer.describe_vpcs, {}),
    ]
    for call, params in denied:
        assert refused(call, **params) == "UnauthorizedOperation"


def test_a_session_policy_cannot_widen_the_role(product):
    everything = session_policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    reader = product.acting(Policy=everything)
    assert refused(reader.create_vpc, CidrBlock="10.0.0.0/16") == "UnauthorizedOperation"


def test_tags_on_new_rules_need_their_own_permission(product, lab, group):
    account = lab.accounts["production"]
    mine = f"arn:aws:ec2:*:{account}:"
    authorize = {
        "Effect": "Allow",
        "Action": "ec2:AuthorizeSecurityGroupIngress",
        "Resource": f"{mine}security-group/{group}",
    }
    tag = {
        "Effect": "Allow",
        "Action": "ec2:CreateTags",
        "Resource": f"{mine}security-group-rule/*",
    }
    call = {
        "GroupId": group,
        "IpPermissions": open_port(3),
        "TagSpecifications": [
            {"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "b"}]}
        ],
    }
    without = product.acting(role="cspm-remediate", Policy=session_policy(authorize))
    assert refused(without.authorize_security_group_ingress, **call) == "UnauthorizedOperation"
    both = product.acting(role="cspm-remediate", Policy=session_policy(authorize, tag))
    assert both.authorize_security_group_ingress(**call)["SecurityGroupRules"][0]["Tags"]


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, False),
        ({"StringEquals": {"aws:ResourceTag/enforce": "true"}}, True),
        ({"StringEquals": {"aws:ResourceTag/enforce": "false"}}, False),
        ({"ArnEquals": {"ec2:Vpc": "arn:aws:ec2:eu-central-1:*:vpc/vpc-*"}}, True),
        ({"ArnEquals": {"ec2:Vpc": "arn:aws:ec2:eu-central-1:*:vpc/vpc-other"}}, False),
        ({"StringEquals": {"aws:SourceIdentity": "anna"}}, True),
        ({"StringEquals": {"aws:SourceIdentity": "bert"}}, False),
    ],
)
def test_conditions_are_enforced_on_the_resource_and_the_session(
    product, developer, group, condition, allowed
):
    developer.create_tags(Resources=[group], Tags=[{"Key": "enforce", "Value": "true"}])
    policy = session_policy(
        {"Effect": "Allow", "Action": "ec2:*", "Resource": "*", "Condition": condition}
    )
    writer = product.acting(role="cspm-remediate", Policy=policy, SourceIdentity="anna")
    call = {"GroupId": group, "IpPermissions": open_port(4)}
    if allowed:
        writer.authorize_security_group_ingress(**call)
    else:
        assert refused(writer.authorize_security_group_ingress, **call) == "UnauthorizedOperation"


def test_tagging_is_allowed_on_the_kinds_of_resources_named(product, developer, group):
    writer = product.acting(role="cspm-remediate")
    rules = developer.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )
    rule = rules["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    tags = [{"Key": "a", "Value": "b"}]
    writer.create_tags(Resources=[rule], Tags=tags)
    assert refused(writer.create_tags, Resources=[group], Tags=tags) == "UnauthorizedOperation"
    both = [rule, group]
    assert refused(writer.create_tags, Resources=both, Tags=tags) == "UnauthorizedOperation"


def test_only_the_management_account_lists_the_organisation(product):
    assert product.acting("organizations", "management", region="us-east-1").list_accounts()
    member = product.acting("organizations", "production", region="us-east-1")
    assert refused(member.list_accounts) == "AccessDeniedException"


def test_a_dry_run_tells_whether_the_call_would_be_allowed_and_changes_nothing(
    product, lab, developer, group
):
    before = lab.truth()
    call = {"GroupId": group, "IpPermissions": open_port(5), "DryRun": True}
    writer = product.acting(role="cspm-remediate")
    assert refused(writer.authorize_security_group_ingress, **call) == "DryRunOperation"
    reader = product.acting()
    assert refused(reader.authorize_security_group_ingress, **call) == "UnauthorizedOperation"
    assert refused(developer.create_vpc, CidrBlock="10.9.0.0/16", DryRun=True) == "DryRunOperation"
    assert lab.truth() == before
