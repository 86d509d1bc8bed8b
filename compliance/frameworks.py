"""Frameworks as data: sections of controls from YAML, each judged by rules or with the reason why not."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from findings.rules import RULES

FOLDER = Path(__file__).parent / "frameworks"


class FrameworkError(Exception):
    """A framework file is wrong; the message is `file:line: field: what and what to do`."""


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement. Exactly one of `rules`, `waits_for` and `out_of_scope` is filled."""

    id: str
    title: str
    rules: tuple[str, ...] = ()
    waits_for: str = ""
    out_of_scope: str = ""

    @property
    def in_scope(self) -> bool:
        """Whether the control is about the network, and so counts in the score's denominator."""
        return not self.out_of_scope


@dataclass(frozen=True, slots=True)
class Section:
    """Controls that the framework keeps together."""

    id: str
    title: str
    controls: tuple[Control, ...]


@dataclass(frozen=True, slots=True)
class Framework:
    """A published set of requirements; `id` is the name of its file."""

    id: str
    title: str
    version: str
    publisher: str
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        """Title and version, as people say it."""
        return f"{self.title} {self.version}"

    def controls(self) -> Iterator[Control]:
        """All controls in the framework's order."""
        for section in self.sections:
            yield from section.controls

    def control(self, control_id: str) -> Control | None:
        """The control of that number, if there is one."""
        return next((each for each in self.controls() if each.id == control_id), None)

    def rules(self) -> frozenset[str]:
        """The ids of all rules that judge one of its controls."""
        return frozenset(rule for control in self.controls() for rule in control.rules)


@cache
def frameworks() -> Mapping[str, Framework]:
    """All shipped frameworks by id; read once. Raises FrameworkError when a file is wrong."""
    found = (load(path, rules=RULES) for path in sorted(FOLDER.glob("*.yaml")))
    return MappingProxyType({framework.id: framework for framework in found})


def load(path: Path, *, rules: Collection[str]) -> Framework:
    """Read and check one file; `rules` are the ids that controls may name."""
    framework = parse(path.read_text(encoding="utf-8"), name=path.name, rules=rules)
    if framework.id != path.stem:
        raise FrameworkError(
            f"{path.name}:1: id: {framework.id!r} must be the file's name, {path.stem!r}"
        )
    return framework


def parse(text: str, *, name: str, rules: Collection[str]) -> Framework:
    """A framework from YAML text; every error names the file, the line and the field."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FrameworkError(f"{name}:{line}: not YAML: {error.problem}") from error
    if root is None:
        raise FrameworkError(f"{name}:1: the file is empty")
    return _Reader(name, frozenset(rules)).framework(root)


class _Reader:
    """Turns YAML nodes, which know their lines, into the dataclasses above."""

    def __init__(self, name: str, rules: frozenset[str]) -> None:
        self._name = name
        self._rules = rules
        self._seen: set[str] = set()

    def framework(self, node: yaml.Node) -> Framework:
        fields = self._fields(node, {"id", "title", "version", "publisher", "sections"})
        read = Framework(
            id=self._text(node, fields, "id"),
            title=self._text(node, fields, "title"),
            version=self._text(node, fields, "version"),
            publisher=self._text(node, fields, "publisher"),
            sections=tuple(self._section(item) for item in self._items(node, fields, "sections")),
        )
        if not read.sections:
            raise self._error(fields["sections"], "sections", "has no entry")
        return read

    def _section(self, node: yaml.Node) -> Section:
        fields = self._fields(node, {"id", "title", "controls"})
        return Section(
            id=self._text(node, fields, "id"),
            title=self._text(node, fields, "title"),
            controls=tuple(self._control(item) for item in self._items(node, fields, "controls")),
        )

    def _control(self, node: yaml.Node) -> Control:
        fields = self._fields(node, {"id", "title", "rules", "waits_for", "out_of_scope"})
        control_id = self._text(node, fields, "id")
        if control_id in self._seen:
            raise self._error(fields["id"], "id", f"control {control_id} stands twice")
        self._seen.add(control_id)
        ways = [way for way in ("rules", "waits_for", "out_of_scope") if way in fields]
        if len(ways) != 1:
            said = " and ".join(ways) or "none"
            raise self._error(
                node, control_id, f"needs exactly one of rules, waits_for, out_of_scope; has {said}"
            )
        return Control(
            id=control_id,
            title=self._text(node, fields, "title"),
            rules=self._rule_ids(node, fields) if ways == ["rules"] else (),
            waits_for=self._text(node, fields, "waits_for") if ways == ["waits_for"] else "",
            out_of_scope=self._text(node, fields, "out_of_scope")
            if ways == ["out_of_scope"]
            else "",
        )

    def _rule_ids(self, node: yaml.Node, fields: dict[str, yaml.Node]) -> tuple[str, ...]:
        items = self._items(node, fields, "rules")
        if not items:
            raise self._error(fields["rules"], "rules", "is empty; say waits_for and why")
        for item in items:
            if not isinstance(item, yaml.ScalarNode) or item.value not in self._rules:
                raise self._error(item, "rules", f"{item.value!r} is no rule's id")
        return tuple(str(item.value) for item in items)

    def _fields(self, node: yaml.Node, allowed: set[str]) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, "entry", "must be a mapping of fields")
        fields: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value not in allowed:
                known = ", ".join(sorted(allowed))
                raise self._error(key, str(key.value), f"is no field here; known: {known}")
            if key.value in fields:
                raise self._error(key, str(key.value), "stands twice")
            fields[key.value] = value
        return fields

    def _text(self, node: yaml.Node, fields: dict[str, yaml.Node], field: str) -> str:
        value = fields.get(field)
        if value is None:
            raise self._error(node, field, "is missing")
        if not isinstance(value, yaml.ScalarNode) or value.tag != "tag:yaml.org,2002:str":
            raise self._error(value, field, "must be text; quote numbers")
        if not value.value.strip():
            raise self._error(value, field, "is empty")
        return str(value.value)

    def _items(self, node: yaml.Node, fields: dict[str, yaml.Node], field: str) -> list[yaml.Node]:
        value = fields.get(field)
        if value is None:
            raise self._error(node, field, "is missing")
        if not isinstance(value, yaml.SequenceNode):
            raise self._error(value, field, "must be a list")
        return list(value.value)

    def _error(self, node: yaml.Node, field: str, what: str) -> FrameworkError:
        return FrameworkError(f"{self._name}:{node.start_mark.line + 1}: {field}: {what}")
