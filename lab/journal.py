"""The journal of EC2 changes: what makes a lab the same after a restart."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One change that succeeded, and the ids it made."""

    number: int
    at: datetime
    account: str
    region: str
    action: str
    params: Mapping[str, Any]
    ids: tuple[str, ...] = ()


def ids_in(answer: Any) -> tuple[str, ...]:
    """All AWS ids of an answer, in order."""
    found: list[str] = []
    _collect(answer, found)
    return tuple(dict.fromkeys(found))


def _collect(value: Any, found: list[str], name: str = "") -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _collect(inner, found, str(key))
    elif isinstance(value, list):
        for inner in value:
            _collect(inner, found, name)
    elif isinstance(value, str) and name.endswith(("Id", "Ids", "PublicIp")):
        found.append(value)


class Journal:
    """Appends entries to a file; a line is complete or it is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def append(self, entry: Entry) -> None:
        """Write one entry at once, so that a crash can only cut the last line."""
        row = {
            "number": entry.number,
            "at": entry.at.isoformat(),
            "account": entry.account,
            "region": entry.region,
            "action": entry.action,
            "params": entry.params,
            "ids": list(entry.ids),
        }
        os.write(self._file, (json.dumps(row, default=str) + "\n").encode())

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read(path: Path) -> Iterator[Entry]:
    """The entries in order. A damaged last line is named on stderr and cut off the file."""
    if not path.exists():
        return
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    good = 0
    for index, line in enumerate(lines, start=1):
        entry = _parsed(line)
        if entry is None:
            if index < len(lines):
                raise ValueError(
                    f"{path}: line {index} is damaged: remove the folder to start anew"
                )
            sys.stderr.write(f"lab: {path}: the last line is damaged and was skipped\n")
            with path.open("r+b") as file:
                file.truncate(good)
            return
        good += len(line)
        yield entry


def _parsed(line: bytes) -> Entry | None:
    if not line.endswith(b"\n"):
        return None
    try:
        row = json.loads(line)
        return Entry(
            number=int(row["number"]),
            at=datetime.fromisoformat(row["at"]),
            account=row["account"],
            region=row["region"],
            action=row["action"],
            params=row["params"],
            ids=tuple(row["ids"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
