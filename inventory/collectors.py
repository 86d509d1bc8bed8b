"""What is read of each account-region: one table, from which policies and documents are generated.

Page sizes and filter names follow the EC2 API reference. Rules come from their own listing, which
alone has their ids and tags.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_VPC = "no-vpc"  # proof: a complete listing of VPCs that is empty
NO_USE = "no-use"  # not a proof, and said so: without a VPC nothing could use one
PROOFS: Mapping[str, str] = MappingProxyType(
    {
        NO_VPC: "No VPC in this region, so there is none.",
        NO_USE: "Not asked: without a VPC nothing in this region can use one.",
    }
)


@dataclass(frozen=True, slots=True)
class Detail:
    """A further listing for each object of a collector, put into its description as `field`.

    Objects whose `unless_owner` owns them are left alone: AWS's own lists are AWS's business.
    """

    operation: str
    parameter: str
    field: str
    page_size: int
    unless_owner: str = ""
    gone: str = ""  # the error that says the object has vanished since it was listed


@dataclass(frozen=True, slots=True)
class Collector:
    """One list operation of one service, and what it yields.

    `page_size` is `None` where AWS does not page. `needs` names the proof by which the listing is
    known to be empty without asking (`proven`), or by which it is pointless to ask: an address can
    exist without a VPC, but nothing can use it. A listing that held something is always asked.
    `parent_filter` reads all objects of a parent.
    """

    type: str
    operation: str
    result_key: str
    id_filter: str
    page_size: int | None = 1000
    service: str = "ec2"
    parent_filter: str = ""
    filter_parameter: str = "Filters"
    detail: Detail | None = None
    needs: str = NO_VPC
    proven: bool = True
    secrets: tuple[str, ...] = ()
    events: tuple[str, ...] = ()

    @property
    def iam_actions(self) -> tuple[str, ...]:
        """The permissions it takes."""
        actions = [f"{self.service}:{self.operation}"]
        if self.detail:
            actions.append(f"{self.service}:{self.detail.operation}")
        return tuple(actions)


_TABLE = (
    Collector(
        "ec2.vpc",
        "DescribeVpcs",
        "Vpcs",
        "vpc-id",
        needs="",
        events=("CreateVpc", "DeleteVpc", "CreateDefaultVpc", "ModifyVpcAttribute",
                "AssociateVpcCidrBlock", "DisassociateVpcCidrBlock"),
    ),
    Collector(
        "ec2.subnet",
        "DescribeSubnets",
        "Subnets",
        "subnet-id",
        events=("CreateSubnet", "CreateDefaultSubnet", "DeleteSubnet", "ModifySubnetAttribute",
                "AssociateSubnetCidrBlock", "DisassociateSubnetCidrBlock"),
    ),
    Collector(
        "ec2.route-table",
        "DescribeRouteTables",
        "RouteTables",
        "route-table-id",
        page_size=100,
        events=("CreateRoute", "DeleteRoute", "ReplaceRoute", "CreateRouteTable",
                "DeleteRouteTable", "AssociateRouteTable", "DisassociateRouteTable",
                "ReplaceRouteTableAssociation", "EnableVgwRoutePropagation",
                "DisableVgwRoutePropagation"),
    ),
    Collector(
        "ec2.network-acl",
        "DescribeNetworkAcls",
        "NetworkAcls",
        "network-acl-id",
        events=("CreateNetworkAcl", "DeleteNetworkAcl", "CreateNetworkAclEntry",
                "DeleteNetworkAclEntry", "ReplaceNetworkAclEntry", "ReplaceNetworkAclAssociation"),
    ),
    Collector(
        "ec2.security-group",
        "DescribeSecurityGroups",
        "SecurityGroups",
        "group-id",
        events=("CreateSecurityGroup", "DeleteSecurityGroup", "AssociateSecurityGroupVpc",
                "DisassociateSecurityGroupVpc"),
    ),
    Collector(
        "ec2.security-group-rule",
        "DescribeSecurityGroupRules",
        "SecurityGroupRules",
        "security-group-rule-id",
        parent_filter="group-id",
        events=("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress",
                "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress",
                "ModifySecurityGroupRules", "UpdateSecurityGroupRuleDescriptionsIngress",
                "UpdateSecurityGroupRuleDescriptionsEgress"),
    ),
    Collector(
        "ec2.network-interface",
        "DescribeNetworkInterfaces",
        "NetworkInterfaces",
        "network-interface-id",
        parent_filter="group-id",
        events=("CreateNetworkInterface", "DeleteNetworkInterface", "AttachNetworkInterface",
                "DetachNetworkInterface", "ModifyNetworkInterfaceAttribute",
                "ResetNetworkInterfaceAttribute", "AssignPrivateIpAddresses",
                "UnassignPrivateIpAddresses", "AssignIpv6Addresses", "UnassignIpv6Addresses"),
    ),
    Collector(
        "ec2.internet-gateway",
        "DescribeInternetGateways",
        "InternetGateways",
        "internet-gateway-id",
        proven=False,
        events=("CreateInternetGateway", "DeleteInternetGateway", "AttachInternetGateway",
                "DetachInternetGateway"),
    ),
    Collector(
        "ec2.nat-gateway",
        "DescribeNatGateways",
        "NatGateways",
        "nat-gateway-id",
        filter_parameter="Filter",
        events=("CreateNatGateway", "DeleteNatGateway", "AssociateNatGatewayAddress",
                "DisassociateNatGatewayAddress"),
    ),
    Collector(
        "ec2.address",
        "DescribeAddresses",
        "Addresses",
        "allocation-id",
        page_size=None,
        proven=False,
        events=("AllocateAddress", "ReleaseAddress", "AssociateAddress", "DisassociateAddress"),
    ),
    Collector(
        "ec2.vpc-endpoint",
        "DescribeVpcEndpoints",
        "VpcEndpoints",
        "vpc-endpoint-id",
        events=("CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"),
    ),
    Collector(
        "ec2.instance",
        "DescribeInstances",
        "Reservations",
        "instance-id",
        # Never asked for; should an answer hold them, the canonical form drops them.
        secrets=("UserData", "PasswordData"),
        events=("RunInstances", "TerminateInstances", "StartInstances", "StopInstances",
                "ModifyInstanceAttribute", "ModifyInstanceMetadataOptions"),
    ),
    Collector(
        "ec2.flow-log",
        "DescribeFlowLogs",
        "FlowLogs",
        "flow-log-id",
        filter_parameter="Filter",
        events=("CreateFlowLogs", "DeleteFlowLogs"),
    ),
    Collector(
        "ec2.managed-prefix-list",
        "DescribeManagedPrefixLists",
        "PrefixLists",
        "prefix-list-id",
        page_size=100,
        proven=False,
        detail=Detail(
            "GetManagedPrefixListEntries",
            "PrefixListId",
            "Entries",
            100,
            unless_owner="AWS",
            gone="InvalidPrefixListID.NotFound",
        ),
        events=("CreateManagedPrefixList", "ModifyManagedPrefixList", "DeleteManagedPrefixList",
                "RestoreManagedPrefixListVersion"),
    ),
    Collector(
        "ec2.vpc-peering-connection",
        "DescribeVpcPeeringConnections",
        "VpcPeeringConnections",
        "vpc-peering-connection-id",
        events=("CreateVpcPeeringConnection", "AcceptVpcPeeringConnection",
                "RejectVpcPeeringConnection", "DeleteVpcPeeringConnection",
                "ModifyVpcPeeringConnectionOptions"),
    ),
)  # fmt: skip

COLLECTORS: Mapping[str, Collector] = MappingProxyType({each.type: each for each in _TABLE})
PROBE = COLLECTORS["ec2.vpc"]

# What entering an account takes besides listing: which regions are enabled.
ACCOUNT_ACTIONS = ("ec2:DescribeRegions",)
# What finding the accounts takes, in the management account (or a delegated administrator).
ORGANISATION_ACTIONS = (
    "organizations:DescribeOrganization",
    "organizations:ListRoots",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListAccountsForParent",
)


def read_actions() -> tuple[str, ...]:
    """Every permission the reading role needs, sorted."""
    actions = set(ACCOUNT_ACTIONS)
    for collector in COLLECTORS.values():
        actions.update(collector.iam_actions)
    return tuple(sorted(actions))
