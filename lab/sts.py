"""STS: AssumeRole as AWS decides it, and who the caller is."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lab.directory import Directory, Principal, Role
from lab.errors import AwsError, validation
from lab.policy import Access, Policy, refusal, trusts
from lab.resources import caller_context

_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
SHORTEST = timedelta(minutes=15)
CHAINED = timedelta(hours=1)
POLICY_LIMIT = 2048


def run(
    directory: Directory,
    caller: Principal,
    region: str,
    action: str,
    params: Mapping[str, Any],
) -> dict[str, Any]:
    """Answer an STS call; raises AwsError."""
    if action == "GetCallerIdentity":
        return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn}
    if action == "AssumeRole":
        return _assume(directory, caller, region, params)
    raise AwsError("InvalidAction", f"The lab does not implement sts:{action}.")


def _assume(
    directory: Directory, caller: Principal, region: str, params: Mapping[str, Any]
) -> dict[str, Any]:
    arn = str(params.get("RoleArn", ""))
    name = str(params.get("RoleSessionName", ""))
    identity = str(params.get("SourceIdentity") or caller.source_identity)
    external_id = params.get("ExternalId")
    _check("roleSessionName", name, _NAME)
    if identity:
        _check("sourceIdentity", identity, _NAME)
    if external_id is not None:
        _check("externalId", str(external_id), _EXTERNAL_ID)
    policies = _session_policies(params)
    tags = {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags", [])}
    role = directory.role(arn)
    wanted = ["sts:AssumeRole"]
    context = caller_context(caller, region) | {"sts:rolesessionname": (name,)}
    if external_id is not None:
        context["sts:externalid"] = (str(external_id),)
    if identity:
        wanted.append("sts:SetSourceIdentity")
        context["sts:sourceidentity"] = (identity,)
    if tags:
        wanted.append("sts:TagSession")
        context["aws:tagkeys"] = tuple(tags)
        context |= {f"aws:requesttag/{k.lower()}": (v,) for k, v in tags.items()}
    for action in wanted:
        _permit(caller, role, arn, Access(action, arn, context))
    if role is None:
        raise _denied(caller, "sts:AssumeRole", arn)
    lasts = _duration(caller, role, params)
    session = directory.open_session(
        role,
        name=name,
        lasts=lasts,
        policies=policies,
        source_identity=identity,
        tags=tags,
    )
    answer: dict[str, Any] = {
        "Credentials": {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "SessionToken": session.token,
            "Expiration": session.expires,
        },
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        "PackedPolicySize": min(100, len(str(params.get("Policy", ""))) * 100 // POLICY_LIMIT),
    }
    if identity:
        answer["SourceIdentity"] = identity
    return answer


def _check(name: str, value: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(value):
        raise validation(
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {pattern.pattern}"
        )


def _permit(caller: Principal, role: Role | None, arn: str, access: Access) -> None:
    """Across accounts both sides must allow; inside one, the trust policy naming the caller does."""
    refused = refusal([access], identity=caller.effective_policies, session=caller.session_policies)
    if role is None or refused is not None:
        raise _denied(caller, access.action, arn)
    if not trusts(role.trust, principal=caller.identity_arn, account=caller.account, access=access):
        raise _denied(caller, access.action, arn)


def _denied(caller: Principal, action: str, arn: str) -> AwsError:
    return AwsError(
        "AccessDenied",
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {arn}",
        status=403,
    )


def _session_policies(params: Mapping[str, Any]) -> list[Policy]:
    text = params.get("Policy")
    if params.get("PolicyArns"):
        raise validation("The lab knows no managed policies: pass the session policy inline")
    if text is None:
        return []
    if len(str(text)) > POLICY_LIMIT:
        raise AwsError(
            "PackedPolicyTooLarge",
            "Packed size of session policy consumes "
            f"{len(str(text)) * 100 // POLICY_LIMIT}% of allotted space.",
        )
    try:
        policy = json.loads(str(text))
        statements = policy["Statement"]
        if not isinstance(statements, list | dict):
            raise TypeError
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError("MalformedPolicyDocument", "Syntax errors in policy.") from error
    return [policy]


def _duration(caller: Principal, role: Role, params: Mapping[str, Any]) -> timedelta:
    given = params.get("DurationSeconds")
    if given is None:
        return timedelta(hours=1)
    wanted = timedelta(seconds=int(given))
    if wanted < SHORTEST:
        raise validation("Value at 'durationSeconds' must be greater than or equal to 900")
    if caller.role is not None and wanted > CHAINED:
        raise validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    if wanted > role.max_session:
        raise validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    return wanted
