"""The states of accounts, shards, scans and work, as values."""

from django.db.models import TextChoices


class SourceKind(TextChoices):
    """A live organisation is read again and again; an import is what the files said."""

    LIVE = "live"
    IMPORT = "import"


class AccountStatus(TextChoices):
    """AWS Organizations' own states."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    PENDING = "PENDING", "Pending closure"
    LEFT = "LEFT", "No longer in the organisation"


class ConnectionState(TextChoices):
    """Whether the reading role could be assumed when last tried."""

    UNTRIED = "untried", "Not tried yet"
    CONNECTED = "connected"
    DENIED = "denied"
    FAILED = "failed"


class ShardState(TextChoices):
    """What the last try of a shard came to; `network.records.ShardState` has the same values."""

    NEVER = "never", "Never read"
    OK = "ok", "Fresh"
    SKIPPED = "skipped", "Empty"
    DENIED = "denied"
    THROTTLED = "throttled"
    FAILED = "failed"
    REGION_DISABLED = "region-disabled"


class ChangeOp(TextChoices):
    """What happened to a resource, or to a shard's state."""

    INSERT = "I", "Appeared"
    UPDATE = "U", "Changed"
    DELETE = "D", "Disappeared"
    STATE = "S", "Shard state"


class ScanState(TextChoices):
    """A scan is done when no work is left, whatever the shards came to."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class WorkState(TextChoices):
    """`failed`: given up after the last attempt, with the error kept."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
