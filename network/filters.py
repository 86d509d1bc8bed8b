"""What filters admit: the union of an interface's groups, and an ACL's first match.

Amazon VPC User Guide, Security group rules and Network ACL rules.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from network import addresses
from network.addresses import EVERYTHING, NOTHING, Addresses
from network.estate import Estate
from network.flows import Flows, flows, icmp_span, spans
from network.shapes import AclEntry, GroupRule, NetworkAcl, SecurityGroup


@dataclass(frozen=True, slots=True)
class Admission:
    """What groups admit; `unknown` names prefix lists whose entries were not read.

    Flows through an unknown list are missing from `flows`: not empty, unknown.
    """

    flows: Flows
    unknown: frozenset[str] = frozenset()


def peers(rule: GroupRule, estate: Estate, *, references: bool = True) -> Addresses | None:
    """The addresses on the other side of a rule; `None` when its prefix list is unknown.

    A referenced group stands for the private addresses of the interfaces that carry it, never
    for their public ones; a stale reference for nothing.
    """
    if rule.cidr:
        return addresses.of(rule.cidr)
    if rule.prefix_list_id:
        found = estate.prefix_list(rule.prefix_list_id, near=rule.record)
        return None if found is None or found.cidrs is None else addresses.of_all(found.cidrs)
    return members(rule.peer_group_id, estate) if references and rule.peer_group_id else NOTHING


def members(group_id: str, estate: Estate) -> Addresses:
    """The private addresses (and IPv6 ones) of the interfaces that carry a group."""
    return estate.remember(
        ("members", group_id),
        lambda: addresses.of_all(
            address
            for interface in estate.interfaces_with(group_id)
            for address in (*interface.private_ips, *interface.ipv6s)
        ),
    )


def of_rules(rules: Iterable[GroupRule], estate: Estate, *, references: bool = True) -> Admission:
    """The union of rules of one direction."""
    unknown: set[str] = set()
    layers: list[tuple[str, int, int, Addresses]] = []
    for rule in rules:
        found = peers(rule, estate, references=references)
        if found is None:
            unknown.add(rule.prefix_list_id)
        elif found:
            for axis, (low, high) in spans(rule.protocol, rule.low, rule.high):
                layers.append((axis, low, high, found))
    return Admission(flows(layers), frozenset(unknown))


def of_groups(
    group_ids: Iterable[str], estate: Estate, *, egress: bool = False, references: bool = True
) -> Admission:
    """What an interface with these groups admits: allow rules only, all of them together."""
    wanted = tuple(sorted(set(group_ids)))
    return estate.remember(
        ("admission", wanted, egress, references),
        lambda: of_rules(
            [rule for id_ in wanted for rule in estate.rules_of(id_) if rule.egress is egress],
            estate,
            references=references,
        ),
    )


def ingress(group: SecurityGroup, estate: Estate) -> list[GroupRule]:
    """The rules that let something in."""
    return [rule for rule in estate.rules_of(group.id) if not rule.egress]


def egress(group: SecurityGroup, estate: Estate) -> list[GroupRule]:
    """The rules that let something out."""
    return [rule for rule in estate.rules_of(group.id) if rule.egress]


def entry_spans(entry: AclEntry) -> Iterable[tuple[str, tuple[int, int]]]:
    """Axes and positions of an ACL entry."""
    if entry.protocol in ("icmp", "icmpv6"):
        return [(entry.protocol, icmp_span(entry.kind, entry.code))]
    return spans(entry.protocol, entry.low, entry.high)


Layer = tuple[str, int, int, Addresses]


def decisions(acl: NetworkAcl, *, egress: bool = False) -> list[tuple[AclEntry, list[Layer]]]:
    """Each entry of a direction with the packets it decides: those no earlier one matched.

    IPv4 and IPv6 entries never meet, so one pass serves both.
    """
    decided: list[Layer] = []
    found: list[tuple[AclEntry, list[Layer]]] = []
    for entry in acl.entries:
        if entry.egress is not egress or not entry.cidr:
            continue
        peers_ = addresses.of(entry.cidr)
        mine: list[Layer] = []
        for axis, (low, high) in entry_spans(entry):
            mine += _undecided(decided, axis, low, high, peers_)
        for axis, (low, high) in entry_spans(entry):
            decided.append((axis, low, high, peers_))
        found.append((entry, mine))
    return found


def of_acl(acl: NetworkAcl, *, egress: bool = False) -> Flows:
    """What an ACL admits: by rule number the first match decides, and at the end all is denied."""
    return flows(
        layer for entry, mine in decisions(acl, egress=egress) if entry.allow for layer in mine
    )


def _undecided(
    decided: list[Layer], axis: str, low: int, high: int, found: Addresses
) -> list[Layer]:
    """What of a layer no earlier entry has decided, cut at their edges."""
    earlier = [each for each in decided if each[0] == axis and each[1] <= high and each[2] >= low]
    if not earlier:
        return [(axis, low, high, found)]
    edges = sorted(
        {low, high + 1}
        | {each[1] for each in earlier if each[1] > low}
        | {each[2] + 1 for each in earlier if each[2] < high}
    )
    cut: list[Layer] = []
    for first, after in itertools.pairwise(edges):
        taken = addresses.union(each[3] for each in earlier if each[1] <= first <= each[2])
        if rest := found - taken:
            cut.append((axis, first, after - 1, rest))
    return cut


def acl_of(subnet_id: str, estate: Estate, *, egress: bool = False) -> Flows | None:
    """What the ACL in force at a subnet admits; `None` when it was not read."""
    acl = estate.acl_of(subnet_id)
    if acl is None:
        return None
    return estate.remember(("acl", acl.id, egress), lambda: of_acl(acl, egress=egress))


ANY = flows((axis, low, high, EVERYTHING) for axis, (low, high) in spans("-1", None, None))
