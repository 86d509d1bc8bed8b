"""What a plan would touch, from the estate alone: interfaces, what stays open, who refers to it.

Flow logs are not read yet, so which traffic uses a rule is *not known*, and that is said. The
`inputs` are what the verdict rests on; they are read again the instant before the first write.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from network import addresses
from network.addresses import Addresses
from network.canonical import durable
from network.estate import Estate
from network.shapes import NetworkInterface
from remediation.actions.catalogue import Draft
from remediation.actions.rules import ALL_PORTS, RULE, words

Config = dict[str, Any]
TRAFFIC = "observed traffic"  # unknown until flow logs are read; alone it does not stop autopilot
_NAMED = 20  # interfaces listed by name on the page


class ImpactVerdict(StrEnum):
    """What cutting the traffic of the removed rules would mean."""

    NONE = "none"
    LOW = "low"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Impact:
    """A verdict with its reasons. `kept` names rules that go on admitting the same traffic."""

    verdict: ImpactVerdict
    text: str
    interfaces: tuple[Config, ...]
    kinds: Mapping[str, int]
    references: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    shown: tuple[Config, ...] = field(default=())

    def as_json(self) -> Config:
        """The form in which a plan's content holds it."""
        return {
            "verdict": self.verdict.value,
            "text": self.text,
            "inputs": {"interfaces": list(self.interfaces)},
            "kinds": dict(self.kinds),
            "references": list(self.references),
            "kept": list(self.kept),
            "incomplete": list(self.incomplete),
            "unknown": list(self.unknown),
            "shown": list(self.shown),
        }


def assess(estate: Estate, group_id: str, draft: Draft, *, beyond_baseline: bool = False) -> Impact:
    """The impact of a draft on one group.

    `beyond_baseline` says that what is removed was added after an approved baseline, which
    therefore never granted it: that is judged LOW although the traffic was not observed.
    """
    with estate.reading() as read:
        carriers = estate.interfaces_with(group_id)
        references = tuple(group.label for group in estate.groups_referencing(group_id))
        kept, incomplete = _still_admitted(estate, group_id, carriers, draft)
    unread = sorted(str(key) for key in read if not estate.status(key).good)
    removed = _removed(draft)
    cut = bool(removed) and not (carriers and len(incomplete) >= len(carriers) * len(removed))
    unknown = [*unread] if removed or unread else []
    if removed and carriers and cut:
        unknown.append(TRAFFIC)
    verdict, text = _verdict(
        removed=removed,
        carriers=carriers,
        cut=cut,
        unread=unread,
        beyond_baseline=beyond_baseline,
    )
    return Impact(
        verdict=verdict,
        text=text,
        interfaces=tuple(
            {"id": item.id, "groups": sorted(item.group_ids)}
            for item in sorted(carriers, key=lambda each: each.id)
        ),
        kinds=dict(sorted(Counter(kind_of(item) for item in carriers).items())),
        references=references,
        kept=tuple(sorted(kept)),
        incomplete=tuple(sorted({line for _, line in incomplete})),
        unknown=tuple(unknown),
        shown=tuple(_shown(item) for item in carriers[:_NAMED]),
    )


def kind_of(interface: NetworkInterface) -> str:
    """Whose interface it is, in a word."""
    requester, kind = interface.requester, interface.kind
    if requester == "amazon-elb" or interface.description.startswith("ELB "):
        return "load balancer"
    if requester == "amazon-rds" or interface.description == "RDSNetworkInterface":
        return "database"
    if kind == "lambda" or interface.description.startswith("AWS Lambda VPC ENI"):
        return "function"
    if kind == "nat_gateway":
        return "NAT gateway"
    if kind in ("vpc_endpoint", "gateway_load_balancer_endpoint"):
        return "endpoint"
    if interface.instance_id:
        return "instance"
    return "other service" if requester else ("attached" if interface.attached else "unattached")


def _shown(interface: NetworkInterface) -> Config:
    return {
        "id": interface.id,
        "kind": kind_of(interface),
        "carrier": interface.carrier,
        "addresses": [*interface.public_ips, *interface.private_ips[:1], *interface.ipv6s[:1]],
    }


def _removed(draft: Draft) -> list[Config]:
    """The rules a draft takes away, those it writes again in parts included."""
    gone = {id for step in draft.steps for id in step.removes}
    return [item["rule"] for item in draft.before["rules"] if item["id"] in gone]


def _verdict(
    *,
    removed: Sequence[Config],
    carriers: Sequence[NetworkInterface],
    cut: bool,
    unread: Sequence[str],
    beyond_baseline: bool,
) -> tuple[ImpactVerdict, str]:
    if unread:
        return ImpactVerdict.UNKNOWN, (
            f"The inventory cannot tell what this touches: {', '.join(unread)} could not be read."
        )
    if not removed:
        return ImpactVerdict.LOW, "Only adds: no traffic is cut."
    if not carriers:
        return ImpactVerdict.NONE, "No interface carries the group: no traffic is cut."
    if not cut:
        return ImpactVerdict.NONE, (
            "Other rules admit the same traffic on every interface: nothing is cut, and nothing"
            " is closed either."
        )
    touched = f"{len(carriers)} interface{'s' if len(carriers) != 1 else ''}"
    if beyond_baseline:
        return ImpactVerdict.LOW, (
            f"Cuts traffic on {touched} that the approved baseline never granted."
            " Observed traffic: not known."
        )
    return ImpactVerdict.UNKNOWN, (
        f"Cuts traffic on {touched}. Observed traffic: not known (no flow logs are read yet)."
    )


def _still_admitted(
    estate: Estate, group_id: str, carriers: Iterable[NetworkInterface], draft: Draft
) -> tuple[set[str], set[tuple[str, str]]]:
    """What remains open on these interfaces: rules that overlap a removed one, and those that cover it.

    The second holds (interface and removed rule, the covering rule in words), one for each pair
    that is still wholly admitted, so that they can be counted.
    """
    removed = _removed(draft)
    gone = {id for step in draft.steps for id in step.removes}
    kept: set[str] = set()
    covered: dict[str, str] = {}
    for interface in carriers:
        for group in interface.group_ids:
            for view in estate.rules_of(group):
                rule = durable(RULE, view.record.config)
                for cut in removed:
                    if view.id in gone or not overlaps(cut, rule, estate):
                        continue
                    line = f"{view.id} of {_group_name(estate, group)}: {words(rule)}"
                    kept.add(line)
                    if covers(rule, cut, estate):
                        covered.setdefault(f"{interface.id} {words(cut)}", line)
    return kept - set(covered.values()), set(covered.items())


def _group_name(estate: Estate, group_id: str) -> str:
    group = estate.group(group_id)
    return group.label if group else group_id


def overlaps(left: Mapping[str, Any], right: Mapping[str, Any], estate: Estate) -> bool:
    """Whether some packet is admitted by both; what cannot be told counts as yes."""
    if left["IsEgress"] != right["IsEgress"] or not _protocols_meet(left, right):
        return False
    (a, b), (c, d) = _span(left), _span(right)
    if max(a, c) > min(b, d):
        return False
    return _peers_meet(left, right, estate)


def covers(wide: Mapping[str, Any], narrow: Mapping[str, Any], estate: Estate) -> bool:
    """Whether every packet of `narrow` is admitted by `wide`; what cannot be told counts as no."""
    if wide["IsEgress"] != narrow["IsEgress"]:
        return False
    if wide["IpProtocol"] not in ("-1", narrow["IpProtocol"]):
        return False
    (a, b), (c, d) = _span(wide), _span(narrow)
    if not (a <= c and d <= b):
        return False
    if wide["IpProtocol"] in ("icmp", "icmpv6") and wide.get("ToPort") not in (
        None,
        narrow.get("ToPort"),
    ):
        return False
    mine, theirs = _addresses(wide, estate), _addresses(narrow, estate)
    if mine is None or theirs is None:
        return _reference(wide) == _reference(narrow) != ""
    return mine.holds(theirs)


def _protocols_meet(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    return "-1" in (left["IpProtocol"], right["IpProtocol"]) or (
        left["IpProtocol"] == right["IpProtocol"]
    )


def _span(rule: Mapping[str, Any]) -> tuple[int, int]:
    """Ports, or ICMP types; everything where a rule names none."""
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if low is None:
        return ALL_PORTS
    if rule["IpProtocol"] in ("icmp", "icmpv6"):
        return low, low
    return low, ALL_PORTS[1] if high is None else high


def _peers_meet(left: Mapping[str, Any], right: Mapping[str, Any], estate: Estate) -> bool:
    mine, theirs = _addresses(left, estate), _addresses(right, estate)
    if mine is not None and theirs is not None:
        return bool(mine & theirs)
    return True  # a group's members have addresses too, and an unread list may hold any


def _reference(rule: Mapping[str, Any]) -> str:
    peer = rule.get("ReferencedGroupInfo") or {}
    return str(peer.get("GroupId") or rule.get("PrefixListId") or "")


def _addresses(rule: Mapping[str, Any], estate: Estate) -> Addresses | None:
    """The addresses of a rule's peer; None for groups, and for lists that were not read."""
    cidr = rule.get("CidrIpv4") or rule.get("CidrIpv6")
    if cidr:
        return addresses.of(cidr)
    if rule.get("PrefixListId"):
        listed = estate.prefix_list(rule["PrefixListId"])
        if listed is not None and listed.cidrs is not None:
            return addresses.of_all(listed.cidrs)
    return None
