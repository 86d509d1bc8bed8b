"""Rules of security groups as AWS calls: how each is written, revoked and said in words.

A rule here is its durable projection (`network.canonical.durable`): all that
`AuthorizeSecurityGroup*` needs to write the same rule again, description and tags included.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from remediation.actions.catalogue import Step

Config = dict[str, Any]
RULE = "ec2.security-group-rule"
GROUP = "ec2.security-group"
INTERFACE = "ec2.network-interface"
ALL_PORTS = (0, 65_535)

_PEERS = (
    ("CidrIpv4", "IpRanges", "CidrIp"),
    ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
    ("PrefixListId", "PrefixListIds", "PrefixListId"),
)


def direction(rule: Mapping[str, Any]) -> str:
    """As AWS names it in operations."""
    return "Egress" if rule["IsEgress"] else "Ingress"


def permission(rule: Mapping[str, Any]) -> Config:
    """The `IpPermissions` entry that writes exactly this rule."""
    said = {"Description": rule["Description"]} if rule.get("Description") else {}
    entry: Config = {"IpProtocol": rule["IpProtocol"]}
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if rule["IpProtocol"] in ("icmp", "icmpv6"):
        entry |= {"FromPort": -1 if low is None else low, "ToPort": -1 if high is None else high}
    elif low is not None:
        entry |= {"FromPort": low, "ToPort": high}
    for field, listed, name in _PEERS:
        if rule.get(field):
            entry[listed] = [{name: rule[field], **said}]
            return entry
    entry["UserIdGroupPairs"] = [{**rule["ReferencedGroupInfo"], **said}]
    return entry


def authorize(
    rule: Mapping[str, Any], *, account: str, region: str, purpose: str, again: bool = False
) -> Step:
    """The call that writes `rule`; one rule a call, since tags belong to all rules of a call."""
    group = str(rule["GroupId"])
    params: Config = {"GroupId": group, "IpPermissions": [permission(rule)]}
    if rule.get("Tags"):
        tags = [{"Key": key, "Value": value} for key, value in sorted(rule["Tags"].items())]
        params["TagSpecifications"] = [{"ResourceType": "security-group-rule", "Tags": tags}]
    return Step(
        operation=f"AuthorizeSecurityGroup{direction(rule)}",
        params=params,
        arns=(group_arn(group, account, region), rule_arn("*", account, region)),
        purpose=purpose or f"{'Restore' if again else 'Add'} {words(rule)}",
        adds=(dict(rule),),
    )


def revoke(
    ids: Sequence[str], rule: Mapping[str, Any], *, account: str, region: str, purpose: str
) -> Step:
    """The call that revokes exactly these rules of one group and direction, by id."""
    group = str(rule["GroupId"])
    return Step(
        operation=f"RevokeSecurityGroup{direction(rule)}",
        params={"GroupId": group, "SecurityGroupRuleIds": list(ids)},
        arns=(
            group_arn(group, account, region),
            *(rule_arn(id, account, region) for id in ids),
        ),
        purpose=purpose,
        removes=tuple(ids),
    )


def revoke_by_content(rule: Mapping[str, Any], *, account: str, region: str) -> Step:
    """How an added rule would be taken away again before its id is known."""
    group = str(rule["GroupId"])
    return Step(
        operation=f"RevokeSecurityGroup{direction(rule)}",
        params={"GroupId": group, "IpPermissions": [permission(rule)]},
        arns=(group_arn(group, account, region), rule_arn("*", account, region)),
        purpose=f"Remove {words(rule)}",
    )


def group_arn(group: str, account: str, region: str) -> str:
    """The partition follows from the region."""
    return f"arn:{partition(region)}:ec2:{region}:{account}:security-group/{group}"


def rule_arn(rule: str, account: str, region: str) -> str:
    """`*` for rules that have no id yet."""
    return f"arn:{partition(region)}:ec2:{region}:{account}:security-group-rule/{rule}"


def partition(region: str) -> str:
    """China and the US government have clouds of their own."""
    for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return name
    return "aws"


def peer(rule: Mapping[str, Any]) -> str:
    """The other side: a CIDR, a prefix list's id, or a group's id."""
    for field in ("CidrIpv4", "CidrIpv6", "PrefixListId"):
        if rule.get(field):
            return str(rule[field])
    return str((rule.get("ReferencedGroupInfo") or {}).get("GroupId", "?"))


def ports(rule: Mapping[str, Any]) -> str:
    """`22`, `8000-8080`, or `all ports`."""
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if rule["IpProtocol"] in ("icmp", "icmpv6"):
        return "all types" if low is None else f"type {low}"
    if low is None or (low, high) == ALL_PORTS:
        return "all ports"
    return str(low) if low == high else f"{low}-{high}"


def words(rule: Mapping[str, Any]) -> str:
    """`ingress tcp 22 from 0.0.0.0/0 (“debug access”)`."""
    protocol = "all traffic" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    where = "" if rule["IpProtocol"] == "-1" else f" {ports(rule)}"
    way = "egress" if rule["IsEgress"] else "ingress"
    said = f" (“{rule['Description']}”)" if rule.get("Description") else ""
    return f"{way} {protocol}{where} {'to' if rule['IsEgress'] else 'from'} {peer(rule)}{said}"


def covers_everything(rule: Mapping[str, Any]) -> bool:
    """All protocols, or every port of one: nothing sensible is left when a port is cut out."""
    low, high = rule.get("FromPort"), rule.get("ToPort")
    if rule["IpProtocol"] in ("tcp", "udp"):
        return (low or 0) <= 1 and high == ALL_PORTS[1]
    return low is None


def without_ports(rule: Mapping[str, Any], cut: Sequence[tuple[int, int]]) -> list[Config]:
    """`rule` once for each range that remains when the ranges `cut` are taken out of its ports."""
    left = [(int(rule["FromPort"]), int(rule["ToPort"]))]
    for low, high in cut:
        left = [
            part
            for first, last in left
            for part in ((first, min(last, low - 1)), (max(first, high + 1), last))
            if part[0] <= part[1]
        ]
    unique = sorted(set(left))
    return [{**rule, "FromPort": first, "ToPort": last} for first, last in unique]
