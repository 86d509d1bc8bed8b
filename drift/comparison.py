"""What differs between an approved state and the present one, element by element. Pure.

An element is a resource, or one rule of a security group: rules get new ids whenever they are
written again, so a rule is known by its group, direction, protocol, ports and peer, and carries
its description and tags. Configurations are durable projections (`network.canonical.durable`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from network.canonical import fingerprint

GROUP = "ec2.security-group"
GROUP_RULE = "ec2.security-group-rule"
Config = Mapping[str, Any]
ElementKey = tuple[str, str, str]


class Change(StrEnum):
    """What happened to an element."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class DriftClass(StrEnum):
    """What kind of harm a difference can do."""

    SECURITY = "security"  # who gets access has changed
    AVAILABILITY = "availability"  # something in use may be cut off
    MANAGEMENT = "management"  # names, descriptions, tags
    EXISTENCE = "existence"  # a whole resource appeared or disappeared


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource or rule. `parent` is the group of a rule; `id` of a rule is only a hint."""

    type: str
    id: str
    config: Config
    name: str = ""
    parent: str = ""

    @property
    def subject(self) -> tuple[str, str]:
        """The resource a difference of this entry is told about: a rule's group, else itself."""
        return (GROUP, self.parent) if self.type == GROUP_RULE else (self.type, self.id)

    @property
    def key(self) -> ElementKey:
        """What identifies the element: independent of a rule's id, description and tags."""
        if self.type == GROUP_RULE:
            return (self.type, self.parent, fingerprint(rule_identity(self.config)).hex())
        return (self.type, self.id, "")


@dataclass(frozen=True, slots=True)
class Difference:
    """One element that differs. `ids` are the present AWS ids of the element."""

    change: Change
    before: Entry | None
    after: Entry | None
    fields: tuple[str, ...] = ()
    drift_class: DriftClass = field(default=DriftClass.EXISTENCE)

    @property
    def entry(self) -> Entry:
        """The element as it is, or was if it is no more."""
        entry = self.after or self.before
        if entry is None:
            raise ValueError("a difference has at least one side")
        return entry

    @property
    def key(self) -> ElementKey:
        """The element's identity."""
        return self.entry.key

    @property
    def discriminator(self) -> str:
        """A stable name of the element within its subject, 32 hex digits."""
        return fingerprint(list(self.key)).hex()


_NO_IDENTITY = ("Description", "Tags")


def rule_identity(config: Config) -> dict[str, Any]:
    """Direction, protocol, ports and peer of a durable rule: AWS keeps at most one of each."""
    return {name: value for name, value in config.items() if name not in _NO_IDENTITY}


def compare(baseline: Iterable[Entry], current: Iterable[Entry]) -> list[Difference]:
    """All differences, sorted by element; the order of either side is of no consequence."""
    before, after = _by_key(baseline), _by_key(current)
    found = []
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was is None or now is None:
            change = Change.ADDED if was is None else Change.REMOVED
            found.append(Difference(change, was, now, (), _class_of(change, was, now, ())))
        elif fields := changed_fields(was.config, now.config):
            changed = _class_of(Change.CHANGED, was, now, fields)
            found.append(Difference(Change.CHANGED, was, now, fields, changed))
    return found


def apply(baseline: Iterable[Entry], differences: Iterable[Difference]) -> list[Entry]:
    """The present state from the approved one and what differs; sorted by element."""
    entries = _by_key(baseline)
    for difference in differences:
        if difference.after is None:
            entries.pop(difference.key, None)
        else:
            entries[difference.key] = difference.after
    return [entries[key] for key in sorted(entries)]


def told(differences: Sequence[Difference]) -> list[Difference]:
    """The differences worth a finding each: a group's own coming or going speaks for its rules."""
    whole = {
        difference.entry.id
        for difference in differences
        if difference.entry.type == GROUP and difference.change is not Change.CHANGED
    }
    return [
        difference
        for difference in differences
        if difference.entry.type != GROUP_RULE or difference.entry.parent not in whole
    ]


def changed_fields(before: Config, after: Config) -> tuple[str, ...]:
    """Names of the top-level fields that differ; tags are told one by one, as `Tags.Owner`."""
    names = [
        name for name in sorted({*before, *after} - {"Tags"}) if before.get(name) != after.get(name)
    ]
    old, new = before.get("Tags") or {}, after.get("Tags") or {}
    names += [f"Tags.{key}" for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    return tuple(names)


_NAMES = frozenset(("Description", "GroupName", "PrefixListName"))


def _class_of(
    change: Change, before: Entry | None, after: Entry | None, fields: Sequence[str]
) -> DriftClass:
    entry = after or before
    if entry is not None and entry.type == GROUP_RULE and change is not Change.CHANGED:
        return DriftClass.SECURITY if change is Change.ADDED else DriftClass.AVAILABILITY
    if change is not Change.CHANGED or before is None or after is None:
        return DriftClass.EXISTENCE
    if all(name in _NAMES or name.startswith("Tags.") for name in fields):
        return DriftClass.MANAGEMENT
    lost_only = all(
        _only_lost(before.config.get(name), after.config.get(name))
        for name in fields
        if name not in _NAMES and not name.startswith("Tags.")
    )
    return DriftClass.AVAILABILITY if lost_only else DriftClass.SECURITY


def _only_lost(before: Any, after: Any) -> bool:
    """Whether a list lost members and gained none. Losing a deny opens access, so denies count not."""
    if not isinstance(before, list) or not isinstance(after or [], list):
        return False
    kept = {fingerprint(item) for item in after or ()}
    had = {fingerprint(item) for item in before}
    lost_deny = any(
        isinstance(item, Mapping)
        and item.get("RuleAction") == "deny"
        and fingerprint(item) not in kept
        for item in before
    )
    return kept <= had and not lost_deny


def _by_key(entries: Iterable[Entry]) -> dict[ElementKey, Entry]:
    """Entries by element; should two rules be the same element, the smaller id stands for both."""
    found: dict[ElementKey, Entry] = {}
    for entry in sorted(entries, key=_order, reverse=True):
        found[entry.key] = entry
    return found


def _order(entry: Entry) -> tuple[str, str, str, bytes]:
    return (entry.type, entry.parent, entry.id, fingerprint(entry.config))
