"""The one owner of moto's state: a lock, ids that follow from the seed, a clock that can stand still."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from moto.moto_api._internal import mock_random

from lab import ec2, patches
from lab.clock import CLOCK

BEGINNING = datetime(2026, 6, 1, 8, 0, 0)  # noqa: DTZ001 - moto's times are naive UTC
READS = ("Describe", "Get", "List", "Search")


def is_read(action: str) -> bool:
    """Whether an action changes nothing."""
    return action.startswith(READS)


class Emulator:
    """Moto behind a lock. One at a time in a process: moto's state is global."""

    def __init__(self, *, seed: int) -> None:
        self.seed = seed
        self.lock = threading.RLock()
        self._built = 0
        patches.reset(seed)

    def default_vpcs(self, places: set[tuple[str, str]]) -> None:
        """The account-regions that still have the default VPC AWS once gave them."""
        patches.default_vpcs(places)

    @contextmanager
    def step(self) -> Iterator[None]:
        """One step of making the lab's own content: a second after the last, ids of its own."""
        self._built += 1
        mock_random.seed(f"{self.seed}:built:{self._built}")
        with CLOCK.held(BEGINNING + timedelta(seconds=self._built)):
            yield

    def build(
        self, account: str, region: str, action: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A call that makes the lab's own content."""
        with self.step():
            return ec2.run(account, region, action, params)

    def read(
        self, account: str, region: str, action: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A call that changes nothing."""
        with self.lock:
            return ec2.run(account, region, action, params)

    def write(
        self,
        account: str,
        region: str,
        action: str,
        params: Mapping[str, Any],
        *,
        number: int,
        at: datetime,
    ) -> dict[str, Any]:
        """The lab's `number`th change: the same number, moment and call give the same ids."""
        with self.lock, CLOCK.held(at):
            mock_random.seed(f"{self.seed}:change:{number}")
            return ec2.run(account, region, action, params)
