"""Network ACLs, judged entry by entry in the order AWS judges them."""

from findings.rules import evidence, internet
from findings.rules.registry import Scope, rule
from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Verdict, Weight
from network import addresses, exposure, filters
from network.addresses import INTERNET, NOTHING, Addresses
from network.estate import Estate
from network.shapes import AclEntry, NetworkAcl

_ACL = "ec2.network-acl"


@rule(
    "acl-ingress-admin-from-internet",
    "Network ACL lets the Internet reach server administration",
    resource=_ACL,
    severity=Severity.MEDIUM,
    scope=Scope.VPC,
    aliases=(
        "securityhub:EC2.21",
        "prowler:ec2_networkacl_allow_ingress_tcp_port_22",
        "prowler:ec2_networkacl_allow_ingress_tcp_port_3389",
    ),
    parameters=("admin_ports", "internet_share", "trusted_networks"),
)
def admin_from_internet(acl: NetworkAcl, estate: Estate, settings: Settings) -> Verdict:
    """The subnet's own filter is the second line: it should hold when a group is opened by mistake.

    The first matching entry decides, for IPv4 and IPv6: a deny that comes first is healthy, and
    tcp 0-65535 opens as much as all protocols do.
    """
    trusted = addresses.of_all(settings.trusted_networks)
    open_ports: list[int] = []
    deciding: dict[tuple[int, str], AclEntry] = {}
    for port in settings.admin_ports:
        held = [(entry, _at(layers, port) - trusted) for entry, layers in _allows(acl)]
        total = addresses.union(sources & INTERNET for _, sources in held)
        if not internet.is_internet(total, settings):
            continue
        open_ports.append(port)
        for entry, sources in held:
            if sources & INTERNET:
                deciding[(entry.number, entry.cidr)] = entry
    if not open_ports:
        return Verdict.passing()
    weight, why = _weigh(acl, estate)
    ports = ", ".join(f"tcp/{port}" for port in open_ports)
    numbers = ", ".join(sorted({str(number) for number, _ in deciding}, key=int))
    return Verdict.failing(
        [evidence.of_entry(acl, deciding[key]) for key in sorted(deciding)],
        summary=f"{acl.label} lets the Internet in on {ports} by entry {numbers}; {why}.",
        weight=weight,
        why=why,
        subnets=list(acl.subnet_ids),
        vpc=acl.vpc_id,
    )


def _allows(acl: NetworkAcl) -> list[tuple[AclEntry, list[filters.Layer]]]:
    return [(entry, layers) for entry, layers in filters.decisions(acl) if entry.allow]


def _at(layers: list[filters.Layer], port: int) -> Addresses:
    here = [each[3] for each in layers if each[0] == "tcp" and each[1] <= port <= each[2]]
    return addresses.union(here) if here else NOTHING


def _weigh(acl: NetworkAcl, estate: Estate) -> tuple[Weight, str]:
    if not acl.subnet_ids:
        return Weight.LOWERED, "no subnet uses it"
    routed = [exposure.internet_of(subnet, estate) for subnet in acl.subnet_ids]
    public = sum(1 for each in routed if each)
    if public:
        return Weight.AS_DECLARED, f"{public} of its {len(routed)} subnets lead to the Internet"
    if any(each is None for each in routed):
        return Weight.AS_DECLARED, "the routes of its subnets are not known"
    return Weight.LOWERED, "none of its subnets has a route to the Internet"


@rule(
    "acl-deny-never-decides",
    "Network ACL has a deny that nothing ever reaches",
    resource=_ACL,
    severity=Severity.MEDIUM,
    scope=Scope.RESOURCE,
)
def deny_never_decides(acl: NetworkAcl, estate: Estate, settings: Settings) -> Verdict:
    """A deny behind an allow for the same traffic blocks nothing, and looks as if it did."""
    idle: list[AclEntry] = []
    for egress in (False, True):
        decided = filters.decisions(acl, egress=egress)
        idle += [
            entry
            for entry, layers in decided
            # Entries from 32767 on are AWS's own and deny what is left, if anything is.
            if not layers and not entry.allow and entry.number < 32_767
            and any(e.allow and e.number < entry.number for e, _ in decided)
        ]  # fmt: skip
    if not idle:
        return Verdict.passing()
    numbers = ", ".join(str(entry.number) for entry in idle)
    return Verdict.failing(
        [evidence.of_entry(acl, entry) for entry in idle],
        summary=f"Entry {numbers} of {acl.label} denies what earlier entries have allowed already.",
    )


@rule(
    "acl-unused",
    "Network ACL is used by no subnet",
    resource=_ACL,
    severity=Severity.LOW,
    scope=Scope.RESOURCE,
    aliases=("securityhub:EC2.16", "prowler:ec2_networkacl_unused"),
)
def unused(acl: NetworkAcl, estate: Estate, settings: Settings) -> Verdict:
    """An ACL nobody uses is a trap: it reads like protection and protects nothing."""
    if acl.is_default:
        return Verdict.not_applicable("the default ACL of a VPC cannot be deleted")
    if acl.subnet_ids:
        return Verdict.passing()
    return Verdict.failing(
        [evidence.item(acl, f"no subnet uses {acl.label}")],
        summary=f"No subnet uses {acl.label} of {acl.vpc_id}.",
    )
