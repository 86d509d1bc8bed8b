"""EC2's token buckets: one for each account, region and action."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from lab.errors import AwsError

READ = (100.0, 20.0)
UNFILTERED = (50.0, 10.0)
WRITE = (50.0, 5.0)
UNFILTERED_ACTIONS = frozenset(
    {
        "DescribeInstances",
        "DescribeInstanceStatus",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeSpotInstanceRequests",
        "DescribeVolumes",
    }
)
SPECIAL: Mapping[str, tuple[float, float]] = {
    "DescribeStaleSecurityGroups": (20.0, 5.0),
    "DescribeSecurityGroupReferences": (20.0, 5.0),
    "DescribeMovingAddresses": (1.0, 1.0),
    "CreateVpcEndpoint": (4.0, 0.3),
    "ModifyVpcEndpoint": (4.0, 0.3),
    "DeleteVpcEndpoints": (4.0, 0.3),
    "CreateTags": (100.0, 10.0),
}


def bucket_of(action: str, params: Mapping[str, Any], *, read: bool) -> tuple[str, float, float]:
    """The name, size and refill a second of the bucket a call is charged to."""
    if action in SPECIAL:
        return (action, *SPECIAL[action])
    if not read:
        return (action, *WRITE)
    plain = not any(name for name in params if name not in ("DryRun", "NextToken"))
    if action in UNFILTERED_ACTIONS and plain:
        return (f"{action} unfiltered", *UNFILTERED)
    return (action, *READ)


class Buckets:
    """All buckets of the lab; `now` is a monotonic clock in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._levels: dict[tuple[str, str, str], tuple[float, float]] = {}
        self._lock = threading.Lock()

    def charge(
        self, account: str, region: str, action: str, params: Mapping[str, Any], *, read: bool
    ) -> None:
        """Take a token, or refuse as EC2 does."""
        name, size, refill = bucket_of(action, params, read=read)
        key = (account, region, name)
        with self._lock:
            now = self._now()
            level, since = self._levels.get(key, (size, now))
            level = min(size, level + (now - since) * refill)
            if level < 1:
                self._levels[key] = (level, now)
                raise AwsError("RequestLimitExceeded", "Request limit exceeded.", status=503)
            self._levels[key] = (level - 1, now)
