"""The three roles as Django groups: one table, applied by a migration and checked by tests."""

from collections.abc import Mapping
from typing import Final

ANALYST: Final = "analyst"
MANAGER: Final = "manager"
ADMIN: Final = "admin"

_READ = (
    "inventory.view_account",
    "inventory.view_resource",
    "findings.view_finding",
    "drift.view_baseline",
    "compliance.view_scoresnapshot",
)
ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    MANAGER: (*_READ, "findings.export_finding", "identity.view_audit"),
    ANALYST: (
        *_READ,
        "findings.export_finding",
        "findings.triage_finding",
        "drift.capture_baseline",
        "inventory.scan_account",
        "remediation.view_plan",
        "remediation.request_repair",
    ),
    ADMIN: (
        *_READ,
        "findings.export_finding",
        "findings.triage_finding",
        "drift.capture_baseline",
        "drift.set_trust",
        "inventory.scan_account",
        "inventory.change_account",
        "inventory.add_source",
        "remediation.view_plan",
        "remediation.request_repair",
        "remediation.approve_repair",
        "remediation.flip_kill_switch",
        "identity.view_audit",
        "identity.manage_users",
    ),
}
