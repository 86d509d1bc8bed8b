"""The session policy of a plan: its own calls on its own objects, and the reads it needs."""

from collections.abc import Mapping, Sequence
from typing import Any

from network.normal import text

LIMIT = 2_048  # characters, of AssumeRole's `Policy`
READS = (
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
)


class PolicyTooLongError(ValueError):
    """The plan has too many steps for one session; the message says how long it became."""


def session_policy(steps: Sequence[Mapping[str, Any]], *, region: str) -> str:
    """Canonical JSON of the policy. Raises `PolicyTooLongError` above AWS's limit."""
    arns: dict[str, set[str]] = {}
    tagging: set[str] = set()
    for step in steps:
        arns.setdefault(step["permission"], set()).update(step["arns"])
        if step["params"].get("TagSpecifications"):
            tagging.add(step["operation"])
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": action, "Resource": sorted(arns[action])}
        for action in sorted(arns)
    ]
    if tagging:
        rules = {
            a for found in arns.values() for a in found if a.endswith(":security-group-rule/*")
        }
        # Tags only while a rule is being made: never on what exists.
        statements.append(
            {
                "Effect": "Allow",
                "Action": "ec2:CreateTags",
                "Resource": sorted(a for a in rules if ":security-group-rule/" in a),
                "Condition": {"StringEquals": {"ec2:CreateAction": sorted(tagging)}},
            }
        )
    statements.append(
        {
            "Effect": "Allow",
            "Action": list(READS),
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
        }
    )
    policy = text({"Version": "2012-10-17", "Statement": statements})
    if len(policy) > LIMIT:
        raise PolicyTooLongError(
            f"the session policy of this plan has {len(policy)} characters; AWS takes {LIMIT}"
        )
    return policy
