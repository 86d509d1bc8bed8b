"""How AWS comes to know who is behind a session."""

import re

_NOT_ALLOWED = re.compile(r"[^\w+=,.@-]", re.ASCII)


def source_identity(username: str) -> str:
    """`username` in the alphabet and length of STS: `[\\w+=,.@-]{2,64}`."""
    said = _NOT_ALLOWED.sub("-", username)[:64]
    return said if len(said) >= 2 else f"user-{said}"


def session_name(plan: int) -> str:
    """The name of a repair's session in CloudTrail."""
    return f"cspm-{plan}"
