"""What baselines and plans compare: the part of a configuration that someone decided.

Left out: ids AWS invents for rules, associations and attachments, states and health, routes that
are propagated or implied, and tags in AWS's own `aws:` namespace. Values stay restorable: each
projection holds enough to write the same thing again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from network import normal

Config = dict[str, Any]
TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "NetworkInterfaceId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "OdbNetworkArn",
    "VpcEndpointId",
)
_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_MANAGED_ORIGINS = ("EnableVgwRoutePropagation", "CreateRouteTable", "Advertisement")
_FIRST_DEFAULT_ENTRY = 32_767


def pick(config: Mapping[str, Any], *names: str) -> Config:
    """The named fields that say something: absent, empty and null are one and the same."""
    return {name: config[name] for name in names if config.get(name) not in (None, "", [], {})}


def with_tags(config: Mapping[str, Any], picked: Config) -> Config:
    """`picked` with the tags a person or a tool of theirs set."""
    tags = {k: v for k, v in (config.get("Tags") or {}).items() if not k.startswith("aws:")}
    return {**picked, "Tags": tags} if tags else picked


def vpc(config: Config) -> Config:
    """Address ranges in use, DNS and DHCP settings, tenancy."""
    picked = pick(
        config, "CidrBlock", "DhcpOptionsId", "InstanceTenancy", "EnableDnsSupport",
        "EnableDnsHostnames",
    )  # fmt: skip
    picked |= _ranges(config)
    return with_tags(config, picked)


def subnet(config: Config) -> Config:
    """Place, ranges and what a new interface gets."""
    picked = pick(
        config, "VpcId", "CidrBlock", "AvailabilityZoneId", "MapPublicIpOnLaunch",
        "AssignIpv6AddressOnCreation", "EnableDns64", "Ipv6Native",
        "PrivateDnsNameOptionsOnLaunch",
    )  # fmt: skip
    if "AvailabilityZoneId" not in picked:
        picked |= pick(config, "AvailabilityZone")
    return with_tags(config, picked | _ranges(config))


def route_table(config: Config) -> Config:
    """Routes somebody wrote, by destination and target; associations by what they join.

    Routes of gateway endpoints belong to the endpoint. `State` is health, not configuration.
    """
    routes = [
        _route(route)
        for route in config.get("Routes", ())
        if route.get("Origin") not in _MANAGED_ORIGINS
        and route.get("GatewayId") != "local"
        and not str(route.get("GatewayId", "")).startswith("vpce-")
    ]
    joins = [pick(item, "SubnetId", "GatewayId", "Main") for item in config.get("Associations", ())]
    picked = pick(config, "VpcId", "PropagatingVgws")
    picked |= {"Routes": _sorted(routes), "Associations": _sorted(joins)}
    return with_tags(config, picked)


def _route(route: Config) -> Config:
    picked = pick(route, *_DESTINATIONS)
    target = next((name for name in TARGETS if route.get(name)), "InstanceId")
    return picked | pick(route, target)


def network_acl(config: Config) -> Config:
    """Entries in order, without the denies at the end that every ACL has."""
    entries = [
        pick(entry, "RuleNumber", "Egress", "RuleAction", "Protocol", "CidrBlock", "Ipv6CidrBlock")
        | {name: dict(entry[name]) for name in ("PortRange", "IcmpTypeCode") if entry.get(name)}
        for entry in config.get("Entries", ())
        if entry["RuleNumber"] < _FIRST_DEFAULT_ENTRY
    ]
    joins = [pick(item, "SubnetId") for item in config.get("Associations", ())]
    picked = pick(config, "VpcId", "IsDefault")
    return with_tags(config, picked | {"Entries": entries, "Associations": _sorted(joins)})


def security_group(config: Config) -> Config:
    """The group itself; its rules are compared one by one."""
    return with_tags(config, pick(config, "VpcId", "GroupName", "Description"))


def group_rule(config: Config) -> Config:
    """Everything `AuthorizeSecurityGroup*` needs to write this rule again, and no id of its own."""
    picked = pick(
        config, "GroupId", "IsEgress", "IpProtocol", "CidrIpv4", "CidrIpv6", "PrefixListId",
        "Description",
    )  # fmt: skip
    picked |= {"FromPort": config.get("FromPort"), "ToPort": config.get("ToPort")}
    reference = config.get("ReferencedGroupInfo")
    if reference:
        picked["ReferencedGroupInfo"] = pick(
            reference, "GroupId", "UserId", "VpcPeeringConnectionId"
        )
    return with_tags(config, picked)


def interface(config: Config) -> Config:
    """Groups, place and checks; addresses come and go with what is attached."""
    picked = pick(config, "VpcId", "SubnetId", "SourceDestCheck", "InterfaceType", "Description")
    picked["Groups"] = sorted(g["GroupId"] for g in config.get("Groups", ()) if g.get("GroupId"))
    picked["HasPublicAddress"] = bool((config.get("Association") or {}).get("PublicIp"))
    return with_tags(config, picked)


def internet_gateway(config: Config) -> Config:
    """Which VPCs it is attached to."""
    joins = [pick(item, "VpcId") for item in config.get("Attachments", ())]
    return with_tags(config, {"Attachments": _sorted(joins)})


def nat_gateway(config: Config) -> Config:
    """Place and allocations."""
    allocations = (item.get("AllocationId") for item in config.get("NatGatewayAddresses", ()))
    picked = pick(config, "VpcId", "SubnetId", "ConnectivityType")
    picked["AllocationIds"] = sorted(item for item in allocations if item)
    return with_tags(config, picked)


def elastic_address(config: Config) -> Config:
    """The address and what it points to."""
    return with_tags(
        config, pick(config, "AllocationId", "PublicIp", "NetworkInterfaceId", "InstanceId")
    )


def endpoint(config: Config) -> Config:
    """Service, policy and the places it is reachable from."""
    picked = pick(
        config, "VpcId", "VpcEndpointType", "ServiceName", "PolicyDocument", "RouteTableIds",
        "SubnetIds", "PrivateDnsEnabled", "IpAddressType",
    )  # fmt: skip
    picked["Groups"] = sorted(g["GroupId"] for g in config.get("Groups", ()) if g.get("GroupId"))
    return with_tags(config, picked)


def instance(config: Config) -> Config:
    """Groups, place, metadata options and whether it has a public address."""
    picked = pick(config, "VpcId", "SubnetId", "SourceDestCheck", "IamInstanceProfile")
    picked["SecurityGroups"] = sorted(
        group["GroupId"] for group in config.get("SecurityGroups", ()) if "GroupId" in group
    )
    options = config.get("MetadataOptions") or {}
    picked["MetadataOptions"] = pick(
        options, "HttpTokens", "HttpPutResponseHopLimit", "HttpEndpoint", "HttpProtocolIpv6",
        "InstanceMetadataTags",
    )  # fmt: skip
    picked["HasPublicAddress"] = bool(config.get("PublicIpAddress"))
    return with_tags(config, picked)


def flow_log(config: Config) -> Config:
    """What is logged, in which form, and where it goes."""
    return with_tags(
        config,
        pick(
            config, "ResourceId", "TrafficType", "LogDestinationType", "LogDestination",
            "LogGroupName", "LogFormat", "MaxAggregationInterval", "DestinationOptions",
        ),
    )  # fmt: skip


def prefix_list(config: Config) -> Config:
    """The entries; `Version` counts writes and says nothing of the content."""
    entries = [pick(entry, "Cidr", "Description") for entry in config.get("Entries", ())]
    picked = pick(config, "PrefixListName", "AddressFamily", "MaxEntries")
    return with_tags(config, picked | {"Entries": _sorted(entries)})


def peering(config: Config) -> Config:
    """The two sides, their ranges and options, and whether it is in force."""
    sides: Config = {}
    for name in ("RequesterVpcInfo", "AccepterVpcInfo"):
        side = config.get(name) or {}
        sides[name] = pick(side, "OwnerId", "VpcId", "Region", "CidrBlock", "PeeringOptions")
    status = (config.get("Status") or {}).get("Code", "")
    return with_tags(config, {**sides, "Active": status == "active"})


def _ranges(config: Mapping[str, Any]) -> Config:
    """CIDRs of a VPC or subnet that are associated (not those being taken away)."""
    ranges: Config = {}
    for name, key, state in (
        ("CidrBlockAssociationSet", "CidrBlock", "CidrBlockState"),
        ("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState"),
    ):
        found = sorted(
            item[key]
            for item in config.get(name, ())
            if item.get(key) and (item.get(state) or {}).get("State", "associated") == "associated"
        )
        if found:
            ranges[name] = found
    return ranges


def _sorted(items: Iterable[Config]) -> list[Config]:
    return sorted(items, key=normal.text)
