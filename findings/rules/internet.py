"""What “open to the Internet” means: by how much of it is admitted, never by how it is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from findings.rules.settings import Settings
from findings.rules.verdicts import Weight
from network import addresses, exposure, filters
from network.addresses import INTERNET, Addresses
from network.estate import Estate
from network.flows import pieces, spans
from network.shapes import GroupRule, NetworkInterface, SecurityGroup

BOTH = (4, 6)
PortSpan = tuple[str, int, int]  # protocol, first, last


@dataclass(frozen=True, slots=True)
class Opening:
    """A rule and the part of the Internet it admits, trusted networks left out.

    `shares` are the parts of the IPv4 and the IPv6 Internet that `sources` hold.
    """

    rule: GroupRule
    sources: Addresses
    shares: tuple[float, float]

    def share(self, family: int) -> float:
        """The part of one family."""
        return self.shares[0] if family == 4 else self.shares[1]


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings of a group in one direction; `unread` rules have an unknown prefix list."""

    known: tuple[Opening, ...]
    unread: tuple[GroupRule, ...]


def is_internet(sources: Addresses, settings: Settings, families: Sequence[int] = BOTH) -> bool:
    """Whether sources hold enough of the public addresses of a family; see `Settings`."""
    return any(sources.share_of(INTERNET, each) >= settings.internet_share for each in families)


def openings(
    group: SecurityGroup, estate: Estate, settings: Settings, *, egress: bool = False
) -> Openings:
    """Which rules of a group meet the Internet at all; computed once for all rules that ask."""
    return estate.remember(
        ("openings", group.id, settings.trusted_networks, egress),
        lambda: _openings(group, estate, settings, egress=egress),
    )


def _openings(
    group: SecurityGroup, estate: Estate, settings: Settings, *, egress: bool
) -> Openings:
    trusted = addresses.of_all(settings.trusted_networks)
    known: list[Opening] = []
    unread: list[GroupRule] = []
    for each in filters.egress(group, estate) if egress else filters.ingress(group, estate):
        if each.peer_group_id:
            continue
        sources = filters.peers(each, estate, references=False)
        if sources is None:
            unread.append(each)
        elif public := (sources & INTERNET) - trusted:
            known.append(Opening(each, public, (_share(public, 4), _share(public, 6))))
    return Openings(tuple(known), tuple(unread))


def _share(public: Addresses, family: int) -> float:
    """As `Addresses.share_of`, for a set that holds Internet addresses only."""
    held, whole = (public.v4, INTERNET.v4) if family == 4 else (public.v6, INTERNET.v6)
    return addresses.count(held) / addresses.count(whole) if held else 0.0


def deciding(
    admitting: Sequence[Opening], settings: Settings, families: Sequence[int] = BOTH
) -> list[Opening]:
    """Of openings that admit the same port, those without which it is not open to the Internet.

    Each that is the Internet by itself; of pieces that only add up to it, the largest until what
    is left does not. A partner's own range beside `0.0.0.0/0` is no part of the problem.
    """
    least = settings.internet_share
    found: list[Opening] = []
    for family in families:
        here = [each for each in admitting if each.share(family)]
        if sum(each.share(family) for each in here) < least - 1e-9:
            continue  # even without overlap they do not add up to it
        found += [each for each in here if each.share(family) >= least]
        rest = sorted(
            (each for each in here if each.share(family) < least),
            key=lambda each: (-each.share(family), each.rule.id),
        )
        while rest and _share(addresses.union(each.sources for each in rest), family) >= least:
            found.append(rest.pop(0))
    return sorted({each.rule.id: each for each in found}.values(), key=lambda each: each.rule.id)


def open_at(
    found: Openings,
    protocol: str,
    port: int,
    settings: Settings,
    families: Sequence[int] = BOTH,
) -> list[Opening]:
    """The deciding openings of one port; empty when the Internet cannot use it."""
    admitting = [each for each in found.known if each.rule.admits(protocol, port)]
    return deciding(admitting, settings, families) if admitting else []


def open_within(
    found: Openings, protocol: str, low: int, high: int, settings: Settings
) -> list[Opening]:
    """The deciding openings of any port of a span, judged where the set of rules changes."""
    edges = {low}
    for each in found.known:
        for edge in (each.rule.low, None if each.rule.high is None else each.rule.high + 1):
            if edge is not None and low < edge <= high:
                edges.add(edge)
    decided: dict[str, Opening] = {}
    for edge in sorted(edges):
        decided |= {each.rule.id: each for each in open_at(found, protocol, edge, settings)}
    return list(decided.values())


def open_spans(found: Openings, settings: Settings) -> dict[str, list[tuple[int, int]]]:
    """The ports (and places of other protocols) open to the Internet, by axis."""
    layers: dict[str, list[tuple[int, int, Addresses]]] = {}
    for each in found.known:
        for axis, (low, high) in spans(each.rule.protocol, each.rule.low, each.rule.high):
            layers.setdefault(axis, []).append((low, high, each.sources))
    opened: dict[str, list[tuple[int, int]]] = {}
    for axis, listed in layers.items():
        wide = [(a, b) for a, b, held in pieces(listed).parts if is_internet(held, settings)]
        merged = addresses.unite(wide)
        if merged:
            opened[axis] = list(merged)
    return opened


def weigh(
    group: SecurityGroup, estate: Estate, found: Sequence[Opening], ports: Iterable[PortSpan]
) -> tuple[Weight, str, list[str]]:
    """How exposure changes the severity of an open group, the reason, and who is reachable.

    Louder when the Internet reaches an interface that carries the group: public address, route
    through an Internet gateway, ACL both ways. Quieter when no interface carries it.
    """
    with estate.reading() as read:
        carrying = [each for each in estate.interfaces_with(group.id) if each.attached]
    complete = all(
        estate.status(shard).good for shard in read if shard.collector == "ec2.network-interface"
    )
    if not carrying:
        if complete:
            return Weight.LOWERED, "no attached interface carries this group", []
        return Weight.AS_DECLARED, "the interfaces that carry it are not known", []
    sources = addresses.union(each.sources for each in found)
    spans_ = tuple(ports)
    states = {each.id: _reach(each, estate, sources, spans_) for each in carrying}
    reached = [each for each in carrying if states[each.id]]
    if reached:
        names = [_place(each) for each in reached]
        listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return Weight.RAISED, f"the Internet reaches {listed}", [each.id for each in reached]
    if any(state is None for state in states.values()):
        return Weight.AS_DECLARED, "routes or ACLs before its interfaces are not known", []
    many = "interface carries" if len(carrying) == 1 else "interfaces carry"
    return Weight.AS_DECLARED, f"{len(carrying)} {many} it, none reachable from the Internet", []


def _reach(
    interface: NetworkInterface, estate: Estate, sources: Addresses, ports: Sequence[PortSpan]
) -> bool | None:
    """Whether any of the ports is reached; `None` when that cannot be told."""
    state: bool | None = False
    for protocol, low, high in ports:
        for axis, (first, last) in spans(protocol, low, high):
            reach = exposure.reaching(interface, estate, axis=axis, low=first, high=last)
            if reach is None:
                state = None
            elif reach & sources:
                return True
    return state


def _place(interface: NetworkInterface) -> str:
    known_by = interface.public_ips or interface.ipv6s
    return f"{interface.carrier} at {known_by[0]}"
