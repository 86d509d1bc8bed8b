import random
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError


def test_eight_clients_at_once_meet_no_error_of_the_server(product, lab, vpc):
    reader = product.acting()
    writer = lab.client("ec2")
    made = []

    def work(number):
        chance = random.Random(number)
        for step in range(12):
            if chance.random() < 0.5:
                answer = chance.choice(
                    [
                        reader.describe_security_groups,
                        reader.describe_security_group_rules,
                        reader.describe_network_interfaces,
                        reader.describe_route_tables,
                    ]
                )()
                assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
            else:
                group = writer.create_security_group(
                    GroupName=f"t-{number}-{step}", Description="x", VpcId=vpc
                )["GroupId"]
                made.append(group)
                writer.authorize_security_group_ingress(
                    GroupId=group,
                    IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
                )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert not [call for call in lab.calls if call.status >= 500]
    groups = lab.truth()[lab.accounts["production"], "eu-central-1", "ec2.security-group"]
    assert set(made) <= set(groups)


def test_two_writers_of_one_rule_make_it_once(lab, group):
    writer = lab.client("ec2")

    def add(_):
        try:
            writer.authorize_security_group_ingress(
                GroupId=group,
                IpPermissions=[
                    {
                        "IpProtocol": "tcp",
                        "FromPort": 1,
                        "ToPort": 1,
                        "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
                    }
                ],
            )
        except ClientError as error:
            return error.response["Error"]["Code"]
        return "made"

    with ThreadPoolExecutor(8) as pool:
        said = sorted(pool.map(add, range(8)))
    assert said == ["InvalidPermission.Duplicate"] * 7 + ["made"]
