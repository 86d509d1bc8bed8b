"""Writing the audit trail: one function, called inside the transaction of what it tells of."""

from datetime import datetime
from typing import Any

from identity.models import AuditEvent, User

PRODUCT = "cspm"


def record(
    action: str,
    *,
    actor: User | None,
    at: datetime,
    subject: tuple[str, object],
    summary: str,
    account_id: str = "",
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add one event; `subject` is (type, id), as ("plan", 12). No actor means the product itself."""
    return AuditEvent.objects.create(
        at=at,
        actor=actor,
        actor_name=actor.get_username() if actor else PRODUCT,
        action=action,
        subject_type=subject[0],
        subject_id=str(subject[1]),
        account_id=account_id,
        summary=summary,
        data=data or {},
    )
