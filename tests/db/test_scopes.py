"""Scopes: whatever a reading function gives a user, accounts outside their scope change nothing.

Every public function of a `selectors` module (and the overview) that takes a user is in the table
below, or the test of the table fails. Each is called for a user with a narrow scope before and
after a whole account appears outside that scope: the answers must be equal. For a user who sees
everything the answers must differ, which shows that the test can tell.
"""

import inspect
from datetime import timedelta
from importlib import import_module

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from compliance.frameworks import frameworks
from compliance.services import keep_scores
from cspm.overview import overview
from drift.models import Baseline
from findings.models import EvaluationScope, Finding, Tally
from identity import audit
from identity.models import User
from identity.selectors import AuditFilter
from inventory.models import Scan
from remediation.models import Execution, Plan, Request
from tests.factories import REGION, make_account, make_network, make_user

pytestmark = pytest.mark.django_db
MODULES = (
    "identity.selectors",
    "inventory.selectors",
    "findings.selectors",
    "drift.selectors",
    "remediation.selectors",
    "compliance.selectors",
    "cspm.overview",
)
RULE = "sg-ingress-admin-from-internet-ipv4"
CIS = frameworks()["cis-aws-foundations-5.0"]


def make_world(name, *, source=None):
    """An account with a row of everything that belongs to an account."""
    now = timezone.now()
    account = make_account(source, name=name)
    rows = make_network(account, vpc=f"vpc-{name}", group=f"sg-{name}")
    EvaluationScope.objects.create(
        account=account, region=f"{REGION}-{name}", marked=1, marked_at=now, evaluated=1
    )
    EvaluationScope.objects.create(
        account=account, region=REGION, marked=1, marked_at=now, evaluated=1
    )
    for rule in CIS.rules():
        Tally.objects.create(
            account=account,
            region=REGION,
            rule=rule,
            generation=1,
            passed=1,
            failed=int(name != "seen"),
            at=now,
        )
    findings = [
        Finding.objects.create(
            kind=kind,
            code=code,
            resource=rows["group"],
            title="Open",
            severity="critical",
            severity_rank=0,
            detection="failing",
            evidence_hash="x",
            first_seen=now,
            failing_since=now,
            not_assessed_since=now,
        )
        for kind, code in (("misconfiguration", RULE), ("drift", "drift-sg-rule-added"))
    ]
    Baseline.objects.create(vpc=rows["vpc"], name=name, created_at=now)
    Scan.objects.create(source=account.source, created_at=now)
    keep_scores(account.source_id, now=now)
    audit.record(
        "x.y", actor=None, at=now, subject=("x", 1), summary=name, account_id=account.account_id
    )
    admin = make_user("admin")
    for state in ("pending", "rejected", "approved", "approved"):
        _plan(account, findings[0], state=state, admin=admin, now=now)
    return account


def _plan(account, finding, *, state, admin, now):
    number = Plan.objects.count()
    plan = Plan.objects.create(
        hash=f"{number:064}",
        action="revoke-ingress-rule",
        origin="finding",
        finding=finding,
        account=account,
        region=REGION,
        content={},
        summary="Revoke",
        failing_since=now,
        unseen_since=now - timedelta(seconds=number + 1),
        created_at=now,
    )
    request = Request.objects.create(
        plan=plan,
        state=state,
        requested_at=now,
        expires_at=now + timedelta(days=1),
        **({"decided_by": admin, "approved_hash": plan.hash} if state == "approved" else {}),
    )
    if state == "approved":
        done = number % 2
        Execution.objects.create(
            plan=plan,
            request=request,
            state="verified" if done else "queued",
            verified_at=now if done else None,
            source_identity=admin.username,
            queued_at=now,
            not_before=now,
        )


def _any(model):
    return model.objects.order_by("pk").first()


def call(module, name):
    """The function as one that takes a user; arguments besides the user by name."""
    function = getattr(import_module(module), name)
    now = timezone.now()
    extra = {
        "audit_trail": lambda user: {
            "wanted": AuditFilter(),
            "accounts": import_module("inventory.selectors")
            .accounts_visible_to(user)
            .values_list("account_id", flat=True),
        },
        "live_tokens": lambda user: {"now": now},
        "related": lambda user: {"finding": Finding.objects.order_by("pk").first()},
        "of_resource": lambda user: {"resource_id": Finding.objects.order_by("-pk")[0].resource_id},
        "score_for": lambda user: {"framework": CIS, "now": now},
        "trend_for": lambda user: {"framework": CIS, "today": now.date()},
        "failing_for": lambda user: {"control": CIS.control("5.3")},
        "overview": lambda user: {"now": now},
    }.get(name, lambda user: {})
    return lambda user: function(user=user, **extra(user))


def plain(value):
    """A value that can be compared: rows by their keys."""
    if isinstance(value, QuerySet):
        return [plain(each) for each in value]
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "_meta"):
        return (value._meta.label, value.pk)
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return repr(value)


# Functions whose answer is not about accounts: what they give is the user's own.
OWN = {("identity.selectors", "live_tokens"), ("findings.selectors", "tabs")}


def reading_functions():
    for module in MODULES:
        loaded = import_module(module)
        for name, function in vars(loaded).items():
            if name.startswith("_") or not inspect.isfunction(function):
                continue
            if function.__module__ == module and any(
                parameter.annotation in (User, User | None)
                for parameter in inspect.signature(function).parameters.values()
            ):
                yield module, name


FUNCTIONS = sorted(set(reading_functions()) - OWN)


def test_there_are_reading_functions_in_every_module():
    assert {module for module, _ in FUNCTIONS} == set(MODULES)


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_what_lies_outside_the_scope_changes_no_answer(module, name):
    seen = make_world("seen")
    narrow = make_user("admin", scopes=[f"account:{seen.account_id}"])
    everything = make_user("admin")
    ask = call(module, name)
    before = plain(ask(narrow)), plain(ask(everything))
    # What is related lies in one estate.
    make_world("hidden", source=seen.source if name == "related" else None)
    after = plain(ask(narrow)), plain(ask(everything))
    if name in {"of_resource"}:
        assert after[0] == []
    else:
        assert after[0] == before[0]
    assert after[1] != before[1]


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_without_a_scope_no_account_changes_any_answer(module, name):
    make_user("admin")
    nobody = make_user("admin", scopes=[])
    ask = call(module, name)
    if name in {"related", "of_resource"}:
        make_world("first")
        assert plain(ask(nobody)) == []
        return
    before = plain(ask(nobody))
    make_world("hidden")
    assert plain(ask(nobody)) == before


def test_a_scope_of_a_unit_holds_for_what_lies_below_it_and_not_beside_it():
    accounts = {
        path: make_account(unit_path=path)
        for path in ("/Root/Prod", "/Root/Prod/Web", "/Root/Production")
    }
    user = make_user("analyst", scopes=["ou:/Root/Prod"])
    found = set(import_module("inventory.selectors").accounts_visible_to(user))
    assert found == {accounts["/Root/Prod"], accounts["/Root/Prod/Web"]}


def test_a_scope_that_nobody_understands_shows_nothing():
    make_account()
    user = make_user("analyst", scopes=["all", "account:", "ou:", "**"])
    assert not import_module("inventory.selectors").accounts_visible_to(user).exists()


def test_overview_is_among_the_functions():
    assert ("cspm.overview", overview.__name__) in FUNCTIONS
