"""An import is an estate of its own: looked at by itself, never counted among what is live."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from compliance.frameworks import frameworks
from compliance.selectors import accounts_for, failing_for, score_for
from cspm.overview import overview
from findings.evaluation import evaluate_scope
from findings.models import Finding
from inventory.states import SourceKind
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
RULE = "sg-ingress-ssh-from-internet"


def open_group(source, group):
    """An account of `source` with a group that opens SSH to the world, judged."""
    account = factories.make_account(source)
    factories.make_network(account, vpc=f"vpc-{group}", group=group)
    assert evaluate_scope(source.pk, account.pk, factories.REGION)
    return account


@pytest.fixture
def estates():
    live = factories.make_source()
    files = factories.make_source(kind=SourceKind.IMPORT, name="audit of files")
    return live, open_group(live, "sg-live"), files, open_group(files, "sg-files")


@pytest.fixture
def admin(client):
    user = factories.make_user("admin")
    client.force_login(user)
    return user


def test_the_inbox_and_the_resources_show_one_estate_at_a_time(client, admin, estates):
    _live, _account, files, _imported = estates
    for name in ("finding-list", "resource-list"):
        usual = client.get(reverse(name), {"q": "sg-"}).content.decode()
        assert "sg-live" in usual
        assert "sg-files" not in usual
        assert files.name in usual, "the way to the import stands on the page"
        chosen = client.get(reverse(name), {"q": "sg-", "source": files.pk}).content.decode()
        assert "sg-files" in chosen
        assert "sg-live" not in chosen


def test_the_export_and_the_api_hold_to_the_same(client, admin, estates):
    _live, _account, files, _imported = estates
    rows = b"".join(
        client.get(reverse("finding-export", args=["csv"]), {"rule": RULE, "tab": "all"})
    ).decode()
    assert "sg-live" in rows
    assert "sg-files" not in rows
    listed = client.get("/api/findings/", {"rule": RULE, "source": files.pk}).json()["results"]
    assert {row["resource"] for row in listed} == {"sg-files"}


def test_scores_of_connected_organisations_leave_imports_out(admin, estates):
    _live, account, files, imported = estates
    framework = next(iter(frameworks().values()))
    control = framework.control("5.3")
    now = timezone.now()
    assert list(accounts_for(admin)) == [account]
    assert list(accounts_for(admin, source=files.pk)) == [imported]
    assert {f.resource.rid for f in failing_for(admin, control)} == {"sg-live"}
    assert {f.resource.rid for f in failing_for(admin, control, source=files.pk)} == {"sg-files"}
    apart = [
        score_for(admin, framework, now=now, source=source).of(control).by_account
        for source in (None, files.pk)
    ]
    assert [set(each) for each in apart] == [{account.pk}, {imported.pk}]


def test_the_overview_counts_what_is_connected(admin, estates):
    seen = overview(admin, now=timezone.now() + timedelta(seconds=1))
    live = Finding.objects.filter(resource__source__kind=SourceKind.LIVE)
    assert seen.accounts == 1
    assert 0 < seen.numbers.open == live.count() < Finding.objects.count()


def test_a_source_that_is_no_number_is_refused_or_ignored(client, admin, estates):
    for text in ("x", "-1", "9" * 40, "1; DROP TABLE"):
        assert client.get(reverse("finding-list"), {"source": text}).status_code == 200
        assert client.get(reverse("resource-list"), {"source": text}).status_code == 200
        assert client.get(reverse("framework-list"), {"source": text}).status_code == 200
