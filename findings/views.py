"""The pages of findings: inbox, detail, export, and what a resource's page shows of them."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from findings import exports, presenting, selectors
from findings.filters import FindingFilter, rule_options, rule_rationale, rule_title
from findings.forms import FORMS, CommentForm
from findings.models import Finding, Verdict
from findings.states import Kind, Severity, Triage
from identity import audit
from identity.http import Request
from inventory.selectors import account_options, asked_source, sources_visible_to

PAGE_SIZE = 50
_LAST_PAGE = selectors.CAP // PAGE_SIZE
_STREAMS = {
    "csv": (exports.as_csv, "text/csv; charset=utf-8"),
    "json": (exports.as_json, "application/json"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the inbox; totals are capped."""

    rows: list[Finding]
    number: int
    has_next: bool

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before."""
        return self.number > 1


@require_safe
@permission_required("findings.view_finding", raise_exception=True)
def finding_list(request: Request) -> HttpResponse:
    """The inbox: tabs with counts, filters in the URL, findings or rules."""
    view = _view(request)
    grouped = request.GET.get("group") == "rule"
    context = view | {
        "grouped": grouped,
        "groups": _groups(view["rows"]) if grouped else [],
        "page": None if grouped else _page(request, view["rows"], view["tab"]),
        "cap": selectors.CAP,
    }
    narrow = bool(request.htmx) and not request.htmx.history_restore_request
    if not narrow:
        context |= _filter_options(request)
    template = "findings/_results.html" if narrow else "findings/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _asked(request: Request) -> tuple[FindingFilter, Any, selectors.Tab, list[selectors.Tab]]:
    """The filter in the URL, its rows of all tabs, the chosen tab, and all tabs."""
    visible = selectors.findings_visible_to(request.user)
    filtered = FindingFilter(request.GET, queryset=visible)
    base = filtered.qs if filtered.is_valid() else visible.none()
    tabs = selectors.tabs(request.user)
    chosen = next((tab for tab in tabs if tab.name == request.GET.get("tab")), tabs[0])
    return filtered, base, chosen, tabs


def _view(request: Request) -> dict[str, Any]:
    filtered, base, chosen, tabs = _asked(request)
    return {
        "filter": filtered,
        "tab": chosen.name,
        "tabs": [
            {
                "name": tab.name,
                "label": tab.label,
                "count": selectors.capped_count(base.filter(tab.condition)),
            }
            for tab in tabs
        ],
        "rows": base.filter(chosen.condition),
    }


def _page(request: Request, rows: Any, tab: str) -> Page:
    text = request.GET.get("page", "1")
    number = min(max(int(text), 1), _LAST_PAGE) if text.isascii() and text.isdecimal() else 1
    start = (number - 1) * PAGE_SIZE
    listed = selectors.with_row(selectors.ordered(rows, tab))[start : start + PAGE_SIZE + 1]
    found = list(listed)
    more = len(found) > PAGE_SIZE and number < _LAST_PAGE
    return Page(rows=found[:PAGE_SIZE], number=number, has_next=more)


def _groups(rows: Any) -> list[dict[str, Any]]:
    levels = list(Severity)
    return [
        {**group, "title": rule_title(group["code"]), "severity": levels[group["rank"]]}
        for group in selectors.by_rule(rows)
    ]


def _filter_options(request: Request) -> dict[str, Any]:
    source = asked_source(request.GET.get("source", ""))
    return {
        "severities": list(Severity),
        "chosen_severities": request.GET.getlist("severity"),
        "kinds": list(Kind),
        "triages": list(Triage),
        "rules": rule_options(),
        "accounts": account_options(request.user, source=source),
        "regions": selectors.regions_judged(request.user),
        "sources": list(sources_visible_to(request.user)),
    }


@require_safe
@permission_required("findings.view_finding", raise_exception=True)
def finding_detail(request: Request, pk: int) -> HttpResponse:
    """What is wrong, why, the evidence, the fix, the timeline, what is related."""
    finding = get_object_or_404(selectors.detail(request.user), pk=pk)
    return render(request, "findings/detail.html", detail_context(request, finding))


def detail_context(
    request: Request, finding: Finding, *, forms: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Context of the detail page; `forms` holds those that were sent and refused."""
    evidence = finding.evidence
    triages = request.user.has_perm("findings.triage_finding")
    allowed = presenting.actions_for(finding) if triages else []
    sent = forms or {}
    return {
        "finding": finding,
        "resource": finding.resource,
        "account": finding.resource.account,
        "summary": evidence.get("summary") or finding.title,
        "rule_title": rule_title(finding.code),
        "rationale": rule_rationale(finding.code),
        "proofs": presenting.proofs(evidence),
        "facts": presenting.facts(evidence),
        "is_drift": finding.kind == Kind.DRIFT,
        "pairs": presenting.side_by_side(evidence.get("before"), evidence.get("after")),
        "baseline_id": evidence.get("baseline"),
        "timeline": presenting.moments(selectors.timeline(finding)),
        "waiver": selectors.open_waiver(finding),
        "related": selectors.related(finding, request.user),
        "evaluated_at": selectors.evaluated_at(finding),
        "missing": Verdict.objects.filter(rule=finding.code, resource=finding.resource_id)
        .values_list("missing", flat=True)
        .first(),
        "forms": {
            action.name.lower(): sent.get(action.value) or FORMS[action]() for action in allowed
        },
        "comment_form": sent.get("comment") or CommentForm(),
        "may_triage": triages,
        "may_recheck": request.user.has_perm("inventory.scan_account"),
        "may_see_plan": request.user.has_perm("remediation.view_plan"),
    }


@require_safe
@permission_required("findings.export_finding", raise_exception=True)
def finding_export(request: Request, form: str) -> StreamingHttpResponse:
    """The rows of the view in the URL, all of them, in its order."""
    if form not in _STREAMS:
        raise Http404
    _, base, tab, _ = _asked(request)
    rows = selectors.with_row(selectors.ordered(base.filter(tab.condition), tab.name))
    stream, content_type = _STREAMS[form]
    now = timezone.now()
    audit.record(
        "finding.export",
        actor=request.user,
        at=now,
        subject=("finding", "list"),
        summary=f"Exported findings as {form}",
        data={"query": request.GET.urlencode()},
    )
    response = StreamingHttpResponse(stream(rows), content_type=content_type)
    name = f"findings-{now:%Y%m%d-%H%M}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@permission_required("findings.view_finding", raise_exception=True)
def resource_findings(request: Request, pk: int) -> HttpResponse:
    """A resource's findings, for its page; alone it is a page of its own."""
    rows = list(selectors.of_resource(request.user, pk)[:100])
    template = "findings/_of_resource.html" if request.htmx else "findings/of_resource.html"
    return render(request, template, {"findings": rows, "resource_id": pk})
