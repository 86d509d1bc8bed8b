"""Baselines in the canonical form of today: a newer canonicaliser must never look like drift."""

from collections.abc import Mapping
from typing import Any

from drift.comparison import Entry
from network import canonical

VERSION = sum(canonical.VERSIONS.values())
"""Grows whenever the canonical form of any type does."""


def stored(
    type: str, *, id: str, name: str, parent: str, complete: Mapping[str, Any]
) -> dict[str, Any]:
    """A resource as a baseline keeps it."""
    return {
        "type": type,
        "id": id,
        "name": name,
        "parent": parent,
        "config": canonical.durable(type, complete),
        "complete": dict(complete),
    }


def renewed(entry: Mapping[str, Any], *, account: str, region: str) -> dict[str, Any]:
    """A kept entry, made canonical and projected anew from the complete configuration it holds."""
    form = canonical.canonicalise(entry["type"], entry["complete"], account=account, region=region)
    return stored(
        entry["type"],
        id=entry["id"],
        name=entry["name"],
        parent=entry["parent"],
        complete=form.config,
    )


def entry_of(kept: Mapping[str, Any]) -> Entry:
    """What comparison works on."""
    return Entry(kept["type"], kept["id"], kept["config"], kept["name"], kept["parent"])
