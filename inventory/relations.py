"""Which other objects a configuration names: AWS ids say their kind by themselves."""

import re
from collections.abc import Mapping
from typing import Any

_ID = re.compile(
    r"(?:vpc|subnet|rtb|acl|sg|sgr|eni|igw|eigw|nat|eipalloc|vpce|i|fl|pl|pcx|tgw)-[0-9a-z]{8,17}"
)


def named_in(config: Mapping[str, Any]) -> set[str]:
    """All ids in the texts of a configuration; tags and descriptions name nothing."""
    found: set[str] = set()
    _collect({k: v for k, v in config.items() if k not in ("Tags", "Description")}, found)
    return found


def _collect(value: Any, found: set[str]) -> None:
    if isinstance(value, str):
        if _ID.fullmatch(value):
            found.add(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            _collect(item, found)
    elif isinstance(value, list):
        for item in value:
            _collect(item, found)
