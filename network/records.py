"""The smallest facts the core works on: one AWS object, and how well a listing is known."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class ShardState(StrEnum):
    """What the last try of a shard came to; the values equal those stored by the inventory."""

    NEVER = "never"
    OK = "ok"
    SKIPPED = "skipped"
    DENIED = "denied"
    THROTTLED = "throttled"
    FAILED = "failed"
    REGION_DISABLED = "region-disabled"


class ShardKey(NamedTuple):
    """Account x region x collector: the unit of truth. `account` is the one that was asked."""

    account: str
    region: str
    collector: str

    def __str__(self) -> str:
        return f"{self.collector} in {self.account}/{self.region}"


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """How a shard stands now.

    Whoever builds the status decides how long a failed or throttled shard stays trusted: it
    passes `OK` while the last good answer is young enough.
    """

    state: ShardState
    since: datetime | None = None
    last_ok: datetime | None = None
    missing_permission: str = ""

    @property
    def good(self) -> bool:
        """Whether absence of a record in this shard means absence in AWS."""
        return self.state in (ShardState.OK, ShardState.SKIPPED)


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One AWS object in canonical form.

    `account` owns it. `observer` is the account whose listing showed it, when that is another
    one (a participant of a shared VPC). `config` is treated as immutable by everyone.
    """

    type: str
    account: str
    region: str
    id: str
    config: Mapping[str, Any]
    observer: str = ""

    @property
    def shard(self) -> ShardKey:
        """The listing this record came from."""
        return ShardKey(self.observer or self.account, self.region, self.type)

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags as a mapping; empty when there are none."""
        tags: Mapping[str, str] = self.config.get("Tags") or {}
        return tags
