"""A three-tier application as most teams build it: public, private and data subnets in two zones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab import services
from lab.place import Place, everything, tcp

ZONES = ("a", "b")
OPEN_ACL: Sequence[Mapping[str, Any]] = (
    {
        "RuleNumber": 100,
        "Protocol": "-1",
        "RuleAction": "allow",
        "CidrBlock": "0.0.0.0/0",
        "Egress": True,
    },
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What an application consists of; `net` is the first half of its /16, such as "10.20"."""

    name: str
    net: str
    servers: int = 2
    ipv6: bool = False
    flow_logs: bool = True
    database: bool = True
    function: bool = True
    table: bool = True
    nat_gateways: int = 1


@dataclass(slots=True)
class Application:
    """The ids of what was built."""

    place: Place
    shape: Shape
    vpc: str
    gateway: str = ""
    nat: list[str] = field(default_factory=list)
    subnets: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    servers: list[str] = field(default_factory=list)


def build(place: Place, shape: Shape) -> Application:
    """Build the application, healthy in every respect."""
    vpc = place.vpc(shape.name, f"{shape.net}.0.0/16", ipv6=shape.ipv6)
    app = Application(place, shape, vpc)
    place.default_group(vpc)
    if shape.flow_logs:
        place.flow_log(vpc, shape.name)
    _subnets(app)
    _routes(app)
    _acls(app)
    _groups(app)
    _endpoints(app)
    _workload(app)
    return app


def _subnets(app: Application) -> None:
    shape, place = app.shape, app.place
    block = ""
    if shape.ipv6:
        vpc = place.backend.vpcs[app.vpc]
        block = vpc.get_cidr_block_association_set(ipv6=True)[0]["cidr_block"].removesuffix(
            "00::/56"
        )
    for tier, offset in (("public", 0), ("private", 10), ("data", 20)):
        app.subnets[tier] = []
        for number, zone in enumerate(ZONES):
            v6 = f"{block}{offset + number:02d}::/64" if block else ""
            app.subnets[tier].append(
                place.subnet(
                    app.vpc,
                    f"{shape.name}-{tier}-{zone}",
                    f"{shape.net}.{offset + number}.0/24",
                    zone=zone,
                    tier=tier,
                    ipv6=v6,
                )
            )


def _routes(app: Application) -> None:
    shape, place = app.shape, app.place
    app.gateway = place.internet_gateway(app.vpc, shape.name)
    for subnet in app.subnets["public"][: shape.nat_gateways]:
        app.nat.append(place.nat_gateway(subnet, f"{shape.name}-nat-{len(app.nat) + 1}"))
    out = {"GatewayId": app.gateway}
    public = {"0.0.0.0/0": out, "::/0": out} if shape.ipv6 else {"0.0.0.0/0": out}
    app.tables["public"] = [
        place.route_table(app.vpc, f"{shape.name}-public", app.subnets["public"], public)
    ]
    app.tables["private"] = [
        place.route_table(
            app.vpc,
            f"{shape.name}-private-{zone}",
            [subnet],
            {"0.0.0.0/0": {"NatGatewayId": app.nat[min(number, len(app.nat) - 1)]}},
        )
        for number, (zone, subnet) in enumerate(zip(ZONES, app.subnets["private"], strict=True))
    ]
    app.tables["data"] = [place.route_table(app.vpc, f"{shape.name}-data", app.subnets["data"], {})]


def _acls(app: Application) -> None:
    """Administration ports are denied before all is allowed; the default ACL admits 10/8 only."""
    shape, place = app.shape, app.place
    deny: list[dict[str, Any]] = []
    cidrs = [("CidrBlock", "0.0.0.0/0")]
    if shape.ipv6:
        cidrs.append(("Ipv6CidrBlock", "::/0"))
    for row, (key, cidr) in enumerate(cidrs):
        for column, port in enumerate((22, 3389)):
            deny.append(
                {
                    "RuleNumber": 90 + 2 * row + column,
                    "Protocol": "6",
                    "RuleAction": "deny",
                    key: cidr,
                    "PortRange": {"From": port, "To": port},
                }
            )
        for egress in (False, True):
            deny.append(
                {
                    "RuleNumber": 100 + row,
                    "Protocol": "-1",
                    "RuleAction": "allow",
                    key: cidr,
                    "Egress": egress,
                }
            )
    place.acl(app.vpc, f"{shape.name}-public", app.subnets["public"], deny)
    inside = f"{shape.net}.0.0/16"
    data = [
        {
            "RuleNumber": 100,
            "Protocol": "6",
            "RuleAction": "allow",
            "CidrBlock": inside,
            "PortRange": {"From": 5432, "To": 5432},
        },
        {
            "RuleNumber": 110,
            "Protocol": "6",
            "RuleAction": "allow",
            "CidrBlock": inside,
            "PortRange": {"From": 1024, "To": 65535},
        },
        {
            "RuleNumber": 100,
            "Protocol": "-1",
            "RuleAction": "allow",
            "CidrBlock": inside,
            "Egress": True,
        },
    ]
    place.acl(app.vpc, f"{shape.name}-data", app.subnets["data"], data)
    close_default_acl(place, app.vpc)


def close_default_acl(place: Place, vpc: str) -> None:
    """Inbound, the VPC's default ACL then admits private addresses and answers only."""
    for acl in list(place.backend.network_acls.values()):
        if acl.vpc_id != vpc or not acl.default:
            continue
        place.call(
            "ReplaceNetworkAclEntry",
            NetworkAclId=acl.id,
            RuleNumber=100,
            Protocol="-1",
            RuleAction="allow",
            CidrBlock="10.0.0.0/8",
            Egress=False,
        )
        place.call(
            "CreateNetworkAclEntry",
            NetworkAclId=acl.id,
            RuleNumber=110,
            Protocol="6",
            RuleAction="allow",
            CidrBlock="0.0.0.0/0",
            PortRange={"From": 32768, "To": 65535},
            Egress=False,
        )
        if any(entry.ipv6_cidr_block for entry in acl.entries):
            place.call("DeleteNetworkAclEntry", NetworkAclId=acl.id, RuleNumber=101, Egress=False)


def _groups(app: Application) -> None:
    shape, place = app.shape, app.place
    anywhere = ("0.0.0.0/0", "::/0") if shape.ipv6 else ("0.0.0.0/0",)
    groups = app.groups
    groups["alb"] = place.group(
        app.vpc, f"{shape.name}-alb", "Load balancer", [tcp(443, *anywhere, text="customers")]
    )
    groups["app"] = place.group(
        app.vpc,
        f"{shape.name}-app",
        "Application servers",
        [tcp(8080, groups["alb"], text="from the load balancer")],
    )
    groups["function"] = place.group(app.vpc, f"{shape.name}-function", "Functions")
    groups["db"] = place.group(
        app.vpc,
        f"{shape.name}-db",
        "Database",
        [tcp(5432, groups["app"], groups["function"], text="from servers and functions")],
    )
    groups["endpoint"] = place.group(
        app.vpc,
        f"{shape.name}-endpoints",
        "Interface endpoints",
        [tcp(443, f"{shape.net}.0.0/16", text="from inside")],
    )
    groups["cluster"] = place.group(app.vpc, f"{shape.name}-cluster", "Members of the cache")
    place.admit(groups["cluster"], everything(groups["cluster"], text="among members"))


def _endpoints(app: Application) -> None:
    shape, place = app.shape, app.place
    prefix = f"com.amazonaws.{place.region}"
    for service in ("dynamodb", "s3"):
        place.call(
            "CreateVpcEndpoint",
            VpcId=app.vpc,
            ServiceName=f"{prefix}.{service}",
            VpcEndpointType="Gateway",
            RouteTableIds=app.tables["private"],
            TagSpecifications=place.tagged("vpc-endpoint", f"{shape.name}-{service}"),
        )
    place.call(
        "CreateVpcEndpoint",
        VpcId=app.vpc,
        ServiceName=f"{prefix}.secretsmanager",
        VpcEndpointType="Interface",
        SubnetIds=app.subnets["private"],
        SecurityGroupIds=[app.groups["endpoint"]],
        PrivateDnsEnabled=True,
        TagSpecifications=place.tagged("vpc-endpoint", f"{shape.name}-secretsmanager"),
    )


def _workload(app: Application) -> None:
    shape, place = app.shape, app.place
    services.load_balancer(
        place,
        shape.name,
        app.subnets["public"],
        app.groups["alb"],
        vpc_id=app.vpc,
        public=True,
    )
    for number in range(shape.servers):
        app.servers.append(
            place.instance(
                app.subnets["private"][number % 2],
                f"{shape.name}-app-{number + 1}",
                [app.groups["app"], app.groups["cluster"]],
            )
        )
    if shape.database:
        services.database(place, shape.name, app.subnets["data"], app.groups["db"])
    if shape.function:
        services.function(
            place, f"{shape.name}-events", app.subnets["private"], app.groups["function"]
        )
    if shape.table:
        services.table(place, f"{shape.name}-orders")
