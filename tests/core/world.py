"""A small AWS to write tests in: raw descriptions as AWS gives them, and the estate of them."""

from collections.abc import Iterable, Mapping
from typing import Any

from network.canonical import TYPES, canonicalise
from network.estate import Estate
from network.records import Record, ShardKey, ShardState, ShardStatus

ACCOUNT = "111111111111"
OTHER = "222222222222"
REGION = "eu-west-1"


def record(
    type: str, raw: Mapping[str, Any], *, account: str = ACCOUNT, region: str = REGION
) -> Record:
    """The record a collector would make of a raw description."""
    made = canonicalise(type, raw, account=account, region=region)
    observer = account if made.owner != account else ""
    return Record(type, made.owner, region, made.id, made.config, observer)


class World:
    """Collects records; every method returns the id it made or was given."""

    def __init__(self, *, account: str = ACCOUNT, region: str = REGION) -> None:
        self.account = account
        self.region = region
        self.records: list[Record] = []
        self._count = 0

    def next_id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}-{self._count:08x}"

    def add(self, type: str, raw: Mapping[str, Any]) -> str:
        made = record(type, raw, account=self.account, region=self.region)
        self.records.append(made)
        return made.id

    def estate(self, shards: Mapping[ShardKey, ShardStatus] | None = None) -> Estate:
        return Estate(self.records, shards)

    def vpc(self, cidr: str = "10.0.0.0/16", *, id: str = "", **more: Any) -> str:
        raw = {"VpcId": id or self.next_id("vpc"), "CidrBlock": cidr, "State": "available"}
        return self.add("ec2.vpc", raw | more)

    def subnet(self, vpc: str, cidr: str = "10.0.1.0/24", **more: Any) -> str:
        raw = {
            "SubnetId": self.next_id("subnet"),
            "VpcId": vpc,
            "CidrBlock": cidr,
            "MapPublicIpOnLaunch": False,
            "AssignIpv6AddressOnCreation": False,
            "State": "available",
        }
        return self.add("ec2.subnet", raw | more)

    def igw(self, vpc: str = "") -> str:
        attached = [{"State": "available", "VpcId": vpc}] if vpc else []
        raw = {"InternetGatewayId": self.next_id("igw"), "Attachments": attached}
        return self.add("ec2.internet-gateway", raw)

    def route_table(
        self,
        vpc: str,
        routes: Iterable[Mapping[str, Any]] = (),
        *,
        subnets: Iterable[str] = (),
        main: bool = False,
        **more: Any,
    ) -> str:
        joins: list[dict[str, Any]] = [{"Main": False, "SubnetId": subnet} for subnet in subnets]
        if main:
            joins.append({"Main": True})
        local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
        raw = {
            "RouteTableId": self.next_id("rtb"),
            "VpcId": vpc,
            "Associations": joins,
            "Routes": [local | {"Origin": "CreateRouteTable"}, *routes],
        }
        return self.add("ec2.route-table", raw | more)

    def acl(
        self,
        vpc: str,
        entries: Iterable[Mapping[str, Any]] = (),
        *,
        subnets: Iterable[str] = (),
        default: bool = False,
    ) -> str:
        raw = {
            "NetworkAclId": self.next_id("acl"),
            "VpcId": vpc,
            "IsDefault": default,
            "Associations": [{"SubnetId": subnet} for subnet in subnets],
            "Entries": list(entries),
        }
        return self.add("ec2.network-acl", raw)

    def group(
        self, vpc: str, rules: Iterable[Mapping[str, Any]] = (), *, name: str = "web", **more: Any
    ) -> str:
        raw = {"GroupId": self.next_id("sg"), "VpcId": vpc, "GroupName": name, "Description": "x"}
        group = self.add("ec2.security-group", raw | more)
        for rule in rules:
            self.rule(group, **rule)
        return group

    def rule(self, group: str, source: str, ports: Any = None, **more: Any) -> str:
        """`source`: a CIDR, `pl-…` or `sg-…`; `ports`: a number or a pair."""
        low, high = ports if isinstance(ports, tuple) else (ports, ports)
        raw = {
            "SecurityGroupRuleId": self.next_id("sgr"),
            "GroupId": group,
            "GroupOwnerId": self.account,
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": low,
            "ToPort": high,
        }
        if source.startswith("pl-"):
            raw["PrefixListId"] = source
        elif source.startswith("sg-"):
            raw["ReferencedGroupInfo"] = {"GroupId": source}
        else:
            raw["CidrIpv6" if ":" in source else "CidrIpv4"] = source
        return self.add("ec2.security-group-rule", raw | more)

    def interface(
        self,
        subnet: str,
        groups: Iterable[str] = (),
        *,
        public: str = "",
        private: str = "10.0.1.10",
        ipv6: str = "",
        instance: str = "",
        attached: bool = True,
        **more: Any,
    ) -> str:
        vpc = next(r.config["VpcId"] for r in self.records if r.id == subnet)
        raw: dict[str, Any] = {
            "NetworkInterfaceId": self.next_id("eni"),
            "SubnetId": subnet,
            "VpcId": vpc,
            "PrivateIpAddress": private,
            "Groups": [{"GroupId": group, "GroupName": "n"} for group in groups],
            "InterfaceType": "interface",
            "SourceDestCheck": True,
            "Status": "in-use" if attached else "available",
        }
        if attached:
            raw["Attachment"] = {"Status": "attached", "InstanceId": instance or "i-0000000a"}
        if public:
            raw["Association"] = {"PublicIp": public, "IpOwnerId": "amazon"}
        if ipv6:
            raw["Ipv6Addresses"] = [{"Ipv6Address": ipv6}]
        return self.add("ec2.network-interface", raw | more)

    def instance(self, subnet: str, *, groups: Iterable[str] = (), **more: Any) -> str:
        vpc = next(r.config["VpcId"] for r in self.records if r.id == subnet)
        raw: dict[str, Any] = {
            "InstanceId": self.next_id("i"),
            "SubnetId": subnet,
            "VpcId": vpc,
            "State": {"Name": "running", "Code": 16},
            "SecurityGroups": [{"GroupId": group} for group in groups],
            "MetadataOptions": {"HttpTokens": "required", "HttpEndpoint": "enabled"},
            "SourceDestCheck": True,
        }
        return self.add("ec2.instance", raw | more)

    def prefix_list(self, cidrs: Iterable[str] | None, *, id: str = "", **more: Any) -> str:
        raw: dict[str, Any] = {"PrefixListId": id or self.next_id("pl"), "PrefixListName": "list"}
        if cidrs is not None:
            raw["Entries"] = [{"Cidr": cidr} for cidr in cidrs]
        return self.add("ec2.managed-prefix-list", raw | more)

    def flow_log(self, watched: str, **more: Any) -> str:
        raw = {
            "FlowLogId": self.next_id("fl"),
            "ResourceId": watched,
            "TrafficType": "ALL",
            "FlowLogStatus": "ACTIVE",
            "DeliverLogsStatus": "SUCCESS",
        }
        return self.add("ec2.flow-log", raw | more)

    def address(self, **more: Any) -> str:
        raw = {"AllocationId": self.next_id("eipalloc"), "PublicIp": "52.1.2.3", "Domain": "vpc"}
        return self.add("ec2.address", raw | more)

    def peering(
        self, requester: Mapping[str, Any], accepter: Mapping[str, Any], status: str = "active"
    ) -> str:
        raw = {
            "VpcPeeringConnectionId": self.next_id("pcx"),
            "RequesterVpcInfo": {"OwnerId": ACCOUNT, "Region": REGION} | dict(requester),
            "AccepterVpcInfo": {"OwnerId": ACCOUNT, "Region": REGION} | dict(accepter),
            "Status": {"Code": status},
        }
        return self.add("ec2.vpc-peering-connection", raw)

    def public_subnet(self, vpc: str, *, cidr: str = "10.0.1.0/24") -> str:
        """A subnet routed to an Internet gateway behind an ACL that allows all."""
        subnet = self.subnet(vpc, cidr)
        igw = self.igw(vpc)
        self.route_table(vpc, [to_igw(igw), to_igw(igw, "::/0")], subnets=[subnet])
        self.acl(vpc, [allow(100), allow(101, cidr="::/0"), *both(allow)], subnets=[subnet])
        return subnet


def to_igw(igw: str, destination: str = "0.0.0.0/0", **more: Any) -> dict[str, Any]:
    key = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
    return {key: destination, "GatewayId": igw, "State": "active", "Origin": "CreateRoute"} | more


def entry(
    number: int,
    *,
    action: str = "allow",
    cidr: str = "0.0.0.0/0",
    protocol: str = "-1",
    ports: tuple[int, int] | None = None,
    egress: bool = False,
    **more: Any,
) -> dict[str, Any]:
    raw: dict[str, Any] = {
        "RuleNumber": number,
        "RuleAction": action,
        "Protocol": protocol,
        "Egress": egress,
        "Ipv6CidrBlock" if ":" in cidr else "CidrBlock": cidr,
    }
    if ports:
        raw["PortRange"] = {"From": ports[0], "To": ports[1]}
    return raw | more


def allow(number: int, **more: Any) -> dict[str, Any]:
    return entry(number, action="allow", **more)


def deny(number: int, **more: Any) -> dict[str, Any]:
    return entry(number, action="deny", **more)


def both(make: Any) -> list[dict[str, Any]]:
    """Egress entries for both families."""
    return [make(100, egress=True), make(101, egress=True, cidr="::/0")]


def statuses(
    estate: Estate, bad: Iterable[ShardKey] = (), state: ShardState = ShardState.DENIED
) -> dict[ShardKey, ShardStatus]:
    """Every shard of the accounts and regions of an estate is good, but those named."""
    places = {
        (key.account, key.region) for t in TYPES for key in [r.shard for r in estate.records(t)]
    }
    found = {
        ShardKey(account, region, t): ShardStatus(ShardState.OK)
        for account, region in places
        for t in TYPES
    }
    return found | {key: ShardStatus(state) for key in bad}
