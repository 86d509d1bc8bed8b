"""The pages of drift: VPCs and their baselines, one baseline, capturing, and trust."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from drift import selectors, services
from drift.forms import CaptureForm, LimitsForm, TrustForm
from drift.models import Baseline
from drift.scope import unknown_of
from drift.states import TrustLevel
from findings.models import Finding
from findings.presenting import FieldPair, side_by_side
from identity.http import Request
from identity.problems import DomainError
from inventory.models import Resource

PAGE_SIZE = 50
_LAST_PAGE = 200
_SHOWN_DRIFTS = 50


@dataclass(frozen=True, slots=True)
class Drifted:
    """An open drift with the two sides of its element."""

    finding: Finding
    pairs: list[FieldPair]

    @property
    def drift_class(self) -> str:
        """What harm it can do."""
        return str(self.finding.evidence.get("class", ""))


@require_safe
@permission_required("drift.view_baseline", raise_exception=True)
def baseline_list(request: Request) -> HttpResponse:
    """VPCs with and without a baseline, those with open drift first."""
    rows = selectors.vpcs_visible_to(request.user)
    which = request.GET.get("show", "")
    if which == "with":
        rows = rows.filter(baseline__isnull=False)
    elif which == "without":
        rows = rows.filter(baseline__isnull=True)
    elif which == "drifted":
        rows = rows.filter(baseline__open_drifts__gt=0)
    text = request.GET.get("page", "1")
    number = min(max(int(text), 1), _LAST_PAGE) if text.isascii() and text.isdecimal() else 1
    start = (number - 1) * PAGE_SIZE
    found = list(rows[start : start + PAGE_SIZE + 1])
    context = {
        "vpcs": found[:PAGE_SIZE],
        "number": number,
        "has_next": len(found) > PAGE_SIZE,
        "show": which,
        "tabs": (
            ("", "All"),
            ("drifted", "Drifted"),
            ("with", "Captured"),
            ("without", "Not captured"),
        ),
    }
    return render(request, "drift/list.html", context)


@require_safe
@permission_required("drift.view_baseline", raise_exception=True)
def baseline_detail(request: Request, pk: int) -> HttpResponse:
    """What drifted, how far the product may go, and what was approved when by whom."""
    baseline = get_object_or_404(selectors.baselines_visible_to(request.user), pk=pk)
    return render(request, "drift/detail.html", _detail(request, baseline))


def _detail(request: Request, baseline: Baseline, **more: Any) -> dict[str, Any]:
    versions = list(selectors.versions_of(baseline)[:50])
    drifts = list(selectors.drifts_of(baseline)[: _SHOWN_DRIFTS + 1])
    trusts = request.user.has_perm("drift.set_trust")
    return {
        "baseline": baseline,
        "vpc": baseline.vpc,
        "account": baseline.vpc.account,
        "versions": versions,
        "latest": versions[0] if versions else None,
        "entries": selectors.entries_by_type(selectors.approved_entries(baseline)),
        "drifts": [
            Drifted(row, side_by_side(row.evidence.get("before"), row.evidence.get("after")))
            for row in drifts[:_SHOWN_DRIFTS]
        ],
        "more_drifts": len(drifts) > _SHOWN_DRIFTS,
        "level": TrustLevel(baseline.trust_level),
        "levels": list(TrustLevel),
        "pending": TrustLevel(baseline.pending_level) if baseline.pending_level else None,
        "may_trust": trusts,
        "may_confirm": trusts and baseline.pending_by_id not in (None, request.user.pk),
        "may_capture": request.user.has_perm("drift.capture_baseline"),
        **more,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("drift.capture_baseline", raise_exception=True)
def baseline_capture(request: Request, vpc: int) -> HttpResponse:
    """Approve a VPC as it is; the form says what stands in the way, if anything does."""
    row = get_object_or_404(selectors.vpcs_visible_to(request.user), pk=vpc)
    baseline = Baseline.objects.filter(vpc=row).first()
    form = CaptureForm(
        request.POST if request.method == "POST" else None,
        initial={"name": baseline.name if baseline else row.name or row.rid},
    )
    if request.method == "POST" and form.is_valid():
        try:
            version = services.capture(
                row.pk, actor=request.user, now=timezone.now(), **form.cleaned_data
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"Captured as version {version.number}.")
            return redirect("baseline-detail", pk=version.baseline_id)
    context = {
        "vpc": row,
        "baseline": baseline,
        "form": form,
        "unknown": unknown_of(Resource.objects.get(pk=row.pk)),
    }
    status = 422 if form.is_bound else 200
    return render(request, "drift/capture.html", context, status=status)


@require_POST
@permission_required("drift.set_trust", raise_exception=True)
def baseline_trust(request: Request, pk: int) -> HttpResponse:
    """Ask for, lower or withdraw a trust level."""
    baseline = get_object_or_404(selectors.baselines_visible_to(request.user), pk=pk)
    form = TrustForm(request.POST)
    if form.is_valid():
        level = TrustLevel(form.cleaned_data["level"])
        try:
            after = services.ask_trust(
                pk,
                level=level,
                actor=request.user,
                now=timezone.now(),
                reason=form.cleaned_data["reason"],
            )
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            waits = after.pending_level and "Asked: another admin has to confirm within a day."
            messages.success(request, waits or "The trust level is set.")
            return redirect("baseline-detail", pk=pk)
    return _again(request, baseline, form)


@require_POST
@permission_required("drift.set_trust", raise_exception=True)
def baseline_confirm(request: Request, pk: int) -> HttpResponse:
    """Confirm what another admin asked for."""
    get_object_or_404(selectors.baselines_visible_to(request.user), pk=pk)
    try:
        services.confirm_trust(pk, actor=request.user, now=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Confirmed. Repairs of this baseline will carry your name.")
    return redirect("baseline-detail", pk=pk)


@require_POST
@permission_required("drift.set_trust", raise_exception=True)
def baseline_limits(request: Request, pk: int) -> HttpResponse:
    """When an automatic repair may run."""
    baseline = get_object_or_404(selectors.baselines_visible_to(request.user), pk=pk)
    form = LimitsForm(request.POST)
    if form.is_valid():
        try:
            services.set_limits(pk, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "The limits are set.")
            return redirect("baseline-detail", pk=pk)
    return _again(request, baseline, form)


def _again(request: Request, baseline: Baseline, form: Any) -> HttpResponse:
    errors = [error for listed in form.errors.values() for error in listed]
    context = _detail(request, baseline, errors=errors)
    return render(request, "drift/detail.html", context, status=422)


@require_safe
@permission_required("drift.view_baseline", raise_exception=True)
def resource_baseline(request: Request, pk: int) -> HttpResponse:
    """Which baseline covers a resource, for its page; alone it is a page of its own."""
    row = get_object_or_404(selectors.resources_seen_by(request.user), pk=pk)
    baseline = selectors.baseline_of_resource(row)
    context = {"resource": row, "baseline": baseline, "is_vpc": row.type == "ec2.vpc"}
    template = "drift/_of_resource.html" if request.htmx else "drift/of_resource.html"
    return render(request, template, context)
