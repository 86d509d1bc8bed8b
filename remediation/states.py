"""The states of plans' requests and executions, and who may move them (pure)."""

from enum import StrEnum


class RequestState(StrEnum):
    """What became of a request to carry a plan out."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    VOID = "void"  # the live state, or the impact, is no longer what the plan was made for


class ExecutionState(StrEnum):
    """`unverified`: it is not known what AWS holds now; a person must look."""

    QUEUED = "queued"
    RUNNING = "running"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    STALE = "stale"  # live state differed from the plan's before; nothing was written
    STOPPED = "stopped"  # kill switch or pause; nothing (more) was written
    FAILED = "failed"
    UNVERIFIED = "unverified"


class Origin(StrEnum):
    """Why a plan was made."""

    FINDING = "finding"
    AUTO = "auto"
    ROLLBACK = "rollback"
