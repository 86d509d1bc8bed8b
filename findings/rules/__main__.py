"""`python -m findings.rules` prints the catalogue as the page docs/rules.md."""

import sys
from collections.abc import Iterator
from dataclasses import fields

from findings.rules import DEFAULTS, FAMILIES, RULES, Rule


def pages() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Rules"
    yield ""
    yield "Made by `python -m findings.rules`; the source of each entry is its module under"
    yield "`findings/rules/`. A verdict is *pass*, *fail*, *unknown* (the inventory cannot tell) or"
    yield "*not applicable*. Severities are those declared; exposure raises or lowers them, and the"
    yield "finding says why."
    yield ""
    yield f"{len(RULES)} rules."
    for family in FAMILIES:
        name = family.__name__.rpartition(".")[2]
        yield ""
        yield f"## {name.replace('_', ' ').capitalize()}"
        yield ""
        yield (family.__doc__ or "").strip()
        for rule in RULES.values():
            if rule.family == name:
                yield from _entry(rule)
    yield ""
    yield "## Parameters"
    yield ""
    yield "| parameter | default | used by |"
    yield "|---|---|---|"
    for field in fields(DEFAULTS):
        users = [f"`{rule.id}`" for rule in RULES.values() if field.name in rule.parameters]
        value = getattr(DEFAULTS, field.name)
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        yield f"| `{field.name}` | {shown or '(none)'} | {', '.join(users)} |"


def _entry(rule: Rule) -> Iterator[str]:
    yield ""
    yield f"### `{rule.id}`"
    yield ""
    yield f"**{rule.title}.** {' '.join(rule.rationale.split())}"
    yield ""
    judged = ", ".join(f"`{each}`" for each in rule.resources)
    yield f"- severity {rule.severity}, scope {rule.scope}, judges {judged}"
    if rule.action:
        yield f"- repair: `{rule.action}`"
    if rule.parameters:
        yield f"- parameters: {', '.join(f'`{each}`' for each in rule.parameters)}"
    if rule.aliases:
        yield f"- elsewhere: {', '.join(f'`{each}`' for each in rule.aliases)}"


if __name__ == "__main__":
    sys.stdout.write(pages())
