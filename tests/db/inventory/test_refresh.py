"""Reading a few objects again: complete for what was asked, silent on all else."""

from datetime import timedelta

import pytest

from inventory import access, refresh, scanning, services
from inventory.aws import AwsError
from inventory.checks import check_access
from inventory.models import Change, Resource, Shard
from lab.faults import Fault

pytestmark = pytest.mark.django_db
GROUP, RULE = "ec2.security-group", "ec2.security-group-rule"


@pytest.fixture
def scanned(lab, production):
    services.start_scan(production.source_id, accounts=[production.pk], actor=None)
    while scanning.run_next():
        pass
    lab.calls.clear()
    return production


@pytest.fixture
def web():
    return lambda: Resource.objects.get(type=GROUP, name="web")


def rules(group):
    return {row.rid for row in Resource.objects.filter(parent_rid=group.rid, deleted_at=None)}


def test_the_rules_of_a_group_are_brought_up_to_date_by_one_call(lab, scanned, web):
    group, client = web(), lab.client("ec2", account="production")
    before, elsewhere = rules(group), Resource.objects.exclude(parent_rid=group.rid).count()
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
    }
    added = client.authorize_security_group_ingress(GroupId=group.rid, IpPermissions=[permission])
    new = added["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    lab.calls.clear()
    found = refresh.refresh(scanned, region="eu-central-1", type=RULE, parent_ids=[group.rid])
    assert [call.action for call in lab.calls if call.service == "ec2"] == [
        "DescribeSecurityGroupRules"
    ]
    assert (found.inserted, found.updated, found.deleted) == (1, 0, 0)
    assert rules(group) == before | {new}
    client.revoke_security_group_ingress(GroupId=group.rid, SecurityGroupRuleIds=[new])
    found = refresh.refresh(scanned, region="eu-central-1", type=RULE, ids=[new])
    assert (found.inserted, found.updated, found.deleted) == (0, 0, 1)
    assert rules(group) == before
    assert Resource.objects.exclude(parent_rid=group.rid).count() == elsewhere
    # The listing that a scan brings next equals the one before, and must still be compared.
    assert Shard.objects.get(collector=RULE).digest is None


def test_an_unchanged_refresh_writes_no_change(lab, scanned, web):
    before = Change.objects.count()
    group = web()
    found = refresh.refresh(scanned, region="eu-central-1", type=GROUP, ids=[group.rid])
    assert found.changed == 0
    assert Change.objects.count() == before
    assert [item.id for item in found.found] == [group.rid]


def test_a_refused_refresh_changes_nothing(lab, scanned, web):
    group = web()
    lab.faults.add(Fault(kind="denied", action="DescribeSecurityGroupRules"))
    before = rules(group)
    with pytest.raises(AwsError) as caught:
        refresh.refresh(scanned, region="eu-central-1", type=RULE, parent_ids=[group.rid])
    assert caught.value.permission == "ec2:DescribeSecurityGroupRules"
    assert rules(group) == before
    assert Shard.objects.get(collector=RULE).state == "ok"


def test_a_live_read_is_canonical_and_stores_nothing(lab, scanned, web):
    before = list(Resource.objects.order_by("pk").values())
    bastion = Resource.objects.get(type=GROUP, name="bastion")
    found = refresh.read_live(scanned, region="eu-central-1", type=RULE, parent_ids=[bastion.rid])
    stored = Resource.objects.filter(parent_rid=bastion.rid).order_by("rid")
    assert [item.config for item in found] == [row.config for row in stored]
    interfaces = refresh.read_live(
        scanned, region="eu-central-1", type="ec2.network-interface", parent_ids=[bastion.rid]
    )
    assert len(interfaces) == 1
    assert list(Resource.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("type_", ["ec2.vpc", "ec2.subnet", "ec2.nat-gateway", "ec2.flow-log",
                                   "ec2.instance", "ec2.internet-gateway", "ec2.route-table",
                                   "ec2.network-acl", "ec2.managed-prefix-list",
                                   "ec2.network-interface", "ec2.address", "ec2.vpc-endpoint",
                                   "ec2.vpc-peering-connection"])  # fmt: skip
def test_every_type_can_be_read_by_id(lab, scanned, type_):
    ids = list(Resource.objects.filter(type=type_).values_list("rid", flat=True)) or ["none-1"]
    found = refresh.read_live(scanned, region="eu-central-1", type=type_, ids=ids[:1])
    assert [item.id for item in found] == [each for each in ids[:1] if each != "none-1"]


def test_asking_for_both_or_neither_is_a_mistake(scanned):
    with pytest.raises(ValueError, match="either"):
        refresh.read_live(scanned, region="eu-central-1", type=RULE)
    with pytest.raises(ValueError, match="parent"):
        refresh.refresh(
            scanned, region="eu-central-1", type="ec2.network-interface", parent_ids=["sg-1"]
        )


def test_credentials_are_kept_until_they_near_their_end(lab, scanned, monkeypatch):
    access.forget()
    first = access.reader(scanned)
    assert access.reader(scanned) is first
    assert first.secret_access_key not in repr(first)
    near = first.expires_at - timedelta(minutes=1)
    monkeypatch.setattr(access.timezone, "now", lambda: near)
    assert access.reader(scanned) is not first


def test_the_permission_test_names_what_is_missing(lab, scanned):
    lab.faults.add(Fault(kind="denied", action="DescribeNatGateways"))
    checks = check_access(scanned)
    failed = [check for check in checks if not check["ok"]]
    assert [check["permission"] for check in failed] == ["ec2:DescribeNatGateways"]
    assert len(checks) == 2 + 15 + 1
    scanned.refresh_from_db()
    assert scanned.access_checks == checks
    assert scanned.connection == "connected"
    assert not any(call.action.startswith(("Create", "Authorize")) for call in lab.calls)


def test_the_permission_test_says_that_the_door_is_closed(lab, scanned):
    scanned.source.external_id = "wrong"
    checks = check_access(scanned)
    assert [check["permission"] for check in checks] == ["sts:AssumeRole", "sts:AssumeRole"]
    assert not any(check["ok"] for check in checks)
    scanned.refresh_from_db()
    assert scanned.connection == "denied"
