"""All rules over a synthetic estate of 100,000 resources, on one core."""

import random
import resource
import time
from collections import Counter
from typing import Any

from bench.measure import Measurement
from findings.rules import RULES
from findings.rules.evaluate import evaluate
from network.canonical import TYPES, canonicalise
from network.estate import Estate
from network.records import Record, ShardKey, ShardState, ShardStatus

SIZE = 100_000
REGIONS = ("eu-west-1", "us-east-1")
_OWN_RANGES = ("10.0.0.0/8", "10.1.0.0/16", "192.168.0.0/16", "52.9.9.0/24")


def synthetic(size: int = SIZE, *, seed: int = 7) -> list[Record]:
    """An estate of about `size` resources: for each VPC 6 subnets, 40 interfaces, 20 groups of 7
    rules, and what goes with them; some of it open, most of it not.
    """
    made: list[Record] = []
    number = 0
    while len(made) < size:
        made += _vpc(number, random.Random(seed * 1_000_003 + number))
        number += 1
    return made[:size]


def _record(type_: str, raw: dict[str, Any], account: str, region: str) -> Record:
    found = canonicalise(type_, raw, account=account, region=region)
    return Record(type_, found.owner, region, found.id, found.config)


def _vpc(n: int, rng: random.Random) -> list[Record]:
    account, region = f"{100_000_000_000 + n // 8}", REGIONS[n % 2]
    listed: list[tuple[str, dict[str, Any]]] = []
    vpc, second = f"vpc-{n:08x}", n % 250
    listed.append(
        ("ec2.vpc", {"VpcId": vpc, "CidrBlock": f"10.{second}.0.0/16", "IsDefault": False})
    )
    igw = {"InternetGatewayId": f"igw-{n:08x}", "Attachments": [{"VpcId": vpc}]}
    listed.append(("ec2.internet-gateway", igw))
    subnets = [f"subnet-{n:06x}{i:02x}" for i in range(6)]
    for i, subnet in enumerate(subnets):
        tier = "public" if i < 3 else "data"
        listed.append(
            (
                "ec2.subnet",
                {
                    "SubnetId": subnet,
                    "VpcId": vpc,
                    "CidrBlock": f"10.{second}.{i}.0/24",
                    "MapPublicIpOnLaunch": i == 0,
                    "Tags": [{"Key": "tier", "Value": tier}],
                },
            )
        )
    out = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": f"igw-{n:08x}", "State": "active"}
    joins = [{"SubnetId": subnet} for subnet in subnets[:3]]
    for i, (routes, joined) in enumerate((([out], joins), ([], [{"Main": True}]))):
        raw = {"RouteTableId": f"rtb-{n:06x}{i:02x}", "VpcId": vpc, "Routes": routes}
        listed.append(("ec2.route-table", raw | {"Associations": joined}))
    entries = [
        {
            "RuleNumber": 100,
            "Egress": egress,
            "RuleAction": "allow",
            "Protocol": "-1",
            "CidrBlock": "0.0.0.0/0",
        }
        for egress in (False, True)
    ]
    acl = {"NetworkAclId": f"acl-{n:08x}", "VpcId": vpc, "IsDefault": True, "Entries": entries}
    listed.append(("ec2.network-acl", acl | {"Associations": [{"SubnetId": s} for s in subnets]}))
    prefixes = {
        "PrefixListId": f"pl-{n:08x}",
        "Entries": [{"Cidr": f"52.{i}.0.0/24"} for i in range(20)],
    }
    listed.append(("ec2.managed-prefix-list", prefixes | {"PrefixListName": "partners"}))
    if n % 3:
        listed.append(
            (
                "ec2.flow-log",
                {
                    "FlowLogId": f"fl-{n:08x}",
                    "ResourceId": vpc,
                    "TrafficType": "ALL",
                    "FlowLogStatus": "ACTIVE",
                },
            )
        )
    groups = [f"sg-{n:06x}{i:02x}" for i in range(20)]
    for i, group in enumerate(groups):
        listed += _group(n, i, group, vpc, groups, rng)
    for i in range(40):
        listed += _machine(n, i, vpc, subnets, groups, rng)
    return [_record(type_, raw, account, region) for type_, raw in listed]


def _group(
    n: int, i: int, group: str, vpc: str, groups: list[str], rng: random.Random
) -> list[tuple[str, dict[str, Any]]]:
    name = "default" if i == 0 else f"app-{i}"
    listed = [("ec2.security-group", {"GroupId": group, "VpcId": vpc, "GroupName": name})]
    for j in range(7):
        raw: dict[str, Any] = {
            "SecurityGroupRuleId": f"sgr-{n:06x}{i:02x}{j:02x}",
            "GroupId": group,
            "IsEgress": j == 6,
            "IpProtocol": "-1" if j == 6 else "tcp",
            "FromPort": -1 if j == 6 else rng.choice((22, 80, 443, 3306, 5432, 8080)),
        }
        raw["ToPort"] = raw["FromPort"] if rng.random() < 0.9 else max(raw["FromPort"], 9000)
        pick = rng.random()
        if j == 6 or pick < 0.08:
            raw["CidrIpv4"] = "0.0.0.0/0"
        elif pick < 0.1:
            raw["CidrIpv6"] = "::/0"
        elif pick < 0.2:
            raw["PrefixListId"] = f"pl-{n:08x}"
        elif pick < 0.5:
            raw["ReferencedGroupInfo"] = {"GroupId": rng.choice(groups)}
        else:
            raw["CidrIpv4"] = rng.choice(_OWN_RANGES)
        listed.append(("ec2.security-group-rule", raw))
    return listed


def _machine(
    n: int, i: int, vpc: str, subnets: list[str], groups: list[str], rng: random.Random
) -> list[tuple[str, dict[str, Any]]]:
    instance, subnet = f"i-{n:06x}{i:02x}", subnets[i % 6]
    mine = [{"GroupId": group} for group in rng.sample(groups, 2)]
    raw: dict[str, Any] = {
        "NetworkInterfaceId": f"eni-{n:06x}{i:02x}",
        "VpcId": vpc,
        "SubnetId": subnet,
        "PrivateIpAddress": f"10.{n % 250}.{i % 6}.{10 + i}",
        "Groups": mine,
        "Status": "in-use",
        "SourceDestCheck": True,
        "Attachment": {"Status": "attached", "InstanceId": instance},
    }
    if i % 12 == 0:
        raw["Association"] = {"PublicIp": f"52.{n % 250}.{i}.7"}
    machine = {
        "InstanceId": instance,
        "VpcId": vpc,
        "SubnetId": subnet,
        "State": {"Name": "running"},
        "SecurityGroups": mine,
        "SourceDestCheck": True,
        "MetadataOptions": {
            "HttpTokens": rng.choice(("required", "optional")),
            "HttpEndpoint": "enabled",
        },
    }
    return [("ec2.network-interface", raw), ("ec2.instance", machine)]


def _good(records: list[Record]) -> dict[ShardKey, ShardStatus]:
    places = {(record.account, record.region) for record in records}
    good = ShardStatus(ShardState.OK)
    return {ShardKey(*place, type_): good for place in places for type_ in TYPES}


def run() -> list[Measurement]:
    """Measure: estate and all rules together, since each evaluation starts from records."""
    start = time.process_time()
    records = synthetic()
    canonical = time.process_time() - start
    shards = _good(records)
    start = time.process_time()
    verdicts = Counter(result.verdict for result in evaluate(Estate(records, shards)))
    spent = time.process_time() - start
    types = Counter(record.type for record in records)
    about = (
        f"{len(records)} resources ({types['ec2.security-group']} groups,"
        f" {types['ec2.security-group-rule']} group rules), {len(RULES)} rules,"
        f" {sum(verdicts.values())} verdicts ({verdicts['fail']} fail), one core"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        {"name": "all rules over 100,000 resources", "value": round(spent, 2), "unit": "s", "target": "<= 10", "conditions": about},
        {"name": "resources made canonical", "value": round(len(records) / canonical), "unit": "/s", "target": "", "conditions": "one core, raw to Record"},
        {"name": "peak memory of the process", "value": round(peak), "unit": "MB", "target": "", "conditions": about},
    ]  # fmt: skip


if __name__ == "__main__":
    for line in run():
        print(line)
