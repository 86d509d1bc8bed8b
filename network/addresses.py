"""Exact sets of IP addresses: sorted disjoint intervals, IPv4 and IPv6 apart."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, reduce
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network, summarize_address_range

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]

MAX4 = 2**32 - 1
MAX6 = 2**128 - 1


def unite(intervals: Iterable[Interval]) -> Intervals:
    """Any intervals, overlapping or touching, as sorted disjoint ones."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            if high > merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return tuple(merged)


def intersect(left: Intervals, right: Intervals) -> Intervals:
    """What both hold."""
    found: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low <= high:
            found.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def subtract(left: Intervals, right: Intervals) -> Intervals:
    """What `left` holds and `right` does not."""
    if not left or not right:
        return left
    found: list[Interval] = []
    j = 0
    for start, end in left:
        low = start
        while j < len(right) and right[j][1] < low:
            j += 1
        k = j
        while k < len(right) and right[k][0] <= end:
            if right[k][0] > low:
                found.append((low, right[k][0] - 1))
            low = max(low, right[k][1] + 1)
            k += 1
        if low <= end:
            found.append((low, end))
    return tuple(found)


def count(intervals: Intervals) -> int:
    """How many addresses they hold."""
    return sum(high - low + 1 for low, high in intervals)


@dataclass(frozen=True, slots=True)
class Addresses:
    """A set of addresses of both families. Operators work family by family."""

    v4: Intervals = ()
    v6: Intervals = ()

    def __or__(self, other: "Addresses") -> "Addresses":
        return Addresses(
            unite((*self.v4, *other.v4)) if other.v4 else self.v4,
            unite((*self.v6, *other.v6)) if other.v6 else self.v6,
        )

    def __and__(self, other: "Addresses") -> "Addresses":
        return Addresses(intersect(self.v4, other.v4), intersect(self.v6, other.v6))

    def __sub__(self, other: "Addresses") -> "Addresses":
        return Addresses(subtract(self.v4, other.v4), subtract(self.v6, other.v6))

    def __bool__(self) -> bool:
        return bool(self.v4 or self.v6)

    def __contains__(self, address: str | IPv4Address | IPv6Address) -> bool:
        parsed = ip_address(address) if isinstance(address, str) else address
        number = int(parsed)
        return any(
            low <= number <= high for low, high in (self.v4 if parsed.version == 4 else self.v6)
        )

    def holds(self, other: "Addresses") -> bool:
        """Whether every address of `other` is in this set."""
        return not other - self

    def only(self, family: int) -> "Addresses":
        """The part of family 4 or 6."""
        return Addresses(v4=self.v4) if family == 4 else Addresses(v6=self.v6)

    def share_of(self, whole: "Addresses", family: int) -> float:
        """Which part of `whole`'s addresses of a family this set holds, from 0 to 1."""
        mine, all_ = (self.v4, whole.v4) if family == 4 else (self.v6, whole.v6)
        return count(intersect(mine, all_)) / count(all_) if all_ else 0.0

    def cidrs(self) -> list[str]:
        """The fewest CIDRs that write this set."""
        found: list[str] = []
        for low, high in self.v4:
            found += map(str, summarize_address_range(IPv4Address(low), IPv4Address(high)))
        for low, high in self.v6:
            found += map(str, summarize_address_range(IPv6Address(low), IPv6Address(high)))
        return found


NOTHING = Addresses()
EVERY4 = Addresses(v4=((0, MAX4),))
EVERY6 = Addresses(v6=((0, MAX6),))
EVERYTHING = EVERY4 | EVERY6


@lru_cache(maxsize=65_536)
def of(cidr: str) -> Addresses:
    """The addresses of a CIDR or of one address. Raises `ValueError`."""
    network = ip_network(cidr, strict=False)
    interval = ((int(network.network_address), int(network.broadcast_address)),)
    return Addresses(v4=interval) if network.version == 4 else Addresses(v6=interval)


def union(sets: Iterable[Addresses]) -> Addresses:
    """All of them together; one merge whatever their number."""
    listed = list(sets)
    return Addresses(
        unite(interval for item in listed for interval in item.v4),
        unite(interval for item in listed for interval in item.v6),
    )


def of_all(cidrs: Iterable[str]) -> Addresses:
    """The addresses of several CIDRs together."""
    return union(of(cidr) for cidr in cidrs)


# Special-purpose ranges of RFC 6890 that no host on the Internet has as its address.
_NOT_PUBLIC4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
    "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
)  # fmt: skip
PRIVATE4 = of_all(("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))
INTERNET4 = reduce(lambda left, cidr: left - of(cidr), _NOT_PUBLIC4, EVERY4)
INTERNET6 = of("2000::/3")
INTERNET = INTERNET4 | INTERNET6
