import pytest
from django.urls import reverse
from django.utils import timezone

from drift import compare, services
from drift.models import Baseline
from drift.states import TrustLevel
from inventory.states import ShardState
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def network():
    return factories.make_network(factories.make_account(), open_ssh=False)


@pytest.fixture
def baseline(network):
    user = factories.make_user("analyst")
    version = services.capture(network["vpc"].pk, actor=user, now=NOW, name=HOSTILE)
    factories.make_resource(
        "ec2.security-group-rule",
        factories.raw_rule("sgr-new", description=HOSTILE),
        account=network["vpc"].account,
    )
    compare.compare_baseline(version.baseline_id)
    return Baseline.objects.get()


def sign_in(client, role, **fields):
    user = factories.make_user(role, **fields)
    client.force_login(user)
    return user


def test_vpcs_with_open_drift_come_first_and_the_others_can_be_captured(client, baseline):
    factories.make_network(factories.make_account(), vpc="vpc-0", group="sg-0")
    sign_in(client, "analyst")
    response = client.get(reverse("baseline-list"))
    assert [vpc.rid for vpc in response.context["vpcs"]] == ["vpc-1", "vpc-0"]
    assert "Capture" in response.content.decode()
    for show, ids in (("with", ["vpc-1"]), ("without", ["vpc-0"]), ("drifted", ["vpc-1"])):
        listed = client.get(reverse("baseline-list"), {"show": show}).context["vpcs"]
        assert [vpc.rid for vpc in listed] == ids


def test_the_list_costs_the_same_at_any_size(client, baseline, django_assert_max_num_queries):
    sign_in(client, "analyst")
    with django_assert_max_num_queries(6) as few:
        client.get(reverse("baseline-list"))
    account = factories.make_account()
    for number in range(20):
        factories.make_resource("ec2.vpc", factories.raw_vpc(f"vpc-x{number}"), account=account)
    with django_assert_max_num_queries(6) as many:
        client.get(reverse("baseline-list"))
    assert len(few.captured_queries) == len(many.captured_queries)


def test_a_baseline_shows_the_added_rule_beside_what_was_approved(client, baseline):
    sign_in(client, "analyst")
    response = client.get(reverse("baseline-detail", args=[baseline.pk]))
    (drift,) = response.context["drifts"]
    sides = {pair.name: (pair.before, pair.after) for pair in drift.pairs}
    assert sides["CidrIpv4"] == ("", "0.0.0.0/0")
    text = response.content.decode()
    assert "Version 1" in text
    assert "Security drift" in text
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_a_drift_finding_shows_the_difference_and_links_to_its_baseline(client, baseline):
    sign_in(client, "analyst")
    (found,) = compare.Finding.objects.filter(scope_key=f"baseline:{baseline.pk}")
    text = client.get(reverse("finding-detail", args=[found.pk])).content.decode()
    assert "Before and after" in text
    assert reverse("baseline-detail", args=[baseline.pk]) in text
    assert HOSTILE not in text


def test_a_vpc_is_captured_from_its_page(client, network):
    sign_in(client, "analyst")
    url = reverse("baseline-capture", args=[network["vpc"].pk])
    assert client.get(url).status_code == 200
    response = client.post(url, {"name": "shop", "reason": ""})
    captured = Baseline.objects.get()
    assert response["Location"] == reverse("baseline-detail", args=[captured.pk])
    again = client.post(url, {"name": "shop", "reason": ""})
    assert again.status_code == 422
    assert "Give a reason" in again.content.decode()


def test_the_form_says_which_listing_stands_in_the_way(client, network):
    sign_in(client, "analyst")
    factories.set_shard(network["vpc"].account, "ec2.flow-log", ShardState.THROTTLED)
    url = reverse("baseline-capture", args=[network["vpc"].pk])
    assert "ec2.flow-log" in client.get(url).content.decode()
    response = client.post(url, {"name": "shop"})
    assert response.status_code == 422
    assert "ec2.flow-log" in response.content.decode()


def test_two_admins_set_a_baseline_to_automatic_on_its_page(client, baseline):
    sign_in(client, "admin")
    trust = reverse("baseline-trust", args=[baseline.pk])
    confirm = reverse("baseline-confirm", args=[baseline.pk])
    refused = client.post(trust, {"level": "auto", "reason": ""})
    assert refused.status_code == 422
    assert "Give a reason" in refused.content.decode()
    client.post(trust, {"level": "auto", "reason": "trusted"})
    client.post(confirm)
    baseline.refresh_from_db()
    assert (baseline.trust_level, baseline.pending_level) == ("observe", "auto")
    second = sign_in(client, "admin")
    page = client.get(reverse("baseline-detail", args=[baseline.pk])).content.decode()
    assert confirm in page
    client.post(confirm)
    baseline.refresh_from_db()
    assert (baseline.trust_level, baseline.auto_confirmed_by) == ("auto", second)


def test_limits_are_set_and_nonsense_comes_back(client, baseline):
    sign_in(client, "admin")
    url = reverse("baseline-limits", args=[baseline.pk])
    assert client.post(url, {"settle_seconds": "0", "max_age_seconds": "600"}).status_code == 302
    assert client.post(url, {"settle_seconds": "900", "max_age_seconds": "60"}).status_code == 422
    baseline.refresh_from_db()
    assert (baseline.settle_seconds, baseline.max_age_seconds) == (0, 600)


@pytest.mark.parametrize(
    ("role", "view", "capture", "trust"),
    [("", 403, 403, 403), ("manager", 200, 403, 403), ("analyst", 200, 200, 403),
     ("admin", 200, 200, 302)],
)  # fmt: skip
def test_each_role_gets_what_it_may(client, baseline, role, view, capture, trust):
    sign_in(client, role)
    pk, vpc = baseline.pk, baseline.vpc_id
    for name, argument in (
        ("baseline-list", None),
        ("baseline-detail", pk),
        ("resource-baseline", vpc),
    ):
        url = reverse(name, args=[argument] if argument else [])
        assert client.get(url).status_code == view
    assert client.get(reverse("baseline-capture", args=[vpc])).status_code == capture
    level = {"level": "suggest"}
    limits = {"settle_seconds": "1", "max_age_seconds": "100"}
    assert client.post(reverse("baseline-trust", args=[pk]), level).status_code == trust
    assert client.post(reverse("baseline-confirm", args=[pk])).status_code == trust
    assert client.post(reverse("baseline-limits", args=[pk]), limits).status_code == trust


def test_baselines_outside_the_scope_are_not_there(client, baseline):
    services.ask_trust(
        baseline.pk,
        level=TrustLevel.AUTO,
        actor=factories.make_user("admin"),
        now=timezone.now(),
        reason="x",
    )
    sign_in(client, "admin", scopes=["account:000000000000"])
    assert list(client.get(reverse("baseline-list")).context["vpcs"]) == []
    for name, argument in (
        ("baseline-detail", baseline.pk),
        ("baseline-capture", baseline.vpc_id),
        ("resource-baseline", baseline.vpc_id),
    ):
        assert client.get(reverse(name, args=[argument])).status_code == 404
    for name in ("baseline-trust", "baseline-confirm", "baseline-limits"):
        assert client.post(reverse(name, args=[baseline.pk])).status_code == 404
    assert Baseline.objects.get().trust_level == "observe"


def test_a_resource_page_shows_the_baseline_that_covers_it(client, baseline, network):
    sign_in(client, "manager")
    url = reverse("resource-baseline", args=[network["group"].pk])
    fragment = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert reverse("baseline-detail", args=[baseline.pk]) in fragment
    assert "<html" in client.get(url).content.decode()
