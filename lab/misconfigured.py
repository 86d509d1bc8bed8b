"""What is wrong in the demo organisation, each beside something that looks like it and is right."""

from typing import Any

from lab import application
from lab.place import everything, tcp
from lab.world import AMERICA, EUROPE, World

FROM_ANYWHERE = "0.0.0.0/0"

# code → (account, region, name of the resource, what is wrong)
MISCONFIGURATIONS: dict[str, tuple[str, str, str, str]] = {
    "ssh-open": ("production", EUROPE, "bastion", "SSH open to 0.0.0.0/0 on a public instance"),
    "rdp-open-ipv6": ("staging", EUROPE, "windows-jump", "RDP open to ::/0"),
    "database-open-in-halves": (
        "sandbox",
        EUROPE,
        "mysql-halves",
        "MySQL open to 0.0.0.0/1 and 128.0.0.0/1",
    ),
    "open-by-prefix-list": (
        "production",
        AMERICA,
        "partner-access",
        "SSH open to a prefix list that contains 0.0.0.0/0",
    ),
    "all-traffic-open": ("sandbox", EUROPE, "anything-goes", "all protocols open to 0.0.0.0/0"),
    "all-ports-open": ("sandbox", EUROPE, "all-tcp", "TCP 0-65535 open to 0.0.0.0/0"),
    "range-covers-ssh": ("staging", EUROPE, "wide-range", "TCP 20-8080 open to 0.0.0.0/0"),
    "default-group-with-rules": ("sandbox", AMERICA, "default", "default group with its rules"),
    "unattached-open-group": (
        "sandbox",
        EUROPE,
        "forgotten-debug",
        "SSH open on a group nothing uses",
    ),
    "database-open": ("data", EUROPE, "warehouse-db-public", "PostgreSQL open in the data tier"),
    "acl-admits-administration": (
        "staging",
        EUROPE,
        "legacy-public",
        "network ACL admits 22 and 3389 from anywhere",
    ),
    "data-subnet-with-internet-route": (
        "data",
        EUROPE,
        "warehouse-data-b",
        "data subnet on a route table with an Internet gateway",
    ),
    "blackhole-route": ("staging", AMERICA, "load-test-old", "route to a deleted NAT gateway"),
    "peering-route-too-wide": (
        "production",
        EUROPE,
        "shop-private-a",
        "route to the whole VPC of a peer",
    ),
    "data-subnet-gives-public-addresses": (
        "production",
        AMERICA,
        "shop-us-data-a",
        "data subnet assigns public addresses",
    ),
    "instance-metadata-v1": ("staging", EUROPE, "batch-1", "instance metadata without tokens"),
    "data-instance-with-public-address": (
        "data",
        EUROPE,
        "warehouse-etl",
        "instance in the data tier with a public address",
    ),
    "vpc-without-flow-logs": ("sandbox", EUROPE, "experiments", "VPC without flow logs"),
    "vpc-without-tags": ("sandbox", EUROPE, "scratch", "VPC that lost its mandatory tags"),
    "no-source-destination-check": (
        "sandbox",
        EUROPE,
        "homemade-router",
        "source/destination check off",
    ),
    "gateway-on-isolated-vpc": (
        "security",
        EUROPE,
        "audit",
        "Internet gateway attached to an isolated VPC",
    ),
    "file-share-open": ("staging", AMERICA, "file-share", "CIFS open to 0.0.0.0/0"),
    "address-unused": ("sandbox", EUROPE, "left-over", "elastic IP that nothing uses"),
}


def build(world: World) -> None:
    """Add every misconfiguration and its healthy look-alike."""
    _production(world)
    _staging(world)
    _load_test(world)
    _data(world)
    _sandbox(world)
    _sandbox_default(world)
    _audit(world)


def _office_list(place: Any, name: str) -> str:
    for found in place.backend.managed_prefix_lists.values():
        if found.prefix_list_name == name:
            return str(found.id)
    raise LookupError(name)


def _production(world: World) -> None:
    shop, place = world.apps["shop"], world.place("production")
    bastion = place.group(
        shop.vpc,
        "bastion",
        "Administrators' way in",
        [tcp(22, FROM_ANYWHERE, text="debug access, remove after incident")],
        rule_tags={"Ticket": "INC-4711", "Owner": "team-shop"},
    )
    place.instance(shop.subnets["public"][0], "bastion", [bastion], public=True, size="t3.micro")
    place.admit(shop.groups["app"], tcp(22, bastion, text="administration"))
    # the bastion's subnet has an ACL that denies SSH; the incident opened that too
    for acl in list(place.backend.network_acls.values()):
        if any(a.subnet_id == shop.subnets["public"][0] for a in acl.associations):
            place.call(
                "CreateNetworkAclEntry",
                NetworkAclId=acl.id,
                RuleNumber=80,
                Protocol="6",
                RuleAction="allow",
                CidrBlock=FROM_ANYWHERE,
                PortRange={"From": 22, "To": 22},
                Egress=False,
            )
    office = _office_list(place, "office-networks")
    healthy = place.group(
        shop.vpc, "bastion-office", "From the offices only", [tcp(22, office, text="offices")]
    )
    place.instance(
        shop.subnets["public"][1], "bastion-office", [healthy], public=True, size="t3.micro"
    )
    us, american = world.apps["shop-us"], world.place("production", AMERICA)
    partners = _office_list(american, "partners-legacy")
    open_list = american.group(
        us.vpc, "partner-access", "Partners", [tcp(22, partners, text="partners")]
    )
    american.instance(us.subnets["public"][0], "partner-gateway", [open_list], public=True)
    american.call(
        "ModifySubnetAttribute",
        SubnetId=us.subnets["data"][0],
        MapPublicIpOnLaunch={"Value": True},
    )


def _staging(world: World) -> None:
    app, place = world.apps["shop-staging"], world.place("staging")
    public = app.subnets["public"]
    jump = place.group(app.vpc, "windows-jump", "Jump host", [tcp(3389, "::/0", text="temporary")])
    place.instance(public[0], "windows-jump", [jump], public=True, ipv6=True)
    office = _office_list(place, "office-networks")
    healthy = place.group(
        app.vpc, "windows-office", "Jump host", [tcp(3389, office, text="offices")]
    )
    place.instance(public[1], "windows-office", [healthy], public=True)
    wide = place.group(
        app.vpc, "wide-range", "Whatever developers need", [tcp(20, FROM_ANYWHERE, high=8080)]
    )
    place.instance(public[1], "playground", [wide], public=True)
    place.group(app.vpc, "web-range", "Web only", [tcp(8000, FROM_ANYWHERE, high=8080, text="web")])
    place.instance(app.subnets["private"][0], "batch-1", [app.groups["app"]], imds_v1=True)
    place.instance(app.subnets["private"][1], "batch-2", [app.groups["app"]])
    entries = [
        {
            "RuleNumber": 100 + n,
            "Protocol": "6",
            "RuleAction": "allow",
            "CidrBlock": FROM_ANYWHERE,
            "PortRange": {"From": port, "To": port},
        }
        for n, port in enumerate((22, 3389, 443))
    ]
    place.acl(app.vpc, "legacy-public", [public[1]], [*entries, *application.OPEN_ACL])


def _load_test(world: World) -> None:
    app, place = world.apps["load-test"], world.place("staging", AMERICA)
    share = place.group(app.vpc, "file-share", "Results", [tcp(445, FROM_ANYWHERE)])
    place.instance(app.subnets["public"][0], "results", [share], public=True)
    place.group(app.vpc, "file-share-inside", "Results", [tcp(445, "10.31.0.0/16")])
    old = place.nat_gateway(app.subnets["public"][1], "load-test-old")
    place.route_table(app.vpc, "load-test-old", [], {FROM_ANYWHERE: {"NatGatewayId": old}})
    place.call("DeleteNatGateway", NatGatewayId=old)


def _data(world: World) -> None:
    app, place = world.apps["warehouse"], world.place("data")
    public_table = app.tables["public"][0]
    second = app.subnets["data"][1]
    for table in list(place.backend.route_tables.values()):
        for association, subnet in list(table._associations.items()):
            if subnet == second:
                place.call(
                    "ReplaceRouteTableAssociation",
                    AssociationId=association,
                    RouteTableId=public_table,
                )
    open_group = place.group(
        app.vpc,
        "warehouse-db-public",
        "Reports from home",
        [tcp(5432, FROM_ANYWHERE, text="analysts at home")],
    )
    for acl in list(place.backend.network_acls.values()):
        if any(a.subnet_id == second for a in acl.associations):
            place.call(
                "CreateNetworkAclEntry",
                NetworkAclId=acl.id,
                RuleNumber=90,
                Protocol="6",
                RuleAction="allow",
                CidrBlock=FROM_ANYWHERE,
                PortRange={"From": 5432, "To": 5432},
                Egress=False,
            )
            place.call(
                "CreateNetworkAclEntry",
                NetworkAclId=acl.id,
                RuleNumber=90,
                Protocol="6",
                RuleAction="allow",
                CidrBlock=FROM_ANYWHERE,
                PortRange={"From": 1024, "To": 65535},
                Egress=True,
            )
    place.instance(second, "warehouse-etl", [open_group, app.groups["db"]], public=True)
    place.group(app.vpc, "warehouse-db-inside", "Reports", [tcp(5432, "10.40.0.0/16")])


def _sandbox(world: World) -> None:
    place = world.place("sandbox")
    vpc = place.vpc("experiments", "10.80.0.0/16")
    place.default_group(vpc)
    application.close_default_acl(place, vpc)
    public = place.subnet(
        vpc, "experiments-public-a", "10.80.0.0/24", zone="a", tier="public", public_ips=True
    )
    gateway = place.internet_gateway(vpc, "experiments")
    place.route_table(vpc, "experiments", [public], {FROM_ANYWHERE: {"GatewayId": gateway}})
    place.acl(
        vpc,
        "experiments",
        [public],
        [
            {"RuleNumber": 90, "Protocol": "6", "RuleAction": "deny", "CidrBlock": FROM_ANYWHERE,
             "PortRange": {"From": 3389, "To": 3389}},
            {"RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": FROM_ANYWHERE},
            *application.OPEN_ACL,
        ],
    )  # fmt: skip
    halves = place.group(
        vpc, "mysql-halves", "MySQL", [tcp(3306, "0.0.0.0/1", "128.0.0.0/1", text="not all of it")]
    )
    place.instance(public, "mysql", [halves], public=True)
    place.group(vpc, "mysql-private", "MySQL", [tcp(3306, "10.0.0.0/8", "172.16.0.0/12")])
    anything = place.group(vpc, "anything-goes", "Prototype", [everything(FROM_ANYWHERE)])
    place.instance(public, "prototype", [anything], public=True)
    all_tcp = place.group(vpc, "all-tcp", "Prototype", [tcp(0, FROM_ANYWHERE, high=65535)])
    router = place.instance(public, "homemade-router", [all_tcp], public=True)
    place.call("ModifyInstanceAttribute", InstanceId=router, SourceDestCheck={"Value": False})
    place.group(vpc, "forgotten-debug", "Debugging", [tcp(22, FROM_ANYWHERE)])
    place.group(vpc, "web", "Web servers", [tcp(443, FROM_ANYWHERE, text="web")])
    place.address("left-over")
    bare = place.call("CreateVpc", CidrBlock="10.81.0.0/16")["Vpc"]["VpcId"]
    place.call("CreateTags", Resources=[bare], Tags=[{"Key": "Name", "Value": "scratch"}])
    place.default_group(bare)
    place.flow_log(bare, "scratch")
    application.close_default_acl(place, bare)


def _sandbox_default(world: World) -> None:
    """The default VPC as AWS leaves it: its default group lets its members talk."""
    place = world.place("sandbox", AMERICA)
    vpc = next(iter(place.backend.vpcs))
    gateway = place.internet_gateway(vpc, "default")
    table = next(t.id for t in place.backend.route_tables.values() if t.vpc_id == vpc)
    place.route(table, FROM_ANYWHERE, GatewayId=gateway)
    group = place.default_group(vpc, restrict=False)
    place.admit(group, everything(group))


def _audit(world: World) -> None:
    place = world.place("security")
    vpc = place.vpc("audit", "10.70.0.0/16")
    place.default_group(vpc)
    application.close_default_acl(place, vpc)
    place.flow_log(vpc, "audit")
    subnets = [
        place.subnet(vpc, f"audit-private-{z}", f"10.70.{n}.0/24", zone=z, tier="private")
        for n, z in enumerate(application.ZONES)
    ]
    place.route_table(vpc, "audit", subnets, {})
    place.internet_gateway(vpc, "audit")
    collector = place.group(vpc, "collector", "Log collector", [tcp(6514, "10.0.0.0/8")])
    place.instance(subnets[0], "collector", [collector])
