"""Scans of an emulated organisation over real HTTP: what is asked, what is kept, what is not."""

from dataclasses import replace

import pytest

from inventory import access, scanning, services
from inventory.awserrors import AwsError
from inventory.collectors import COLLECTORS
from inventory.models import Account, Resource, Scan, Shard, Work
from inventory.reading import Place, read
from inventory.states import ShardState
from lab.faults import Fault
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
VPC_BOUND = [each.type for each in COLLECTORS.values() if each.needs and each.proven]
UNBOUND = [each.type for each in COLLECTORS.values() if not each.proven]


def scan(account, **more):
    services.start_scan(account.source_id, accounts=[account.pk], actor=None, **more)
    while scanning.run_next():
        pass
    return Scan.objects.latest("pk")


def calls(lab, *, region=None):
    """Calls of the collectors, those that enter the account left out."""
    return [
        call.action
        for call in lab.calls
        if call.service == "ec2"
        and call.action != "DescribeRegions"
        and region in (None, call.region)
    ]


def live():
    return {row.rid for row in Resource.objects.filter(deleted_at=None)}


def test_a_scan_finds_exactly_what_is_there(lab, production):
    done = scan(production)
    assert done.state == "done"
    found = {}
    for row in Resource.objects.filter(deleted_at=None):
        found.setdefault(row.type, set()).add(row.rid)
    account = production.account_id
    for (owner, region, type_), truth in lab.truth().items():
        if owner == account and region == "eu-central-1" and type_ in COLLECTORS:
            assert found.get(type_, set()) == set(truth), type_
    assert set(Shard.objects.values_list("state", flat=True)) == {"ok"}


def test_a_region_with_a_vpc_costs_one_call_for_each_collector(lab, production):
    scan(production)
    assert sorted(calls(lab)) == sorted(each.operation for each in COLLECTORS.values())
    assert len(calls(lab)) == 15


def test_a_region_without_a_vpc_costs_one_call(lab, production):
    production.source.regions = ["us-west-2"]
    production.source.save()
    scan(production)
    assert calls(lab) == ["DescribeVpcs"]
    known = {row.collector: (row.state, row.proof) for row in Shard.objects.all()}
    assert known.pop("ec2.vpc") == ("ok", "")
    assert {known[type_] for type_ in VPC_BOUND} == {("skipped", "no-vpc")}
    assert {known[type_] for type_ in UNBOUND} == {("skipped", "no-use")}


def test_each_list_of_ones_own_costs_one_more_call_and_brings_its_entries(lab, production):
    client = lab.client("ec2", account="production")
    made = client.create_managed_prefix_list(
        PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4",
        Entries=[{"Cidr": "192.0.2.0/24", "Description": "office"}],
    )["PrefixList"]["PrefixListId"]  # fmt: skip
    try:
        lab.calls.clear()
        scan(production)
        assert len(calls(lab)) == 16
        row = Resource.objects.get(rid=made)
        assert row.config["Entries"] == [{"Cidr": "192.0.2.0/24", "Description": "office"}]
        assert row.name == "offices"
        lab.faults.add(Fault(kind="denied", action="GetManagedPrefixListEntries"))
        scan(production)
        row.refresh_from_db()
        shard = Shard.objects.get(collector="ec2.managed-prefix-list")
        assert "Entries" not in row.config
        assert shard.state == "ok"
        assert shard.missing_permission == "ec2:GetManagedPrefixListEntries"
    finally:
        client.delete_managed_prefix_list(PrefixListId=made)


def test_an_unchanged_second_scan_writes_no_resource(lab, production):
    scan(production)
    before = list(Resource.objects.order_by("pk").values())
    scan(production)
    assert list(Resource.objects.order_by("pk").values()) == before
    assert Work.objects.latest("pk").changes == 0
    assert set(Shard.objects.values_list("generation", flat=True)) == {2}


DATA = ("ec2.security-group-rule", "DescribeSecurityGroupRules")
FAULTS = {
    "denied": ("denied", {}, ShardState.DENIED, "UnauthorizedOperation"),
    "cut short": ("cut-page", {}, ShardState.FAILED, ("NoAnswer", "MalformedAnswer")),
    "malformed": ("malformed", {}, ShardState.FAILED, "MalformedAnswer"),
    "broken": ("500", {}, ShardState.FAILED, "InternalError"),
    "reset": ("reset", {}, ShardState.FAILED, ("NoAnswer", "MalformedAnswer")),
    "throttled": ("throttle", {}, ShardState.THROTTLED, "RequestLimitExceeded"),
    "refused": ("unauthorized", {}, ShardState.FAILED, "AuthFailure"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_an_answer_that_is_no_answer_deletes_nothing_and_is_shown(lab, production, case):
    kind, more, state, code = FAULTS[case]
    scan(production)
    before = live()
    lab.faults.add(Fault(kind=kind, action=DATA[1], **more))
    done = scan(production)
    assert done.state == "done"
    assert live() == before
    shard = Shard.objects.get(collector=DATA[0])
    assert shard.state == state
    assert shard.error_code in code
    assert shard.missing_permission == (
        "ec2:DescribeSecurityGroupRules" if state == ShardState.DENIED else ""
    )
    others = Shard.objects.exclude(collector=DATA[0])
    assert set(others.values_list("state", flat=True)) == {"ok"}
    lab.faults.clear()
    scan(production)
    assert set(Shard.objects.values_list("state", flat=True)) == {"ok"}
    assert live() == before


PAGED = {"cut-page": ("NoAnswer", "MalformedAnswer"), "repeat-token": ("RepeatedToken",)}


@pytest.mark.parametrize("kind", PAGED)
def test_a_listing_that_breaks_on_a_later_page_is_an_error_and_not_half_an_answer(
    lab, production, kind
):
    small = replace(COLLECTORS["ec2.managed-prefix-list"], page_size=2)
    place = Place(production.account_id, "eu-central-1", access.reader(production))
    whole = read(small, place, started=NOW)
    assert whole.calls > 1
    lab.faults.add(Fault(kind=kind, action="DescribeManagedPrefixLists"))
    with pytest.raises(AwsError) as caught:
        read(small, place, started=NOW)
    assert caught.value.code in PAGED[kind]


def test_a_passing_fault_is_waited_out(lab, production):
    for kind in ("500", "throttle", "reset"):
        lab.faults.add(Fault(kind=kind, action="DescribeSubnets", times=1))
    scan(production)
    assert set(Shard.objects.values_list("state", flat=True)) == {"ok"}


def test_expired_credentials_are_replaced_once(lab, production):
    lab.faults.add(Fault(kind="expired", action="DescribeSubnets", times=1))
    scan(production)
    assert set(Shard.objects.values_list("state", flat=True)) == {"ok"}
    assert sum(call.action == "AssumeRole" for call in lab.calls) == 2


def test_a_region_that_refuses_is_asked_once_and_said_to_be_disabled(lab, production):
    scan(production)
    before = live()
    lab.faults.add(Fault(kind="region-disabled", region="eu-central-1", action="DescribeVpcs"))
    lab.calls.clear()
    scan(production)
    assert calls(lab) == ["DescribeVpcs"]
    assert set(Shard.objects.values_list("state", flat=True)) == {"region-disabled"}
    assert live() == before


def test_a_wrong_external_id_is_a_denied_connection_and_deletes_nothing(lab, production):
    scan(production)
    before = live()
    production.source.external_id = "wrong"
    production.source.save()
    done = scan(production)
    production.refresh_from_db()
    assert production.connection == "denied"
    assert "sts:AssumeRole" in production.connection_error
    assert set(Shard.objects.values_list("state", flat=True)) == {"denied"}
    assert set(Shard.objects.values_list("missing_permission", flat=True)) == {"sts:AssumeRole"}
    assert live() == before
    work = Work.objects.latest("pk")
    assert (done.state, work.state) == ("done", "failed")
    assert "AssumeRole" in work.error


def test_regions_are_shared_out_in_slices(lab, production):
    production.source.regions = []
    production.source.save()
    scan(production)
    production.refresh_from_db()
    sizes = [len(work.regions) for work in Work.objects.order_by("pk")]
    assert sum(sizes) == len(production.enabled_regions) > 6
    assert max(sizes) == 6
    assert Shard.objects.count() == 15 * len(production.enabled_regions)
    assert all(work.shards_done == work.shards_total for work in Work.objects.all())
    production.refresh_from_db()
    assert production.last_scan_at is not None


def test_a_person_who_changes_a_rule_is_seen_by_the_next_scan(lab, production):
    scan(production)
    client = lab.client("ec2", account="production")
    group = Resource.objects.get(type="ec2.security-group", name="web")
    permission = {
        "IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389,
        "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "just a test"}],
    }  # fmt: skip
    client.authorize_security_group_ingress(GroupId=group.rid, IpPermissions=[permission])
    try:
        scan(production)
        added = Resource.objects.get(parent_rid=group.rid, config__FromPort=3389)
        assert added.config["Description"] == "just a test"
        assert added.vpc_id == group.vpc_id
    finally:
        client.revoke_security_group_ingress(GroupId=group.rid, IpPermissions=[permission])
    scan(production)
    added.refresh_from_db()
    assert added.deleted_at is not None


def test_a_paused_account_is_not_read(lab, production):
    services.start_scan(production.source_id, accounts=[production.pk], actor=None)
    Account.objects.update(paused=True)
    lab.calls.clear()
    while scanning.run_next():
        pass
    assert len(lab.calls) == 0
    assert Work.objects.get().state == "done"
