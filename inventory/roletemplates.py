"""The two roles of an account as CloudFormation templates, made from the tables of what is used.

`manage.py aws_roles` writes them to deploy/aws; a test keeps the files current.
"""

from collections.abc import Sequence
from typing import Any

import yaml

from inventory.collectors import ORGANISATION_ACTIONS, read_actions

Template = dict[str, Any]
_GROUPS = ("security-group", "security-group-rule")
_HEADER = (
    "# Made by `manage.py aws_roles` from the tables of what the product calls. Do not edit.\n"
)


def read_role() -> Template:
    """The role assumed to read; in the management account it lists the accounts as well."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "CSPM: reads network configuration. No data, no secrets, no writes.",
        "Parameters": {
            **_parameters("cspm-read"),
            "ManagementAccount": {
                "Type": "String",
                "AllowedValues": ["yes", "no"],
                "Default": "no",
                "Description": "Whether this role also lists the organisation's accounts.",
            },
        },
        "Conditions": {"ListsAccounts": {"Fn::Equals": [{"Ref": "ManagementAccount"}, "yes"]}},
        "Resources": {
            "Role": _role(
                {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
                actions=["sts:AssumeRole"],
                statements=[_allow("ReadNetworks", read_actions())],
            ),
            "ListAccounts": {
                "Type": "AWS::IAM::RolePolicy",
                "Condition": "ListsAccounts",
                "Properties": {
                    "RoleName": {"Ref": "Role"},
                    "PolicyName": "list-accounts",
                    "PolicyDocument": _document([_allow("ListAccounts", ORGANISATION_ACTIONS)]),
                },
            },
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }


def remediation_role(writes: Sequence[str], reads: Sequence[str]) -> Template:
    """The role assumed for approved repairs only, with the writes that the actions plan.

    Each session is cut down further to the calls and objects of one plan, and bears the approver
    as source identity; the trust policy refuses a session without one.
    """
    adds = [action.partition(":")[2] for action in writes if ":Authorize" in action]
    rules = {"Fn::Sub": _arn("security-group-rule")}
    tagging = {
        **_allow("TagNewRules", ["ec2:CreateTags"], [rules]),
        "Condition": {"StringEquals": {"ec2:CreateAction": sorted(adds)}},
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "CSPM: carries out approved repairs of security groups.",
        "Parameters": _parameters("cspm-remediate"),
        "Resources": {
            "Role": _role(
                {
                    "StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}},
                    "StringLike": {"sts:SourceIdentity": "?*"},
                },
                actions=["sts:AssumeRole", "sts:SetSourceIdentity"],
                statements=[
                    _allow(
                        "ChangeRules",
                        sorted(writes),
                        [{"Fn::Sub": _arn(kind)} for kind in _GROUPS],
                    ),
                    *([tagging] if adds else []),
                    _allow("ReadBeforeAndAfter", sorted(reads)),
                ],
            )
        },
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}},
    }


def render(template: Template) -> str:
    """The file's text."""
    return _HEADER + yaml.safe_dump(template, sort_keys=False, width=100)


def _parameters(name: str) -> Template:
    return {
        "ProductPrincipal": {
            "Type": "String",
            "AllowedPattern": r"arn:aws[\w-]*:iam::\d{12}:(role|user)/.+",
            "Description": "ARN of the role or user that the product itself runs as.",
        },
        "ExternalId": {
            "Type": "String",
            "MinLength": 8,
            "NoEcho": True,
            "Description": "As typed when connecting; use a different one for each installation.",
        },
        "RoleName": {"Type": "String", "Default": name},
    }


def _role(
    condition: Template, *, actions: Sequence[str], statements: Sequence[Template]
) -> Template:
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": {"Ref": "ProductPrincipal"}},
        "Action": list(actions),
        "Condition": condition,
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": {"Ref": "RoleName"},
            "MaxSessionDuration": 3600,
            "AssumeRolePolicyDocument": _document([trust]),
            "Policies": [{"PolicyName": "cspm", "PolicyDocument": _document(statements)}],
        },
    }


def _document(statements: Sequence[Template]) -> Template:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(name: str, actions: Sequence[str], resources: Sequence[Any] = ("*",)) -> Template:
    return {
        "Sid": name,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": "*" if list(resources) == ["*"] else list(resources),
    }


def _arn(kind: str) -> str:
    return f"arn:${{AWS::Partition}}:ec2:*:${{AWS::AccountId}}:{kind}/*"
