"""Estates from the database: what they hold, and how well it is known."""

from datetime import timedelta

import pytest
from django.db import connection

from inventory.selectors import estate_of, shards_of
from network.records import ShardKey
from tests import factories
from tests.factories import NOW, REGION, make_account, make_network, make_resource

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    found = make_account()
    make_network(found)
    return found


def test_an_estate_holds_what_lives_and_how_well_it_is_known(account):
    gone = make_resource("ec2.vpc", factories.raw_vpc("vpc-gone"), account=account)
    factories.delete_resource(gone)
    factories.set_shard(account, "ec2.instance", "denied", missing_permission="x")
    estate = estate_of(account.source_id)
    assert [record.id for record in estate.records("ec2.vpc")] == ["vpc-1"]
    assert [rule.id for rule in estate.rules_of("sg-1")] == ["sgr-sg-1"]
    denied = estate.status(ShardKey(account.account_id, REGION, "ec2.instance"))
    assert (denied.good, denied.missing_permission) == (False, "x")
    assert estate.status(ShardKey(account.account_id, REGION, "ec2.vpc")).good
    assert not estate.status(ShardKey(account.account_id, "eu-west-1", "ec2.vpc")).good


@pytest.mark.parametrize(
    ("state", "minutes", "good"),
    [
        ("failed", 29, True), ("failed", 31, False), ("throttled", 29, True),
        ("throttled", 31, False), ("denied", 1, False), ("region-disabled", 1, False),
        ("skipped", 10_000, True),
    ],
)  # fmt: skip
def test_a_failing_listing_is_trusted_for_two_intervals_and_a_denied_one_not_at_all(
    account, state, minutes, good
):
    factories.set_shard(account, "ec2.vpc", state, at=NOW)
    later = NOW + timedelta(minutes=minutes)
    known = shards_of(account.source_id, now=later)
    assert known[ShardKey(account.account_id, REGION, "ec2.vpc")].good == good


def test_accounts_are_named_by_key_or_by_number(account):
    other = make_account(account.source)
    make_network(other, vpc="vpc-2", group="sg-2")
    for name in (account.pk, account.account_id):
        estate = estate_of(account.source_id, accounts=[name])
        assert [record.id for record in estate.records("ec2.vpc")] == ["vpc-1"]
        assert {key.account for key in estate.shards} == {account.account_id}


def test_regions_and_vpcs_narrow_it(account):
    make_resource("ec2.vpc", factories.raw_vpc("vpc-2"), account=account)
    make_resource("ec2.vpc", factories.raw_vpc("vpc-3"), account=account, region="eu-west-1")
    by_region = estate_of(account.source_id, regions=["eu-west-1"])
    assert [record.id for record in by_region.records("ec2.vpc")] == ["vpc-3"]
    by_vpc = estate_of(account.source_id, vpc_ids=["vpc-1"])
    assert [record.id for record in by_vpc.records("ec2.vpc")] == ["vpc-1"]
    assert [record.id for record in by_vpc.records("ec2.security-group-rule")] == ["sgr-sg-1"]


def test_a_participants_estate_holds_the_shared_vpc_of_its_owner(account):
    participant = make_account(account.source)
    factories.make_shards(participant)
    subnet = {
        "SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24",
        "OwnerId": account.account_id,
    }  # fmt: skip
    make_resource("ec2.subnet", subnet, account=account)
    make_resource("ec2.security-group", factories.raw_group("sg-9"), account=participant)
    estate = estate_of(account.source_id, accounts=[participant.pk])
    assert [record.id for record in estate.records("ec2.vpc")] == ["vpc-1"]
    assert [record.id for record in estate.records("ec2.subnet")] == ["subnet-1"]
    assert [record.id for record in estate.records("ec2.security-group")] == ["sg-9"]
    assert ShardKey(account.account_id, REGION, "ec2.vpc") in estate.shards


def test_a_list_of_aws_is_there_for_every_account(account):
    other = make_account(account.source)
    make_resource(
        "ec2.managed-prefix-list",
        {"PrefixListId": "pl-1", "PrefixListName": "com.amazonaws.s3", "OwnerId": "AWS"},
        account=other,
    )
    estate = estate_of(account.source_id, accounts=[account.pk])
    found = estate.prefix_list("pl-1")
    assert found is not None
    assert found.cidrs is None  # not read, so not empty
    assert found.record.observer == other.account_id


@pytest.mark.django_db(transaction=True)
def test_an_estate_is_one_snapshot(django_assert_max_num_queries):
    account = make_account()
    make_network(account)
    with django_assert_max_num_queries(8) as queries:
        estate_of(account.source_id, accounts=[account.pk])
    assert "REPEATABLE READ" in queries[1]["sql"] or "REPEATABLE READ" in queries[0]["sql"]
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchone()[0] == "read committed"
