"""Whether the Internet can reach an interface: address, route, ACL both ways; groups apart.

Inbound needs a public IPv4 address mapped by the Internet gateway, or an IPv6 address that is
global by itself; a route back through an Internet gateway; and an ACL that lets the request in
and the reply out (Amazon VPC User Guide, Internet gateways, Network ACLs).
"""

from network import addresses, filters
from network.addresses import INTERNET, INTERNET6, NOTHING, Addresses
from network.estate import Estate
from network.shapes import NetworkInterface, Route, RouteTable

# A reply goes to a port the client chose; every known client chooses above 1023.
EPHEMERAL = (1024, 65_535)


def routed_to_internet(table: RouteTable, estate: Estate) -> Addresses:
    """The addresses whose longest match in a table is a working Internet gateway.

    A route through a prefix list that was not read is passed over; it loses to no other route
    that is known.
    """
    return estate.remember(("routed", table.id), lambda: _longest_match(table, estate))


def _longest_match(table: RouteTable, estate: Estate) -> Addresses:
    taken = found = NOTHING
    for cidr, route in sorted(_destinations(table, estate), key=_precedence):
        rest = addresses.of(cidr) - taken
        taken |= rest
        if route.to_internet:
            found |= rest
    return found & INTERNET


def _destinations(table: RouteTable, estate: Estate) -> list[tuple[str, Route]]:
    found: list[tuple[str, Route]] = []
    for route in table.routes:
        if not route.is_prefix_list:
            found.append((route.destination, route))
            continue
        listed = estate.prefix_list(route.destination, near=table.record)
        found += [(cidr, route) for cidr in (listed.cidrs if listed else None) or ()]
    return [(cidr, route) for cidr, route in found if "/" in cidr]


def _precedence(pair: tuple[str, Route]) -> tuple[int, bool, bool, str]:
    """The longest prefix first; then written before listed before propagated."""
    cidr, route = pair
    length = int(cidr.rpartition("/")[2])
    return -length, route.origin == "EnableVgwRoutePropagation", route.is_prefix_list, route.target


def internet_of(subnet_id: str, estate: Estate) -> Addresses | None:
    """The part of the Internet a subnet is routed to; `None` when its table was not read."""
    table = estate.route_table_of(subnet_id)
    return None if table is None else routed_to_internet(table, estate)


def families_of(interface: NetworkInterface) -> Addresses:
    """All addresses of the families in which the Internet could address an interface."""
    reach = NOTHING
    if interface.public_ips:
        reach |= addresses.EVERY4
    if any(address in INTERNET6 for address in interface.ipv6s):
        reach |= addresses.EVERY6
    return reach


def reaching(
    interface: NetworkInterface, estate: Estate, *, axis: str, low: int, high: int
) -> Addresses | None:
    """Internet addresses that get a packet to some port of a span, were every group open.

    `None` when the route table or the ACL was not read. What a load balancer, a firewall or
    VPC Block Public Access does in between is not looked at.
    """
    families = families_of(interface)
    if not families or not interface.attached:
        return NOTHING
    routed = internet_of(interface.subnet_id, estate)
    inward = filters.acl_of(interface.subnet_id, estate)
    outward = filters.acl_of(interface.subnet_id, estate, egress=True)
    if routed is None or inward is None or outward is None:
        return None
    reply = outward.within(axis, *(EPHEMERAL if axis in ("tcp", "udp") else (0, 65_535)))
    return families & routed & inward.within(axis, low, high) & reply
