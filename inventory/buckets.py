"""Token buckets of our own, one for each (account, region, service, action), as EC2 counts.

EC2 refills 20 tokens a second into a bucket of 100 for describe actions, and 5 into 50 for writes
(Amazon EC2 Developer Guide, Request throttling). Other tools drain the same buckets: each refusal
halves our rate, each success raises it by a little, up to the documented one.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

_LOWEST = 0.5
_STEP = 0.2


class Key(NamedTuple):
    """What AWS counts by; the account is the one that is asked."""

    account: str
    region: str
    service: str
    action: str


class Limit(NamedTuple):
    """Tokens a bucket holds, and tokens a second it gets."""

    size: float
    rate: float


READ = Limit(100, 20)
WRITE = Limit(50, 5)


@dataclass(slots=True)
class _Bucket:
    limit: Limit
    tokens: float
    rate: float
    at: float
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, now: float) -> float:
        """Take one token; the seconds to wait until it is really there."""
        with self.lock:
            self.tokens = min(self.limit.size, self.tokens + (now - self.at) * self.rate) - 1
            self.at = now
            return max(0.0, -self.tokens / self.rate)

    def refused(self) -> None:
        with self.lock:
            self.rate = max(_LOWEST, self.rate / 2)
            self.tokens = min(self.tokens, 0.0)

    def accepted(self) -> None:
        if self.rate < self.limit.rate:
            with self.lock:
                self.rate = min(self.limit.rate, self.rate + _STEP)


class Buckets:
    """All buckets of this process; threads share them."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._buckets: dict[Key, _Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, key: Key, limit: Limit) -> None:
        """Return when a call may be made."""
        bucket = self._buckets.get(key)
        if bucket is None:
            with self._lock:
                bucket = self._buckets.setdefault(
                    key, _Bucket(limit, limit.size, limit.rate, self._clock())
                )
        seconds = bucket.take(self._clock())
        if seconds > 0:
            self._sleep(seconds)

    def refused(self, key: Key) -> None:
        """AWS said that it was too much."""
        self._buckets[key].refused()

    def accepted(self, key: Key) -> None:
        """AWS answered."""
        self._buckets[key].accepted()
