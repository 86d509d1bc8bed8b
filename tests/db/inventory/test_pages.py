"""The pages and the API of accounts and resources: content, cost, scope and permission."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from identity.models import AuditEvent
from inventory import services
from inventory.models import Account, Resource, Scan, Source, Work
from tests import factories
from tests.factories import make_account, make_network, make_user

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def account():
    found = make_account(name="shop")
    make_network(found)
    return found


def signed_in(client, role, **more):
    user = make_user(role, **more)
    client.force_login(user)
    return user


def test_accounts_stand_in_their_units_with_what_is_known(client, account):
    factories.set_shard(
        account, "ec2.instance", "denied", missing_permission="ec2:DescribeInstances"
    )
    signed_in(client, "manager")
    html = client.get(reverse("account-list")).content.decode()
    assert "/Root/Workloads" in html
    assert "93 %" in html  # 14 of 15
    assert "1 denied" in html
    html = client.get(reverse("account-detail", args=[account.pk])).content.decode()
    assert "ec2:DescribeInstances" in html
    assert "Scan now" not in html
    assert "Test permissions" not in html


def test_an_account_outside_the_scope_is_not_there(client, account):
    other = make_account(name="elsewhere")
    make_network(other, vpc="vpc-2", group="sg-2")
    hidden = Resource.objects.filter(account=other)[0]
    signed_in(client, "analyst", scopes=[f"account:{account.account_id}"])
    for page in ("account-list", "resource-list"):
        html = client.get(reverse(page)).content.decode()
        assert "elsewhere" not in html
        assert other.account_id not in html
    assert client.get(reverse("account-detail", args=[other.pk])).status_code == 404
    assert client.get(reverse("resource-detail", args=[hidden.pk])).status_code == 404
    assert client.post(reverse("account-scan", args=[other.pk])).status_code == 404
    assert client.post(reverse("source-scan", args=[other.source_id])).status_code == 404
    for path in ("accounts", "resources", "shards"):
        assert other.account_id not in client.get(f"/api/{path}/?limit=500").content.decode()


@pytest.mark.parametrize("page", ["account-list", "resource-list"])
def test_a_list_costs_the_same_at_any_size(client, account, page, django_assert_max_num_queries):
    signed_in(client, "admin")
    client.get(reverse(page))
    with django_assert_max_num_queries(12) as few:
        client.get(reverse(page))
    for number in range(20):
        more = make_account(account.source, name=f"more-{number}", unit_path=f"/Root/{number % 3}")
        make_network(more, vpc=f"vpc-{number:08}", group=f"sg-{number:08}")
    with django_assert_max_num_queries(len(few)):
        client.get(reverse(page))


def test_a_detail_page_costs_the_same_at_any_size(client, account, django_assert_max_num_queries):
    signed_in(client, "admin")
    group = Resource.objects.get(type="ec2.security-group")
    with django_assert_max_num_queries(12) as few:
        client.get(reverse("resource-detail", args=[group.pk]))
    for number in range(30):
        factories.make_resource(
            "ec2.security-group-rule",
            factories.raw_rule(f"sgr-{number}", ports=(number, number)),
            account=account,
        )
    with django_assert_max_num_queries(len(few)):
        client.get(reverse("resource-detail", args=[group.pk]))


class TestFinding:
    """Filters of the resource list."""

    def found(self, client, **query):
        response = client.get(reverse("resource-list"), query)
        return {resource.rid for resource in response.context["resources"]}

    @pytest.fixture(autouse=True)
    def _signed_in(self, client, account):
        signed_in(client, "analyst")
        factories.make_resource(
            "ec2.subnet",
            {"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24"},
            account=account,
        )
        factories.make_resource(
            "ec2.vpc",
            factories.raw_vpc("vpc-9", cidr="10.9.0.0/16", Tags=[{"Key": "Env", "Value": "prod"}]),
            account=account,
        )

    def test_by_text(self, client):
        assert self.found(client, q="sg-1") == {"sg-1", "sgr-sg-1"}

    def test_by_an_address_that_lies_in_a_range(self, client):
        assert self.found(client, q="10.0.1.7") == {"subnet-1", "vpc-1"}
        assert self.found(client, q="2001:db8::1") == set()

    def test_by_tag(self, client):
        assert self.found(client, tag="Env=prod") == {"vpc-9"}
        assert self.found(client, tag="Env") == {"vpc-9"}
        assert self.found(client, tag="Env=test") == set()

    def test_by_type_and_account(self, client, account):
        wanted = {"type": "ec2.vpc", "account": account.account_id}
        assert self.found(client, **wanted) == {"vpc-1", "vpc-9"}
        assert self.found(client, account="999999999999") == set()

    def test_deleted_ones_only_when_asked_for(self, client):
        factories.delete_resource(Resource.objects.get(rid="vpc-9"))
        assert "vpc-9" not in self.found(client)
        assert self.found(client, deleted="true") == {"vpc-9"}

    def test_page_by_page(self, client, account):
        for number in range(60):
            factories.make_resource(
                "ec2.vpc", factories.raw_vpc(f"vpc-x{number:03}"), account=account
            )
        first = client.get(reverse("resource-list"), {"type": "ec2.vpc"})
        second = client.get(
            reverse("resource-list"), {"type": "ec2.vpc", "after": first.context["after"]}
        )
        pages = [[r.rid for r in page.context["resources"]] for page in (first, second)]
        assert [len(page) for page in pages] == [50, 12]
        assert not set(pages[0]) & set(pages[1])


def test_hostile_text_is_only_text(client, account):
    row = factories.make_resource(
        "ec2.vpc",
        factories.raw_vpc(
            "vpc-x", Tags=[{"Key": HOSTILE, "Value": HOSTILE}, {"Key": "Name", "Value": HOSTILE}]
        ),
        account=account,
    )
    Account.objects.update(name=HOSTILE, connection_error=HOSTILE)
    signed_in(client, "admin")
    for page in (
        reverse("account-list"),
        reverse("account-detail", args=[account.pk]),
        reverse("resource-list"),
        reverse("resource-detail", args=[row.pk]),
    ):
        html = client.get(page, {"q": HOSTILE} if page.endswith("s/") else {}).content.decode()
        assert HOSTILE not in html, page


def test_a_resource_shows_its_rules_its_relations_and_its_history(client, account):
    signed_in(client, "analyst")
    group = Resource.objects.get(type="ec2.security-group")
    factories.make_resource(
        "ec2.network-interface",
        {
            "NetworkInterfaceId": "eni-0123456789abcdef0", "VpcId": "vpc-1", "SubnetId": "subnet-1",
            "Groups": [{"GroupId": "sg-0aaaaaaaaaaaaaaaa", "GroupName": "x"}],
        },
        account=account,
    )  # fmt: skip
    other = factories.make_resource(
        "ec2.security-group", factories.raw_group("sg-0aaaaaaaaaaaaaaaa", name="x"), account=account
    )
    interface = Resource.objects.get(type="ec2.network-interface")
    related = client.get(reverse("resource-detail", args=[interface.pk])).context["related"]
    assert [row.pk for row in related] == [other.pk]
    html = client.get(reverse("resource-detail", args=[group.pk])).content.decode()
    assert "sgr-sg-1" in html
    assert "0.0.0.0/0" in html
    assert reverse("resource-findings", args=[group.pk]) in html
    assert reverse("resource-baseline", args=[group.pk]) in html


def test_a_resource_of_a_denied_listing_says_since_when(client, account):
    factories.set_shard(account, "ec2.vpc", "denied", missing_permission="ec2:DescribeVpcs")
    signed_in(client, "manager")
    vpc = Resource.objects.get(type="ec2.vpc")
    html = client.get(reverse("resource-detail", args=[vpc.pk])).content.decode()
    assert "ec2:DescribeVpcs" in html


class TestScans:
    """Starting, following and cancelling on the page."""

    def test_an_analyst_starts_follows_and_cancels_one(self, client, account):
        user = signed_in(client, "analyst")
        client.post(reverse("account-scan", args=[account.pk]))
        scan = Scan.objects.get()
        assert scan.requested_by == user
        html = client.get(reverse("account-list")).content.decode()
        assert 'hx-trigger="every 1s"' in html
        polled = reverse("scan-progress", args=[scan.pk]) + "?polling=1"
        running = client.get(polled, headers={"HX-Request": "true"})
        assert "HX-Refresh" not in running
        assert "<html" not in running.content.decode()
        client.post(reverse("scan-cancel", args=[scan.pk]))
        scan.refresh_from_db()
        assert (scan.state, scan.cancelled_by) == ("cancelled", user)
        assert Work.objects.get().state == "cancelled"
        ended = client.get(polled, headers={"HX-Request": "true"})
        assert ended["HX-Refresh"] == "true"
        actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
        assert actions == ["scan.start", "scan.cancel"]

    def test_a_second_scan_of_the_same_account_is_refused_in_words(self, client, account):
        signed_in(client, "analyst")
        client.post(reverse("account-scan", args=[account.pk]))
        response = client.post(reverse("account-scan", args=[account.pk]), follow=True)
        assert "A scan is at these accounts already." in response.content.decode()
        assert Scan.objects.count() == 1

    def test_progress_counts_only_what_the_viewer_sees(self, client, account):
        make_account(account.source, name="hidden")
        services.start_scan(account.source_id, actor=None)
        signed_in(client, "manager", scopes=[f"account:{account.account_id}"])
        html = client.get(reverse("scan-progress", args=[Scan.objects.get().pk])).content.decode()
        assert "0 of 1 account" in html


FIELDS = {
    "what": "source", "name": "Acme", "management_account": "123456789012",
    "role_name": "cspm-read", "remediation_role_name": "", "external_id": "acme-7",
    "regions": "eu-central-1, us-east-1",
}  # fmt: skip


class TestConnecting:
    """The form of sources and accounts."""

    def test_an_admin_connects_an_organisation(self, client):
        user = signed_in(client, "admin")
        response = client.post(reverse("account-add"), FIELDS)
        assert response.status_code == 302
        source = Source.objects.get(name="Acme")
        assert source.regions == ["eu-central-1", "us-east-1"]
        event = AuditEvent.objects.get(action="source.add")
        assert event.actor == user
        assert "acme-7" not in str(event.data)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("management_account", "12345"), ("role_name", "a b"), ("external_id", "x"),
            ("regions", "Europe"), ("name", ""), ("name", "x" * 121),
        ],
    )  # fmt: skip
    def test_what_aws_would_refuse_is_refused_at_once(self, client, field, value):
        signed_in(client, "admin")
        response = client.post(reverse("account-add"), {**FIELDS, field: value})
        assert response.status_code == 422
        assert response.context["source_form"].errors[field]
        assert not Source.objects.exists()

    def test_a_name_is_given_once(self, client):
        factories.make_source(name="Acme")
        signed_in(client, "admin")
        assert client.post(reverse("account-add"), FIELDS).status_code == 422

    def test_an_account_is_added_by_hand(self, client):
        source = factories.make_source()
        signed_in(client, "admin")
        given = {"what": "account", "source": source.pk, "account_id": "123456789012", "name": "x"}
        assert client.post(reverse("account-add"), given).status_code == 302
        assert source.accounts.get().added_by_hand
        again = client.post(reverse("account-add"), given)
        assert again.status_code == 422
        assert "already" in again.content.decode()


def test_pausing_is_audited_and_shown(client, account):
    signed_in(client, "admin")
    client.post(reverse("account-pause", args=[account.pk]), {"paused": "yes"})
    account.refresh_from_db()
    assert account.paused
    assert "Paused" in client.get(reverse("account-detail", args=[account.pk])).content.decode()
    client.post(reverse("account-pause", args=[account.pk]), {"paused": "no"})
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["account.pause", "account.resume"]


class TestApi:
    """The same over the API."""

    def test_a_resource_comes_with_configuration_and_versions(self, client, account):
        signed_in(client, "manager")
        vpc = Resource.objects.get(type="ec2.vpc")
        body = client.get(f"/api/resources/{vpc.pk}/").json()
        assert body["config"]["VpcId"] == "vpc-1"
        assert body["versions"] == []
        listed = client.get("/api/resources/", {"type": "ec2.vpc"}).json()["results"]
        assert [row["resource"] for row in listed] == ["vpc-1"]
        assert "config" not in listed[0]

    def test_scans_are_started_and_cancelled(self, client, account):
        signed_in(client, "analyst")
        asked = {"source_id": account.source_id, "accounts": [account.account_id]}
        started = client.post("/api/scans/", asked, content_type="application/json")
        assert started.status_code == 201
        assert started.json()["state"] == "running"
        again = client.post("/api/scans/", asked, content_type="application/json")
        assert again.status_code == 409
        pk = started.json()["id"]
        assert client.post(f"/api/scans/{pk}/cancel/").json()["state"] == "cancelled"
        assert client.post(f"/api/scans/{pk}/cancel/").status_code == 409

    def test_an_unknown_source_is_a_wrong_request(self, client):
        signed_in(client, "analyst")
        response = client.post("/api/scans/", {"source_id": 1}, content_type="application/json")
        assert response.status_code == 400

    def test_a_manager_reads_and_starts_nothing(self, client, account):
        signed_in(client, "manager")
        asked = {"source_id": account.source_id}
        response = client.post("/api/scans/", asked, content_type="application/json")
        assert response.status_code == 403
        assert client.get("/api/shards/", {"state": "ok"}).json()["results"]


READS = ("account-list", "resource-list")
REFUSED = {
    "account-scan": {"manager"},
    "source-scan": {"manager"},
    "scan-cancel": {"manager"},
    "account-test": {"manager", "analyst"},
    "account-pause": {"manager", "analyst"},
}


@pytest.mark.parametrize("role", ["manager", "analyst", "admin"])
def test_each_role_gets_its_refusals(client, account, role):
    signed_in(client, role)
    for name in READS:
        assert client.get(reverse(name)).status_code == 200
    scan = Scan.objects.create(source=account.source, created_at=timezone.now() - timedelta(1))
    for name, roles in REFUSED.items():
        key = {"source-scan": account.source_id, "scan-cancel": scan.pk}.get(name, account.pk)
        response = client.post(reverse(name, args=[key]))
        assert (response.status_code == 403) == (role in roles), name
    assert (client.get(reverse("account-add")).status_code == 403) == (role != "admin")


def test_who_has_no_role_sees_nothing(client, account):
    signed_in(client, "")
    for name in READS:
        assert client.get(reverse(name)).status_code == 403
