"""How loud a difference is, and how it is said. Pure."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from drift.comparison import GROUP_RULE, Change, Difference, DriftClass
from findings.states import Severity

_WIDE_V4, _WIDE_V6 = 8, 16
_GUARDS = ("ec2.flow-log", "ec2.network-acl", "ec2.route-table", "ec2.internet-gateway")


def code_of(difference: Difference) -> str:
    """The kind of drift, as findings are coded."""
    if difference.entry.type == GROUP_RULE and difference.change is not Change.CHANGED:
        return f"drift-sg-rule-{difference.change}"
    return f"drift-resource-{difference.change}"


def severity_of(difference: Difference) -> tuple[Severity, str]:
    """How loud, and why."""
    entry = difference.entry
    if entry.type == GROUP_RULE and difference.change is Change.ADDED:
        if entry.config.get("IsEgress"):
            return Severity.LOW, "It opens a way out; what may come in has not changed."
        if _from_far(entry.config):
            return Severity.HIGH, "It admits a large part of the Internet."
        return Severity.MEDIUM, "It admits more than was approved."
    if difference.drift_class is DriftClass.MANAGEMENT:
        return Severity.LOW, "Names, descriptions or tags only; nobody's access has changed."
    if difference.drift_class is DriftClass.AVAILABILITY:
        return Severity.MEDIUM, "Something that was approved is closed and may be in use."
    if difference.drift_class is DriftClass.SECURITY:
        return Severity.MEDIUM, "What may be reached has changed."
    if entry.type in _GUARDS or difference.change is Change.REMOVED:
        return Severity.MEDIUM, "The network has other parts than were approved."
    return Severity.LOW, "A resource that was not approved; nothing is reachable by it alone."


def _from_far(config: Mapping[str, Any]) -> bool:
    for name, widest in (("CidrIpv4", _WIDE_V4), ("CidrIpv6", _WIDE_V6)):
        if text := config.get(name):
            network = ip_network(text, strict=False)
            return network.prefixlen <= widest and not network.is_private
    return False


def rule_text(config: Mapping[str, Any]) -> str:
    """A group's rule in words: `ingress tcp 22 from 0.0.0.0/0`."""
    outward = bool(config.get("IsEgress"))
    protocol = str(config.get("IpProtocol"))
    low, high = config.get("FromPort"), config.get("ToPort")
    ports = "" if low is None else f" {low}" if low == high else f" {low}-{high}"
    traffic = "all traffic" if protocol == "-1" else f"{protocol}{ports}"
    return f"{'egress' if outward else 'ingress'} {traffic} {'to' if outward else 'from'} {peer_text(config)}"


def peer_text(config: Mapping[str, Any]) -> str:
    """The other side of a group's rule."""
    for name in ("CidrIpv4", "CidrIpv6", "PrefixListId"):
        if config.get(name):
            return str(config[name])
    return str((config.get("ReferencedGroupInfo") or {}).get("GroupId", "an unknown peer"))


def title_of(difference: Difference, *, subject: str) -> str:
    """A short title naming the resource."""
    entry = difference.entry
    kind = entry.type.removeprefix("ec2.").replace("-", " ")
    if entry.type == GROUP_RULE:
        if difference.change is Change.CHANGED:
            return f"Rule of {subject} was changed: {', '.join(difference.fields)}"
        where = "to" if difference.change is Change.ADDED else "from"
        return f"Rule {difference.change} {where} {subject}: {rule_text(entry.config)}"
    kind = kind.capitalize()
    if difference.change is Change.CHANGED:
        return f"{kind} {subject} was changed: {', '.join(difference.fields)}"
    return f"{kind} {subject} was {difference.change} since the baseline"


def summary_of(difference: Difference, *, subject: str, baseline: str, version: int) -> str:
    """One sentence with real names."""
    entry = difference.entry
    approved = f"baseline {baseline} (version {version})"
    if entry.type == GROUP_RULE:
        text = rule_text(entry.config)
        if difference.change is Change.ADDED:
            return f"{subject} has a rule that {approved} does not have: {text}."
        if difference.change is Change.REMOVED:
            return f"{subject} no longer has a rule of {approved}: {text}."
        return f"The rule {text} of {subject} differs from {approved} in {', '.join(difference.fields)}."
    if difference.change is Change.CHANGED:
        return f"{subject} differs from {approved} in {', '.join(difference.fields)}."
    if difference.change is Change.ADDED:
        return f"{subject} exists and is not in {approved}."
    return f"{subject} is in {approved} and no longer exists."
