"""The signals that ask us to end, held back while a child is being born."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):  # noqa: N818 - not an error: somebody pressed Ctrl-C
    """Somebody wants us to end."""


class Interrupts:
    """Raises Stopped in the main thread at the first signal, but never between a fork and its bookkeeping.

    A child whose creation was cut short would be known to nobody.
    """

    def __init__(self) -> None:
        self._asked = False
        self._depth = 0
        for number in _SIGNALS:
            signal.signal(number, self._heard)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        if not self._depth:
            raise Stopped

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """A signal that comes inside raises Stopped at the end of it."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._asked and not self._depth:
            raise Stopped

    @staticmethod
    def ignore() -> None:
        """One Ctrl-C is enough; a second must not cut the ending short."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
