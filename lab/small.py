"""The small organisation of tests: two member accounts, one VPC, one open group and one clean one."""

from collections.abc import Mapping, Sequence

from lab.accounts import Member
from lab.emulator import Emulator
from lab.place import Place, tcp

REGION = "eu-central-1"
MEMBERS: Sequence[Member] = (
    Member("security", ("Security",)),
    Member("production", ("Workloads", "Prod")),
)
DEFAULT_VPCS: Sequence[tuple[str, str]] = ()


def build(emulator: Emulator, accounts: Mapping[str, str]) -> None:
    """One VPC in production: a public bastion whose SSH is open, and a clean web group."""
    tags = {"Environment": "production", "Application": "shop", "Owner": "team-shop"}
    place = Place(emulator, accounts["production"], REGION, tags)
    vpc = place.vpc("shop", "10.20.0.0/16")
    place.default_group(vpc)
    public = place.subnet(vpc, "shop-public-a", "10.20.0.0/24", zone="a", tier="public")
    private = place.subnet(vpc, "shop-private-a", "10.20.10.0/24", zone="a", tier="private")
    gateway = place.internet_gateway(vpc, "shop")
    place.route_table(vpc, "shop-public", [public], {"0.0.0.0/0": {"GatewayId": gateway}})
    place.route_table(vpc, "shop-private", [private], {})
    bastion = place.group(
        vpc,
        "bastion",
        "Administrators' way in",
        [tcp(22, "0.0.0.0/0", text="debug access, remove after incident")],
        rule_tags={"Ticket": "INC-4711", "Owner": "team-shop"},
    )
    place.group(vpc, "web", "Web servers", [tcp(443, "10.20.0.0/16", text="from inside")])
    place.instance(public, "bastion-1", [bastion], public=True)
