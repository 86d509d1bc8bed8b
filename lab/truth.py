"""Ground truth: what moto holds, past all pages, faults and permissions."""

from collections.abc import Mapping
from typing import Any

from lab import patches
from lab.emulator import Emulator

# type of resource → (action, list, id)
TYPES: Mapping[str, tuple[str, str, str]] = {
    "ec2.address": ("DescribeAddresses", "Addresses", "AllocationId"),
    "ec2.flow-log": ("DescribeFlowLogs", "FlowLogs", "FlowLogId"),
    "ec2.instance": ("DescribeInstances", "Reservations", "InstanceId"),
    "ec2.internet-gateway": (
        "DescribeInternetGateways",
        "InternetGateways",
        "InternetGatewayId",
    ),
    "ec2.managed-prefix-list": ("DescribeManagedPrefixLists", "PrefixLists", "PrefixListId"),
    "ec2.nat-gateway": ("DescribeNatGateways", "NatGateways", "NatGatewayId"),
    "ec2.network-acl": ("DescribeNetworkAcls", "NetworkAcls", "NetworkAclId"),
    "ec2.network-interface": (
        "DescribeNetworkInterfaces",
        "NetworkInterfaces",
        "NetworkInterfaceId",
    ),
    "ec2.route-table": ("DescribeRouteTables", "RouteTables", "RouteTableId"),
    "ec2.security-group": ("DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    "ec2.security-group-rule": (
        "DescribeSecurityGroupRules",
        "SecurityGroupRules",
        "SecurityGroupRuleId",
    ),
    "ec2.subnet": ("DescribeSubnets", "Subnets", "SubnetId"),
    "ec2.vpc": ("DescribeVpcs", "Vpcs", "VpcId"),
    "ec2.vpc-endpoint": ("DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId"),
    "ec2.vpc-peering-connection": (
        "DescribeVpcPeeringConnections",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
    ),
}
Truth = dict[tuple[str, str, str], dict[str, dict[str, Any]]]


def read(emulator: Emulator) -> Truth:
    """Everything, by (account, region, type) and id; prefix lists carry their Entries."""
    found: Truth = {}
    with emulator.lock:
        for account, region in sorted(patches.existing()):
            for kind, (action, name, key) in TYPES.items():
                rows = emulator.read(account, region, action, {})[name]
                if name == "Reservations":
                    rows = [row for reservation in rows for row in reservation["Instances"]]
                if kind == "ec2.managed-prefix-list":
                    for row in rows:
                        row["Entries"] = emulator.read(
                            account,
                            region,
                            "GetManagedPrefixListEntries",
                            {"PrefixListId": row[key]},
                        )["Entries"]
                found[account, region, kind] = {row[key]: row for row in rows}
    return found
