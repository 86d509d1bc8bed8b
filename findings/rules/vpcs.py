"""VPCs and their gateways: logs, defaults, ways out, tags."""

from findings.rules import evidence
from findings.rules.registry import Scope, rule
from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Verdict, Weight
from network import exposure
from network.estate import Estate
from network.shapes import FlowLog, InternetGateway, NatGateway, View, Vpc, VpcEndpoint

_VPC = "ec2.vpc"


@rule(
    "vpc-flow-logs-enabled",
    "VPC has no flow log",
    resource=_VPC,
    severity=Severity.MEDIUM,
    scope=Scope.VPC,
    aliases=("securityhub:EC2.6", "prowler:vpc_flow_logs_enabled"),
    parameters=("flow_log_traffic",),
)
def flow_logs_enabled(vpc: Vpc, estate: Estate, settings: Settings) -> Verdict:
    """Without flow logs nobody can say later who talked to whom.

    A log of the VPC, or one of every subnet; it must be active, deliver, and hold the traffic
    asked for.
    """
    logs = estate.flow_logs(vpc.id, near=vpc.record)
    if any(_works(log, settings) for log in logs):
        return Verdict.passing()
    subnets = estate.subnets(vpc.id, near=vpc.record)
    bare = [
        subnet
        for subnet in subnets
        if not any(_works(log, settings) for log in estate.flow_logs(subnet.id, near=vpc.record))
    ]
    for type_ in ("ec2.flow-log", "ec2.subnet"):
        if not estate.complete(type_, near=vpc.record):
            return Verdict.unknown("flow logs or subnets were not read completely")
    if subnets and not bare:
        return Verdict.passing("every subnet has a log of its own")
    used = estate.interfaces(vpc.id, near=vpc.record)
    empty = not used and estate.complete("ec2.network-interface", near=vpc.record)
    why = "nothing is in it" if empty else ""
    broken = [evidence.item(log, f"{log.id} {_flaw(log, settings)}") for log in logs]
    return Verdict.failing(
        broken or [evidence.item(vpc, f"no flow log watches {vpc.label}")],
        summary=f"{vpc.label} has no flow log that works"
        + (f", and {len(bare)} of its {len(subnets)} subnets have none" if subnets else "")
        + ".",
        weight=Weight.LOWERED if empty else Weight.AS_DECLARED,
        why=why,
        subnets_without=[subnet.id for subnet in bare],
    )


def _works(log: FlowLog, settings: Settings) -> bool:
    return log.active and log.delivering and log.traffic in settings.flow_log_traffic


def _flaw(log: FlowLog, settings: Settings) -> str:
    if not log.active:
        return "is not active"
    return "does not deliver" if not log.delivering else f"holds only {log.traffic} traffic"


@rule(
    "vpc-default-in-use",
    "Default VPC is in use",
    resource=_VPC,
    severity=Severity.LOW,
    scope=Scope.VPC,
)
def default_in_use(vpc: Vpc, estate: Estate, settings: Settings) -> Verdict:
    """In the default VPC every subnet is public and hands out public addresses unasked."""
    if vpc.is_default is None:
        return Verdict.unknown("AWS did not say whether this is the default VPC")
    if not vpc.is_default:
        return Verdict.not_applicable("not the default VPC of its region")
    used = [each for each in estate.interfaces(vpc.id, near=vpc.record) if each.attached]
    if not used:
        return Verdict.passing()
    return Verdict.failing(
        [evidence.item(each, f"{each.carrier} is in it") for each in used[:20]],
        summary=f"The default VPC {vpc.id} holds {len(used)} interfaces in use.",
        interfaces=len(used),
    )


@rule(
    "internet-gateway-without-route",
    "Internet gateway is used by no route",
    resource="ec2.internet-gateway",
    severity=Severity.LOW,
    scope=Scope.VPC,
)
def gateway_without_route(gateway: InternetGateway, estate: Estate, settings: Settings) -> Verdict:
    """A gateway nobody needs is one route away from making a private network public."""
    if not gateway.vpc_ids:
        return Verdict.failing(
            [evidence.item(gateway, "attached to no VPC")],
            summary=f"{gateway.label} is attached to no VPC.",
        )
    for vpc_id in gateway.vpc_ids:
        for table in estate.route_tables(vpc_id, near=gateway.record):
            if any(route.target == gateway.id for route in table.routes):
                return Verdict.passing()
    if not estate.complete("ec2.route-table", near=gateway.record):
        return Verdict.unknown("the routes of its VPC were not read completely")
    return Verdict.failing(
        [evidence.item(gateway, f"no route of {gateway.vpc_ids[0]} leads to it")],
        summary=f"{gateway.label} is attached to {gateway.vpc_ids[0]}, and no route leads to it.",
    )


@rule(
    "nat-gateway-without-way-out",
    "Public NAT gateway has no way to the Internet",
    resource="ec2.nat-gateway",
    severity=Severity.LOW,
    scope=Scope.VPC,
)
def nat_without_way_out(gateway: NatGateway, estate: Estate, settings: Settings) -> Verdict:
    """A public NAT gateway must itself stand in a subnet routed to an Internet gateway: elsewhere
    it drops what it is paid to carry.
    """
    if not gateway.public:
        return Verdict.not_applicable("a private NAT gateway")
    if gateway.state in ("deleted", "deleting", "failed"):
        return Verdict.not_applicable(f"the gateway is {gateway.state}")
    if not gateway.subnet_id:
        return Verdict.not_applicable("a regional NAT gateway stands in no subnet")
    routed = exposure.internet_of(gateway.subnet_id, estate)
    if routed is None:
        return Verdict.unknown("the routes of its subnet were not read")
    if routed:
        return Verdict.passing()
    return Verdict.failing(
        [evidence.item(gateway, f"{gateway.subnet_id} has no route to the Internet")],
        summary=f"{gateway.label} stands in {gateway.subnet_id}, which has no way to the Internet.",
    )


@rule(
    "endpoint-policy-allows-everything",
    "VPC endpoint lets anybody do anything",
    resource="ec2.vpc-endpoint",
    severity=Severity.LOW,
    scope=Scope.RESOURCE,
)
def endpoint_policy_open(endpoint: VpcEndpoint, estate: Estate, settings: Settings) -> Verdict:
    """With AWS's default policy the endpoint carries data to anyone's bucket as well as yours."""
    if endpoint.kind not in ("Gateway", "Interface"):
        return Verdict.not_applicable(f"endpoints of kind {endpoint.kind} have no such policy")
    policy = endpoint.policy
    if not isinstance(policy, dict) or "Unparsed" in policy:
        return Verdict.unknown("AWS did not say its policy")
    statements = policy.get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    if not any(_allows_everything(each) for each in listed if isinstance(each, dict)):
        return Verdict.passing()
    return Verdict.failing(
        [evidence.item(endpoint, "a statement allows every action of everybody on everything")],
        summary=f"{endpoint.label} to {endpoint.service} lets everybody do everything.",
        service=endpoint.service,
    )


def _allows_everything(statement: dict[str, object]) -> bool:
    if statement.get("Effect") != "Allow" or statement.get("Condition"):
        return False
    principal = statement.get("Principal")
    who = principal.get("AWS") if isinstance(principal, dict) else principal
    return all(
        "*" in (value if isinstance(value, list) else [value])
        for value in (who, statement.get("Action"), statement.get("Resource"))
    )


@rule(
    "resource-mandatory-tags",
    "Resource lacks a mandatory tag",
    resource=(
        _VPC,
        "ec2.subnet",
        "ec2.security-group",
        "ec2.route-table",
        "ec2.network-acl",
        "ec2.internet-gateway",
        "ec2.nat-gateway",
        "ec2.instance",
    ),
    severity=Severity.LOW,
    scope=Scope.RESOURCE,
    parameters=("mandatory_tags",),
)
def mandatory_tags(resource: View, estate: Estate, settings: Settings) -> Verdict:
    """Nobody can be asked about a resource that does not say whose it is."""
    if not settings.mandatory_tags:
        return Verdict.not_applicable("no tag is mandatory")
    lacking = [name for name in settings.mandatory_tags if not resource.tags.get(name)]
    if not lacking:
        return Verdict.passing()
    return Verdict.failing(
        [evidence.item(resource, f"no tag {name}") for name in lacking],
        summary=f"{resource.label} lacks {', '.join(lacking)}.",
        lacking=lacking,
    )
