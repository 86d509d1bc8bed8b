"""Which part of the Internet a subnet is routed to, and what must hold for a packet to arrive."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import addresses, exposure
from tests.core import oracle
from tests.core.world import World, allow, both, deny, to_igw

CIDRS = [
    "0.0.0.0/0", "0.0.0.0/1", "52.0.0.0/8", "52.1.0.0/16", "52.1.2.0/24", "8.8.8.8/32",
    "::/0", "2600::/12", "2600:1f18::/32",
]  # fmt: skip
# The lists do not overlap: which of two that do wins, AWS leaves open.
LISTS = {"pl-00000001": ["52.1.0.0/16", "8.8.8.8/32"], "pl-00000002": ["2600::/12", "52.0.0.0/8"]}
ADDRESSES = [
    "8.8.8.8",
    "9.9.9.9",
    "52.1.2.3",
    "52.1.9.9",
    "52.9.9.9",
    "200.1.1.1",
    "2600:1f18::1",
    "2601::1",
    "2a00::1",
]


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Routes as AWS could hold them: a destination once for each way it got there."""
    routes = []
    for destination in draw(st.lists(st.sampled_from([*CIDRS, *LISTS]), unique=True, max_size=7)):
        key = (
            "DestinationPrefixListId"
            if destination.startswith("pl-")
            else "DestinationIpv6CidrBlock"
            if ":" in destination
            else "DestinationCidrBlock"
        )
        target = draw(
            st.sampled_from(
                [{"GatewayId": "igw-1"}, {"NatGatewayId": "nat-1"}, {"GatewayId": "vgw-1"}]
            )
        )
        state = draw(st.sampled_from(["active", "active", "blackhole"]))
        ways = draw(st.sampled_from(["written", "learnt", "both"]))
        if ways != "learnt" or key == "DestinationPrefixListId":
            routes.append({key: destination, "State": state, "Origin": "CreateRoute"} | target)
        if ways != "written" and key != "DestinationPrefixListId":
            learnt = {
                "GatewayId": "vgw-2",
                "State": "active",
                "Origin": "EnableVgwRoutePropagation",
            }
            routes.append({key: destination} | learnt)
    return routes


@settings(max_examples=300, deadline=None)
@given(routes=tables())
def test_the_longest_match_decides_exactly_as_the_oracle_says(routes):
    world = World()
    vpc = world.vpc()
    for id_, cidrs in LISTS.items():
        world.prefix_list(cidrs, id=id_)
    subnet = world.subnet(vpc)
    world.route_table(vpc, routes, subnets=[subnet])
    found = exposure.internet_of(subnet, world.estate())
    for address in ADDRESSES:
        assert (address in found) is oracle.routed_to_internet(routes, address, LISTS)


def reach(world: World, eni: str, port: int = 22) -> addresses.Addresses | None:
    estate = world.estate()
    return exposure.reaching(estate.interface(eni), estate, axis="tcp", low=port, high=port)


def test_a_public_address_in_a_public_subnet_is_reached_by_the_internet():
    world = World()
    eni = world.interface(world.public_subnet(world.vpc()), public="52.1.2.3")
    assert reach(world, eni) == addresses.INTERNET4


def test_a_global_ipv6_address_is_reached_without_a_public_ipv4_one():
    world = World()
    eni = world.interface(world.public_subnet(world.vpc()), ipv6="2600:1f18::5")
    assert reach(world, eni) == addresses.INTERNET6


@pytest.mark.parametrize(
    "more", [{}, {"ipv6": "fd00::5"}, {"public": "52.1.2.3", "attached": False}]
)
def test_no_address_or_no_attachment_is_not_reached(more):
    world = World()
    eni = world.interface(world.public_subnet(world.vpc()), **more)
    assert not reach(world, eni)


def test_a_narrow_route_to_the_gateway_narrows_who_reaches():
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    world.route_table(vpc, [to_igw(world.igw(vpc), "52.9.0.0/16")], subnets=[subnet])
    world.acl(vpc, [allow(100), *both(allow)], subnets=[subnet])
    assert reach(world, world.interface(subnet, public="52.1.2.3")) == addresses.of("52.9.0.0/16")


def test_an_acl_narrows_who_reaches_and_a_missing_one_makes_it_unknown():
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    world.route_table(vpc, [to_igw(world.igw(vpc))], subnets=[subnet])
    eni = world.interface(subnet, public="52.1.2.3")
    assert reach(world, eni) is None
    world.acl(vpc, [deny(10, cidr="52.0.0.0/6"), allow(20), *both(allow)], subnets=[subnet])
    assert reach(world, eni) == addresses.INTERNET4 - addresses.of("52.0.0.0/6")


def test_a_second_private_address_can_carry_the_public_one():
    world = World()
    second = [{"PrivateIpAddress": "10.0.1.11", "Association": {"PublicIp": "52.1.2.4"}}]
    eni = world.interface(world.public_subnet(world.vpc()), PrivateIpAddresses=second)
    assert reach(world, eni) == addresses.INTERNET4
