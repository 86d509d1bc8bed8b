"""The whole demo organisation, object by object, against what the lab itself holds."""

import os

import pytest

from inventory import access, aws, scanning, services
from inventory.models import Account, Resource, Shard
from inventory.states import ShardState
from lab.server import Lab
from tests.db.inventory.conftest import VARIABLES

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def organisation():
    before = {name: os.environ.get(name) for name in VARIABLES}
    with Lab(scenario="organisation", state=None, throttle=False) as lab:
        os.environ |= {
            "AWS_ENDPOINT_URL": lab.endpoint,
            "AWS_ACCESS_KEY_ID": lab.connection["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": lab.connection["secret_access_key"],
            "AWS_REGION": "eu-central-1",
        }
        aws.forget()
        access.forget()
        yield lab
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    aws.forget()
    access.forget()


def scanned(lab):
    source = services.add_source(
        name="demo",
        management_account=lab.connection["management_account"],
        role_name=lab.connection["read_role"],
        external_id=lab.connection["external_id"],
        actor=None,
    )
    services.discover(source.pk)
    services.start_scan(source.pk, actor=None)
    while scanning.run_next():
        pass
    return source


def test_the_inventory_is_the_organisation_no_more_and_no_less(organisation):
    source = scanned(organisation)
    truth = {place: resources for place, resources in organisation.truth().items() if resources}
    # Where there is no VPC, nothing but AWS's own prefix lists exists, and nobody is asked.
    places = {(account, region) for account, region, kind in truth if kind == "ec2.vpc"}
    there = {
        (region, kind, rid)
        for (account, region, kind), resources in truth.items()
        if (account, region) in places
        for rid in resources
    }
    rows = Resource.objects.filter(source=source, deleted_at=None)
    known = set(rows.values_list("region", "type", "rid"))
    assert known == there
    assert len(known) > 400
    # Nothing is kept twice, though both sides of a peering and all users of a list see it.
    assert rows.count() == len(set(rows.values_list("owner_id", "region", "type", "rid")))
    for account, region in places:
        counted = rows.filter(account__account_id=account, region=region, type="ec2.vpc").count()
        assert counted == len(truth[account, region, "ec2.vpc"])


def test_every_listing_of_every_active_account_was_answered(organisation):
    source = scanned(organisation)
    states = Shard.objects.filter(account__source=source).values_list("state", flat=True)
    assert set(states) <= {ShardState.OK, ShardState.SKIPPED}
    accounts = Account.objects.filter(source=source, status="ACTIVE").count()
    assert accounts == len(organisation.connection["accounts"]) - 1
