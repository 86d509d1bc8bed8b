"""Who may open what: one table of every address, role by role.

A page that is not in the table fails a test, so that none is added without deciding about it.
Nothing exists in the database, so an allowed role gets a page, a refused form or a 404; a refused
role gets 403 before anything is looked up, and who is not signed in the login page (401 under
/api/).
"""

from typing import NamedTuple

import pytest
from django.core.cache import cache
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from compliance.frameworks import frameworks
from tests.factories import make_user

pytestmark = pytest.mark.django_db

ALL = ("analyst", "manager", "admin")
HANDS = ("analyst", "admin")
AUDITORS = ("manager", "admin")
ADMINS = ("admin",)
ROLES = ALL
CIS = next(iter(frameworks()))


class Row(NamedTuple):
    """One request: who may make it, and what they get."""

    method: str
    name: str
    args: tuple[object, ...]
    allowed: tuple[str, ...]
    status: int


OPEN = (
    Row("GET", "health-live", (), ALL, 200),
    Row("GET", "health-ready", (), ALL, 200),
    Row("GET", "account_login", (), ALL, 302),
    Row("GET", "account_inactive", (), ALL, 200),
    Row("GET", "account_logout", (), ALL, 200),
)
TABLE = (
    Row("GET", "home", (), ALL, 302),
    Row("GET", "overview", (), ALL, 200),
    Row("GET", "activity", (), AUDITORS, 200),
    Row("GET", "activity-export", (), AUDITORS, 200),
    Row("GET", "account_change_password", (), ALL, 200),
    Row("GET", "profile", (), ALL, 200),
    Row("POST", "token-issue", (), ALL, 422),
    Row("POST", "token-revoke", (0,), ALL, 404),
    Row("GET", "user-list", (), ADMINS, 200),
    Row("POST", "user-create", (), ADMINS, 422),
    Row("GET", "user-detail", (0,), ADMINS, 404),
    Row("POST", "user-detail", (0,), ADMINS, 404),
    Row("POST", "user-active", (0,), ADMINS, 404),
    Row("POST", "user-password", (0,), ADMINS, 404),
    Row("GET", "framework-list", (), ALL, 200),
    Row("GET", "framework-detail", (CIS,), ALL, 200),
    Row("GET", "framework-trend", (CIS,), ALL, 200),
    Row("GET", "framework-export", (CIS, "csv"), ALL, 200),
    Row("GET", "control-detail", (CIS, "5.3"), ALL, 200),
    Row("GET", "finding-list", (), ALL, 200),
    Row("GET", "finding-export", ("csv",), ALL, 200),
    Row("POST", "finding-bulk", (), HANDS, 302),
    Row("GET", "finding-detail", (0,), ALL, 404),
    Row("POST", "finding-triage", (0, "acknowledge"), HANDS, 404),
    Row("POST", "finding-comment", (0,), HANDS, 404),
    Row("POST", "finding-assign", (0,), HANDS, 404),
    Row("POST", "finding-recheck", (0,), HANDS, 404),
    Row("GET", "resource-findings", (0,), ALL, 200),
    Row("GET", "baseline-list", (), ALL, 200),
    Row("GET", "baseline-detail", (0,), ALL, 404),
    Row("GET", "baseline-capture", (0,), HANDS, 404),
    Row("POST", "baseline-capture", (0,), HANDS, 404),
    Row("POST", "baseline-trust", (0,), ADMINS, 404),
    Row("POST", "baseline-confirm", (0,), ADMINS, 404),
    Row("POST", "baseline-limits", (0,), ADMINS, 404),
    Row("GET", "resource-baseline", (0,), ALL, 404),
    Row("GET", "request-list", (), HANDS, 200),
    Row("GET", "request-detail", (0,), HANDS, 404),
    Row("POST", "request-approve", (0,), ADMINS, 404),
    Row("POST", "request-reject", (0,), ADMINS, 404),
    Row("POST", "request-withdraw", (0,), HANDS, 404),
    Row("POST", "switch-throw", (), ADMINS, 422),
    Row("POST", "switch-lift", (0,), ADMINS, 404),
    Row("GET", "execution-detail", (0,), HANDS, 404),
    Row("POST", "execution-rollback", (0,), ADMINS, 404),
    Row("GET", "finding-repair", (0,), ALL, 404),
    Row("POST", "repair-request", (0,), HANDS, 404),
    Row("POST", "hold-release", (0,), ADMINS, 404),
    Row("GET", "account-list", (), ALL, 200),
    Row("GET", "account-add", (), ADMINS, 200),
    Row("POST", "account-add", (), ADMINS, 422),
    Row("GET", "account-detail", (0,), ALL, 404),
    Row("GET", "account-access", (0,), ADMINS, 404),
    Row("POST", "account-test", (0,), ADMINS, 404),
    Row("POST", "account-pause", (0,), ADMINS, 404),
    Row("POST", "account-scan", (0,), HANDS, 404),
    Row("POST", "source-scan", (0,), HANDS, 404),
    Row("GET", "scan-progress", (0,), ALL, 404),
    Row("POST", "scan-cancel", (0,), HANDS, 404),
    Row("GET", "resource-list", (), ALL, 200),
    Row("GET", "resource-detail", (0,), ALL, 404),
    Row("GET", "api-schema", (), ALL, 200),
    Row("GET", "api-me", (), ALL, 200),
    Row("GET", "api-account-list", (), ALL, 200),
    Row("GET", "api-account-detail", (0,), ALL, 404),
    Row("GET", "api-shard-list", (), ALL, 200),
    Row("GET", "api-shard-detail", (0,), ALL, 404),
    Row("GET", "api-resource-list", (), ALL, 200),
    Row("GET", "api-resource-detail", (0,), ALL, 404),
    Row("GET", "api-scan-list", (), ALL, 200),
    Row("POST", "api-scan-list", (), HANDS, 400),
    Row("GET", "api-scan-detail", (0,), ALL, 404),
    Row("POST", "api-scan-cancel", (0,), HANDS, 404),
    Row("GET", "api-finding-list", (), ALL, 200),
    Row("GET", "api-finding-detail", (0,), ALL, 404),
    Row("POST", "api-finding-accept", (0,), HANDS, 404),
    Row("POST", "api-finding-acknowledge", (0,), HANDS, 404),
    Row("POST", "api-finding-assign", (0,), HANDS, 404),
    Row("POST", "api-finding-comment", (0,), HANDS, 404),
    Row("POST", "api-finding-false-positive", (0,), HANDS, 404),
    Row("POST", "api-finding-reopen", (0,), HANDS, 404),
    Row("POST", "api-finding-snooze", (0,), HANDS, 404),
    Row("POST", "api-finding-recheck-recheck", (0,), HANDS, 404),
    Row("GET", "api-baseline-list", (), ALL, 200),
    Row("POST", "api-baseline-list", (), HANDS, 400),
    Row("GET", "api-baseline-detail", (0,), ALL, 404),
    Row("GET", "api-plan-list", (), HANDS, 200),
    Row("GET", "api-plan-detail", (0,), HANDS, 404),
    Row("GET", "api-plan-proposal", (0,), HANDS, 404),
    Row("GET", "api-request-list", (), HANDS, 200),
    Row("POST", "api-request-list", (), HANDS, 400),
    Row("GET", "api-request-detail", (0,), HANDS, 404),
    Row("POST", "api-request-approve", (0,), ADMINS, 404),
    Row("POST", "api-request-reject", (0,), ADMINS, 404),
    Row("POST", "api-request-withdraw", (0,), HANDS, 404),
    Row("GET", "api-execution-list", (), HANDS, 200),
    Row("GET", "api-execution-detail", (0,), HANDS, 404),
    Row("POST", "api-execution-roll-back", (0,), ADMINS, 404),
    Row("GET", "api-framework-list", (), ALL, 200),
    Row("GET", "api-framework-detail", (CIS,), ALL, 200),
    Row("GET", "api-framework-trend", (CIS,), ALL, 200),
)


def names(resolver, found=None):
    """The names of all addresses."""
    found = set() if found is None else found
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            names(pattern, found)
        elif isinstance(pattern, URLPattern):
            found.add(pattern.name)
    return found


def ask(client, row):
    address = reverse(row.name, args=row.args)
    if row.name.startswith("api-") and row.method != "GET":
        return client.generic(row.method, address, "{}", content_type="application/json")
    return client.generic(row.method, address, content_type="application/x-www-form-urlencoded")


def label(row):
    return f"{row.method}-{row.name}"


@pytest.fixture(autouse=True)
def _no_rate_limits_left_over():
    cache.clear()


def test_every_address_is_in_the_table():
    known = {row.name for row in (*OPEN, *TABLE)}
    assert names(get_resolver()) == known


@pytest.mark.parametrize("row", [*OPEN, *TABLE], ids=label)
def test_each_role_gets_what_the_table_says(client, row):
    statuses = {}
    for role in ROLES:
        client.force_login(make_user(role, password="a-password"))
        statuses[role] = ask(client, row).status_code
    assert statuses == {role: row.status if role in row.allowed else 403 for role in ROLES}


@pytest.mark.parametrize("row", TABLE, ids=label)
def test_who_is_not_signed_in_gets_nowhere(client, row):
    answer = ask(client, row)
    if row.name.startswith("api-"):
        assert answer.status_code == 401
    elif row.name == "home":
        assert answer.status_code == 302
        assert ask(client, row._replace(name="overview"))["Location"].startswith("/login/")
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("row", OPEN, ids=label)
def test_what_needs_no_sign_in_is_open(client, row):
    assert ask(client, row).status_code in {200, 302}


@pytest.mark.parametrize("row", TABLE, ids=label)
def test_a_user_without_a_role_gets_only_what_is_their_own(client, row):
    own = {"home", "profile", "account_change_password", "token-issue", "token-revoke"}
    own |= {"api-me", "api-schema"}
    client.force_login(make_user(password="a-password"))
    assert ask(client, row).status_code == (row.status if row.name in own else 403)
