"""The activity page: the audit trail, filtered in the address, and as CSV.

It stands above the apps because which events a user may see follows from the accounts they see.
"""

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from identity import selectors
from identity.exports import csv_response
from identity.forms import AuditFilterForm
from identity.http import Request
from identity.models import AuditEvent
from inventory.selectors import accounts_visible_to

_PAGE = 50
_HEADER = ("id", "at", "actor", "action", "subject", "account", "summary")


@require_GET
@permission_required("identity.view_audit", raise_exception=True)
def activity(request: Request) -> HttpResponse:
    """The audit trail, newest first; each page costs the same at any depth."""
    form = AuditFilterForm(request.GET)
    found = list(_events(request, form)[: _PAGE + 1])
    events = found[:_PAGE]
    context = {
        "events": events,
        "form": form,
        "older": events[-1].pk if len(found) > _PAGE else None,
        "filtered": any(value for name, value in form.cleaned_data.items() if name != "before"),
    }
    return render(request, "identity/activity.html", context)


@require_GET
@permission_required("identity.view_audit", raise_exception=True)
def activity_export(request: Request) -> StreamingHttpResponse:
    """Every event that the filters in the address admit."""
    events = _events(request, AuditFilterForm(request.GET))
    rows = (
        (
            event.pk,
            event.at.isoformat(),
            event.actor_name,
            event.action,
            f"{event.subject_type}:{event.subject_id}",
            event.account_id,
            event.summary,
        )
        for event in events.iterator(chunk_size=2000)
    )
    return csv_response("activity.csv", _HEADER, rows)


def _events(request: Request, form: AuditFilterForm) -> QuerySet[AuditEvent]:
    accounts = accounts_visible_to(request.user).values_list("account_id", flat=True)
    return selectors.audit_trail(request.user, form.wanted(), accounts=accounts)
