"""Pages of repairs: what waits for a decision, one request, one execution, a finding's panel."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from identity.http import Request
from identity.problems import DomainError
from remediation import approvals, autopilot, plans, presenting, rollback, selectors, switches
from remediation.actions import NoPlanError
from remediation.executions import OPEN
from remediation.forms import ApproveForm, RejectForm, RepairForm, RollbackForm, SwitchForm
from remediation.states import ExecutionState, RequestState

_RECENT = 25
_reads = permission_required("remediation.view_plan", raise_exception=True)
_requests = permission_required("remediation.request_repair", raise_exception=True)
_approves = permission_required("remediation.approve_repair", raise_exception=True)
_flips = permission_required("remediation.flip_kill_switch", raise_exception=True)


@require_safe
@_reads
def request_list(request: Request) -> HttpResponse:
    """What waits first, then what ran; the kill switch on top."""
    return _list(request, SwitchForm())


def _list(request: Request, form: SwitchForm, *, status: int = 200) -> HttpResponse:
    context = {
        "pending": list(selectors.pending(request.user)[:200]),
        "executions": list(selectors.recent(request.user)[:_RECENT]),
        "decided": list(selectors.decided(request.user)[:_RECENT]),
        "switches": list(selectors.open_switches()),
        "switch_form": form,
    }
    return render(request, "remediation/list.html", context, status=status)


@require_safe
@_reads
def request_detail(request: Request, pk: int) -> HttpResponse:
    """One request: the plan, its impact, and the decision."""
    return _detail(request, pk, RejectForm())


def _detail(request: Request, pk: int, form: RejectForm, *, status: int = 200) -> HttpResponse:
    asked = get_object_or_404(selectors.requests_visible_to(request.user), pk=pk)
    execution = getattr(asked, "execution", None)
    context = {
        "asked": asked,
        "plan": asked.plan,
        "view": presenting.of_content(asked.plan.content, asked.plan.hash),
        "execution": execution,
        "switches": list(selectors.open_switches()),
        "own": asked.requested_by_id == request.user.pk,
        "waits": asked.state == RequestState.PENDING,
        "lapsed": asked.expires_at <= timezone.now(),
        "approve_form": ApproveForm(initial={"hash": asked.plan.hash}),
        "reject_form": form,
    }
    return render(request, "remediation/detail.html", context, status=status)


@require_POST
@_approves
def request_approve(request: Request, pk: int) -> HttpResponse:
    """Approve the plan with the posted hash; a worker does the rest."""
    asked = get_object_or_404(selectors.requests_visible_to(request.user), pk=pk)
    form = ApproveForm(request.POST)
    if not form.is_valid():
        messages.error(request, "The plan's hash is missing: look at the plan again.")
        return redirect("request-detail", pk)
    try:
        execution = approvals.approve(
            asked.pk,
            actor=request.user,
            posted_hash=form.cleaned_data["hash"],
            now=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("request-detail", pk)
    messages.success(request, "Approved. A worker carries it out now.")
    return redirect("execution-detail", execution.pk)


@require_POST
@_approves
def request_reject(request: Request, pk: int) -> HttpResponse:
    """Decide against it, with a reason."""
    asked = get_object_or_404(selectors.requests_visible_to(request.user), pk=pk)
    form = RejectForm(request.POST)
    if not form.is_valid():
        return _detail(request, pk, form, status=422)
    try:
        approvals.reject(
            asked.pk,
            actor=request.user,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("request-detail", pk)


@require_POST
@_requests
def request_withdraw(request: Request, pk: int) -> HttpResponse:
    """Take back one's own request."""
    asked = get_object_or_404(selectors.requests_visible_to(request.user), pk=pk)
    try:
        approvals.withdraw(asked.pk, actor=request.user, now=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("request-detail", pk)


@require_safe
@permission_required("findings.view_finding", raise_exception=True)
def finding_repair(request: Request, pk: int) -> HttpResponse:
    """The panel on a finding's page: a plan, why there is none, or how far a repair got."""
    return _repair(request, pk, None)


def _repair(
    request: Request, pk: int, form: RepairForm | None, *, status: int = 200
) -> HttpResponse:
    finding = get_object_or_404(selectors.findings_visible_to(request.user), pk=pk)
    context: dict[str, Any] = {"finding": finding, "view": None, "why_none": "", "form": None}
    if request.user.has_perm("remediation.view_plan"):
        latest = selectors.latest_request(finding)
        context |= {
            "latest": latest,
            "repaired": selectors.latest_repair(finding),
            "hold": selectors.holds_on(finding),
            "opinion": autopilot.opinion(finding, now=timezone.now()),
            "switches": list(selectors.open_switches()),
        }
        if not approvals.under_way(finding):
            context |= _proposal(request, finding, form)
    template = "remediation/_repair.html" if request.htmx else "remediation/repair.html"
    return render(request, template, context, status=status)


def _proposal(request: Request, finding: Any, form: RepairForm | None) -> dict[str, Any]:
    try:
        prepared = plans.plan_for(finding)
    except NoPlanError as none:
        return {"why_none": str(none)}
    view = presenting.of_content(prepared.content, prepared.hash)
    if not request.user.has_perm("remediation.request_repair"):
        return {"view": view}
    return {"view": view, "form": form or RepairForm(initial={"hash": prepared.hash})}


@require_POST
@_requests
def repair_request(request: Request, pk: int) -> HttpResponse:
    """Ask for the plan that was shown."""
    finding = get_object_or_404(selectors.findings_visible_to(request.user), pk=pk)
    form = RepairForm(request.POST)
    if not form.is_valid():
        return _repair(request, pk, form, status=422)
    try:
        approvals.request_repair(
            plans.plan_for(finding),
            actor=request.user,
            reason=form.cleaned_data["reason"],
            shown_hash=form.cleaned_data["hash"],
            now=timezone.now(),
        )
    except (NoPlanError, DomainError) as refusal:
        messages.error(request, str(refusal))
        return redirect("finding-detail", pk)
    messages.success(request, "Asked for. An admin other than you decides on it.")
    return redirect("finding-detail", pk)


@require_safe
@_reads
def execution_detail(request: Request, pk: int) -> HttpResponse:
    """The journal of one execution; the fragment asks again while it runs."""
    execution = get_object_or_404(selectors.executions_visible_to(request.user), pk=pk)
    context = {
        "execution": execution,
        "plan": execution.plan,
        "steps": presenting.journal(execution),
        "open": execution.state in OPEN,
        "rollback": _rollback_of(request, execution),
        "undone_by": execution.rollbacks.order_by("-pk").first(),
        "rollback_form": RollbackForm(),
        "live": presenting.live_rules(execution),
    }
    if request.htmx:
        response = render(request, "remediation/_execution.html", context)
        if not context["open"]:
            response["HX-Refresh"] = "true"  # over: the whole page has more to show now
        return response
    return render(request, "remediation/execution.html", context)


def _rollback_of(request: Request, execution: Any) -> dict[str, Any] | None:
    """What a rollback would do, for those who may start one."""
    if execution.state != ExecutionState.VERIFIED or not request.user.has_perm(
        "remediation.approve_repair"
    ):
        return None
    try:
        prepared = rollback.rollback_plan(execution)
    except NoPlanError as none:
        return {"why_none": str(none)}
    return {"view": presenting.of_content(prepared.content, prepared.hash)}


@require_POST
@_approves
def execution_rollback(request: Request, pk: int) -> HttpResponse:
    """Undo a verified repair: one click, the same machinery."""
    execution = get_object_or_404(selectors.executions_visible_to(request.user), pk=pk)
    form = RollbackForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        started = rollback.roll_back(
            execution.pk, actor=request.user, reason=reason, now=timezone.now()
        )
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("execution-detail", pk)
    messages.success(request, "The rollback is queued.")
    return redirect("execution-detail", started.pk)


@require_POST
@_flips
def switch_throw(request: Request) -> HttpResponse:
    """Stop repairs now."""
    form = SwitchForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        switches.throw(**form.cleaned_data, actor=request.user, now=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("request-list")


@require_POST
@_flips
def switch_lift(request: Request, pk: int) -> HttpResponse:
    """Allow repairs again."""
    switch = get_object_or_404(selectors.open_switches(), pk=pk)
    try:
        switches.lift(switch.pk, actor=request.user, now=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("request-list")


@require_POST
@_approves
def hold_release(request: Request, pk: int) -> HttpResponse:
    """Let the product repair a finding by itself again."""
    finding = get_object_or_404(selectors.findings_visible_to(request.user), pk=pk)
    hold = selectors.holds_on(finding)
    if hold is not None:
        try:
            switches.release(hold.pk, actor=request.user, now=timezone.now())
        except DomainError as refusal:
            messages.error(request, str(refusal))
    return redirect("finding-detail", pk)
