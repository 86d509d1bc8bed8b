"""From one answer of the EC2 API to records: the collectors and the import of files share this."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from network.canonical import MalformedResource, canonicalise
from network.normal import FormError, fingerprint, ports, protocol
from network.records import Record

RESULT_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "Vpcs": "ec2.vpc",
        "Subnets": "ec2.subnet",
        "RouteTables": "ec2.route-table",
        "NetworkAcls": "ec2.network-acl",
        "SecurityGroups": "ec2.security-group",
        "SecurityGroupRules": "ec2.security-group-rule",
        "NetworkInterfaces": "ec2.network-interface",
        "InternetGateways": "ec2.internet-gateway",
        "NatGateways": "ec2.nat-gateway",
        "Addresses": "ec2.address",
        "VpcEndpoints": "ec2.vpc-endpoint",
        "Reservations": "ec2.instance",
        "FlowLogs": "ec2.flow-log",
        "PrefixLists": "ec2.managed-prefix-list",
        "VpcPeeringConnections": "ec2.vpc-peering-connection",
    }
)
_KEY_OF = {type_: key for key, type_ in RESULT_KEYS.items()}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not read: where it stands and why."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


def items(type: str, answer: Mapping[str, Any]) -> list[Any]:
    """The described objects of an answer, instances taken out of their reservations.

    Raises `FormError` when the answer is not one of this type.
    """
    found = answer.get(_KEY_OF[type])
    if not isinstance(found, list):
        raise FormError(_KEY_OF[type], "no list")
    return list(_instances(found)) if type == "ec2.instance" else found


def _instances(reservations: Sequence[Any]) -> Iterator[Any]:
    for reservation in reservations:
        if not isinstance(reservation, Mapping):
            yield reservation
            continue
        owner, instances = reservation.get("OwnerId"), reservation.get("Instances") or []
        if not isinstance(instances, list):
            raise FormError("Instances", "no list")
        for instance in instances:
            if isinstance(instance, Mapping) and owner:
                yield {"OwnerId": owner, **instance}
            else:
                yield instance


def records_from_answer(
    type: str, answer: Mapping[str, Any], account: str, region: str
) -> tuple[list[Record], list[Problem]]:
    """Records of one answer; an object that cannot be is a problem and hides no other.

    `account` is who was asked: where the owner is someone else it becomes the observer.
    """
    try:
        listed = items(type, answer)
    except FormError as error:
        return [], [Problem(type, str(error))]
    return records_from_items(type, listed, account=account, region=region)


def records_from_items(
    type: str, listed: Sequence[Any], *, account: str, region: str
) -> tuple[list[Record], list[Problem]]:
    """As `records_from_answer`, for objects already taken out of their answer."""
    records: list[Record] = []
    problems: list[Problem] = []
    for number, raw in enumerate(listed):
        try:
            made = canonicalise(type, raw, account=account, region=region)
        except MalformedResource as error:
            problems.append(Problem(f"{type}[{number}]", f"{error.field}: {error.problem}"))
            continue
        observer = account if made.owner != account else ""
        records.append(Record(type, made.owner, region, made.id, made.config, observer))
    return records, problems


def rules_of_permissions(group: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rules a group's description lists in the older grouped form, one for each peer.

    That form has no rule ids: they are made of the group's id and a digest of direction,
    protocol, ports and peer, so that the same rule has the same id in every export.
    """
    for field, egress in (("IpPermissions", False), ("IpPermissionsEgress", True)):
        for permission in _objects(group.get(field)):
            yield from _rules(group, permission, egress=egress)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; anything else becomes an empty one, which is refused later by name."""
    listed = value if isinstance(value, list) else [value] if value else []
    return [item if isinstance(item, Mapping) else {} for item in listed]


_PEERS = (
    ("IpRanges", "CidrIp", "CidrIpv4"),
    ("Ipv6Ranges", "CidrIpv6", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId", "PrefixListId"),
)
_REFERENCE = ("GroupId", "UserId", "VpcId", "VpcPeeringConnectionId", "PeeringStatus")


def _rules(
    group: Mapping[str, Any], permission: Mapping[str, Any], *, egress: bool
) -> Iterator[dict[str, Any]]:
    base = {
        "GroupId": group.get("GroupId"),
        "IsEgress": egress,
        "IpProtocol": permission.get("IpProtocol", "-1"),
        "FromPort": permission.get("FromPort"),
        "ToPort": permission.get("ToPort"),
    }
    if group.get("OwnerId"):
        base["GroupOwnerId"] = group["OwnerId"]
    for field, key, name in _PEERS:
        for peer in _objects(permission.get(field)):
            yield _with_id(base | {name: peer.get(key)}, peer)
    for peer in _objects(permission.get("UserIdGroupPairs")):
        reference = {key: peer[key] for key in _REFERENCE if peer.get(key)}
        yield _with_id(base | {"ReferencedGroupInfo": reference}, peer)


def _with_id(rule: dict[str, Any], peer: Mapping[str, Any]) -> dict[str, Any]:
    reference = rule.get("ReferencedGroupInfo") or {}
    try:
        name = protocol(rule["IpProtocol"])
        span = ports(name, rule["FromPort"], rule["ToPort"])
    except FormError:  # refused with its reason when it is made canonical
        name, span = str(rule["IpProtocol"]), (None, None)
    parts = [
        rule["IsEgress"], name, *span, rule.get("CidrIpv4"), rule.get("CidrIpv6"),
        rule.get("PrefixListId"), reference.get("GroupId"), reference.get("UserId"),
    ]  # fmt: skip
    rule["SecurityGroupRuleId"] = f"{rule['GroupId']}/{fingerprint(parts).hex()[:12]}"
    if peer.get("Description"):
        rule["Description"] = peer["Description"]
    return rule
