"""Time as moto sees it: real, or held still so that a replay writes the same moments."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


class Clock:
    """Naive UTC, as moto wants it. Used under the emulator's lock only."""

    def __init__(self) -> None:
        self._held: datetime | None = None

    def now(self) -> datetime:
        """The held moment, else the real one in whole milliseconds."""
        if self._held is not None:
            return self._held
        now = datetime.now(UTC).replace(tzinfo=None)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    @contextmanager
    def held(self, moment: datetime) -> Iterator[None]:
        """Stop at `moment` inside the block."""
        before, self._held = self._held, moment
        try:
            yield
        finally:
            self._held = before


CLOCK = Clock()
