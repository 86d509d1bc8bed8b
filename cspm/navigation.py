"""The menu: one table, of which each user sees what their role allows."""

from typing import Any, NamedTuple

from django.http import HttpRequest


class Entry(NamedTuple):
    """A page of the menu; `prefix` marks it as current for all paths below."""

    label: str
    url: str
    prefix: str
    permission: str
    icon: str


MENU = (
    Entry("Overview", "overview", "/overview/", "findings.view_finding", "home"),
    Entry("Findings", "finding-list", "/findings/", "findings.view_finding", "findings"),
    Entry("Drift", "baseline-list", "/drift/", "drift.view_baseline", "drift"),
    Entry("Approvals", "request-list", "/approvals/", "remediation.view_plan", "approvals"),
    Entry("Compliance", "framework-list", "/compliance/", "compliance.view_scoresnapshot", "check"),
    Entry("Resources", "resource-list", "/resources/", "inventory.view_resource", "resources"),
    Entry("Accounts", "account-list", "/accounts/", "inventory.view_account", "accounts"),
    Entry("Activity", "activity", "/activity/", "identity.view_audit", "activity"),
    Entry("Users", "user-list", "/users/", "identity.manage_users", "users"),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context of every page: the menu entries this user may open."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"menu": ()}
    return {
        "menu": [
            {"entry": entry, "current": request.path.startswith(entry.prefix)}
            for entry in MENU
            if user.has_perm(entry.permission)
        ]
    }
