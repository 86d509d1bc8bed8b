"""From canonical records to typed views: one small function for each type."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from network.records import Record
from network.shapes import (
    AclEntry,
    ElasticAddress,
    FlowLog,
    GroupRule,
    Instance,
    InternetGateway,
    NatGateway,
    NetworkAcl,
    NetworkInterface,
    Peering,
    PeeringSide,
    PrefixList,
    RouteTable,
    SecurityGroup,
    Subnet,
    View,
    Vpc,
    VpcEndpoint,
    route,
)

Config = Mapping[str, Any]


def _texts(items: Iterable[Any], *keys: str) -> tuple[str, ...]:
    """The first of `keys` that each item has."""
    found = (next((item[key] for key in keys if item.get(key)), "") for item in items)
    return tuple(str(item) for item in found if item)


def _flag(config: Config, key: str) -> bool | None:
    value = config.get(key)
    return value if isinstance(value, bool) else None


def _ranges(config: Config) -> tuple[str, ...]:
    """The CIDRs of a VPC or subnet that are associated now, the primary one first."""
    found = dict.fromkeys([config["CidrBlock"]] if config.get("CidrBlock") else [])
    for name, key, state in (
        ("CidrBlockAssociationSet", "CidrBlock", "CidrBlockState"),
        ("Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", "Ipv6CidrBlockState"),
    ):
        for item in config.get(name, ()):
            if (item.get(state) or {}).get("State", "associated") == "associated" and item.get(key):
                found[item[key]] = None
    return tuple(found)


def _vpc(record: Record) -> Vpc:
    config = record.config
    return Vpc(record, _ranges(config), _flag(config, "IsDefault"))


def _subnet(record: Record) -> Subnet:
    config = record.config
    return Subnet(
        record,
        vpc_id=config.get("VpcId", ""),
        cidrs=_ranges(config),
        public_ip_on_launch=_flag(config, "MapPublicIpOnLaunch"),
        ipv6_on_creation=_flag(config, "AssignIpv6AddressOnCreation"),
    )


def _route_table(record: Record) -> RouteTable:
    config = record.config
    joins = [
        item
        for item in config.get("Associations", ())
        if (item.get("AssociationState") or {}).get("State", "associated") == "associated"
    ]
    return RouteTable(
        record,
        vpc_id=config.get("VpcId", ""),
        main=any(item.get("Main") for item in joins),
        subnet_ids=_texts(joins, "SubnetId"),
        gateway_ids=_texts(joins, "GatewayId"),
        routes=tuple(route(raw) for raw in config.get("Routes", ())),
    )


def _entry(raw: Config) -> AclEntry:
    ports, kind = raw.get("PortRange") or {}, raw.get("IcmpTypeCode") or {}
    return AclEntry(
        number=raw["RuleNumber"],
        egress=raw.get("Egress") is True,
        allow=raw.get("RuleAction") == "allow",
        protocol=raw.get("Protocol", "-1"),
        cidr=raw.get("CidrBlock") or raw.get("Ipv6CidrBlock") or "",
        low=ports.get("From", 0),
        high=ports.get("To", 65_535),
        kind=kind.get("Type"),
        code=kind.get("Code"),
    )


def _network_acl(record: Record) -> NetworkAcl:
    config = record.config
    entries = sorted(map(_entry, config.get("Entries", ())), key=lambda e: (e.egress, e.number))
    return NetworkAcl(
        record,
        vpc_id=config.get("VpcId", ""),
        is_default=config.get("IsDefault") is True,
        entries=tuple(entries),
        subnet_ids=_texts(config.get("Associations", ()), "SubnetId"),
    )


def _security_group(record: Record) -> SecurityGroup:
    config = record.config
    return SecurityGroup(
        record,
        vpc_id=config.get("VpcId", ""),
        group_name=config.get("GroupName", ""),
        description=config.get("Description", ""),
    )


def _group_rule(record: Record) -> GroupRule:
    config = record.config
    reference = config.get("ReferencedGroupInfo") or {}
    return GroupRule(
        record,
        group_id=config.get("GroupId", ""),
        egress=config.get("IsEgress") is True,
        protocol=config.get("IpProtocol", "-1"),
        low=config.get("FromPort"),
        high=config.get("ToPort"),
        cidr=config.get("CidrIpv4") or config.get("CidrIpv6") or "",
        prefix_list_id=config.get("PrefixListId", ""),
        peer_group_id=reference.get("GroupId", ""),
        peer_account=reference.get("UserId", ""),
        peering_id=reference.get("VpcPeeringConnectionId", ""),
        peering_status=reference.get("PeeringStatus", ""),
        description=config.get("Description", ""),
    )


def _network_interface(record: Record) -> NetworkInterface:
    config = record.config
    addresses = config.get("PrivateIpAddresses", ())
    attachment = config.get("Attachment") or {}
    publics = _texts(
        [config.get("Association") or {}, *(item.get("Association") or {} for item in addresses)],
        "PublicIp",
    )
    own = (config["PrivateIpAddress"],) if config.get("PrivateIpAddress") else ()
    return NetworkInterface(
        record,
        vpc_id=config.get("VpcId", ""),
        subnet_id=config.get("SubnetId", ""),
        group_ids=_texts(config.get("Groups", ()), "GroupId"),
        private_ips=tuple(dict.fromkeys((*own, *_texts(addresses, "PrivateIpAddress")))),
        public_ips=tuple(dict.fromkeys(publics)),
        ipv6s=_texts(config.get("Ipv6Addresses", ()), "Ipv6Address"),
        attached=attachment.get("Status") in ("attached", "attaching")
        or (not attachment and config.get("Status") == "in-use"),
        instance_id=attachment.get("InstanceId", ""),
        requester=_requester(config, attachment),
        kind=config.get("InterfaceType", ""),
        description=config.get("Description", ""),
        source_dest_check=_flag(config, "SourceDestCheck"),
    )


def _requester(config: Config, attachment: Config) -> str:
    """The service that made the interface; an attachment's owner counts when it is a service."""
    owner = str(attachment.get("InstanceOwnerId", ""))
    return str(config.get("RequesterId") or (owner if owner.startswith("amazon-") else ""))


def _instance(record: Record) -> Instance:
    config = record.config
    options = config.get("MetadataOptions") or {}
    interfaces = config.get("NetworkInterfaces", ())
    groups = [*config.get("SecurityGroups", ())]
    groups += [group for item in interfaces for group in item.get("Groups", ())]
    return Instance(
        record,
        vpc_id=config.get("VpcId", ""),
        subnet_id=config.get("SubnetId", ""),
        state=(config.get("State") or {}).get("Name", ""),
        public_ip=config.get("PublicIpAddress", ""),
        group_ids=tuple(dict.fromkeys(_texts(groups, "GroupId"))),
        interface_ids=_texts(interfaces, "NetworkInterfaceId"),
        http_tokens=options.get("HttpTokens", ""),
        http_endpoint=options.get("HttpEndpoint", ""),
        source_dest_check=_flag(config, "SourceDestCheck"),
    )


def _internet_gateway(record: Record) -> InternetGateway:
    joins = [
        item
        for item in record.config.get("Attachments", ())
        if item.get("State") not in ("detached", "detaching")
    ]
    return InternetGateway(record, _texts(joins, "VpcId"))


def _nat_gateway(record: Record) -> NatGateway:
    config = record.config
    return NatGateway(
        record,
        vpc_id=config.get("VpcId", ""),
        subnet_id=config.get("SubnetId", ""),
        public=config.get("ConnectivityType", "public") == "public",
        state=config.get("State", ""),
        public_ips=_texts(config.get("NatGatewayAddresses", ()), "PublicIp"),
    )


def _address(record: Record) -> ElasticAddress:
    config = record.config
    keys = ("AssociationId", "NetworkInterfaceId", "InstanceId", "ServiceManaged")
    return ElasticAddress(
        record,
        public_ip=config.get("PublicIp", ""),
        interface_id=config.get("NetworkInterfaceId", ""),
        instance_id=config.get("InstanceId", ""),
        used=any(config.get(key) for key in keys),
    )


def _endpoint(record: Record) -> VpcEndpoint:
    config = record.config
    return VpcEndpoint(
        record,
        vpc_id=config.get("VpcId", ""),
        # The type was added later; without it there were only gateways.
        kind=config.get("VpcEndpointType", "Gateway"),
        service=config.get("ServiceName", ""),
        policy=config.get("PolicyDocument"),
        group_ids=_texts(config.get("Groups", ()), "GroupId"),
        subnet_ids=tuple(config.get("SubnetIds", ())),
    )


def _flow_log(record: Record) -> FlowLog:
    config = record.config
    return FlowLog(
        record,
        watches=config.get("ResourceId", ""),
        traffic=config.get("TrafficType", ""),
        active=config.get("FlowLogStatus") == "ACTIVE",
        delivering=config.get("DeliverLogsStatus") != "FAILED",
    )


def _prefix_list(record: Record) -> PrefixList:
    entries = record.config.get("Entries")
    cidrs = None if entries is None else _texts(entries, "Cidr")
    return PrefixList(record, record.config.get("PrefixListName", ""), cidrs)


def _side(raw: Config) -> PeeringSide:
    cidrs = dict.fromkeys([raw["CidrBlock"]] if raw.get("CidrBlock") else [])
    cidrs |= dict.fromkeys(_texts(raw.get("CidrBlockSet", ()), "CidrBlock"))
    cidrs |= dict.fromkeys(_texts(raw.get("Ipv6CidrBlockSet", ()), "Ipv6CidrBlock"))
    return PeeringSide(
        raw.get("OwnerId", ""), raw.get("VpcId", ""), raw.get("Region", ""), tuple(cidrs)
    )


def _peering(record: Record) -> Peering:
    config = record.config
    return Peering(
        record,
        status=(config.get("Status") or {}).get("Code", ""),
        requester=_side(config.get("RequesterVpcInfo") or {}),
        accepter=_side(config.get("AccepterVpcInfo") or {}),
    )


PARSERS: Mapping[str, Callable[[Record], View]] = MappingProxyType(
    {
        "ec2.vpc": _vpc,
        "ec2.subnet": _subnet,
        "ec2.route-table": _route_table,
        "ec2.network-acl": _network_acl,
        "ec2.security-group": _security_group,
        "ec2.security-group-rule": _group_rule,
        "ec2.network-interface": _network_interface,
        "ec2.internet-gateway": _internet_gateway,
        "ec2.nat-gateway": _nat_gateway,
        "ec2.address": _address,
        "ec2.vpc-endpoint": _endpoint,
        "ec2.instance": _instance,
        "ec2.flow-log": _flow_log,
        "ec2.managed-prefix-list": _prefix_list,
        "ec2.vpc-peering-connection": _peering,
    }
)
