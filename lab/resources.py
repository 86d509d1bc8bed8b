"""Which resources an EC2 call touches, as IAM names them, with the keys conditions may ask for."""

from collections.abc import Iterator, Mapping
from typing import Any

from lab import ec2
from lab.directory import Principal
from lab.emulator import is_read
from lab.policy import Access

TYPES: Mapping[str, str] = {
    "acl": "network-acl",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "i": "instance",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
_IDS = (
    "AllocationId",
    "FlowLogIds",
    "GatewayId",
    "GroupId",
    "InstanceId",
    "InstanceIds",
    "InternetGatewayId",
    "NatGatewayId",
    "NetworkAclId",
    "NetworkInterfaceId",
    "PrefixListId",
    "Resources",
    "ResourceIds",
    "RouteTableId",
    "SubnetId",
    "SubnetIds",
    "TransitGatewayId",
    "VpcEndpointId",
    "VpcEndpointIds",
    "VpcId",
    "VpcPeeringConnectionId",
)

_ONLY: Mapping[str, tuple[str, ...]] = {
    "CreateRoute": ("RouteTableId",),
    "CreateTags": ("Resources",),
    "DeleteRoute": ("RouteTableId",),
    "DeleteTags": ("Resources",),
    "ModifyNetworkInterfaceAttribute": ("NetworkInterfaceId",),
    "ReplaceRoute": ("RouteTableId",),
}


def accesses(
    principal: Principal, region: str, action: str, params: Mapping[str, Any]
) -> list[Access]:
    """Every (action, resource) that must be allowed for the call to go through."""
    shared = caller_context(principal, region)
    name = f"ec2:{action}"
    if is_read(action) and action != "GetManagedPrefixListEntries":
        return [Access(name, "*", shared)]
    backend = ec2.backend(principal.account, region)
    requested = _requested_tags(action, params)
    found = []
    names = _ONLY.get(action, _IDS)
    for resource_id in sorted(set(_ids(backend, params, names))):
        kind = TYPES.get(resource_id.split("-")[0])
        if kind is None:
            continue
        arn = f"arn:aws:ec2:{region}:{principal.account}:{kind}/{resource_id}"
        found.append(Access(name, arn, shared | requested | _context(backend, resource_id)))
    if not found:
        found.append(Access(name, "*", shared | requested))
    return found + _tagging(principal, region, action, params, shared)


def caller_context(principal: Principal, region: str) -> dict[str, tuple[str, ...]]:
    """Condition keys that depend on the caller alone; keys are lower case."""
    found: dict[str, tuple[str, ...]] = {
        "aws:requestedregion": (region,),
        "aws:principalarn": (principal.identity_arn,),
        "aws:principalaccount": (principal.account,),
    }
    if principal.source_identity:
        found["aws:sourceidentity"] = (principal.source_identity,)
    for key, value in principal.tags.items():
        found[f"aws:principaltag/{key.lower()}"] = (value,)
    return found


def _ids(backend: Any, params: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = params.get(name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                yield item
    yield from _behind_association(backend, str(params.get("AssociationId", "")))
    for interface in params.get("NetworkInterfaces", []):
        yield from _ids(backend, interface, names)


def _behind_association(backend: Any, association: str) -> Iterator[str]:
    if association.startswith("rtbassoc-"):
        for table in backend.route_tables.values():
            if association in table.all_associations_ids:
                yield table.id
    if association.startswith("aclassoc-"):
        for acl in backend.network_acls.values():
            if association in acl._associations:
                yield acl.id


def _context(backend: Any, resource_id: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for key, value in backend.tags.get(resource_id, {}).items():
        found[f"aws:resourcetag/{key.lower()}"] = (value,)
        found[f"ec2:resourcetag/{key.lower()}"] = (value,)
    vpc_id = _vpc_of(backend, resource_id)
    if vpc_id:
        found["ec2:vpc"] = (f"arn:aws:ec2:{backend.region_name}:{backend.account_id}:vpc/{vpc_id}",)
    return found


def _vpc_of(backend: Any, resource_id: str) -> str:
    prefix = resource_id.split("-", maxsplit=1)[0]
    if prefix == "sg":
        group = backend.get_security_group_from_id(resource_id)
        return group.vpc_id or "" if group else ""
    if prefix == "sgr":
        for groups in backend.groups.values():
            for group in groups.values():
                if group.get_rule(resource_id) is not None:
                    return str(group.vpc_id)
        return ""
    places = {
        "acl": backend.network_acls,
        "rtb": backend.route_tables,
        "eni": backend.enis,
        "vpce": backend.vpc_end_points,
    }
    if prefix == "subnet":
        for zone in backend.subnets.values():
            if resource_id in zone:
                return str(zone[resource_id].vpc_id)
        return ""
    found = places.get(prefix, {}).get(resource_id)
    return str(found.vpc_id) if found is not None else ""


def _requested_tags(action: str, params: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    if action not in ("CreateTags", "DeleteTags"):
        return {}
    tags = {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags", [])}
    found = {f"aws:requesttag/{k.lower()}": (v,) for k, v in tags.items()}
    return found | {"aws:tagkeys": tuple(tags)}


def _tagging(
    principal: Principal,
    region: str,
    action: str,
    params: Mapping[str, Any],
    shared: Mapping[str, tuple[str, ...]],
) -> list[Access]:
    """Tags given at creation need ec2:CreateTags on the kind of resource that is created."""
    found = []
    for given in params.get("TagSpecifications", []) or params.get("TagSpecification", []):
        tags = {tag["Key"]: tag.get("Value", "") for tag in given.get("Tags", [])}
        kind = given.get("ResourceType", "*")
        context = dict(shared) | {"ec2:createaction": (action,), "aws:tagkeys": tuple(tags)}
        context |= {f"aws:requesttag/{k.lower()}": (v,) for k, v in tags.items()}
        arn = f"arn:aws:ec2:{region}:{principal.account}:{kind}/*"
        found.append(Access("ec2:CreateTags", arn, context))
    return found
