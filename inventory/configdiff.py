"""The difference of two canonical configurations as lines a person can read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Line:
    """One field that differs; an empty text where it is not there at all."""

    path: str
    before: str
    after: str


def lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    """Fields that differ, by path; of lists, which are sets here, what one has and the other not."""
    return list(_walk("", before, after))


def _walk(path: str, before: Any, after: Any) -> Iterator[Line]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted({*before, *after}):
            inner = f"{path}.{key}" if path else key
            yield from _walk(inner, before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list):
        gone = [item for item in before if item not in after]
        new = [item for item in after if item not in before]
        yield from (Line(path, _text(item), "") for item in gone)
        yield from (Line(path, "", _text(item)) for item in new)
    else:
        yield Line(path, _text(before), _text(after))


def _text(value: Any) -> str:
    if value is _ABSENT:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
