"""Security groups beyond open ports: defaults, references, ranges, egress, use."""

from findings.rules import evidence, internet
from findings.rules.internet import Opening
from findings.rules.registry import Scope, rule
from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Verdict, Weight
from network.estate import Estate
from network.shapes import GroupRule, SecurityGroup

_GROUP = "ec2.security-group"


@rule(
    "sg-default-restricts-all",
    "Default security group lets traffic through",
    resource=_GROUP,
    severity=Severity.MEDIUM,
    scope=Scope.RESOURCE,
    aliases=("securityhub:EC2.2", "prowler:ec2_securitygroup_default_restrict_traffic"),
)
def default_restricts_all(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """Whatever is launched without a group gets the default one: it should admit nothing at all.

    Its own reference to itself and the egress AWS puts there count as well.
    """
    if not group.is_default:
        return Verdict.not_applicable("not a default group")
    rules = estate.rules_of(group.id)
    if not rules:
        return Verdict.passing()
    ways = "ingress and egress" if len({each.egress for each in rules}) > 1 else (
        "egress" if rules[0].egress else "ingress"
    )  # fmt: skip
    return Verdict.failing(
        [evidence.of_rule(each, estate) for each in rules],
        summary=f"The default group {group.id} of {group.vpc_id} has {len(rules)} rules for {ways}.",
        vpc=group.vpc_id,
    )


@rule(
    "sg-ingress-prefix-list-holds-internet",
    "Security group admits a prefix list that holds the Internet",
    resource=_GROUP,
    severity=Severity.MEDIUM,
    scope=Scope.ACCOUNT_REGION,
    action="revoke-ingress-rule",
    parameters=("internet_share", "trusted_networks"),
)
def prefix_list_holds_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """A list of trusted networks that came to hold everything opens every group that uses it."""
    found = internet.openings(group, estate, settings)
    wide = [
        each
        for each in found.known
        if each.rule.prefix_list_id and internet.is_internet(each.sources, settings)
    ]
    if wide:
        names = ", ".join(sorted({each.rule.prefix_list_id for each in wide}))
        ports = [_span(each) for each in wide]
        weight, why, reached = internet.weigh(group, estate, wide, ports)
        return Verdict.failing(
            [evidence.of_rule(each.rule, estate) for each in wide],
            summary=f"{group.label} admits {names}, which holds the Internet; {why}.",
            weight=weight,
            why=why,
            prefix_lists=sorted({each.rule.prefix_list_id for each in wide}),
            reachable=reached,
        )
    if found.unread:
        names = ", ".join(sorted({each.prefix_list_id for each in found.unread}))
        return Verdict.unknown(f"the entries of {names} were not read")
    return Verdict.passing()


def _span(each: Opening) -> tuple[str, int, int]:
    found = each.rule
    return found.protocol, found.low or 0, 65_535 if found.high is None else found.high


@rule(
    "sg-ingress-wide-public-range",
    "Security group admits a very wide public range",
    resource=_GROUP,
    severity=Severity.MEDIUM,
    scope=Scope.ACCOUNT_REGION,
    action="revoke-ingress-rule",
    aliases=("prowler:ec2_securitygroup_allow_wide_open_public_ipv4",),
    parameters=(
        "internet_share",
        "trusted_networks",
        "widest_public_ipv4",
        "widest_public_ipv6",
        "allowed_ports",
    ),
)
def wide_public_range(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """A public range of a whole carrier trusts strangers; allow the addresses that are known.

    Ranges wide enough to be the Internet are other rules' business, as are allowed ports.
    """
    found = internet.openings(group, estate, settings)
    wide = [
        each
        for each in found.known
        if _is_wide(each, settings)
        and not internet.is_internet(each.sources, settings)
        and not _only_allowed(each.rule, settings)
    ]
    if wide:
        ranges = ", ".join(sorted({each.rule.peer for each in wide}))
        return Verdict.failing(
            [evidence.of_rule(each.rule, estate) for each in wide],
            summary=f"{group.label} admits {ranges}, wider than one organisation's own network.",
        )
    if found.unread:
        names = ", ".join(sorted({each.prefix_list_id for each in found.unread}))
        return Verdict.unknown(f"the entries of {names} were not read")
    return Verdict.passing()


def _is_wide(each: Opening, settings: Settings) -> bool:
    widest4 = 2 ** (32 - settings.widest_public_ipv4)
    widest6 = 2 ** (128 - settings.widest_public_ipv6)
    return any(high - low + 1 > widest4 for low, high in each.sources.v4) or any(
        high - low + 1 > widest6 for low, high in each.sources.v6
    )


def _only_allowed(found: GroupRule, settings: Settings) -> bool:
    return (
        found.protocol in ("tcp", "udp")
        and found.low == found.high
        and found.low in settings.allowed_ports
    )


@rule(
    "sg-rule-stale-reference",
    "Security group rule points to a group that is gone",
    resource=_GROUP,
    severity=Severity.LOW,
    scope=Scope.NETWORK_DOMAIN,
)
def stale_reference(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """A reference to a deleted group admits nothing and hides what the group really allows.

    Groups of accounts outside this inventory are judged by what AWS says of the peering.
    """
    stale: list[GroupRule] = []
    for each in estate.rules_of(group.id):
        if not each.peer_group_id or each.peer_group_id == group.id:
            continue
        if each.peering_status in ("deleted", "expired", "rejected", "failed") or _peer_is_gone(
            each, group, estate
        ):
            stale.append(each)
    if not stale:
        return Verdict.passing()
    names = ", ".join(sorted({each.peer_group_id for each in stale}))
    return Verdict.failing(
        [evidence.of_rule(each, estate) for each in stale],
        summary=f"{group.label} refers to {names}, which is gone.",
    )


def _peer_is_gone(each: GroupRule, group: SecurityGroup, estate: Estate) -> bool:
    """Gone is only what the listing of its own account does not hold."""
    if estate.group(each.peer_group_id, near=group.record) is not None:
        return False
    account = each.peer_account or group.record.account
    if each.peering_id or account != group.record.account:
        return False
    return estate.complete("ec2.security-group", near=group.record)


@rule(
    "sg-egress-all-to-internet",
    "Security group lets everything out to the Internet",
    resource=_GROUP,
    severity=Severity.LOW,
    scope=Scope.ACCOUNT_REGION,
    parameters=("internet_share", "trusted_networks"),
)
def egress_all(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """What AWS puts into every new group lets an intruder call home and data leave unnoticed."""
    found = internet.openings(group, estate, settings, egress=True)
    everything = [
        each
        for each in found.known
        if each.rule.protocol == "-1" and internet.is_internet(each.sources, settings)
    ]
    if everything:
        return Verdict.failing(
            [evidence.of_rule(each.rule, estate) for each in everything],
            summary=f"{group.label} lets all traffic out to the Internet.",
        )
    unread = [each for each in found.unread if each.protocol == "-1"]
    if unread:
        return Verdict.unknown(f"the entries of {unread[0].prefix_list_id} were not read")
    return Verdict.passing()


@rule(
    "sg-unused",
    "Security group is used by nothing",
    resource=_GROUP,
    severity=Severity.LOW,
    scope=Scope.VPC,
    aliases=("securityhub:EC2.22", "prowler:ec2_securitygroup_not_used"),
)
def unused(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """Groups left behind get attached in a hurry, with rules nobody remembers the reason of.

    Carried by an interface, or referred to by a rule of another group, is used. Launch templates
    are not looked at.
    """
    if group.is_default:
        return Verdict.not_applicable("a default group cannot be deleted")
    carrying = estate.interfaces_with(group.id)
    referring = [r for r in estate.rules_referencing(group.id) if r.group_id != group.id]
    if carrying or referring:
        return Verdict.passing()
    for type_ in ("ec2.network-interface", "ec2.security-group-rule"):
        if not estate.complete(type_, near=group.record):
            return Verdict.unknown("what uses it was not read completely")
    return Verdict.failing(
        [evidence.item(group, f"no interface carries {group.label} and no group refers to it")],
        summary=f"No interface carries {group.label} and no group refers to it.",
        weight=Weight.AS_DECLARED,
    )
