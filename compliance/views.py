"""Frameworks, their scores, what makes a control fail, and how scores went."""

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from compliance import charts, exports, selectors
from compliance.frameworks import Framework, frameworks
from compliance.scoring import ControlScore
from findings.rules import RULES
from identity.exports import csv_response
from identity.http import Request
from inventory.models import Account
from inventory.selectors import asked_source, sources_visible_to

_may_read = permission_required("compliance.view_scoresnapshot", raise_exception=True)
_HEAT_ROWS = 200
_FAILING_ROWS = 100


def _source(request: Request) -> int | None:
    """The source asked for; none means all connected organisations."""
    return asked_source(request.GET.get("source", ""))


def _framework(framework_id: str) -> Framework:
    try:
        return frameworks()[framework_id]
    except KeyError as error:
        raise Http404 from error


@require_GET
@_may_read
def framework_list(request: Request) -> HttpResponse:
    """Every framework with its score."""
    now = timezone.now()
    source = _source(request)
    found = [
        selectors.score_for(request.user, each, now=now, source=source)
        for each in frameworks().values()
    ]
    context = {"frameworks": found, "sources": list(sources_visible_to(request.user))}
    return render(request, "compliance/framework_list.html", context)


@require_GET
@_may_read
def framework_detail(request: Request, framework: str) -> HttpResponse:
    """One framework: the arithmetic, its controls, the accounts, the days."""
    now = timezone.now()
    wanted, source = _framework(framework), _source(request)
    found = selectors.score_for(request.user, wanted, now=now, source=source)
    accounts = list(selectors.accounts_for(request.user, source=source)[: _HEAT_ROWS + 1])
    sections = found.sections()
    judged = [score for _, controls in sections for control, score in controls if control.rules]
    context = {
        "found": found,
        "sections": sections,
        "judged": judged,
        "heat": _heat(accounts[:_HEAT_ROWS], judged),
        "more_accounts": len(accounts) > _HEAT_ROWS,
        "trend": selectors.trend_for(request.user, wanted, today=now.date(), source=source),
        "sources": list(sources_visible_to(request.user)),
    }
    return render(request, "compliance/framework_detail.html", context)


def _heat(
    accounts: list[Account], judged: list[ControlScore]
) -> list[tuple[Account, list[tuple[str, str, int]]]]:
    """Rows of accounts with one cell for each judged control: its number, status, open failures."""
    rows = [
        (
            account,
            [
                (each.id, each.status_in(account.pk).value, _open(each, account.pk))
                for each in judged
            ],
        )
        for account in accounts
    ]
    return sorted(rows, key=lambda row: -sum(count for _, _, count in row[1]))


def _open(control: ControlScore, account: int) -> int:
    counts = control.by_account.get(account)
    return counts.open if counts else 0


@require_GET
@_may_read
def control_detail(request: Request, framework: str, control: str) -> HttpResponse:
    """One control: its rules with their reasons, and the resources that fail it."""
    wanted = _framework(framework)
    asked = wanted.control(control)
    if asked is None:
        raise Http404
    source = _source(request)
    found = selectors.score_for(request.user, wanted, now=timezone.now(), source=source)
    failing = list(selectors.failing_for(request.user, asked, source=source)[: _FAILING_ROWS + 1])
    context = {
        "framework": wanted,
        "control": asked,
        "scored": found.of(asked),
        "rules": [RULES[rule] for rule in asked.rules],
        "failing": failing[:_FAILING_ROWS],
        "more": len(failing) > _FAILING_ROWS,
    }
    return render(request, "compliance/control_detail.html", context)


@require_GET
@_may_read
def framework_trend(request: Request, framework: str) -> JsonResponse:
    """The days as a figure for Plotly."""
    days = selectors.trend_for(
        request.user,
        _framework(framework),
        today=timezone.now().date(),
        source=_source(request),
    )
    return JsonResponse(charts.trend(days))


@require_GET
@permission_required("findings.export_finding", raise_exception=True)
@_may_read
def framework_export(request: Request, framework: str, form: str) -> HttpResponseBase:
    """The page's numbers as CSV or JSON."""
    now = timezone.now()
    found = selectors.score_for(
        request.user, _framework(framework), now=now, source=_source(request)
    )
    name = f"{framework}-{now:%Y-%m-%d}.{form}"
    if form == "csv":
        return csv_response(name, exports.HEADER, exports.rows(found))
    return JsonResponse(
        {"at": now.isoformat(), **exports.document(found)},
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
