"""IAM policy evaluation: deny wins, a session policy only narrows, what is not allowed is denied."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Policy = Mapping[str, Any]
Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Access:
    """One action on one resource; context keys are lower case."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Denied:
    """The first access that was refused, and why in AWS's words."""

    access: Access
    reason: str


def refusal(
    accesses: Iterable[Access],
    *,
    identity: Sequence[Policy],
    session: Sequence[Policy] = (),
) -> Denied | None:
    """The access that is not allowed, or None when all are.

    `session` narrows: where one is given, an access needs an allow in it as well.
    """
    for access in accesses:
        if any(_denies(policy, access) for policy in (*identity, *session)):
            return Denied(access, "with an explicit deny in an identity-based policy")
        if not any(_allows(policy, access) for policy in identity):
            return Denied(access, "because no identity-based policy allows the action")
        if session and not any(_allows(policy, access) for policy in session):
            return Denied(access, "because no session policy allows the action")
    return None


def trusts(trust: Policy, *, principal: str, account: str, access: Access) -> bool:
    """Whether a role's trust policy lets `principal` (an ARN in `account`) do `access`."""
    granted = False
    for statement in _statements(trust):
        if not _principal_matches(statement.get("Principal"), principal, account):
            continue
        if not _covers(statement, access, trust=True):
            continue
        if statement.get("Effect") == "Deny":
            return False
        granted = True
    return granted


def _allows(policy: Policy, access: Access) -> bool:
    return any(s.get("Effect") == "Allow" and _covers(s, access) for s in _statements(policy))


def _denies(policy: Policy, access: Access) -> bool:
    return any(s.get("Effect") == "Deny" and _covers(s, access) for s in _statements(policy))


def _statements(policy: Policy) -> list[Mapping[str, Any]]:
    statements = policy.get("Statement", [])
    return [statements] if isinstance(statements, Mapping) else list(statements)


def _covers(statement: Mapping[str, Any], access: Access, *, trust: bool = False) -> bool:
    if "Action" in statement:
        action = _any_matches(statement["Action"], access.action, ignore_case=True)
    else:
        action = not _any_matches(statement.get("NotAction", "*"), access.action, ignore_case=True)
    if not action:
        return False
    if not trust:
        if "Resource" in statement:
            resource = _any_matches(statement["Resource"], access.resource)
        else:
            resource = not _any_matches(statement.get("NotResource", "*"), access.resource)
        if not resource:
            return False
    return conditions_hold(
        statement.get("Condition", {}), access.context, deny=statement.get("Effect") == "Deny"
    )


def _principal_matches(principal: Any, arn: str, account: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    for wanted in _listed(principal.get("AWS", [])):
        if wanted in ("*", arn, account, f"arn:aws:iam::{account}:root"):
            return True
    return False


def conditions_hold(conditions: Mapping[str, Any], context: Context, *, deny: bool = False) -> bool:
    """Whether all conditions hold; an operator not known here never allows and always denies."""
    for operator, block in conditions.items():
        for key, wanted in block.items():
            values = context.get(key.lower())
            verdict = _condition(operator, [str(w) for w in _listed(wanted)], values)
            if verdict is None:
                verdict = deny
            if not verdict:
                return False
    return True


def _condition(operator: str, wanted: Sequence[str], values: tuple[str, ...] | None) -> bool | None:
    quantifier, colon, name = operator.rpartition(":")
    if not colon:
        quantifier = ""
    if name == "Null":
        return (values is None) == (wanted[0].lower() == "true")
    if name.endswith("IfExists"):
        name = name.removesuffix("IfExists")
        if values is None:
            return True
    negated = "Not" in name
    compare = _COMPARISONS.get(name.replace("Not", ""))
    if compare is None:
        return None
    if values is None:
        return negated or quantifier == "ForAllValues"
    hits = [any(compare(pattern, value) for pattern in wanted) for value in values]
    if negated:
        hits = [not hit for hit in hits]
    if quantifier == "ForAnyValue":
        return any(hits)
    return all(hits)


def _same_ignoring_case(pattern: str, value: str) -> bool:
    return pattern.lower() == value.lower()


def _like(pattern: str, value: str) -> bool:
    return matches(pattern, value)


_COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _same_ignoring_case,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _same_ignoring_case,
}


def _any_matches(patterns: Any, value: str, *, ignore_case: bool = False) -> bool:
    if ignore_case:
        return any(matches(p.lower(), value.lower()) for p in _listed(patterns))
    return any(matches(p, value) for p in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def matches(pattern: str, value: str) -> bool:
    """IAM's wildcards: `*` is any run of characters, `?` any one."""
    return pattern == "*" or _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = ("[\\s\\S]*" if c == "*" else "[\\s\\S]" if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts))
