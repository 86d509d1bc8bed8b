"""The roles every account of the lab has, and the users that assume them."""

from collections.abc import Sequence
from typing import Any

from lab.directory import Directory, Principal, Role
from lab.policy import Policy

READ_ROLE = "cspm-read"
REMEDIATION_ROLE = "cspm-remediate"
DEVELOPER_ROLE = "developer"

READ_ACTIONS = (
    "ec2:Describe*",
    "ec2:GetManagedPrefixListEntries",
    "ec2:GetManagedPrefixListAssociations",
    "ec2:GetTransitGatewayRouteTableAssociations",
    "ec2:GetTransitGatewayRouteTablePropagations",
    "ec2:SearchTransitGatewayRoutes",
    "elasticloadbalancing:Describe*",
    "rds:Describe*",
    "lambda:ListFunctions",
    "lambda:GetFunctionConfiguration",
    "dynamodb:ListTables",
    "dynamodb:DescribeTable",
)
ORGANIZATION_ACTIONS = ("organizations:List*", "organizations:Describe*")
RULE_WRITES = (
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:ModifySecurityGroupRules",
    "ec2:UpdateSecurityGroupRuleDescriptionsIngress",
    "ec2:UpdateSecurityGroupRuleDescriptionsEgress",
)
NETWORK_WRITES = (
    "ec2:CreateNetworkAclEntry",
    "ec2:DeleteNetworkAclEntry",
    "ec2:ReplaceNetworkAclEntry",
    "ec2:ReplaceNetworkAclAssociation",
    "ec2:CreateRoute",
    "ec2:DeleteRoute",
    "ec2:ReplaceRoute",
    "ec2:ReplaceRouteTableAssociation",
)
ATTRIBUTE_WRITES = (
    "ec2:ModifySubnetAttribute",
    "ec2:ModifyVpcAttribute",
    "ec2:ModifyInstanceMetadataOptions",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:ModifyInstanceAttribute",
    "ec2:CreateFlowLogs",
)


def _policy(*statements: dict[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(actions: Sequence[str], resources: Sequence[str] = ("*",)) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def _trust(principal: str, external_id: str = "") -> Policy:
    assume: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        assume["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    label = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": ["sts:SetSourceIdentity", "sts:TagSession"],
    }
    return _policy(assume, label)


def add_users(
    directory: Directory,
    *,
    security: str,
    management: str,
    product_key: tuple[str, str],
    developer_key: tuple[str, str],
) -> tuple[Principal, Principal]:
    """The product's own principal in the security account, and the developers' in management."""
    labels = ("sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession")
    roles = ("arn:aws:iam::*:role/cspm-*",)
    product = directory.add_user(
        account=security,
        name="cspm",
        policies=[_policy(_allow(labels, roles))],
        access_key=product_key[0],
        secret_key=product_key[1],
    )
    developer = directory.add_user(
        account=management,
        name="developers",
        policies=[_policy(_allow(labels, (f"arn:aws:iam::*:role/{DEVELOPER_ROLE}",)))],
        access_key=developer_key[0],
        secret_key=developer_key[1],
    )
    return product, developer


def add_roles(
    directory: Directory,
    account: str,
    *,
    product: Principal,
    developer: Principal,
    external_id: str,
    manages_organization: bool,
) -> None:
    """The read, remediation and developer roles of one account."""
    read = [*READ_ACTIONS, *(ORGANIZATION_ACTIONS if manages_organization else ())]
    mine = f"arn:aws:ec2:*:{account}:"
    write = _policy(
        _allow(("ec2:Describe*", "ec2:GetManagedPrefixListEntries")),
        _allow(RULE_WRITES, (f"{mine}security-group/*", f"{mine}security-group-rule/*")),
        _allow(("ec2:CreateTags", "ec2:DeleteTags"), (f"{mine}security-group-rule/*",)),
        _allow(
            NETWORK_WRITES,
            (f"{mine}network-acl/*", f"{mine}route-table/*", f"{mine}subnet/*"),
        ),
        _allow(
            ATTRIBUTE_WRITES,
            (
                f"{mine}subnet/*",
                f"{mine}vpc/*",
                f"{mine}instance/*",
                f"{mine}network-interface/*",
                f"{mine}vpc-flow-log/*",
            ),
        ),
        {
            "Effect": "Deny",
            "Action": ["ec2:Delete*", "ec2:Terminate*", "ec2:Detach*", "ec2:Release*", "iam:*"],
            "NotResource": [
                f"{mine}network-acl/*",
                f"{mine}route-table/*",
                f"{mine}security-group-rule/*",
            ],
        },
    )
    trust = _trust(product.arn, external_id)
    directory.add_role(Role(account, READ_ROLE, trust, [_policy(_allow(read))]))
    directory.add_role(Role(account, REMEDIATION_ROLE, trust, [write]))
    everything = _policy(_allow(("*",)))
    directory.add_role(Role(account, DEVELOPER_ROLE, _trust(developer.arn), [everything]))
