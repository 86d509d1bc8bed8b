"""The pages of accounts: what is connected, how well it is known, and scanning it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from identity.http import Request
from identity.problems import DomainError
from inventory import selectors, services
from inventory.coverage import Coverage, coverage_of, grid, progress
from inventory.forms import AccountForm, SourceForm
from inventory.models import Account, Source
from inventory.states import ScanState, SourceKind

_PAGE = 100
_views_accounts = permission_required("inventory.view_account", raise_exception=True)
_changes_accounts = permission_required("inventory.change_account", raise_exception=True)
_scans_accounts = permission_required("inventory.scan_account", raise_exception=True)


@require_safe
@_views_accounts
def account_list(request: Request) -> HttpResponse:
    """Accounts in their units, with connection, coverage and freshness."""
    visible = selectors.accounts_visible_to(request.user)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:200]
    if text:
        visible = visible.filter(Q(name__icontains=text) | Q(account_id__startswith=text))
    number = request.GET.get("page", "1")
    page = (
        int(number) if number.isascii() and number.isdecimal() and 0 < int(number) < 10_000 else 1
    )
    ordered = visible.select_related("source").order_by("source__name", "unit_path", "name", "pk")
    found = list(ordered[(page - 1) * _PAGE : page * _PAGE + 1])
    accounts = found[:_PAGE]
    coverage = coverage_of([account.pk for account in accounts])
    running = selectors.scans_visible_to(request.user).filter(state=ScanState.RUNNING).first()
    seen = selectors.accounts_visible_to(request.user)
    context = {
        "groups": _groups(accounts, coverage),
        "sources": _sources(request),
        "progress": progress(running, seen) if running else None,
        "text": text,
        "page": page,
        "has_next": len(found) > _PAGE,
        "may_scan": request.user.has_perm("inventory.scan_account"),
        "may_add": request.user.has_perm("inventory.add_source"),
    }
    return render(request, "inventory/account_list.html", context)


def _groups(accounts: list[Account], coverage: dict[int, Coverage]) -> list[dict[str, Any]]:
    """Accounts by source, and in it by unit, in their order."""
    groups: list[dict[str, Any]] = []
    for account in accounts:
        if not groups or groups[-1]["source"] != account.source:
            groups.append({"source": account.source, "units": []})
        units = groups[-1]["units"]
        if not units or units[-1]["path"] != account.unit_path:
            units.append({"path": account.unit_path, "rows": []})
        units[-1]["rows"].append({"account": account, "coverage": coverage[account.pk]})
    return groups


def _sources(request: Request) -> list[Source]:
    """Sources with an account that the user sees; for who connects them, all."""
    if request.user.has_perm("inventory.add_source"):
        return list(Source.objects.order_by("name"))
    mine = selectors.accounts_visible_to(request.user).order_by().values("source_id")
    return list(Source.objects.filter(pk__in=mine).order_by("name"))


@require_safe
@_views_accounts
def account_detail(request: Request, pk: int) -> HttpResponse:
    """What is known of one account, listing by listing, and what is missing for the rest."""
    account = _account(request, pk)
    context = {
        "account": account,
        "source": account.source,
        "live": account.source.kind == SourceKind.LIVE,
        "grid": grid(account.shards.all()),
        "coverage": coverage_of([account.pk])[account.pk],
        "testing": account.access_checked_at is None and request.GET.get("testing") == "1",
        "may_scan": request.user.has_perm("inventory.scan_account"),
        "may_change": request.user.has_perm("inventory.change_account"),
    }
    return render(request, "inventory/account_detail.html", context)


def _account(request: Request, pk: int) -> Account:
    visible = selectors.accounts_visible_to(request.user).select_related("source")
    return get_object_or_404(visible, pk=pk)


@require_safe
@_changes_accounts
def account_access(request: Request, pk: int) -> HttpResponse:
    """The result of the permission test, for a page that waits for it."""
    account = _account(request, pk)
    context = {"account": account, "testing": account.access_checked_at is None}
    return render(request, "inventory/_access.html", context)


@require_POST
@_changes_accounts
def account_test(request: Request, pk: int) -> HttpResponse:
    """Ask a worker to test the permissions."""
    account = _account(request, pk)
    try:
        services.ask_access_check(account.pk, actor=request.user, now=timezone.now())
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("account-detail", pk)
    response = redirect("account-detail", pk)
    response["Location"] += "?testing=1#access"
    return response


@require_POST
@_changes_accounts
def account_pause(request: Request, pk: int) -> HttpResponse:
    """Stop or resume scanning and repairing."""
    account = _account(request, pk)
    paused = request.POST.get("paused") == "yes"
    services.set_paused(account.pk, paused=paused, actor=request.user, now=timezone.now())
    messages.success(
        request,
        f"{account.name} is {'paused: neither scanned nor repaired' if paused else 'active again'}.",
    )
    return redirect("account-detail", pk)


@require_POST
@_scans_accounts
def account_scan(request: Request, pk: int) -> HttpResponse:
    """Scan one account."""
    account = _account(request, pk)
    _start(request, account.source_id, [account.pk])
    return redirect("account-detail", pk)


@require_POST
@_scans_accounts
def source_scan(request: Request, pk: int) -> HttpResponse:
    """Scan the accounts of a source that the user sees."""
    accounts = selectors.accounts_visible_to(request.user).filter(source_id=pk)
    keys = list(accounts.values_list("pk", flat=True))
    if not keys:
        get_object_or_404(accounts)
    _start(request, pk, keys)
    return redirect("account-list")


def _start(request: Request, source_id: int, accounts: list[int]) -> None:
    try:
        services.start_scan(source_id, accounts=accounts, actor=request.user, reason="person")
    except DomainError as error:
        messages.error(request, str(error))


@require_safe
@_views_accounts
def scan_progress(request: Request, pk: int) -> HttpResponse:
    """How far a scan is. Polled while it runs; the page that polls is redrawn when it ends."""
    scan = get_object_or_404(selectors.scans_visible_to(request.user), pk=pk)
    context = {
        "progress": progress(scan, selectors.accounts_visible_to(request.user)),
        "may_scan": request.user.has_perm("inventory.scan_account"),
    }
    alone = not request.htmx
    template = "inventory/scan_progress.html" if alone else "inventory/_progress.html"
    response = render(request, template, context)
    if request.htmx and request.GET.get("polling") and scan.state != ScanState.RUNNING:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@_scans_accounts
def scan_cancel(request: Request, pk: int) -> HttpResponse:
    """Stop a scan."""
    scan = get_object_or_404(selectors.scans_visible_to(request.user), pk=pk)
    try:
        services.cancel_scan(scan.pk, actor=request.user)
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "The scan is cancelled; what it had read is kept.")
    return redirect("account-list")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("inventory.add_source", raise_exception=True)
def account_add(request: Request) -> HttpResponse:
    """Connect an organisation, or add an account to one by hand."""
    sources = [
        (pk, name)
        for pk, name in Source.objects.filter(kind=SourceKind.LIVE).values_list("pk", "name")
    ]
    by_hand = request.POST.get("what") == "account"
    posted = request.POST if request.method == "POST" else None
    source_form = SourceForm(None if by_hand else posted, auto_id="source_%s")
    account_form = AccountForm(posted if by_hand else None, auto_id="account_%s", sources=sources)
    sent = account_form if by_hand else source_form
    if request.method == "POST" and sent.is_valid():
        try:
            return (
                _add_account(request, account_form) if by_hand else _connect(request, source_form)
            )
        except DomainError as error:
            sent.add_error("account_id" if by_hand else "name", str(error))
    context = {"source_form": source_form, "account_form": account_form, "sources": sources}
    status = 422 if request.method == "POST" else 200
    return render(request, "inventory/account_add.html", context, status=status)


def _connect(request: Request, form: SourceForm) -> HttpResponse:
    source = services.add_source(**form.cleaned_data, actor=request.user)
    if source.management_account:
        services.ask_discovery(source.pk)
        messages.success(request, f"{source.name} is connected; its accounts are being looked for.")
    else:
        messages.success(request, f"{source.name} is connected; now add its accounts.")
    return redirect("account-list")


def _add_account(request: Request, form: AccountForm) -> HttpResponse:
    given = dict(form.cleaned_data)
    account = services.add_account(given.pop("source"), **given, actor=request.user)
    messages.success(request, f"{account.name} is added.")
    return redirect("account-list")
