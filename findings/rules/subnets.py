"""Subnets: what they give to new interfaces, and what their tier promises."""

from findings.rules import evidence
from findings.rules.registry import Scope, rule
from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Verdict, Weight
from network import exposure
from network.estate import Estate
from network.shapes import Subnet

_SUBNET = "ec2.subnet"


@rule(
    "subnet-auto-assigns-public-ip",
    "Subnet gives every new interface a public address",
    resource=_SUBNET,
    severity=Severity.MEDIUM,
    scope=Scope.VPC,
    aliases=("securityhub:EC2.15", "prowler:vpc_subnet_no_public_ip_by_default"),
)
def auto_assigns_public_ip(subnet: Subnet, estate: Estate, settings: Settings) -> Verdict:
    """A public address should be somebody's decision, not what happens when nobody decides."""
    if subnet.public_ip_on_launch is None:
        return Verdict.unknown("AWS did not say whether public addresses are given")
    if not subnet.public_ip_on_launch:
        return Verdict.passing()
    routed = exposure.internet_of(subnet.id, estate)
    weight, why = Weight.AS_DECLARED, "it is routed to the Internet"
    if routed is None:
        why = "its routes are not known"
    elif not routed:
        weight, why = Weight.LOWERED, "it has no route to the Internet"
    return Verdict.failing(
        [evidence.item(subnet, "MapPublicIpOnLaunch is on")],
        summary=f"{subnet.label} in {subnet.vpc_id} gives new interfaces public addresses; {why}.",
        weight=weight,
        why=why,
    )


@rule(
    "subnet-private-tier-routed-to-internet",
    "Subnet of a private tier is routed to the Internet",
    resource=_SUBNET,
    severity=Severity.HIGH,
    scope=Scope.VPC,
    parameters=("tier_tags", "private_tiers"),
)
def private_tier_routed(subnet: Subnet, estate: Estate, settings: Settings) -> Verdict:
    """Data tiers live on the promise that no way leads in; an Internet gateway route breaks it.

    The table that really applies counts: the subnet's own, else the main one of its own VPC.
    """
    tier = settings.tier(subnet.tags)
    if not tier:
        return Verdict.not_applicable("no tag names a private tier")
    table = estate.route_table_of(subnet.id)
    if table is None:
        return Verdict.unknown("its route table was not read")
    if not exposure.routed_to_internet(table, estate):
        return Verdict.passing()
    routes = [route for route in table.routes if route.to_internet]
    how = "its own table" if subnet.id in table.subnet_ids else "the main table"
    return Verdict.failing(
        [evidence.of_route(table, route) for route in routes],
        summary=(
            f"{subnet.label} is tagged as {tier}, and {how} {table.label} leads it to"
            f" {routes[0].target}."
        ),
        tier=tier,
        table=table.id,
    )
