"""Answers written by hand have the shapes of botocore's model."""

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from lab import truth
from lab.server import Lab


@pytest.fixture(scope="module")
def organisation():
    with Lab(scenario="organisation", throttle=False) as lab:
        yield lab


@pytest.fixture(scope="module")
def model():
    return Session().get_service_model("ec2")


def problems(model, action, answer):
    shape = model.operation_model(action).output_shape
    if shape is None:
        return "" if answer == {} else f"{action} answers with nothing"
    report = ParamValidator().validate(answer, shape)
    return report.generate_report()


@pytest.mark.parametrize("kind", sorted(truth.TYPES))
def test_every_description_fits_its_shape(organisation, model, kind):
    action = truth.TYPES[kind][0]
    seen = 0
    for account, region, found in organisation.truth():
        if found == kind:
            answer = organisation.engine.emulator.read(account, region, action, {})
            assert problems(model, action, answer) == ""
            seen += len(answer[truth.TYPES[kind][1]])
    assert seen > 0


@pytest.mark.parametrize(
    "action",
    [
        "DescribeRegions",
        "DescribeTransitGateways",
        "DescribeTransitGatewayVpcAttachments",
        "DescribeManagedPrefixLists",
        "DescribeAvailabilityZones",
    ],
)
def test_other_descriptions_fit_their_shape(organisation, model, action):
    network = organisation.accounts["network"]
    answer = organisation.engine.emulator.read(network, "eu-central-1", action, {})
    assert problems(model, action, answer) == ""
    assert any(answer.values())


def test_answers_of_writes_fit_their_shape(organisation, model):
    account, region = organisation.accounts["production"], "eu-central-1"
    emulator = organisation.engine.emulator

    def write(action, **params):
        answer = emulator.build(account, region, action, params)
        assert problems(model, action, answer) == ""
        return answer

    vpc = write("CreateVpc", CidrBlock="10.99.0.0/16")["Vpc"]["VpcId"]
    group = write("CreateSecurityGroup", GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1}
    sources = [{"GroupId": group, "Description": "x"}]
    added = write(
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[{**permission, "UserIdGroupPairs": sources}],
    )
    rule = added["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    write(
        "UpdateSecurityGroupRuleDescriptionsIngress",
        GroupId=group,
        SecurityGroupRuleDescriptions=[{"SecurityGroupRuleId": rule, "Description": "y"}],
    )
    write(
        "ModifySecurityGroupRules",
        GroupId=group,
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rule,
                "SecurityGroupRule": {**permission, "ReferencedGroupId": group},
            }
        ],
    )
    revoked = write("RevokeSecurityGroupIngress", GroupId=group, SecurityGroupRuleIds=[rule])
    assert revoked["RevokedSecurityGroupRules"][0]["ReferencedGroupId"] == group
    write("DeleteSecurityGroup", GroupId=group)
    acl = write("CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    write(
        "CreateNetworkAclEntry",
        NetworkAclId=acl,
        RuleNumber=1,
        Protocol="-1",
        RuleAction="allow",
        CidrBlock="10.0.0.0/8",
        Egress=False,
    )
    write("CreateVpcEndpoint", VpcId=vpc, ServiceName="com.amazonaws.eu-central-1.s3")
