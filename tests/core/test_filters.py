"""The algebra of filters against a plain oracle, packet by packet."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import addresses, filters
from network.flows import NOTHING, Flows, flows
from tests.core import oracle
from tests.core.oracle import Packet
from tests.core.world import World, allow, deny

# Few, overlapping values: collisions are where first match and unions go wrong.
CIDRS = [
    "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "10.1.2.3/16", "52.0.0.0/8",
    "52.1.2.3/32", "::/0", "::/1", "2600::/12", "2600:1f18::/32", "2600:1f18::5/128", "fd00::/8",
]  # fmt: skip
PEERS = [
    "0.0.0.1", "10.0.0.1", "10.1.0.7", "10.1.255.255", "52.1.2.3", "52.200.0.1", "128.0.0.0",
    "255.1.1.1", "127.255.255.255", "2600:1f18::5", "2600:1f18::6", "2601::1", "fd00::1", "8000::1",
    "10.0.5.1", "2600:1f18::77",
]  # fmt: skip
PORTS = [0, 1, 21, 22, 23, 80, 443, 1023, 1024, 3306, 65534, 65535]
LISTS = {
    "pl-00000001": ["10.1.0.0/16", "52.1.2.0/24"],
    "pl-00000002": ["0.0.0.0/1", "128.0.0.0/2"],
    "pl-00000003": ["2600::/16"],
    "pl-00000004": [],
}
MEMBERS = {"sg-0000000a": ["10.0.5.1", "2600:1f18::77"], "sg-0000000b": ["10.0.0.1"]}

ports = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS)).map(sorted)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    protocol = draw(st.sampled_from(["-1", "tcp", "6", "udp", "17", "icmp", "icmpv6", "58", "47"]))
    rule: dict[str, Any] = {
        "GroupId": draw(st.sampled_from(["sg-0000000a", "sg-0000000b"])),
        "IsEgress": draw(st.booleans()),
        "IpProtocol": protocol,
    }
    if protocol in ("tcp", "6", "udp", "17"):
        low, high = draw(st.one_of(ports, st.just((-1, -1)), st.just((None, None))))
        rule |= {"FromPort": low, "ToPort": high}
    elif protocol in ("icmp", "icmpv6", "58"):
        kind = draw(st.sampled_from([-1, 0, 8, 255]))
        rule |= {
            "FromPort": kind,
            "ToPort": -1 if kind == -1 else draw(st.sampled_from([-1, 0, 3])),
        }
    kind_of_peer = draw(st.integers(0, 5))
    if kind_of_peer == 0:
        rule["PrefixListId"] = draw(st.sampled_from(sorted(LISTS)))
    elif kind_of_peer == 1:
        rule["ReferencedGroupInfo"] = {"GroupId": draw(st.sampled_from(["sg-0000000a", "sg-gone"]))}
    else:
        cidr = draw(st.sampled_from(CIDRS))
        rule["CidrIpv6" if ":" in cidr else "CidrIpv4"] = cidr
    return rule


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    protocol = draw(st.sampled_from(["-1", "6", "17", "1", "58", "47"]))
    cidr = draw(st.sampled_from(CIDRS))
    entry: dict[str, Any] = {
        "RuleNumber": draw(st.integers(1, 400)),
        "Egress": draw(st.booleans()),
        "RuleAction": draw(st.sampled_from(["allow", "deny"])),
        "Protocol": protocol,
        "Ipv6CidrBlock" if ":" in cidr else "CidrBlock": cidr,
    }
    if protocol in ("6", "17"):
        low, high = draw(ports)
        entry["PortRange"] = {"From": low, "To": high}
    elif protocol in ("1", "58"):
        kind = draw(st.sampled_from([-1, 0, 8, 255]))
        entry["IcmpTypeCode"] = {
            "Type": kind,
            "Code": -1 if kind == -1 else draw(st.sampled_from([-1, 0])),
        }
    return entry


packets = st.builds(
    Packet,
    protocol=st.sampled_from([6, 17, 1, 58, 47, 50]),
    peer=st.sampled_from(PEERS),
    port=st.sampled_from(PORTS),
    kind=st.sampled_from([0, 8, 255]),
    code=st.sampled_from([0, 3, 255]),
)
NAMES = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}


def admits(found: Flows, packet: Packet) -> bool:
    name = NAMES.get(packet.protocol, str(packet.protocol))
    position = packet.kind * 256 + packet.code if packet.protocol in (1, 58) else packet.port
    return (name, position, packet.peer) in found


def world_of(made: list[dict[str, Any]], acl: list[dict[str, Any]]) -> tuple[World, str, str]:
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    for id_ in MEMBERS:
        world.group(vpc, GroupId=id_)
    for id_, cidrs in LISTS.items():
        world.prefix_list(cidrs, id=id_)
    world.interface(subnet, ["sg-0000000a"], private="10.0.5.1", ipv6="2600:1f18::77")
    world.interface(subnet, ["sg-0000000b"], private="10.0.0.1", public="52.200.0.1")
    for rule in made:
        world.add("ec2.security-group-rule", rule | {"SecurityGroupRuleId": world.next_id("sgr")})
    return world, subnet, world.acl(vpc, acl, subnets=[subnet])


@settings(max_examples=250, deadline=None)
@given(
    made=st.lists(rules(), max_size=8),
    acl=st.lists(entries(), max_size=10, unique_by=lambda e: (e["Egress"], e["RuleNumber"])),
    sent=st.lists(packets, min_size=30, max_size=30),
)
def test_groups_and_acls_admit_exactly_what_the_oracle_admits(made, acl, sent):
    world, subnet, _ = world_of(made, acl)
    estate = world.estate()
    for egress in (False, True):
        both = filters.of_groups(MEMBERS, estate, egress=egress)
        one = filters.of_groups(["sg-0000000b"], estate, egress=egress)
        wall = filters.acl_of(subnet, estate, egress=egress)
        assert not both.unknown
        assert wall is not None
        through = both.flows & wall
        for packet in sent:
            args: Any = {"egress": egress, "lists": LISTS, "members": MEMBERS}
            by_both = oracle.groups_admit(made, list(MEMBERS), packet, **args)
            by_one = oracle.groups_admit(made, ["sg-0000000b"], packet, **args)
            by_acl = oracle.acl_admits(acl, packet, egress=egress)
            assert admits(both.flows, packet) is by_both
            assert admits(one.flows, packet) is by_one
            assert admits(wall, packet) is by_acl
            assert admits(through, packet) is (by_both and by_acl)
            assert admits(both.flows | wall, packet) is (by_both or by_acl)


def test_an_unknown_prefix_list_is_named_and_is_not_taken_for_empty():
    world = World()
    group = world.group(world.vpc(), [{"source": "pl-00000009", "ports": 22}])
    world.prefix_list(None, id="pl-00000008")
    world.rule(group, "pl-00000008", 22)
    found = filters.of_groups([group], world.estate())
    assert found.unknown == {"pl-00000008", "pl-00000009"}
    assert not found.flows


def test_a_reference_stands_for_private_addresses_only():
    world = World()
    vpc = world.vpc()
    peer = world.group(vpc)
    world.interface(world.subnet(vpc), [peer], private="10.0.1.7", public="52.1.1.1")
    group = world.group(vpc, [{"source": peer, "ports": 22}])
    found = filters.of_groups([group], world.estate()).flows
    assert ("tcp", 22, "10.0.1.7") in found
    assert ("tcp", 22, "52.1.1.1") not in found


def test_an_acl_without_entries_admits_nothing():
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    world.acl(vpc, subnets=[subnet])
    assert not filters.acl_of(subnet, world.estate())


def test_no_group_admits_nothing_and_no_acl_read_is_none():
    world = World()
    subnet = world.subnet(world.vpc())
    assert not filters.of_groups([], world.estate()).flows
    assert filters.acl_of(subnet, world.estate()) is None


def test_a_deny_that_comes_first_wins_whatever_the_order_in_the_file():
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    world.acl(vpc, [allow(200), deny(100, protocol="6", ports=(22, 22))], subnets=[subnet])
    found = filters.acl_of(subnet, world.estate())
    assert found.sources("tcp", 22) == NOTHING
    assert found.sources("tcp", 23) == addresses.EVERY4


intervals = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda p: (min(p), max(p)))
)


@given(left=intervals, right=intervals)
def test_interval_sets_behave_as_sets(left, right):
    def plain(listed):
        return {n for low, high in listed for n in range(low, high + 1)}

    a, b = addresses.unite(left), addresses.unite(right)
    assert plain(a) == plain(left)
    assert all(one[1] + 1 < two[0] for one, two in itertools.pairwise(a))
    assert plain(addresses.intersect(a, b)) == plain(a) & plain(b)
    assert plain(addresses.subtract(a, b)) == plain(a) - plain(b)
    assert addresses.count(a) == len(plain(a))


def test_halves_make_a_whole():
    assert addresses.of_all(["0.0.0.0/1", "128.0.0.0/1"]) == addresses.EVERY4
    assert addresses.of_all(["::/1", "8000::/1"]) == addresses.EVERY6
    assert addresses.of_all(["10.0.0.0/9", "10.128.0.0/9", "fd00::/8"]).cidrs() == [
        "10.0.0.0/8",
        "fd00::/8",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "10.1.1.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "224.0.0.1",
        "fd00::1",
        "fe80::1",
    ],
)
def test_the_internet_holds_no_address_of_its_own_inside(address):
    assert address not in addresses.INTERNET
    assert "8.8.8.8" in addresses.INTERNET
    assert "2600::1" in addresses.INTERNET


def test_shares_are_of_the_public_part():
    assert addresses.of("0.0.0.0/0").share_of(addresses.INTERNET, 4) == 1
    assert addresses.of("10.0.0.0/8").share_of(addresses.INTERNET, 4) == 0
    assert addresses.of("::/1").share_of(addresses.INTERNET, 6) == 1
    assert flows([]).axes == {}
