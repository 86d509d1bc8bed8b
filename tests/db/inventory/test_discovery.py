"""Finding accounts: only a whole answer says that one has left."""

import pytest

from inventory import services
from inventory.aws import AwsError
from inventory.models import Account, Shard, Source
from lab.faults import Fault
from tests import factories

pytestmark = pytest.mark.django_db


def test_accounts_come_with_their_units(lab, source):
    assert services.discover(source.pk) == 3
    paths = dict(source.accounts.values_list("name", "unit_path"))
    assert paths["production"].endswith("/Workloads/Prod")
    assert paths["security"].endswith("/Security")
    source.refresh_from_db()
    assert source.organisation_id.startswith("o-")
    assert source.discovered_at is not None


@pytest.mark.parametrize("kind", ["denied", "500", "reset", "malformed"])
@pytest.mark.parametrize(
    "action", ["ListAccountsForParent", "ListOrganizationalUnitsForParent", "ListRoots"]
)
def test_a_discovery_that_breaks_marks_nobody_as_gone(lab, source, impatient, kind, action):
    services.discover(source.pk)
    gone = factories.make_account(source, name="would-have-left")
    before = list(source.accounts.order_by("pk").values())
    lab.faults.add(Fault(kind=kind, action=action))
    with pytest.raises(AwsError):
        services.discover(source.pk)
    assert list(source.accounts.order_by("pk").values()) == before
    source.refresh_from_db()
    assert action in source.discovery_error
    lab.faults.clear()
    services.discover(source.pk)
    gone.refresh_from_db()
    source.refresh_from_db()
    assert gone.status == "LEFT"
    assert source.discovery_error == ""


def test_who_left_keeps_its_resources_and_is_no_longer_known(lab, source):
    services.discover(source.pk)
    gone = factories.make_account(source)
    factories.make_network(gone)
    by_hand = factories.make_account(source, added_by_hand=True)
    services.discover(source.pk)
    gone.refresh_from_db()
    by_hand.refresh_from_db()
    assert (gone.status, by_hand.status) == ("LEFT", "ACTIVE")
    assert gone.resources.filter(deleted_at=None).count() == 3
    assert set(Shard.objects.filter(account=gone).values_list("state", flat=True)) == {"denied"}


def test_a_moved_account_is_the_same_account(lab, source):
    services.discover(source.pk)
    Account.objects.filter(name="production").update(unit_path="/Root/Elsewhere", name="old name")
    keys = set(source.accounts.values_list("pk", flat=True))
    services.discover(source.pk)
    assert set(source.accounts.values_list("pk", flat=True)) == keys
    assert source.accounts.get(name="production").unit_path.endswith("/Workloads/Prod")


def test_the_wrong_external_id_is_said(lab, source):
    Source.objects.filter(pk=source.pk).update(external_id="wrong")
    with pytest.raises(AwsError) as caught:
        services.discover(source.pk)
    assert caught.value.permission == "sts:AssumeRole"
