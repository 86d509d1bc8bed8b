"""Exact sets of packets by protocol, port and peer address: what a filter admits.

A packet's place on the axis of its protocol is its destination port (tcp, udp), its type x 256 +
code (ICMP), or the protocol's number (everything else). Sets of flows are piecewise constant on
that axis; the algebra is exact.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from network import addresses
from network.addresses import EVERY4, EVERY6, EVERYTHING, NOTHING, Addresses
from network.normal import PROTOCOL_NUMBERS

AXES = ("tcp", "udp", "icmp", "icmpv6", "other")
Span = tuple[int, int]
_ENDS: Mapping[str, int] = MappingProxyType(
    {"tcp": 65_535, "udp": 65_535, "icmp": 65_535, "icmpv6": 65_535, "other": 255}
)
# ICMP speaks IPv4 only and ICMPv6 IPv6 only, whatever addresses a rule names.
_FAMILIES: Mapping[str, Addresses] = MappingProxyType(
    {"tcp": EVERYTHING, "udp": EVERYTHING, "icmp": EVERY4, "icmpv6": EVERY6, "other": EVERYTHING}
)


def icmp_span(kind: int | None, code: int | None) -> Span:
    """The places of an ICMP type and code, where `None` is any."""
    if kind is None:
        return 0, 65_535
    return (kind * 256, kind * 256 + 255) if code is None else (kind * 256 + code,) * 2


def spans(protocol: str, low: int | None, high: int | None) -> Iterable[tuple[str, Span]]:
    """Which axes a rule in normal form touches, and where."""
    if protocol == "-1":
        return [(axis, (0, end)) for axis, end in _ENDS.items()]
    if protocol in ("tcp", "udp"):
        return [(protocol, (low or 0, 65_535 if high is None else high))]
    if protocol in ("icmp", "icmpv6"):
        return [(protocol, icmp_span(low, high))]
    return [("other", (int(protocol), int(protocol)))]


def place(protocol: str, port: int = 0) -> tuple[str, int]:
    """Axis and position of one packet; `port` is type x 256 + code for ICMP."""
    if protocol in ("tcp", "udp", "icmp", "icmpv6"):
        return protocol, port
    return "other", int(protocol)


@dataclass(frozen=True, slots=True)
class Pieces:
    """A function from positions to address sets: sorted disjoint spans, empty ones left out."""

    parts: tuple[tuple[int, int, Addresses], ...] = ()

    def at(self, position: int) -> Addresses:
        """The addresses at one position."""
        for low, high, found in self.parts:
            if low <= position <= high:
                return found
        return NOTHING

    def within(self, low: int, high: int) -> Addresses:
        """The addresses at any position of a span."""
        return addresses.union(
            found for first, last, found in self.parts if first <= high and last >= low
        )

    def __bool__(self) -> bool:
        return bool(self.parts)


def pieces(layers: Iterable[tuple[int, int, Addresses]]) -> Pieces:
    """The union of any spans, in one sweep over their edges."""
    listed = [layer for layer in layers if layer[2]]
    edges = sorted({low for low, _, _ in listed} | {high + 1 for _, high, _ in listed})
    found: list[tuple[int, int, Addresses]] = []
    for low, after in itertools.pairwise(edges):
        here = addresses.union(a for first, last, a in listed if first <= low <= last)
        if not here:
            continue
        if found and found[-1][1] == low - 1 and found[-1][2] == here:
            found[-1] = (found[-1][0], after - 1, here)
        else:
            found.append((low, after - 1, here))
    return Pieces(tuple(found))


def meet(left: Pieces, right: Pieces) -> Pieces:
    """What both hold."""
    return pieces(
        (max(a, c), min(b, d), mine & theirs)
        for a, b, mine in left.parts
        for c, d, theirs in right.parts
        if a <= d and c <= b
    )


@dataclass(frozen=True, slots=True)
class Flows:
    """A set of packets. `axes` holds only axes that have any."""

    axes: Mapping[str, Pieces] = field(default_factory=dict)

    def __contains__(self, packet: tuple[str, int, str]) -> bool:
        protocol, port, address = packet
        axis, position = place(protocol, port)
        return address in self.sources(axis, position)

    def sources(self, axis: str, position: int) -> Addresses:
        """The peers of one port (or ICMP place, or protocol number)."""
        found = self.axes.get(axis)
        return found.at(position) if found else NOTHING

    def within(self, axis: str, low: int, high: int) -> Addresses:
        """The peers of any port of a span."""
        found = self.axes.get(axis)
        return found.within(low, high) if found else NOTHING

    def __and__(self, other: "Flows") -> "Flows":
        made = {
            axis: meet(mine, other.axes[axis])
            for axis, mine in self.axes.items()
            if axis in other.axes
        }
        return Flows({axis: found for axis, found in made.items() if found})

    def __or__(self, other: "Flows") -> "Flows":
        return flows(
            (axis, low, high, found)
            for side in (self, other)
            for axis, each in side.axes.items()
            for low, high, found in each.parts
        )

    def __bool__(self) -> bool:
        return any(self.axes.values())


def flows(layers: Iterable[tuple[str, int, int, Addresses]]) -> Flows:
    """The union of (axis, low, high, peers), each held to what its protocol can speak."""
    by_axis: dict[str, list[tuple[int, int, Addresses]]] = {}
    for axis, low, high, found in layers:
        by_axis.setdefault(axis, []).append((low, high, found & _FAMILIES[axis]))
    made = {axis: pieces(listed) for axis, listed in by_axis.items()}
    return Flows({axis: found for axis, found in made.items() if found})


def number(protocol: str) -> int:
    """The IANA number of a protocol in normal form (not of `-1`)."""
    return PROTOCOL_NUMBERS.get(protocol) or int(protocol)
