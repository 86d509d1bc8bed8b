"""What people send from the pages of findings: each view checks, calls one service, goes back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from findings import selectors, services
from findings.forms import FORMS, BulkForm, CommentForm
from findings.lifecycle import Action
from findings.models import Finding
from findings.views import PAGE_SIZE, detail_context
from identity.http import Request
from identity.problems import DomainError

_DONE = {
    Action.ACKNOWLEDGE: "Acknowledged.",
    Action.SNOOZE: "Snoozed.",
    Action.ACCEPT: "Risk accepted until the day you chose.",
    Action.FALSE_POSITIVE: "Marked as a false positive.",
    Action.REOPEN: "Reopened.",
}


@require_POST
@permission_required("findings.triage_finding", raise_exception=True)
def finding_triage(request: Request, pk: int, action: str) -> HttpResponse:
    """Acknowledge, snooze, accept, mark as a false positive, reopen. There is no resolve."""
    if action not in set(Action):
        raise Http404
    finding = _visible(request, pk)
    form = FORMS[Action(action)](request.POST)
    if not form.is_valid():
        return _refused(request, finding, {action: form})
    try:
        services.decide(finding.pk, actor=request.user, now=timezone.now(), **form.decision())
    except DomainError as error:
        form.add_error(None, str(error))
        return _refused(request, finding, {action: form})
    messages.success(request, _DONE[Action(action)])
    return redirect("finding-detail", pk=finding.pk)


@require_POST
@permission_required("findings.triage_finding", raise_exception=True)
def finding_comment(request: Request, pk: int) -> HttpResponse:
    """Add a remark."""
    finding = _visible(request, pk)
    form = CommentForm(request.POST)
    if not form.is_valid():
        return _refused(request, finding, {"comment": form})
    services.comment(
        finding.pk, actor=request.user, now=timezone.now(), text=form.cleaned_data["text"]
    )
    return redirect("finding-detail", pk=finding.pk)


@require_POST
@permission_required("findings.triage_finding", raise_exception=True)
def finding_assign(request: Request, pk: int) -> HttpResponse:
    """Take a finding, or give it back."""
    finding = _visible(request, pk)
    assignee = request.user if request.POST.get("to") == "me" else None
    services.assign(finding.pk, actor=request.user, now=timezone.now(), assignee=assignee)
    return redirect("finding-detail", pk=finding.pk)


@require_POST
@permission_required("inventory.scan_account", raise_exception=True)
def finding_recheck(request: Request, pk: int) -> HttpResponse:
    """Have the resource read again and judged; the page says what came of it."""
    finding = _visible(request, pk)
    services.ask_recheck(finding.pk, actor=request.user, now=timezone.now())
    if services.queue_recheck(finding.pk):
        messages.success(request, "Checking again: reload in a few seconds.")
    else:
        messages.warning(request, "The queue cannot be reached; the next scan will check it.")
    return redirect("finding-detail", pk=finding.pk)


@require_POST
@permission_required("findings.triage_finding", raise_exception=True)
def finding_bulk(request: Request) -> HttpResponse:
    """Acknowledge what is ticked, or all that the page showed, with one reason."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("finding-list")
    form = BulkForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give a reason.")
        return redirect(back)
    field = "shown" if form.cleaned_data["which"] == "page" else "finding"
    sent = [int(value) for value in request.POST.getlist(field) if value.isdecimal()]
    visible = selectors.findings_visible_to(request.user).filter(pk__in=sent[:PAGE_SIZE])
    done, left = services.acknowledge_all(
        list(visible.values_list("pk", flat=True)),
        actor=request.user,
        now=timezone.now(),
        reason=form.cleaned_data["reason"],
    )
    if done:
        messages.success(request, f"Acknowledged {done}.")
    if left or not done:
        messages.warning(
            request, f"{left} left as they are: not open for review." if left else "Nothing ticked."
        )
    return redirect(back)


def _visible(request: Request, pk: int) -> Finding:
    return get_object_or_404(selectors.detail(request.user), pk=pk)


def _refused(request: Request, finding: Finding, forms: dict[str, Any]) -> HttpResponse:
    finding.refresh_from_db(fields=["triage", "detection"])
    context = detail_context(request, finding, forms=forms)
    return render(request, "findings/detail.html", context | {"refused": forms}, status=422)
