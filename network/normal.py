"""Normal forms of the atoms in an AWS description: CIDRs, addresses, protocols, ports, tags."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from typing import Any

PROTOCOL_NAMES = {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "all": "-1", "any": "-1"}
PROTOCOL_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
WITH_PORTS = frozenset(("tcp", "udp"))
WITH_TYPES = frozenset(("icmp", "icmpv6"))
CIDR_KEYS = frozenset(
    (
        "Cidr",
        "CidrBlock",
        "CidrIp",
        "CidrIpv4",
        "CidrIpv6",
        "DestinationCidrBlock",
        "DestinationIpv6CidrBlock",
        "Ipv4Prefix",
        "Ipv6CidrBlock",
        "Ipv6Prefix",
    )
)
ADDRESS_KEYS = frozenset(("Ipv6Address",))

# What AWS gives as objects, lists of objects and texts, wherever such a field stands: everything
# that reads canonical forms relies on it.
OBJECT_KEYS = frozenset(
    (
        "AccepterVpcInfo",
        "Association",
        "AssociationState",
        "Attachment",
        "CidrBlockState",
        "IcmpTypeCode",
        "Ipv6CidrBlockState",
        "MetadataOptions",
        "PortRange",
        "ReferencedGroupInfo",
        "RequesterVpcInfo",
    )
)
LIST_KEYS = frozenset(
    (
        "Associations",
        "Attachments",
        "CidrBlockAssociationSet",
        "CidrBlockSet",
        "Entries",
        "Groups",
        "Ipv6Addresses",
        "Ipv6CidrBlockAssociationSet",
        "Ipv6CidrBlockSet",
        "NatGatewayAddresses",
        "NetworkInterfaces",
        "PrivateIpAddresses",
        "PropagatingVgws",
        "Routes",
        "SecurityGroups",
    )
)
TEXT_KEYS = (
    CIDR_KEYS
    | ADDRESS_KEYS
    | frozenset(
        (
            "AllocationId",
            "AssociationId",
            "CarrierGatewayId",
            "CoreNetworkArn",
            "Description",
            "DestinationPrefixListId",
            "EgressOnlyInternetGatewayId",
            "FlowLogId",
            "GatewayId",
            "GroupId",
            "GroupName",
            "GroupOwnerId",
            "InstanceId",
            "InstanceOwnerId",
            "InternetGatewayId",
            "LocalGatewayId",
            "NatGatewayId",
            "NetworkAclId",
            "NetworkInterfaceId",
            "OdbNetworkArn",
            "OwnerId",
            "PeeringStatus",
            "PrefixListId",
            "PrefixListName",
            "PrivateIp",
            "PrivateIpAddress",
            "PublicIp",
            "PublicIpAddress",
            "Region",
            "RequesterId",
            "ResourceId",
            "RouteTableId",
            "SecurityGroupRuleId",
            "ServiceName",
            "SubnetId",
            "TransitGatewayId",
            "UserId",
            "VpcEndpointId",
            "VpcEndpointType",
            "VpcId",
            "VpcPeeringConnectionId",
        )
    )
)


class FormError(ValueError):
    """A value that cannot be what AWS says it is; `field` names where it stood."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field


@lru_cache(maxsize=65_536)
def cidr(text: str) -> str:
    """Host bits masked, IPv6 compressed. Raises `ValueError`."""
    return str(ip_network(text.strip(), strict=False))


@lru_cache(maxsize=65_536)
def address(text: str) -> str:
    """An address in its shortest spelling. Raises `ValueError`."""
    return str(ip_address(text.strip()))


def protocol(value: str | int) -> str:
    """`tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or the number as text."""
    text = str(value).strip().lower()
    text = PROTOCOL_NAMES.get(text, text)
    if text in PROTOCOL_NUMBERS or text == "-1":
        return text
    if not text.isdecimal() or int(text) > 255:
        raise FormError("IpProtocol", f"{value!r} is no protocol")
    return str(int(text))


def port(value: Any, field: str, *, limit: int = 65_535) -> int | None:
    """A port (or an ICMP type or code with `limit` 255), `None` for AWS's -1."""
    if value is None or value == -1:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
        raise FormError(field, f"{value!r} is not between 0 and {limit}")
    return value


def ports(name: str, first: Any, last: Any) -> tuple[int | None, int | None]:
    """The pair of ports of a protocol in normal form.

    tcp and udp always have numbers (AWS's -1 or nothing is 0-65535); icmp has (type, code), where
    `None` is any; every other protocol has none.
    """
    if name in WITH_PORTS:
        low, high = port(first, "FromPort"), port(last, "ToPort")
        if low is None or high is None:
            return 0, 65_535
        if low > high:
            raise FormError("FromPort", f"{low} is above {high}")
        return low, high
    if name in WITH_TYPES:
        kind = port(first, "FromPort", limit=255)
        return kind, port(last, "ToPort", limit=255) if kind is not None else None
    return None, None


def tags(value: Any) -> dict[str, str]:
    """AWS's list of pairs, or a mapping already, as a mapping sorted by key."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(key): str(value[key] or "") for key in sorted(value)}
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise FormError("Tags", "neither pairs nor a mapping")
    pairs: dict[str, str] = {}
    for pair in value:
        if not isinstance(pair, Mapping) or "Key" not in pair:
            raise FormError("Tags", "a tag without a key")
        pairs[str(pair["Key"])] = str(pair.get("Value") or "")
    return dict(sorted(pairs.items()))


def text(value: Any) -> str:
    """Canonical JSON: sorted keys, no spaces, UTF-8 as it is."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def fingerprint(value: Any) -> bytes:
    """16 bytes that are equal exactly when the canonical JSON is."""
    return blake2b(text(value).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def tidy(value: Any, *, key: str = "", where: str = "") -> Any:
    """A JSON-safe copy: `None` left out, CIDRs normal, times as text, every list as a sorted set.

    No list in the descriptions we keep has an order that means something; the two that do,
    ACL entries and routes, are sorted by their own keys afterwards. Raises `FormError` where a
    field holds another kind of thing than AWS puts there.
    """
    if isinstance(value, str):
        if key in CIDR_KEYS or key in ADDRESS_KEYS:
            return _network(value, key=key, where=where or key)
        if key in OBJECT_KEYS or key in LIST_KEYS:
            raise FormError(where, "a text where AWS gives none")
        return value
    if isinstance(value, Mapping):
        if key in LIST_KEYS or key in TEXT_KEYS:
            raise FormError(where, "an object where AWS gives none")
        return {
            str(name): tidy(item, key=str(name), where=f"{where}.{name}" if where else str(name))
            for name, item in value.items()
            if item is not None
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return _list(value, key=key, where=where)
    if key in OBJECT_KEYS or key in LIST_KEYS or key in TEXT_KEYS:
        raise FormError(where, f"{value!r} where AWS gives no such thing")
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    raise FormError(where or key, f"{value.__class__.__name__} is not JSON")


def _list(value: Sequence[Any], *, key: str, where: str) -> list[Any]:
    if key in OBJECT_KEYS or key in TEXT_KEYS:
        raise FormError(where, "a list where AWS gives none")
    if key in LIST_KEYS and not all(isinstance(item, Mapping) for item in value):
        raise FormError(where, "not a list of objects")
    items = [tidy(item, where=f"{where}[]") for item in value]
    return sorted(items, key=text) if len(items) > 1 else items


def _network(value: str, *, key: str, where: str) -> str:
    try:
        return cidr(value) if key in CIDR_KEYS else address(value)
    except ValueError as error:
        raise FormError(
            where, f"{value!r} is no {'CIDR' if key in CIDR_KEYS else 'address'}"
        ) from error
