"""Security group rules as AWS keeps them: one identity for each, descriptions and tags of their own."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule

from lab.errors import AwsError

_PROTOCOLS = {
    "6": "tcp",
    "17": "udp",
    "1": "icmp",
    "58": "icmpv6",
    "all": "-1",
}
_WITH_PORTS = ("tcp", "udp")
_ICMP = ("icmp", "icmpv6")


def permissions_of(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The permissions of a call, whichever of its two forms was used."""
    if "IpPermissions" in params:
        return list(params["IpPermissions"])
    if "IpProtocol" not in params:
        return []
    single = {k: params[k] for k in ("IpProtocol", "FromPort", "ToPort") if k in params}
    if "CidrIp" in params:
        cidr = str(params["CidrIp"])
        if ":" in cidr:
            single["Ipv6Ranges"] = [{"CidrIpv6": cidr}]
        else:
            single["IpRanges"] = [{"CidrIp": cidr}]
    return [single]


def rules_from(
    backend: Any, group: SecurityGroup, permissions: list[dict[str, Any]], *, egress: bool
) -> Iterator[SecurityGroupRule]:
    """A rule for each source of each permission; AWS refuses the call when one is wrong."""
    if not permissions:
        raise AwsError("MissingParameter", "The request must contain the parameter ipPermissions")
    for permission in permissions:
        sources = list(_sources(backend, permission))
        if not sources:
            raise AwsError(
                "InvalidParameterValue", "A permission must name a source or a destination."
            )
        for source in sources:
            yield _rule(backend, group, permission, source, egress=egress)


def _sources(backend: Any, permission: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in permission.get("IpRanges", []):
        yield {"cidr": network(item.get("CidrIp", ""), 4), "text": item.get("Description")}
    for item in permission.get("Ipv6Ranges", []):
        yield {"cidr6": network(item.get("CidrIpv6", ""), 6), "text": item.get("Description")}
    for item in permission.get("PrefixListIds", []):
        if item.get("PrefixListId") not in backend.managed_prefix_lists:
            raise AwsError(
                "InvalidPrefixListID.NotFound",
                f"The prefix list ID '{item.get('PrefixListId')}' does not exist",
            )
        yield {"list": item["PrefixListId"], "text": item.get("Description")}
    for item in permission.get("UserIdGroupPairs", []):
        yield {"pair": _pair(backend, item), "text": item.get("Description")}


def _pair(backend: Any, item: Mapping[str, Any]) -> dict[str, str]:
    owner = str(item.get("UserId") or backend.account_id)
    here = ec2_backends[owner][backend.region_name]
    wanted = item.get("GroupId") or item.get("GroupName") or ""
    group = here.get_security_group_by_name_or_id(wanted)
    if group is None:
        raise not_found(wanted)
    pair = {"GroupId": group.id, "UserId": owner}
    if item.get("VpcPeeringConnectionId"):
        pair |= {
            "VpcId": str(group.vpc_id),
            "VpcPeeringConnectionId": item["VpcPeeringConnectionId"],
        }
    return pair


def network(text: str, version: int) -> str:
    """A CIDR block as AWS stores it: host bits cleared, IPv6 compressed."""
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        found = None
    if found is None or found.version != version:
        raise AwsError("InvalidParameterValue", f"CIDR block {text} is malformed")
    return str(found)


def _rule(
    backend: Any,
    group: SecurityGroup,
    permission: Mapping[str, Any],
    source: Mapping[str, Any],
    *,
    egress: bool,
) -> SecurityGroupRule:
    protocol, low, high = ports_of(permission)
    address = {}
    if "cidr" in source:
        address["CidrIp"] = source["cidr"]
    elif "cidr6" in source:
        address["CidrIpv6"] = source["cidr6"]
    rule = SecurityGroupRule(
        backend,
        "-1",
        group.id,
        None,
        None,
        address,
        source.get("pair"),
        {"PrefixListId": source["list"]} if "list" in source else None,
        is_egress=egress,
    )
    rule.ip_protocol, rule.from_port, rule.to_port = protocol, low, high
    describe(rule, source.get("text") or "")
    return rule


def ports_of(permission: Mapping[str, Any]) -> tuple[str, int | None, int | None]:
    """Protocol and ports as stored: names for the four known protocols, no ports for the others."""
    raw = str(permission.get("IpProtocol") or "").lower()
    protocol = _PROTOCOLS.get(raw, raw)
    if not protocol:
        raise AwsError(
            "InvalidParameterValue",
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols "
            "explicitly.",
        )
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if protocol in _WITH_PORTS:
        if low is None or high is None:
            raise AwsError(
                "InvalidParameterValue",
                "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.",
            )
        if not 0 <= int(low) <= int(high) <= 65535:
            raise AwsError("InvalidParameterValue", f"Invalid TCP/UDP port range ({low}:{high})")
        return protocol, int(low), int(high)
    if protocol in _ICMP:
        return protocol, -1 if low is None else int(low), -1 if high is None else int(high)
    return protocol, None, None


def describe(rule: Any, text: str) -> None:
    """Set a rule's description, an empty one to remove it."""
    rule.lab_description = text


def same_as(rule: SecurityGroupRule) -> tuple[Any, ...]:
    """What makes two rules of one direction duplicates: everything but description and tags."""
    return (
        rule.ip_protocol,
        rule.from_port,
        rule.to_port,
        rule.cidr_ipv4,
        rule.cidr_ipv6,
        rule.prefix_list_id,
        rule.source_group.get("GroupId"),
    )


def described(rule: SecurityGroupRule) -> dict[str, Any]:
    """A rule as DescribeSecurityGroupRules shows it."""
    row: dict[str, Any] = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": rule.owner_id,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.ip_protocol,
        "FromPort": -1 if rule.from_port is None else rule.from_port,
        "ToPort": -1 if rule.to_port is None else rule.to_port,
        "CidrIpv4": rule.cidr_ipv4,
        "CidrIpv6": rule.cidr_ipv6,
        "PrefixListId": rule.prefix_list_id,
        "ReferencedGroupInfo": dict(rule.source_group) or None,
        "Description": rule.description,
        "Tags": [{"Key": t["key"], "Value": t["value"]} for t in rule.get_tags()],
    }
    return {k: v for k, v in row.items() if v is not None}


def revoked(rule: SecurityGroupRule) -> dict[str, Any]:
    """A rule as the answer of a revoke call shows it."""
    row = described(rule)
    for absent in ("GroupOwnerId", "Tags"):
        row.pop(absent, None)
    referenced = row.pop("ReferencedGroupInfo", None)
    if referenced:
        row["ReferencedGroupId"] = referenced["GroupId"]
    return row


def not_found(group: str) -> AwsError:
    """AWS's answer to a group id that does not exist."""
    return AwsError("InvalidGroup.NotFound", f"The security group '{group}' does not exist")
