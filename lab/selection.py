"""Ids and filters of Describe calls, where moto ignores them or names the wrong error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lab.errors import AwsError
from lab.policy import matches


@dataclass(frozen=True, slots=True)
class Selection:
    """How one action selects: by ids, and by the filters that are not left to moto."""

    ids: str
    rows: str
    key: str
    not_found: str
    filters: Mapping[str, str] = field(default_factory=dict)
    only_these: bool = False


SELECTIONS: Mapping[str, Selection] = {
    "DescribeFlowLogs": Selection(
        "FlowLogIds", "FlowLogs", "FlowLogId", "InvalidFlowLogId.NotFound"
    ),
    "DescribeManagedPrefixLists": Selection(
        "PrefixListIds",
        "PrefixLists",
        "PrefixListId",
        "InvalidPrefixListID.NotFound",
        {
            "owner-id": "OwnerId",
            "prefix-list-id": "PrefixListId",
            "prefix-list-name": "PrefixListName",
        },
        only_these=True,
    ),
    "DescribeNatGateways": Selection(
        "NatGatewayIds",
        "NatGateways",
        "NatGatewayId",
        "NatGatewayNotFound",
        {
            "nat-gateway-id": "NatGatewayId",
            "state": "State",
            "subnet-id": "SubnetId",
            "vpc-id": "VpcId",
        },
        only_these=True,
    ),
    "DescribeNetworkAcls": Selection(
        "NetworkAclIds",
        "NetworkAcls",
        "NetworkAclId",
        "InvalidNetworkAclID.NotFound",
        {"network-acl-id": "NetworkAclId"},
    ),
    "DescribeInstances": Selection(
        "InstanceIds",
        "Reservations",
        "Instances.InstanceId",
        "InvalidInstanceID.NotFound",
        {
            "network-interface.network-interface-id": (
                "Instances.NetworkInterfaces.NetworkInterfaceId"
            )
        },
    ),
    "DescribeVpcEndpoints": Selection(
        "VpcEndpointIds",
        "VpcEndpoints",
        "VpcEndpointId",
        "InvalidVpcEndpointId.NotFound",
        {"vpc-endpoint-id": "VpcEndpointId", "vpc-endpoint-state": "State"},
    ),
    "DescribeVpcPeeringConnections": Selection(
        "VpcPeeringConnectionIds",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "InvalidVpcPeeringConnectionID.NotFound",
        {
            "accepter-vpc-info.owner-id": "AccepterVpcInfo.OwnerId",
            "accepter-vpc-info.vpc-id": "AccepterVpcInfo.VpcId",
            "requester-vpc-info.owner-id": "RequesterVpcInfo.OwnerId",
            "requester-vpc-info.vpc-id": "RequesterVpcInfo.VpcId",
            "status-code": "Status.Code",
            "vpc-peering-connection-id": "VpcPeeringConnectionId",
        },
        only_these=True,
    ),
}
Filters = Sequence[tuple[str, Sequence[str]]]


def split(action: str, params: dict[str, Any]) -> Filters:
    """Take out of `params` the filters and ids to be applied here; refuses unknown filters."""
    selection = SELECTIONS.get(action)
    if selection is None:
        return ()
    mine: list[tuple[str, Sequence[str]]] = []
    for name in ("Filters", "Filter"):
        left = []
        for given in params.get(name, []):
            known = given["Name"] in selection.filters
            tag = given["Name"].startswith("tag:") or given["Name"] == "tag-key"
            if known or (tag and selection.only_these):
                mine.append((given["Name"], given.get("Values", [])))
            elif selection.only_these:
                raise AwsError("InvalidParameterValue", f"The filter '{given['Name']}' is invalid")
            else:
                left.append(given)
        if name in params:
            params[name] = left
    return mine


def check_ids(action: str, params: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Name the ids that do not exist, as AWS does."""
    selection = SELECTIONS.get(action)
    if selection is None or not params.get(selection.ids):
        return
    rows = answer.get(selection.rows, [])
    known = {value for row in rows for value in _values(row, selection.key)}
    missing = [wanted for wanted in params[selection.ids] if wanted not in known]
    if missing and not params.get("Filters") and not params.get("Filter"):
        raise not_found(selection, missing)


def not_found(selection: Selection, ids: Sequence[str]) -> AwsError:
    """The error for ids nobody knows."""
    return AwsError(selection.not_found, f"The ID '{', '.join(ids)}' does not exist")


def apply(action: str, answer: dict[str, Any], filters: Filters) -> None:
    """Keep the rows that match all filters; a filter matches if one of its values does."""
    if not filters:
        return
    selection = SELECTIONS[action]
    answer[selection.rows] = [
        row
        for row in answer[selection.rows]
        if all(_matches(selection, row, name, wanted) for name, wanted in filters)
    ]


def _matches(
    selection: Selection, row: Mapping[str, Any], name: str, wanted: Sequence[str]
) -> bool:
    if name == "tag-key":
        values = [tag["Key"] for tag in row.get("Tags", [])]
    elif name.startswith("tag:"):
        values = [t["Value"] for t in row.get("Tags", []) if t["Key"] == name.removeprefix("tag:")]
    else:
        values = list(_values(row, selection.filters[name]))
    return any(matches(pattern, value) for pattern in wanted for value in values)


def _values(row: Any, path: str) -> Iterator[str]:
    if isinstance(row, list):
        for item in row:
            yield from _values(item, path)
        return
    name, _, rest = path.partition(".")
    if not isinstance(row, Mapping) or name not in row:
        return
    if rest:
        yield from _values(row[name], rest)
    else:
        yield str(row[name])
