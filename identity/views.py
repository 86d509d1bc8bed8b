"""One's own profile, and the audit trail."""

from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import render

from identity.http import Request


def profile(request: Request) -> HttpResponse:
    """The user's name, role, scope and tokens."""
    return render(request, "identity/profile.html", {})


@permission_required("identity.view_audit", raise_exception=True)
def activity(request: Request) -> HttpResponse:
    """The audit trail, newest first."""
    return render(request, "identity/activity.html", {})
