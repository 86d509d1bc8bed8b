"""Instances: metadata, public addresses, forwarding; and addresses nobody uses."""

from findings.rules import evidence
from findings.rules.registry import Scope, rule
from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Verdict, Weight
from network import exposure
from network.addresses import INTERNET6
from network.estate import Estate
from network.shapes import ElasticAddress, Instance, NetworkInterface

_INSTANCE = "ec2.instance"


@rule(
    "instance-imdsv2-required",
    "Instance answers metadata requests without a token",
    resource=_INSTANCE,
    severity=Severity.MEDIUM,
    scope=Scope.VPC,
    aliases=("securityhub:EC2.8", "prowler:ec2_instance_imdsv2_enabled"),
)
def imdsv2_required(instance: Instance, estate: Estate, settings: Settings) -> Verdict:
    """Version 1 hands the instance's credentials to whoever can make it fetch a URL."""
    if instance.gone:
        return Verdict.not_applicable(f"the instance is {instance.state}")
    if instance.http_endpoint == "disabled" or instance.http_tokens == "required":
        return Verdict.passing()
    if not instance.http_tokens:
        return Verdict.unknown("AWS did not say the metadata options")
    public = _public_places(instance, estate)
    weight = Weight.RAISED if public else Weight.AS_DECLARED
    why = f"it is public at {public[0]}" if public else ""
    return Verdict.failing(
        [evidence.item(instance, f"HttpTokens is {instance.http_tokens}")],
        summary=f"{instance.label} answers metadata requests without a token"
        + (f"; {why}." if why else "."),
        weight=weight,
        why=why,
    )


def _public_places(instance: Instance, estate: Estate) -> list[str]:
    """Public addresses on any interface; IPv6 ones count where the subnet leads to the Internet."""
    found = [instance.public_ip] if instance.public_ip else []
    for interface in estate.interfaces_of(instance):
        found += interface.public_ips
        found += [address for address in interface.ipv6s if _routed6(address, interface, estate)]
    return list(dict.fromkeys(found))


def _routed6(address: str, interface: NetworkInterface, estate: Estate) -> bool:
    routed = exposure.internet_of(interface.subnet_id, estate)
    return address in INTERNET6 and routed is not None and bool(routed.v6)


@rule(
    "instance-private-tier-has-public-ip",
    "Instance of a private tier has a public address",
    resource=_INSTANCE,
    severity=Severity.HIGH,
    scope=Scope.VPC,
    aliases=("securityhub:EC2.9", "prowler:ec2_instance_public_ip"),
    parameters=("tier_tags", "private_tiers"),
)
def private_tier_public(instance: Instance, estate: Estate, settings: Settings) -> Verdict:
    """What holds data should not be addressable from outside, whatever filters stand before it.

    The tier is named by the tags of the instance or of the subnets it stands in.
    """
    if instance.gone:
        return Verdict.not_applicable(f"the instance is {instance.state}")
    interfaces = estate.interfaces_of(instance)
    places = dict.fromkeys([instance.subnet_id, *(each.subnet_id for each in interfaces)])
    subnets = [estate.subnet(place, near=instance.record) for place in places if place]
    tier = settings.tier(instance.tags, *(each.tags for each in subnets if each))
    if not tier:
        return Verdict.not_applicable("no tag names a private tier")
    public = _public_places(instance, estate)
    if not public:
        return Verdict.passing()
    return Verdict.failing(
        [evidence.item(instance, f"public address {address}") for address in public],
        summary=f"{instance.label} is in the tier {tier} and public at {', '.join(public)}.",
        tier=tier,
        addresses=public,
    )


@rule(
    "instance-source-dest-check-off",
    "Instance may forward traffic that is not its own",
    resource=_INSTANCE,
    severity=Severity.LOW,
    scope=Scope.VPC,
)
def source_dest_check_off(instance: Instance, estate: Estate, settings: Settings) -> Verdict:
    """Only appliances need this check off: elsewhere it lets a machine pose as others.

    An appliance shows in a route that leads to it; those pass.
    """
    if instance.gone:
        return Verdict.not_applicable(f"the instance is {instance.state}")
    interfaces = estate.interfaces_of(instance)
    checks = [each.source_dest_check for each in interfaces] or [instance.source_dest_check]
    if all(checks):
        return Verdict.passing()
    off = [each for each in interfaces if each.source_dest_check is False]
    if not off and instance.source_dest_check is not False:
        return Verdict.unknown("AWS did not say whether addresses are checked")
    targets = {instance.id, *(each.id for each in off)}
    tables = estate.route_tables(instance.vpc_id, near=instance.record)
    if any(route.target in targets for table in tables for route in table.routes):
        return Verdict.passing("a route leads to it, as to an appliance")
    for type_ in ("ec2.route-table", "ec2.network-interface"):
        if not estate.complete(type_, near=instance.record):
            return Verdict.unknown("the routes that might lead to it were not read")
    return Verdict.failing(
        [evidence.item(each, "SourceDestCheck is off") for each in off]
        or [evidence.item(instance, "SourceDestCheck is off")],
        summary=f"{instance.label} forwards foreign traffic, and no route leads to it.",
    )


@rule(
    "address-unassociated",
    "Elastic IP address is used by nothing",
    resource="ec2.address",
    severity=Severity.LOW,
    scope=Scope.RESOURCE,
    aliases=("securityhub:EC2.12", "prowler:ec2_elastic_ip_unassigned"),
)
def address_unassociated(address: ElasticAddress, estate: Estate, settings: Settings) -> Verdict:
    """It costs money, and names that still point to it belong to whoever gets it next."""
    if address.used:
        return Verdict.passing()
    return Verdict.failing(
        [evidence.item(address, f"{address.public_ip} has no association")],
        summary=f"The address {address.public_ip} ({address.id}) is used by nothing.",
    )
