"""The demo organisation: accounts, applications, what joins them, and what is wrong with them."""

from collections.abc import Mapping, Sequence

from lab import application, managed, misconfigured
from lab.accounts import Member
from lab.application import Application, Shape
from lab.emulator import Emulator
from lab.place import Place
from lab.world import AMERICA, EUROPE, World

MEMBERS: Sequence[Member] = (
    Member("security", ("Security",)),
    Member("network", ("Infrastructure",)),
    Member("shared-services", ("Infrastructure",)),
    Member("production", ("Workloads", "Prod")),
    Member("data", ("Workloads", "Prod")),
    Member("staging", ("Workloads", "NonProd")),
    Member("sandbox", ("Sandbox",)),
    Member("legacy", ("Suspended",), suspended=True),
)
DEFAULT_VPCS: Sequence[tuple[str, str]] = (("sandbox", AMERICA),)
OFFICES = ("198.51.100.0/24", "203.0.113.0/25")


def build(emulator: Emulator, accounts: Mapping[str, str]) -> None:
    """Build all of it: first everything healthy, then each misconfiguration."""
    world = World(_places(emulator, accounts), {})
    apps = world.apps
    production = world.place("production")
    apps["shop"] = application.build(production, Shape("shop", "10.20", servers=3, nat_gateways=2))
    apps["billing"] = application.build(production, Shape("billing", "10.22"))
    apps["shop-us"] = application.build(
        world.place("production", AMERICA), Shape("shop-us", "10.21")
    )
    apps["shop-staging"] = application.build(
        world.place("staging"), Shape("shop-staging", "10.30", ipv6=True)
    )
    apps["load-test"] = application.build(
        world.place("staging", AMERICA),
        Shape("load-test", "10.31", flow_logs=False, database=False, table=False),
    )
    apps["warehouse"] = application.build(
        world.place("data"), Shape("warehouse", "10.40", servers=1, table=False)
    )
    apps["tools"] = application.build(
        world.place("shared-services"), Shape("tools", "10.50", function=False, table=False)
    )
    _prefix_lists(world)
    _peerings(world)
    _transit(world)
    misconfigured.build(world)


def _places(emulator: Emulator, accounts: Mapping[str, str]) -> Mapping[tuple[str, str], Place]:
    owners = {
        "security": ("audit", "team-security", "internal"),
        "network": ("backbone", "team-network", "internal"),
        "shared-services": ("tools", "team-platform", "internal"),
        "production": ("shop", "team-shop", "confidential"),
        "data": ("warehouse", "team-data", "confidential"),
        "staging": ("shop", "team-shop", "internal"),
        "sandbox": ("experiments", "team-research", "public"),
    }
    found = {}
    for number, (name, (app, owner, data)) in enumerate(owners.items()):
        tags = {
            "Environment": name,
            "Application": app,
            "Owner": owner,
            "CostCenter": str(4100 + number),
            "DataClass": data,
        }
        for region in (EUROPE, AMERICA):
            found[name, region] = Place(emulator, accounts[name], region, tags)
    return found


def _prefix_lists(world: World) -> None:
    for place in (world.place("production"), world.place("production", AMERICA)):
        prefix_list(place, "office-networks", OFFICES)
    prefix_list(world.place("staging"), "office-networks", OFFICES)
    prefix_list(world.place("production", AMERICA), "partners-legacy", (*OFFICES, "0.0.0.0/0"))


def prefix_list(place: Place, name: str, cidrs: Sequence[str]) -> str:
    """A customer-managed prefix list."""
    made = place.call(
        "CreateManagedPrefixList",
        PrefixListName=name,
        AddressFamily="IPv4",
        MaxEntries=10,
        Entries=[{"Cidr": cidr, "Description": name} for cidr in cidrs],
        TagSpecifications=place.tagged("prefix-list", name),
    )
    return str(made["PrefixList"]["PrefixListId"])


def _peerings(world: World) -> None:
    """Shop and tools know a subnet of each other; shop and warehouse far too much."""
    shop, tools, warehouse = (world.apps[n] for n in ("shop", "tools", "warehouse"))
    narrow = peer(shop, tools, "shop-tools")
    for table in shop.tables["private"]:
        shop.place.route(table, "10.50.10.0/24", VpcPeeringConnectionId=narrow)
    for table in tools.tables["private"]:
        tools.place.route(table, "10.20.10.0/24", VpcPeeringConnectionId=narrow)
    wide = peer(shop, warehouse, "shop-warehouse")
    for table in shop.tables["private"]:
        shop.place.route(table, "10.40.0.0/16", VpcPeeringConnectionId=wide)
    for table in warehouse.tables["private"]:
        warehouse.place.route(table, "10.20.10.0/24", VpcPeeringConnectionId=wide)


def peer(one: Application, other: Application, name: str) -> str:
    """A peering connection across accounts, accepted."""
    made = one.place.call(
        "CreateVpcPeeringConnection",
        VpcId=one.vpc,
        PeerVpcId=other.vpc,
        PeerOwnerId=other.place.account,
        TagSpecifications=one.place.tagged("vpc-peering-connection", name),
    )
    peering = str(made["VpcPeeringConnection"]["VpcPeeringConnectionId"])
    other.place.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    return peering


def _transit(world: World) -> None:
    """The network account's backbone: two VPCs on a transit gateway."""
    place = world.place("network")
    made = place.call(
        "CreateTransitGateway",
        Description="backbone",
        TagSpecifications=place.tagged("transit-gateway", "backbone"),
    )
    transit = str(made["TransitGateway"]["TransitGatewayId"])
    for name, net in (("egress", "10.60"), ("inspection", "10.61")):
        vpc = place.vpc(name, f"{net}.0.0/16")
        place.default_group(vpc)
        application.close_default_acl(place, vpc)
        place.flow_log(vpc, name)
        subnets = [
            place.subnet(
                vpc, f"{name}-transit-{zone}", f"{net}.{n}.0/28", zone=zone, tier="private"
            )
            for n, zone in enumerate(application.ZONES)
        ]
        place.call(
            "CreateTransitGatewayVpcAttachment",
            TransitGatewayId=transit,
            VpcId=vpc,
            SubnetIds=subnets,
            TagSpecifications=place.tagged("transit-gateway-attachment", name),
        )
        for subnet in subnets:
            place.service_interface(
                managed.TRANSIT_GATEWAY, subnet, f"Network Interface for Transit Gateway {name}"
            )
        place.route_table(vpc, name, subnets, {"10.0.0.0/8": {"TransitGatewayId": transit}})
