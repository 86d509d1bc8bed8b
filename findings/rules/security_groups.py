"""Security groups open to the Internet, judged on the union of their rules."""

from collections.abc import Iterable, Sequence

from findings.rules import evidence, internet
from findings.rules.internet import BOTH, Opening, PortSpan
from findings.rules.registry import Scope, rule
from findings.rules.services import (
    CIFS,
    CONTROL_PLANES,
    DATABASES,
    RDP,
    SSH,
    UNENCRYPTED,
    Service,
)
from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Verdict
from network import addresses
from network.estate import Estate
from network.shapes import GroupRule, SecurityGroup

_GROUP = "ec2.security-group"
_REVOKE = "revoke-ingress-rule"
_OPENNESS = ("internet_share", "trusted_networks")
_BROAD = 1_024
_ALL_BUT_A_FEW = 65_000  # tcp/1-65535 and 0-65535 with a gap are “all ports” to whoever attacks


def _services_open(
    group: SecurityGroup,
    estate: Estate,
    settings: Settings,
    services: Sequence[Service],
    families: Sequence[int] = BOTH,
) -> Verdict:
    """Fails with the rules that open any port of any of these services."""
    openings = internet.openings(group, estate, settings)
    found: dict[str, Opening] = {}
    opened: dict[Service, None] = {}
    for service in services:
        for port in range(service.low, service.high + 1):
            for each in internet.open_at(openings, service.protocol, port, settings, families):
                found[each.rule.id] = each
                opened[service] = None
    if found:
        ports = [(each.protocol, each.low, each.high) for each in opened]
        return _failing(group, estate, list(found.values()), ports, _named(opened))
    unread = [
        each.prefix_list_id
        for each in openings.unread
        if any(each.admits(s.protocol, p) for s in services for p in range(s.low, s.high + 1))
    ]
    return _unless_unread(unread)


def _named(opened: Iterable[Service]) -> list[str]:
    """`SSH (tcp/22)`, a service with several places once."""
    places: dict[str, list[str]] = {}
    for each in opened:
        places.setdefault(each.name, []).append(each.ports)
    return [f"{name} ({', '.join(ports)})" for name, ports in places.items()]


def _failing(
    group: SecurityGroup,
    estate: Estate,
    found: Sequence[Opening],
    ports: Sequence[PortSpan],
    names: Sequence[str],
) -> Verdict:
    weight, why, reached = internet.weigh(group, estate, found, ports)
    what = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    rules = ", ".join(each.rule.id for each in found[:4])
    rules += f" and {len(found) - 4} more" if len(found) > 4 else ""
    return Verdict.failing(
        [evidence.of_rule(each.rule, estate) for each in sorted(found, key=lambda o: o.rule.id)],
        summary=f"{group.label} opens {what} to the Internet through {rules}; {why}.",
        weight=weight,
        why=why,
        services=list(names),
        ports=[list(each) for each in ports],  # what a repair has to close
        reachable=reached,
        vpc=group.vpc_id,
    )


def _unless_unread(lists: Sequence[str]) -> Verdict:
    if lists:
        names = ", ".join(sorted(set(lists)))
        return Verdict.unknown(f"the entries of {names} were not read")
    return Verdict.passing()


@rule(
    "sg-ingress-ssh-from-internet",
    "Security group opens SSH to the Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=(
        "securityhub:EC2.13",
        "prowler:ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22",
    ),
    parameters=_OPENNESS,
)
def ssh_from_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """Scanners find an open port 22 in minutes; a shell should never be one password away."""
    return _services_open(group, estate, settings, SSH)


@rule(
    "sg-ingress-rdp-from-internet",
    "Security group opens RDP to the Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=(
        "securityhub:EC2.14",
        "prowler:ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_3389",
    ),
    parameters=_OPENNESS,
)
def rdp_from_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """Remote desktops are the commonest way in for ransomware: guessed passwords and old flaws."""
    return _services_open(group, estate, settings, RDP)


def _admin(settings: Settings) -> list[Service]:
    named = {22: "SSH", 3389: "RDP"}
    return [
        Service(named.get(port, "administration"), "tcp", port, port)
        for port in settings.admin_ports
    ]


@rule(
    "sg-ingress-admin-from-internet-ipv4",
    "Security group opens server administration to the IPv4 Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=("securityhub:EC2.53",),
    parameters=(*_OPENNESS, "admin_ports"),
)
def admin_from_internet4(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """Administration belongs behind a VPN or Session Manager; judged for IPv4 apart from IPv6."""
    return _services_open(group, estate, settings, _admin(settings), (4,))


@rule(
    "sg-ingress-admin-from-internet-ipv6",
    "Security group opens server administration to the IPv6 Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=("securityhub:EC2.54",),
    parameters=(*_OPENNESS, "admin_ports"),
)
def admin_from_internet6(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """An IPv6 address is global by itself: `::/0` opens what `0.0.0.0/0` was taken away from."""
    return _services_open(group, estate, settings, _admin(settings), (6,))


@rule(
    "sg-ingress-cifs-from-internet",
    "Security group opens file sharing (CIFS) to the Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=("prowler:ec2_instance_port_cifs_exposed_to_internet",),
    parameters=_OPENNESS,
)
def cifs_from_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """File shares leak data and carry worms; no version of the protocol is meant for the open."""
    return _services_open(group, estate, settings, CIFS)


@rule(
    "sg-ingress-database-from-internet",
    "Security group opens a database to the Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=("securityhub:EC2.19",),
    parameters=_OPENNESS,
)
def database_from_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """Databases are found, copied and held for ransom within hours; many need no password."""
    return _services_open(group, estate, settings, DATABASES)


@rule(
    "sg-ingress-unencrypted-service-from-internet",
    "Security group opens a service without encryption to the Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=("securityhub:EC2.19",),
    parameters=_OPENNESS,
)
def unencrypted_from_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """FTP, Telnet and their kin send passwords in the clear across networks nobody controls."""
    return _services_open(group, estate, settings, UNENCRYPTED)


@rule(
    "sg-ingress-control-plane-from-internet",
    "Security group opens a management interface to the Internet",
    resource=_GROUP,
    severity=Severity.HIGH,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=("prowler:ec2_securitygroup_allow_ingress_from_internet_to_high_risk_tcp_ports",),
    parameters=_OPENNESS,
)
def control_plane_from_internet(
    group: SecurityGroup, estate: Estate, settings: Settings
) -> Verdict:
    """Whoever reaches Docker, a kubelet, etcd or VNC commands the machine behind it."""
    return _services_open(group, estate, settings, CONTROL_PLANES)


@rule(
    "sg-ingress-all-traffic-from-internet",
    "Security group opens every port to the Internet",
    resource=_GROUP,
    severity=Severity.CRITICAL,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=("prowler:ec2_securitygroup_allow_ingress_from_internet_to_all_ports",),
    parameters=_OPENNESS,
)
def all_traffic_from_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """A group that admits everything is no group; what listens tomorrow is exposed tomorrow."""
    openings = internet.openings(group, estate, settings)
    opened = internet.open_spans(openings, settings)
    wide = [
        axis
        for axis in ("tcp", "udp")
        if addresses.count(tuple(opened.get(axis, ()))) >= _ALL_BUT_A_FEW
    ]
    if not wide:
        return _unless_unread(
            [r.prefix_list_id for r in openings.unread if r.ports == "all" and r.protocol != "icmp"]
        )
    found: dict[str, Opening] = {}
    for axis in wide:
        for low, high in opened[axis]:
            for each in internet.open_within(openings, axis, low, high, settings):
                found[each.rule.id] = each
    # A rule for the web beside one for everything is no part of it.
    broad = {id_: each for id_, each in found.items() if _is_broad(each)}
    found = broad or found
    ports = [(axis, low, high) for axis in wide for low, high in opened[axis]]
    names = [f"every {axis} port" for axis in wide]
    return _failing(group, estate, list(found.values()), ports, names)


def _is_broad(each: Opening) -> bool:
    low, high = each.rule.low, each.rule.high
    return each.rule.protocol == "-1" or (
        low is not None and high is not None and high - low >= _BROAD
    )


@rule(
    "sg-ingress-other-port-from-internet",
    "Security group opens ports to the Internet that are not on the list of allowed ones",
    resource=_GROUP,
    severity=Severity.MEDIUM,
    scope=Scope.ACCOUNT_REGION,
    action=_REVOKE,
    aliases=(
        "securityhub:EC2.18",
        "prowler:ec2_securitygroup_allow_ingress_from_internet_to_any_port",
    ),
    parameters=(*_OPENNESS, "allowed_ports"),
)
def other_port_from_internet(group: SecurityGroup, estate: Estate, settings: Settings) -> Verdict:
    """What the public may use is a short list; every other open port wants a reason."""
    openings = internet.openings(group, estate, settings)
    allowed = addresses.unite((port, port) for port in settings.allowed_ports)
    ports: list[PortSpan] = []
    found: dict[str, Opening] = {}
    for axis, opened in internet.open_spans(openings, settings).items():
        if axis not in ("tcp", "udp"):
            continue
        for low, high in addresses.subtract(tuple(opened), allowed):
            ports.append((axis, low, high))
            for each in internet.open_within(openings, axis, low, high, settings):
                found[each.rule.id] = each
    if ports:
        names = [
            f"{axis}/{low}" if low == high else f"{axis}/{low}-{high}" for axis, low, high in ports
        ]
        return _failing(group, estate, list(found.values()), ports, names)
    return _unless_unread([r.prefix_list_id for r in openings.unread if not _allowed(r, settings)])


def _allowed(found: GroupRule, settings: Settings) -> bool:
    """Whether a rule concerns nothing but allowed ports, or no ports at all."""
    if found.protocol not in ("tcp", "udp", "-1"):
        return True
    return found.low is not None and found.low == found.high and found.low in settings.allowed_ports
