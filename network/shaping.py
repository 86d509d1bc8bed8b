"""What each type needs beyond the general tidying; each function changes the copy it is given."""

import json
from collections.abc import Mapping
from typing import Any

from network import normal
from network.normal import FormError

Config = dict[str, Any]
DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
PEERS = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo")


def leave(config: Config, account: str) -> None:
    """Nothing beyond the general tidying."""


def route_table(config: Config, account: str) -> None:
    """Routes in the order of their destinations."""
    for route in members(config, "Routes"):
        if not any(key in route for key in DESTINATIONS):
            raise FormError("Routes", "a route without a destination")
    config["Routes"].sort(
        key=lambda r: (next(str(r[k]) for k in DESTINATIONS if k in r), normal.text(r))
    )
    members(config, "Associations")


def network_acl(config: Config, account: str) -> None:
    """Entries in the order AWS judges them, with protocols as names."""
    for entry in members(config, "Entries"):
        if not isinstance(entry.get("RuleNumber"), int):
            raise FormError("Entries", "an entry without a number")
        _acl_entry(entry)
    config["Entries"].sort(key=lambda e: (bool(e.get("Egress")), e["RuleNumber"], normal.text(e)))
    members(config, "Associations")


def _acl_entry(entry: Config) -> None:
    action = str(entry.get("RuleAction", "")).lower()
    if action not in ("allow", "deny"):
        raise FormError("Entries", f"{action!r} neither allows nor denies")
    entry["RuleAction"] = action
    name = entry["Protocol"] = normal.protocol(entry.get("Protocol", "-1"))
    range_, kind = entry.pop("PortRange", None), entry.pop("IcmpTypeCode", None)
    if name in normal.WITH_PORTS:
        given = range_ if isinstance(range_, Mapping) else {}
        low, high = normal.ports(name, given.get("From"), given.get("To"))
        entry["PortRange"] = {"From": low, "To": high}
    elif name in normal.WITH_TYPES:
        given = kind if isinstance(kind, Mapping) else {}
        number, code = normal.ports(name, given.get("Type"), given.get("Code"))
        entry["IcmpTypeCode"] = {"Type": number, "Code": code}


def group_rule(config: Config, account: str) -> None:
    """Protocol by name, ports in normal form, exactly one peer, the owner always said."""
    if "IsEgress" not in config or not isinstance(config["IsEgress"], bool):
        raise FormError("IsEgress", "missing")
    name = config["IpProtocol"] = normal.protocol(config.get("IpProtocol", "-1"))
    config["FromPort"], config["ToPort"] = normal.ports(
        name, config.get("FromPort"), config.get("ToPort")
    )
    peers = [key for key in PEERS if config.get(key)]
    if len(peers) != 1:
        raise FormError("peer", f"{len(peers)} peers where a rule has one")
    for key in PEERS:
        if key not in peers:
            config.pop(key, None)
    if not config.get("GroupId"):
        raise FormError("GroupId", "missing")
    owner = config.setdefault("GroupOwnerId", account)
    reference = config.get("ReferencedGroupInfo")
    if reference is not None:
        if not isinstance(reference, dict) or not reference.get("GroupId"):
            raise FormError("ReferencedGroupInfo", "without a group")
        if not reference.get("VpcPeeringConnectionId"):
            reference.setdefault("UserId", owner)
    if not config.get("Description"):
        config.pop("Description", None)


def interface(config: Config, account: str) -> None:
    """Group names are other objects' names: only the ids are kept."""
    for group in members(config, "Groups"):
        group.pop("GroupName", None)
    members(config, "PrivateIpAddresses")


def elastic_address(config: Config, account: str) -> None:
    """Addresses of EC2-Classic had no allocation id: the address itself is their id."""
    if not config.get("AllocationId") and config.get("PublicIp"):
        config["AllocationId"] = config["PublicIp"]


def endpoint(config: Config, account: str) -> None:
    """The policy as JSON, in AWS's own order of statements."""
    policy = config.get("PolicyDocument")
    if isinstance(policy, str):
        try:
            config["PolicyDocument"] = json.loads(policy)
        except ValueError:
            config["PolicyDocument"] = {"Unparsed": policy}
    for group in members(config, "Groups"):
        group.pop("GroupName", None)


def prefix_list(config: Config, account: str) -> None:
    """AWS's older `DescribePrefixLists` calls the entries `Cidrs`; absent entries stay absent."""
    cidrs = config.pop("Cidrs", None)
    if cidrs is not None and "Entries" not in config:
        if not isinstance(cidrs, list):
            raise FormError("Cidrs", "not a list")
        config["Entries"] = [{"Cidr": item} for item in cidrs]
    if "Entries" not in config:
        return
    for entry in members(config, "Entries"):
        try:
            entry["Cidr"] = normal.cidr(str(entry.get("Cidr")))
        except ValueError as error:
            raise FormError("Entries", f"{entry.get('Cidr')!r} is no CIDR") from error
    config["Entries"].sort(key=normal.text)


def members(config: Config, key: str) -> list[Config]:
    """The objects of a list field. Raises when it holds anything else."""
    value = config.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise FormError(key, "not a list of objects")
    return value
