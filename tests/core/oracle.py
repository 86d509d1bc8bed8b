"""What AWS does to one packet, written again and plainly: no sets, no algebra, no code of ours.

Works on raw descriptions (lists of dictionaries as AWS gives them) and `ipaddress` alone.
"""

from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}


class Packet(NamedTuple):
    """`port` is the destination port; ICMP has `kind` and `code` instead."""

    protocol: int
    peer: str
    port: int = 0
    kind: int = 0
    code: int = 0


def _number(protocol: str) -> int:
    return NUMBERS.get(protocol.lower(), -1 if protocol == "-1" else 0) or int(protocol)


def _inside(peer: str, cidr: str) -> bool:
    network, address = ip_network(cidr, strict=False), ip_address(peer)
    return network.version == address.version and address in network


def _speaks(packet: Packet) -> bool:
    """ICMP exists on IPv4 only, ICMPv6 on IPv6 only."""
    version = ip_address(packet.peer).version
    return not ((packet.protocol == 1 and version == 6) or (packet.protocol == 58 and version == 4))


def rule_admits(
    rule: dict[str, Any],
    packet: Packet,
    lists: dict[str, list[str]],
    members: dict[str, list[str]],
) -> bool:
    """One security group rule against one packet."""
    number = _number(rule["IpProtocol"])
    if number not in (-1, packet.protocol):
        return False
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if number in (6, 17):
        if low not in (None, -1) and high not in (None, -1) and not low <= packet.port <= high:
            return False
    elif number in (1, 58):
        if low not in (None, -1) and low != packet.kind:
            return False
        if low not in (None, -1) and high not in (None, -1) and high != packet.code:
            return False
    if "PrefixListId" in rule:
        return any(_inside(packet.peer, cidr) for cidr in lists[rule["PrefixListId"]])
    if "ReferencedGroupInfo" in rule:
        wanted = members.get(rule["ReferencedGroupInfo"]["GroupId"], [])
        return any(ip_address(packet.peer) == ip_address(address) for address in wanted)
    return _inside(packet.peer, rule.get("CidrIpv4") or rule["CidrIpv6"])


def groups_admit(
    rules: list[dict[str, Any]],
    groups: list[str],
    packet: Packet,
    *,
    egress: bool,
    lists: dict[str, list[str]],
    members: dict[str, list[str]],
) -> bool:
    """Any rule of any group is enough."""
    return _speaks(packet) and any(
        rule["GroupId"] in groups
        and rule["IsEgress"] is egress
        and rule_admits(rule, packet, lists, members)
        for rule in rules
    )


def acl_admits(entries: list[dict[str, Any]], packet: Packet, *, egress: bool) -> bool:
    """The first matching entry by number decides; none is a deny."""
    if not _speaks(packet):
        return False
    for entry in sorted(entries, key=lambda each: each["RuleNumber"]):
        if entry["Egress"] is not egress:
            continue
        number = int(entry["Protocol"])
        if number not in (-1, packet.protocol):
            continue
        span = entry.get("PortRange", {"From": 0, "To": 65_535})
        if number in (6, 17) and not span["From"] <= packet.port <= span["To"]:
            continue
        if number in (1, 58) and "IcmpTypeCode" in entry:
            kind, code = entry["IcmpTypeCode"]["Type"], entry["IcmpTypeCode"]["Code"]
            if kind != -1 and (kind != packet.kind or code not in (-1, packet.code)):
                continue
        if _inside(packet.peer, entry.get("CidrBlock") or entry["Ipv6CidrBlock"]):
            return entry["RuleAction"] == "allow"
    return False


def routed_to_internet(
    routes: list[dict[str, Any]], address: str, lists: dict[str, list[str]]
) -> bool:
    """Longest prefix of all; then written, then listed, then propagated; dead ones drop."""
    best: tuple[int, int] | None = None
    target = {}
    for route in routes:
        fixed = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
        for cidr in [fixed] if fixed else lists[route["DestinationPrefixListId"]]:
            if not _inside(address, cidr):
                continue
            rank = 0 if route.get("Origin") == "EnableVgwRoutePropagation" else 2 if fixed else 1
            found = (ip_network(cidr, strict=False).prefixlen, rank)
            if best is None or found > best:
                best, target = found, route
    return target.get("GatewayId", "").startswith("igw-") and target["State"] == "active"
