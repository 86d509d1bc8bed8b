"""Faults that tests ask for: who gets them, how often, and what then happens to the answer."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Kind = Literal[
    "denied",
    "unauthorized",
    "throttle",
    "500",
    "timeout",
    "reset",
    "malformed",
    "expired",
    "cut-page",
    "repeat-token",
    "region-disabled",
    "slow",
    "lost-answer",
]
REFUSALS = frozenset({"denied", "unauthorized", "throttle", "500", "expired", "region-disabled"})
BEFORE = REFUSALS | {"timeout", "reset", "slow"}
PAGING = frozenset({"repeat-token"})
AFTER = frozenset({"malformed", "lost-answer"})
CUTTING = frozenset({"cut-page"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; None matches anything, `after` calls pass before it begins, `times` ends it.

    `timeout` and `reset` strike before the call takes effect, `lost-answer` after it did: the
    connection hangs with the change made. `slow` answers after `seconds`.
    """

    kind: Kind
    account: str | None = None
    region: str | None = None
    service: str | None = None
    action: str | None = None
    times: int | None = None
    after: int = 0
    seconds: float = 120.0

    def matches(self, accounts: set[str], region: str, service: str, action: str) -> bool:
        """Whether it is meant for such a call."""
        return (
            (self.account is None or self.account in accounts)
            and self.region in (None, region)
            and self.service in (None, service)
            and self.action in (None, action)
        )


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0
    fired: int = 0


class Faults:
    """The faults in force; safe to use from several threads."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force."""
        if fault.kind not in get_args(Kind):
            raise ValueError(f"unknown kind of fault: {fault.kind}")
        with self._lock:
            self._armed.append(_Armed(fault))
        return fault

    def clear(self) -> None:
        """Lift all faults."""
        with self._lock:
            self._armed.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The faults in force, and how often each has struck."""
        with self._lock:
            return [asdict(armed.fault) | {"fired": armed.fired} for armed in self._armed]

    def strike(
        self, kinds: frozenset[str], accounts: set[str], region: str, service: str, action: str
    ) -> Fault | None:
        """The first fault of these kinds that is meant for the call, counted."""
        with self._lock:
            for armed in self._armed:
                fault = armed.fault
                if fault.kind not in kinds:
                    continue
                if not fault.matches(accounts, region, service, action):
                    continue
                armed.seen += 1
                if armed.seen <= fault.after:
                    continue
                if fault.times is not None and armed.fired >= fault.times:
                    continue
                armed.fired += 1
                return fault
        return None


def from_json(given: Mapping[str, Any]) -> Fault:
    """A fault as the control interface takes it; raises ValueError or TypeError."""
    return Fault(**dict(given))
