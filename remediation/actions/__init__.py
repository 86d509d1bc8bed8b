"""What can be repaired and how: pure planners in one table, and what they share."""

from remediation.actions.catalogue import (
    ACTIONS,
    Action,
    Draft,
    Facts,
    NoPlanError,
    Step,
    Tier,
    action,
)
from remediation.actions.security_groups import (
    add_back_rule,
    revoke_added_rule,
    revoke_ingress_rule,
)

__all__ = [
    "ACTIONS",
    "Action",
    "Draft",
    "Facts",
    "NoPlanError",
    "Step",
    "Tier",
    "action",
    "add_back_rule",
    "revoke_added_rule",
    "revoke_ingress_rule",
]
