"""For each rule: worlds it passes, fails and cannot tell, each with the resource in question."""

from collections.abc import Callable
from typing import Any, NamedTuple

from findings.rules import Settings
from tests.core.world import ACCOUNT, OTHER, World, allow, both, deny, to_igw

Made = tuple[World, str]


class Case(NamedTuple):
    rule: str
    name: str
    expected: str
    build: Callable[[], Made]
    settings: Settings
    severity: str
    evidence: tuple[str, ...]  # ids that the items must name


CASES: list[Case] = []


def case(
    rule: str, expected: str, *, severity: str = "", evidence: tuple[str, ...] = (), **settings: Any
):
    def enter(build: Callable[[], Made]) -> Callable[[], Made]:
        name = build.__name__.strip("_")
        CASES.append(Case(rule, name, expected, build, Settings(**settings), severity, evidence))
        return build

    return enter


def group(*rules: dict[str, Any], name: str = "web", attached: bool = True) -> Made:
    """A group in a VPC with a private subnet, on an interface without a public address."""
    world = World()
    vpc = world.vpc()
    made = world.group(vpc, rules, name=name)
    if attached:
        world.interface(world.subnet(vpc), [made])
    return world, made


def src(source: str, ports: Any = None, **more: Any) -> dict[str, Any]:
    return {"source": source, "ports": ports, **more}


def public(world: World, made: str, *, ip: str = "52.1.2.3", **more: Any) -> Made:
    """Put a group on an interface that the Internet can reach."""
    vpc = next(r.config["VpcId"] for r in world.records if r.id == made)
    world.interface(world.public_subnet(vpc, cidr="10.0.9.0/24"), [made], public=ip, **more)
    return world, made


ALL = src("0.0.0.0/0", (None, None), IpProtocol="-1")

# One port, in all the ways it can be opened and not be opened -----------------------------------

SSH = "sg-ingress-ssh-from-internet"


@case(SSH, "fail", severity="high", evidence=("sgr-00000003",))
def open_to_all():
    return group(src("0.0.0.0/0", 22))


@case(SSH, "fail", severity="medium")
def open_but_unattached():
    return group(src("0.0.0.0/0", 22), attached=False)


@case(SSH, "fail", severity="critical")
def open_and_reachable():
    return public(*group(src("0.0.0.0/0", 22)))


@case(SSH, "fail", severity="high")
def open_with_a_public_address_behind_a_closed_acl():
    world, made = group(src("0.0.0.0/0", 22), attached=False)
    vpc = world.records[0].id
    subnet = world.subnet(vpc)
    world.route_table(vpc, [to_igw(world.igw(vpc))], subnets=[subnet])
    world.acl(
        vpc, [deny(90, protocol="6", ports=(22, 22)), allow(100), *both(allow)], subnets=[subnet]
    )
    world.interface(subnet, [made], public="52.1.2.3")
    return world, made


@case(SSH, "fail", severity="high")
def open_with_a_public_address_and_no_reply():
    world, made = group(src("0.0.0.0/0", 22), attached=False)
    vpc = world.records[0].id
    subnet = world.subnet(vpc)
    world.route_table(vpc, [to_igw(world.igw(vpc))], subnets=[subnet])
    world.acl(
        vpc, [allow(100), allow(100, egress=True, protocol="6", ports=(443, 443))], subnets=[subnet]
    )
    world.interface(subnet, [made], public="52.1.2.3")
    return world, made


@case(SSH, "fail", severity="critical")
def open_on_ipv6_alone_and_reachable():
    world, made = group(src("::/0", 22), attached=False)
    return public(world, made, ip="", ipv6="2600:1f18::5")


@case(SSH, "fail", severity="high")
def open_on_ipv4_while_only_ipv6_is_reachable():
    world, made = group(src("0.0.0.0/0", 22), attached=False)
    return public(world, made, ip="", ipv6="2600:1f18::5")


@case(SSH, "fail", evidence=("sgr-00000003", "sgr-00000004"))
def open_in_two_halves():
    return group(src("0.0.0.0/1", 22), src("128.0.0.0/1", 22))


@case(SSH, "fail", evidence=("sgr-00000003", "sgr-00000004"))
def open_in_two_ipv6_halves_of_what_is_public():
    return group(src("2000::/4", 22), src("3000::/4", 22))


@case(SSH, "fail", evidence=("sgr-00000003",))
def open_beside_a_partner_who_is_no_part_of_it():
    return group(src("0.0.0.0/0", 22), src("52.9.9.9/32", 22))


@case(SSH, "fail")
def open_through_a_prefix_list():
    world, made = group(src("pl-0000000f", (20, 25)))
    world.prefix_list(["0.0.0.0/1", "128.0.0.0/1"], id="pl-0000000f")
    return world, made


@case(SSH, "fail")
def open_through_all_protocols():
    return group(ALL)


@case(SSH, "fail")
def open_through_every_tcp_port():
    return group(src("0.0.0.0/0", (1, 65535)))


@case(SSH, "pass")
def open_for_a_partner():
    return group(src("52.9.9.0/24", 22), src("10.0.0.0/8", 22))


@case(SSH, "pass")
def open_for_a_prefix_list_of_partners():
    world, made = group(src("pl-0000000f", 22))
    world.prefix_list(["52.9.9.0/24"], id="pl-0000000f")
    return world, made


@case(SSH, "pass")
def open_on_udp():
    return group(src("0.0.0.0/0", 22, IpProtocol="udp"))


@case(SSH, "pass")
def open_as_an_icmp_type_22():
    return group(src("0.0.0.0/0", (22, 0), IpProtocol="icmp"))


@case(SSH, "pass")
def open_outwards():
    return group(src("0.0.0.0/0", 22, IsEgress=True))


@case(SSH, "pass")
def open_for_another_group():
    return group(src("sg-0000000e", 22))


@case(SSH, "pass", trusted_networks=("0.0.0.0/0",))
def open_where_all_is_trusted():
    return group(src("0.0.0.0/0", 22))


@case(SSH, "unknown")
def open_through_an_unread_prefix_list():
    world, made = group(src("pl-0000000f", 22))
    world.prefix_list(None, id="pl-0000000f")
    return world, made


@case("sg-ingress-rdp-from-internet", "fail", evidence=("sgr-00000003",))
def rdp_open():
    return group(src("0.0.0.0/0", 3389))


@case("sg-ingress-rdp-from-internet", "pass")
def rdp_closed():
    return group(src("0.0.0.0/0", 3390))


@case("sg-ingress-rdp-from-internet", "unknown")
def rdp_unread():
    return group(src("pl-0000000f", 3389))


ADMIN4, ADMIN6 = "sg-ingress-admin-from-internet-ipv4", "sg-ingress-admin-from-internet-ipv6"


@case(ADMIN4, "fail", evidence=("sgr-00000003",))
@case(ADMIN6, "pass")
def admin_open_on_ipv4():
    return group(src("0.0.0.0/0", (3000, 4000)))


@case(ADMIN4, "pass")
@case(ADMIN6, "fail", evidence=("sgr-00000003",))
def admin_open_on_ipv6():
    return group(src("::/0", 22))


@case(ADMIN4, "unknown")
@case(ADMIN6, "unknown")
def admin_unread():
    return group(src("pl-0000000f", 22))


@case("sg-ingress-cifs-from-internet", "fail")
def cifs_open():
    return group(src("::/0", 445))


@case("sg-ingress-cifs-from-internet", "pass")
def cifs_inside():
    return group(src("10.0.0.0/8", 445))


@case("sg-ingress-cifs-from-internet", "unknown")
def cifs_unread():
    return group(src("pl-0000000f", 445))


DATABASE = "sg-ingress-database-from-internet"


@case(DATABASE, "fail", evidence=("sgr-00000003", "sgr-00000004"))
def databases_open():
    return group(
        src("0.0.0.0/0", 5432), src("::/0", 11211, IpProtocol="udp"), src("0.0.0.0/0", 443)
    )


@case(DATABASE, "pass")
def database_inside():
    return group(src("10.0.0.0/8", 5432), src("0.0.0.0/0", 443))


@case(DATABASE, "unknown")
def database_unread():
    return group(src("pl-0000000f", (5000, 6000)))


UNENCRYPTED = "sg-ingress-unencrypted-service-from-internet"


@case(UNENCRYPTED, "fail")
def telnet_open():
    return group(src("0.0.0.0/0", 23))


@case(UNENCRYPTED, "pass")
def https_open():
    return group(src("0.0.0.0/0", 443))


@case(UNENCRYPTED, "unknown")
def telnet_unread():
    return group(src("pl-0000000f", 23))


CONTROL = "sg-ingress-control-plane-from-internet"


@case(CONTROL, "fail")
def docker_open():
    return group(src("0.0.0.0/0", 2375))


@case(CONTROL, "pass")
def docker_inside():
    return group(src("10.0.0.0/8", 2375))


@case(CONTROL, "unknown")
def docker_unread():
    return group(src("pl-0000000f", 2375))


EVERY = "sg-ingress-all-traffic-from-internet"


@case(EVERY, "fail", severity="critical")
def all_protocols_open():
    return group(ALL)


@case(EVERY, "fail", evidence=("sgr-00000003", "sgr-00000004"))
def all_ports_open_in_two_rules():
    return group(src("0.0.0.0/0", (1, 30000)), src("0.0.0.0/0", (30001, 65535)))


@case(EVERY, "fail", evidence=("sgr-00000003",))
def all_protocols_open_beside_the_web():
    return group(ALL, src("0.0.0.0/0", 443))


@case(EVERY, "pass")
def one_port_open():
    return group(src("0.0.0.0/0", 443), src("10.0.0.0/8", (None, None), IpProtocol="-1"))


@case(EVERY, "unknown")
def all_protocols_unread():
    return group(src("pl-0000000f", (None, None), IpProtocol="-1"))


OTHER_PORT = "sg-ingress-other-port-from-internet"


@case(OTHER_PORT, "fail", evidence=("sgr-00000003",))
def an_odd_port_open():
    return group(src("0.0.0.0/0", 8081), src("0.0.0.0/0", 443))


@case(OTHER_PORT, "fail", evidence=("sgr-00000003", "sgr-00000004"))
def two_overlapping_odd_ranges_open():
    return group(src("0.0.0.0/0", (8000, 8100)), src("0.0.0.0/0", (8050, 8200)))


@case(OTHER_PORT, "pass")
def web_and_ping_open():
    return group(
        src("0.0.0.0/0", 80), src("::/0", 443), src("0.0.0.0/0", (8, 0), IpProtocol="icmp")
    )


@case(OTHER_PORT, "pass", allowed_ports=(8081,))
def an_odd_port_that_is_allowed():
    return group(src("0.0.0.0/0", 8081))


@case(OTHER_PORT, "unknown")
def an_odd_port_unread():
    return group(src("pl-0000000f", 8081))


PREFIXES = "sg-ingress-prefix-list-holds-internet"


@case(PREFIXES, "fail", evidence=("sgr-00000003",))
def a_list_holds_the_internet():
    world, made = group(src("pl-0000000f", 443), src("0.0.0.0/0", 80))
    world.prefix_list(["0.0.0.0/0"], id="pl-0000000f")
    return world, made


@case(PREFIXES, "pass")
def a_list_holds_partners():
    world, made = group(src("pl-0000000f", 443), src("0.0.0.0/0", 80))
    world.prefix_list(["52.9.9.0/24"], id="pl-0000000f")
    return world, made


@case(PREFIXES, "unknown")
def a_list_is_unread():
    return group(src("pl-0000000f", 443))


WIDE = "sg-ingress-wide-public-range"


@case(WIDE, "fail", evidence=("sgr-00000003",))
def a_carrier_admitted():
    return group(src("52.0.0.0/10", 8443), src("52.1.0.0/16", 8443))


@case(WIDE, "pass")
def a_carrier_admitted_to_the_web():
    return group(src("52.0.0.0/10", 443), src("0.0.0.0/0", 22), src("10.0.0.0/8", 22))


@case(WIDE, "unknown")
def a_range_unread():
    return group(src("pl-0000000f", 8443))


# Groups beyond ports ------------------------------------------------------------------------------

DEFAULT = "sg-default-restricts-all"


@case(DEFAULT, "fail", evidence=("sgr-00000003",))
def a_default_group_with_its_self_reference():
    world, made = group(name="default", attached=False)
    world.rule(made, made, (None, None), IpProtocol="-1")
    return world, made


@case(DEFAULT, "pass")
def a_default_group_without_rules():
    return group(name="default")


@case(DEFAULT, "not-applicable")
def another_group():
    return group(src("0.0.0.0/0", 443))


@case(DEFAULT, "not-applicable")
def a_group_without_a_name():
    world = World()
    return world, world.add("ec2.security-group", {"GroupId": "sg-0000000a"})


STALE = "sg-rule-stale-reference"


@case(STALE, "fail")
def a_reference_to_nothing():
    return group(src("sg-0000000f", 443))


@case(STALE, "fail")
def a_reference_over_a_deleted_peering():
    world, made = group()
    peer = {"GroupId": "sg-0000000f", "UserId": OTHER, "VpcPeeringConnectionId": "pcx-1"}
    world.add(
        "ec2.security-group-rule",
        {"SecurityGroupRuleId": "sgr-1", "GroupId": made, "IsEgress": False, "IpProtocol": "-1"}
        | {"ReferencedGroupInfo": peer | {"PeeringStatus": "deleted"}},
    )
    return world, made


@case(STALE, "pass")
def references_to_itself_and_to_others():
    world, made = group()
    world.rule(made, made, 443)
    world.rule(made, world.group(world.records[0].id), 443)
    return world, made


@case(STALE, "pass")
def a_reference_to_an_account_outside():
    world, made = group()
    world.rule(
        made, "sg-0000000f", 443, ReferencedGroupInfo={"GroupId": "sg-0000000f", "UserId": OTHER}
    )
    return world, made


@case(STALE, "pass")
def a_group_without_references():
    return group(src("10.0.0.0/8", 1))


EGRESS = "sg-egress-all-to-internet"


@case(EGRESS, "fail", evidence=("sgr-00000003",))
def everything_out():
    return group(src("0.0.0.0/0", (None, None), IpProtocol="-1", IsEgress=True))


@case(EGRESS, "pass")
def https_out():
    return group(src("0.0.0.0/0", 443, IsEgress=True), ALL)


@case(EGRESS, "unknown")
def out_through_an_unread_list():
    return group(src("pl-0000000f", (None, None), IpProtocol="-1", IsEgress=True))


UNUSED = "sg-unused"


@case(UNUSED, "fail")
def a_group_of_nobody():
    return group(attached=False)


@case(UNUSED, "pass")
def a_group_on_an_interface():
    return group()


@case(UNUSED, "pass")
def a_group_another_one_refers_to():
    world, made = group(attached=False)
    world.rule(world.group(world.records[0].id), made, 443)
    return world, made


@case(UNUSED, "not-applicable")
def an_unused_default_group():
    return group(name="default", attached=False)


@case(UNUSED, "fail")
def a_bare_group():
    world = World()
    return world, world.add("ec2.security-group", {"GroupId": "sg-0000000a"})


# ACLs ---------------------------------------------------------------------------------------------

ACL = "acl-ingress-admin-from-internet"


def acl(*entries: dict[str, Any], attached: bool = True) -> Made:
    world = World()
    vpc = world.vpc()
    subnets = []
    if attached:
        subnets = [world.subnet(vpc)]
        world.route_table(vpc, [to_igw(world.igw(vpc)), to_igw("igw-2", "::/0")], subnets=subnets)
    return world, world.acl(vpc, entries, subnets=subnets)


@case(ACL, "fail", severity="medium", evidence=("100",))
def an_acl_that_allows_all():
    return acl(allow(100))


@case(ACL, "fail", severity="low")
def an_acl_that_allows_all_to_nobody():
    return acl(allow(100), attached=False)


@case(ACL, "fail", evidence=("100",))
def an_acl_that_allows_every_tcp_port():
    return acl(allow(100, protocol="6", ports=(0, 65535)))


@case(ACL, "fail", evidence=("100",))
def an_acl_open_on_ipv6():
    return acl(allow(100, cidr="::/0", protocol="6", ports=(3389, 3389)))


@case(ACL, "fail", evidence=("100", "110"))
def an_acl_open_in_halves():
    return acl(allow(100, cidr="0.0.0.0/1"), allow(110, cidr="128.0.0.0/1"))


@case(ACL, "fail", evidence=("100",))
def an_acl_whose_deny_comes_too_late():
    return acl(allow(100), deny(200, protocol="6", ports=(22, 22)))


@case(ACL, "pass")
def an_acl_whose_denies_come_first():
    return acl(
        deny(90, protocol="6", ports=(22, 22)),
        deny(91, protocol="6", ports=(3389, 3389)),
        allow(100),
    )


@case(ACL, "pass")
def an_acl_for_the_web():
    return acl(allow(100, protocol="6", ports=(443, 443)), allow(110, cidr="10.0.0.0/8"))


@case(ACL, "pass")
def an_acl_open_outwards():
    return acl(allow(100, egress=True))


@case(ACL, "pass")
@case("acl-unused", "fail")
@case("acl-deny-never-decides", "pass")
def a_bare_acl():
    world = World()
    return world, world.add("ec2.network-acl", {"NetworkAclId": "acl-0000000a"})


@case("acl-deny-never-decides", "fail", evidence=("200",))
def a_deny_behind_an_allow():
    return acl(allow(100), deny(200, cidr="52.1.0.0/16"))


@case("acl-deny-never-decides", "pass")
def a_deny_before_an_allow():
    return acl(deny(90, cidr="52.1.0.0/16"), allow(100), deny(32767))


@case("acl-unused", "fail")
def an_acl_of_nobody():
    return acl(allow(100), attached=False)


@case("acl-unused", "pass")
def an_acl_of_a_subnet():
    return acl(allow(100))


@case("acl-unused", "not-applicable")
def a_default_acl():
    world = World()
    return world, world.acl(world.vpc(), default=True)


# Routes -------------------------------------------------------------------------------------------


@case("route-blackhole", "fail", evidence=("10.9.0.0/16",))
def a_route_to_nothing():
    world = World()
    dead = {
        "DestinationCidrBlock": "10.9.0.0/16",
        "VpcPeeringConnectionId": "pcx-1",
        "State": "blackhole",
    }
    return world, world.route_table(world.vpc(), [dead])


@case("route-blackhole", "pass")
def a_route_that_works():
    world = World()
    return world, world.route_table(world.vpc(), [to_igw("igw-1")])


@case("route-blackhole", "pass")
@case("route-main-table-to-internet", "not-applicable")
def a_bare_table():
    world = World()
    return world, world.add("ec2.route-table", {"RouteTableId": "rtb-0000000a"})


MAIN = "route-main-table-to-internet"


@case(MAIN, "fail", severity="medium", evidence=("0.0.0.0/0",))
def a_main_table_to_the_internet():
    world = World()
    vpc = world.vpc()
    world.subnet(vpc)
    return world, world.route_table(vpc, [to_igw("igw-1")], main=True)


@case(MAIN, "fail", severity="low")
def a_main_table_nobody_uses():
    world = World()
    return world, world.route_table(world.vpc(), [to_igw("igw-1")], main=True)


@case(MAIN, "pass")
def a_main_table_that_stays_inside():
    world = World()
    return world, world.route_table(world.vpc(), main=True)


@case(MAIN, "pass")
def a_main_table_with_a_dead_gateway():
    world = World()
    return world, world.route_table(world.vpc(), [to_igw("igw-1", State="blackhole")], main=True)


PEERING = "vpc-peering-routes-least-access"


def peering(
    *, requester: tuple[str, ...] = (), accepter: tuple[str, ...] = (), status: str = "active"
) -> Made:
    """10.0.0.0/16 asks 10.1.0.0/16 (and 10.2.0.0/16), with these destinations routed."""
    world = World()
    one, two = world.vpc("10.0.0.0/16"), world.vpc("10.1.0.0/16")
    made = world.peering(
        {"VpcId": one, "CidrBlock": "10.0.0.0/16"},
        {"VpcId": two, "CidrBlock": "10.1.0.0/16", "CidrBlockSet": [{"CidrBlock": "10.2.0.0/16"}]},
        status,
    )
    for vpc, destinations in ((one, requester), (two, accepter)):
        world.route_table(
            vpc,
            [
                {"DestinationCidrBlock": each, "VpcPeeringConnectionId": made, "State": "active"}
                for each in destinations
            ],
        )
    return world, made


@case(PEERING, "fail", evidence=("10.1.0.0/16",))
def a_route_to_all_of_the_accepter():
    return peering(requester=("10.1.0.0/16",), accepter=("10.0.3.0/24",))


@case(PEERING, "fail", evidence=("10.0.0.0/16",))
def a_route_to_all_of_the_requester():
    return peering(requester=("10.1.3.0/24",), accepter=("10.0.0.0/16",))


@case(PEERING, "fail", evidence=("10.2.0.0/16",))
def a_route_to_a_secondary_range():
    return peering(requester=("10.2.0.0/16",))


@case(PEERING, "fail", evidence=("10.0.0.0/8",))
def a_route_wider_than_the_peer():
    return peering(requester=("10.0.0.0/8",))


@case(PEERING, "fail", evidence=("10.1.0.0/17", "10.1.128.0/17"))
def routes_to_both_halves():
    return peering(requester=("10.1.0.0/17", "10.1.128.0/17"))


@case(PEERING, "pass")
def routes_to_subnets():
    return peering(requester=("10.1.3.0/24",), accepter=("10.0.3.0/24",))


@case(PEERING, "not-applicable")
def a_peering_that_is_gone():
    return peering(requester=("10.1.0.0/16",), status="deleted")


@case(PEERING, "not-applicable")
def a_bare_peering():
    world = World()
    return world, world.add("ec2.vpc-peering-connection", {"VpcPeeringConnectionId": "pcx-1"})


@case(PEERING, "unknown")
def a_peering_without_ranges():
    world = World()
    vpc = world.vpc()
    return world, world.peering({"VpcId": vpc}, {"VpcId": "vpc-2", "OwnerId": OTHER})


@case(PEERING, "pass")
def a_peering_with_an_account_outside():
    world = World()
    one = world.vpc("10.0.0.0/16")
    world.route_table(one)
    made = world.peering(
        {"VpcId": one, "CidrBlock": "10.0.0.0/16"},
        {"VpcId": "vpc-2", "OwnerId": OTHER, "CidrBlock": "10.1.0.0/16"},
    )
    return world, made


# Subnets ------------------------------------------------------------------------------------------

AUTO = "subnet-auto-assigns-public-ip"


@case(AUTO, "fail", severity="medium")
def public_addresses_for_all():
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc, MapPublicIpOnLaunch=True)
    world.route_table(vpc, [to_igw("igw-1")], main=True)
    return world, subnet


@case(AUTO, "fail", severity="low")
def public_addresses_that_lead_nowhere():
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc, MapPublicIpOnLaunch=True)
    world.route_table(vpc, main=True)
    return world, subnet


@case(AUTO, "pass")
def no_public_addresses():
    world = World()
    return world, world.subnet(world.vpc())


@case(AUTO, "unknown")
@case("subnet-private-tier-routed-to-internet", "not-applicable")
def a_bare_subnet():
    world = World()
    return world, world.add("ec2.subnet", {"SubnetId": "subnet-0000000a"})


TIER = "subnet-private-tier-routed-to-internet"
DATA = [{"Key": "Tier", "Value": "Data"}]


def tier_subnet(*routes: dict[str, Any], main: bool = False) -> Made:
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc, Tags=DATA)
    world.route_table(vpc, routes, main=main, subnets=[] if main else [subnet])
    return world, subnet


@case(TIER, "fail", evidence=("0.0.0.0/0",))
def a_data_subnet_with_a_way_out():
    return tier_subnet(to_igw("igw-1"))


@case(TIER, "fail")
def a_data_subnet_on_a_public_main_table():
    return tier_subnet(to_igw("igw-1"), main=True)


@case(TIER, "fail")
def a_data_subnet_routed_on_ipv6():
    return tier_subnet(to_igw("igw-1", "::/0"))


@case(TIER, "pass")
def a_data_subnet_behind_a_nat_gateway():
    return tier_subnet(
        {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}
    )


@case(TIER, "pass")
def a_data_subnet_with_an_outbound_ipv6_gateway():
    return tier_subnet(
        {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1"}
    )


@case(TIER, "pass")
def a_data_subnet_beside_another_vpc_with_a_public_main_table():
    world, subnet = tier_subnet(main=True)
    world.route_table(world.vpc("10.7.0.0/16"), [to_igw("igw-1")], main=True)
    return world, subnet


@case(TIER, "unknown")
def a_data_subnet_without_a_table():
    world = World()
    return world, world.subnet(world.vpc(), Tags=DATA)


# Instances ----------------------------------------------------------------------------------------

IMDS = "instance-imdsv2-required"


def instance(**more: Any) -> Made:
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    world.route_table(vpc, main=True)
    made = world.instance(subnet, **more)
    world.interface(subnet, instance=made)
    return world, made


OPTIONAL = {"HttpTokens": "optional", "HttpEndpoint": "enabled"}


@case(IMDS, "fail", severity="medium")
def tokens_optional():
    return instance(MetadataOptions=OPTIONAL)


@case(IMDS, "fail", severity="high")
def tokens_optional_on_a_public_instance():
    return instance(MetadataOptions=OPTIONAL, PublicIpAddress="52.1.2.3")


@case(IMDS, "fail", severity="high")
def tokens_optional_and_public_by_a_second_interface():
    world = World()
    vpc = world.vpc()
    made = world.instance(world.subnet(vpc), MetadataOptions=OPTIONAL)
    world.interface(
        world.public_subnet(vpc, cidr="10.0.9.0/24"), instance=made, ipv6="2600:1f18::5"
    )
    return world, made


@case(IMDS, "pass")
def tokens_required():
    return instance()


@case(IMDS, "pass")
def no_endpoint():
    return instance(MetadataOptions={"HttpTokens": "optional", "HttpEndpoint": "disabled"})


@case(IMDS, "not-applicable")
def a_terminated_instance():
    return instance(MetadataOptions=OPTIONAL, State={"Name": "terminated"})


@case(IMDS, "unknown")
@case("instance-private-tier-has-public-ip", "not-applicable")
@case("instance-source-dest-check-off", "unknown")
def a_bare_instance():
    world = World()
    return world, world.add("ec2.instance", {"InstanceId": "i-0000000a"})


PRIVATE = "instance-private-tier-has-public-ip"


@case(PRIVATE, "fail")
def a_data_instance_with_a_public_address():
    return instance(Tags=DATA, PublicIpAddress="52.1.2.3")


@case(PRIVATE, "fail")
def an_instance_public_in_a_data_subnet():
    world = World()
    subnet = world.subnet(world.vpc(), Tags=DATA)
    made = world.instance(subnet)
    world.interface(subnet, instance=made, public="52.1.2.3")
    return world, made


@case(PRIVATE, "pass")
def a_data_instance_inside():
    return instance(Tags=DATA)


@case(PRIVATE, "not-applicable")
def a_web_instance_with_a_public_address():
    return instance(PublicIpAddress="52.1.2.3")


FORWARDS = "instance-source-dest-check-off"


def forwarding(*, routed: bool) -> Made:
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    made = world.instance(subnet, SourceDestCheck=False)
    eni = world.interface(subnet, instance=made, SourceDestCheck=False)
    route = {"DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": eni, "State": "active"}
    world.route_table(vpc, [route] if routed else [], main=True)
    return world, made


@case(FORWARDS, "fail")
def a_machine_that_forwards_for_nobody():
    return forwarding(routed=False)


@case(FORWARDS, "pass")
def an_appliance():
    return forwarding(routed=True)


@case(FORWARDS, "pass")
def an_ordinary_machine():
    return instance()


@case("address-unassociated", "fail")
def an_address_of_nobody():
    world = World()
    return world, world.address()


@case("address-unassociated", "fail")
def a_bare_address():
    world = World()
    return world, world.add("ec2.address", {"PublicIp": "52.1.2.3"})


@case("address-unassociated", "pass")
def an_address_in_use():
    world = World()
    return world, world.address(AssociationId="eipassoc-1")


@case("address-unassociated", "pass")
def an_address_of_a_service():
    world = World()
    return world, world.address(ServiceManaged="nat")


# VPCs ---------------------------------------------------------------------------------------------

LOGS = "vpc-flow-logs-enabled"


def logged(*, used: bool = True, **more: Any) -> Made:
    world = World()
    vpc = world.vpc()
    if used:
        world.interface(world.subnet(vpc))
    if more:
        world.flow_log(vpc, **more)
    return world, vpc


@case(LOGS, "fail", severity="medium")
def no_log():
    return logged()


@case(LOGS, "fail", severity="low")
def no_log_of_an_empty_vpc():
    return logged(used=False)


@case(LOGS, "fail")
def a_log_that_does_not_deliver():
    return logged(DeliverLogsStatus="FAILED")


@case(LOGS, "fail")
def a_log_of_accepted_traffic_only():
    return logged(TrafficType="ACCEPT")


@case(LOGS, "fail")
def a_log_with_nothing_said():
    world, vpc = logged()
    world.add("ec2.flow-log", {"FlowLogId": "fl-0000000a", "ResourceId": vpc})
    return world, vpc


@case(LOGS, "pass")
def a_log_of_everything():
    return logged(TrafficType="ALL")


@case(LOGS, "pass")
def a_log_of_each_subnet():
    world = World()
    vpc = world.vpc()
    for cidr in ("10.0.1.0/24", "10.0.2.0/24"):
        world.flow_log(world.subnet(vpc, cidr))
    return world, vpc


DEFAULT_VPC = "vpc-default-in-use"


@case(DEFAULT_VPC, "fail")
def a_default_vpc_in_use():
    world = World()
    vpc = world.vpc(IsDefault=True)
    world.interface(world.subnet(vpc))
    return world, vpc


@case(DEFAULT_VPC, "pass")
def a_default_vpc_left_alone():
    world = World()
    return world, world.vpc(IsDefault=True)


@case(DEFAULT_VPC, "not-applicable")
def another_vpc():
    world = World()
    return world, world.vpc(IsDefault=False)


@case(DEFAULT_VPC, "unknown")
def a_vpc_that_does_not_say():
    world = World()
    return world, world.vpc()


GATEWAY = "internet-gateway-without-route"


def gateway(*, routed: bool) -> Made:
    world = World()
    vpc = world.vpc()
    made = world.igw(vpc)
    world.route_table(vpc, [to_igw(made)] if routed else [])
    return world, made


@case(GATEWAY, "fail")
def a_gateway_without_a_route():
    return gateway(routed=False)


@case(GATEWAY, "fail")
def a_gateway_attached_to_nothing():
    world = World()
    return world, world.igw()


@case(GATEWAY, "fail")
def a_bare_gateway():
    world = World()
    return world, world.add("ec2.internet-gateway", {"InternetGatewayId": "igw-0000000a"})


@case(GATEWAY, "pass")
def a_gateway_with_a_route():
    return gateway(routed=True)


NAT = "nat-gateway-without-way-out"


def nat(*routes: dict[str, Any], **more: Any) -> Made:
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    world.route_table(vpc, routes, subnets=[subnet])
    raw = {"NatGatewayId": "nat-0000000a", "VpcId": vpc, "SubnetId": subnet, "State": "available"}
    return world, world.add("ec2.nat-gateway", raw | {"ConnectivityType": "public"} | more)


@case(NAT, "fail")
def a_nat_gateway_without_a_way_out():
    return nat()


@case(NAT, "pass")
def a_nat_gateway_with_a_way_out():
    return nat(to_igw("igw-1"))


@case(NAT, "not-applicable")
def a_private_nat_gateway():
    return nat(ConnectivityType="private")


@case(NAT, "not-applicable")
def a_bare_nat_gateway():
    world = World()
    return world, world.add("ec2.nat-gateway", {"NatGatewayId": "nat-0000000a"})


ENDPOINT = "endpoint-policy-allows-everything"


def endpoint(policy: Any) -> Made:
    world = World()
    raw = {"VpcEndpointId": "vpce-0000000a", "VpcId": world.vpc(), "VpcEndpointType": "Gateway"}
    return world, world.add(
        "ec2.vpc-endpoint", raw | ({"PolicyDocument": policy} if policy else {})
    )


@case(ENDPOINT, "fail")
def an_endpoint_for_everybody():
    return endpoint(
        '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'
    )


@case(ENDPOINT, "pass")
def an_endpoint_for_the_organisation():
    condition = '"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}'
    return endpoint(
        '{"Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":"*",'
        + condition
        + "}}"
    )


@case(ENDPOINT, "unknown")
def an_endpoint_that_does_not_say():
    return endpoint(None)


TAGS = "resource-mandatory-tags"


@case(TAGS, "fail", mandatory_tags=("owner", "env"))
def a_vpc_without_an_owner():
    world = World()
    return world, world.vpc(Tags=[{"Key": "env", "Value": "prod"}])


@case(TAGS, "pass", mandatory_tags=("owner",))
def a_vpc_with_an_owner():
    world = World()
    return world, world.vpc(Tags=[{"Key": "owner", "Value": "network"}])


@case(TAGS, "not-applicable")
def no_tag_is_mandatory():
    world = World()
    return world, world.vpc()


@case(TAGS, "fail", mandatory_tags=("owner",))
def a_resource_without_tags():
    world = World()
    return world, world.add("ec2.instance", {"InstanceId": "i-0000000a", "OwnerId": ACCOUNT})
