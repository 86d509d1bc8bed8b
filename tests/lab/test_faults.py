import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)
from botocore.exceptions import HTTPClientError as BrokenConnection
from botocore.parsers import ResponseParserError

from lab.faults import Fault

from .errors import refused, status_of


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        ("denied", "UnauthorizedOperation", 403),
        ("unauthorized", "AuthFailure", 401),
        ("region-disabled", "AuthFailure", 401),
        ("throttle", "RequestLimitExceeded", 503),
        ("500", "InternalError", 500),
        ("expired", "RequestExpired", 400),
    ],
)
def test_a_refusal_comes_with_its_code(product, lab, kind, code, status):
    reader = product.acting()
    lab.faults.add(Fault(action="DescribeVpcs", kind=kind))
    assert refused(reader.describe_vpcs) == code
    assert status_of(reader.describe_vpcs) == status
    assert lab.calls[-1].error_code == code
    assert reader.describe_subnets()["Subnets"]


def test_refusals_speak_the_language_of_the_service(product, lab):
    client = product.acting("organizations", "management", region="us-east-1")
    lab.faults.add(Fault(service="organizations", kind="denied", times=1))
    assert refused(client.list_accounts) == "AccessDeniedException"
    lab.faults.add(Fault(service="organizations", kind="throttle", times=1))
    assert refused(client.list_accounts) == "ThrottlingException"
    assert client.list_accounts()["Accounts"]


def test_an_account_can_be_closed_to_the_product_at_its_door(product, lab):
    lab.faults.add(Fault(action="AssumeRole", account=lab.accounts["production"], kind="denied"))
    assert refused(product.assume) == "AccessDenied"
    assert product.assume("security")


def test_a_fault_waits_strikes_and_passes(product, lab):
    reader = product.acting()
    lab.faults.add(Fault(action="DescribeVpcs", kind="500", after=1, times=2))
    seen = []
    for _ in range(5):
        try:
            reader.describe_vpcs()
            seen.append("ok")
        except ClientError:
            seen.append("500")
    assert seen == ["ok", "500", "500", "ok", "ok"]


def test_a_fault_means_one_region_only(product, lab):
    american, european = product.acting(region="us-east-1"), product.acting()
    lab.faults.add(Fault(region="us-east-1", kind="denied"))
    assert refused(american.describe_vpcs) == "UnauthorizedOperation"
    assert european.describe_vpcs()["Vpcs"]


def test_a_hanging_call_is_given_up_by_the_client_and_had_no_effect(product, lab, group):
    writer = product.acting(role="cspm-remediate")
    before = lab.truth()
    lab.faults.add(Fault(action="AuthorizeSecurityGroupIngress", kind="timeout", times=1))
    with pytest.raises(ReadTimeoutError):
        writer.authorize_security_group_ingress(GroupId=group, IpPermissions=everyone())
    assert lab.truth() == before
    assert lab.calls[-1].error_code == "hang"


def test_a_lost_answer_leaves_the_change_made(product, lab, group):
    writer = product.acting(role="cspm-remediate")
    lab.faults.add(Fault(action="AuthorizeSecurityGroupIngress", kind="lost-answer", times=1))
    with pytest.raises(ReadTimeoutError):
        writer.authorize_security_group_ingress(GroupId=group, IpPermissions=everyone())
    rules = lab.truth()[lab.accounts["production"], "eu-central-1", "ec2.security-group-rule"]
    assert [r for r in rules.values() if r["GroupId"] == group and not r["IsEgress"]]


def test_a_slow_answer_is_whole(product, lab):
    reader = product.acting()
    lab.faults.add(Fault(action="DescribeVpcs", kind="slow", seconds=0.3))
    assert reader.describe_vpcs()["Vpcs"]


def test_a_reset_connection_is_an_error_of_the_connection(product, lab):
    reader = product.acting()
    lab.faults.add(Fault(action="DescribeVpcs", kind="reset", times=1))
    with pytest.raises((ConnectionClosedError, BrokenConnection)):
        reader.describe_vpcs()
    assert reader.describe_vpcs()["Vpcs"]


def test_a_malformed_answer_is_no_answer(product, lab):
    reader = product.acting()
    lab.faults.add(Fault(action="DescribeVpcs", kind="malformed", times=1))
    with pytest.raises(ResponseParserError):
        reader.describe_vpcs()


def test_only_the_last_page_is_cut(product, lab, developer, vpc):
    for n in range(6):
        developer.create_security_group(GroupName=f"cut-{n}", Description="x", VpcId=vpc)
    reader = product.acting()
    lab.faults.add(Fault(action="DescribeSecurityGroups", kind="cut-page"))
    first = reader.describe_security_groups(MaxResults=5)
    with pytest.raises((BrokenConnection, ResponseParserError)):
        reader.describe_security_groups(MaxResults=5, NextToken=first["NextToken"])
    with pytest.raises((BrokenConnection, ResponseParserError)):
        reader.describe_security_groups(MaxResults=1000)


def test_a_repeated_token_never_ends(product, lab, developer, vpc):
    for n in range(6):
        developer.create_security_group(GroupName=f"repeat-{n}", Description="x", VpcId=vpc)
    reader = product.acting()
    lab.faults.add(Fault(action="DescribeSecurityGroups", kind="repeat-token"))
    first = reader.describe_security_groups(MaxResults=5)["NextToken"]
    second = reader.describe_security_groups(MaxResults=5, NextToken=first)["NextToken"]
    assert second == first


def test_the_developer_meets_no_fault(lab, developer):
    lab.faults.add(Fault(kind="denied"))
    assert developer.describe_vpcs()["Vpcs"]


def test_an_unknown_kind_is_refused_at_once(lab):
    with pytest.raises(ValueError, match="unknown kind"):
        lab.faults.add(Fault(kind="gremlins"))


def everyone():
    return [
        {"IpProtocol": "tcp", "FromPort": 9, "ToPort": 9, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ]
