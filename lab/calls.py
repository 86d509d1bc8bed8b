"""The call log: what was asked, by whom, and how it was answered."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, overload


@dataclass(frozen=True, slots=True)
class Call:
    """One API call. `account` is the one charged for it: the caller's session's."""

    account: str
    region: str
    service: str
    action: str
    params: Mapping[str, Any]
    status: int
    error_code: str = ""
    principal_arn: str = ""
    source_identity: str = ""
    session_name: str = ""
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_json(self) -> dict[str, Any]:
        """For the control interface."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "at"} | {
            "at": self.at.isoformat()
        }


class Calls:
    """The newest calls, oldest first; a list to its readers."""

    def __init__(self, limit: int = 50_000) -> None:
        self._calls: list[Call] = []
        self._dropped = 0
        self._limit = limit
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        """Append a call, forgetting the oldest tenth when full."""
        with self._lock:
            self._calls.append(call)
            if len(self._calls) > self._limit:
                gone = self._limit // 10
                del self._calls[:gone]
                self._dropped += gone

    def clear(self) -> None:
        """Forget all calls."""
        with self._lock:
            self._dropped += len(self._calls)
            self._calls.clear()

    def since(self, number: int) -> tuple[list[Call], int]:
        """The calls after the first `number` ever logged, and the number to ask with next."""
        with self._lock:
            start = max(0, number - self._dropped)
            return self._calls[start:], self._dropped + len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        with self._lock:
            return iter(list(self._calls))

    def __len__(self) -> int:
        return len(self._calls)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        with self._lock:
            return self._calls[index]
