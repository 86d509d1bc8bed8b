"""What answers do to rows: complete ones change resources, all others only the shard."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import storing
from inventory.models import Change, Resource, ResourceVersion, Shard, ShardPeriod
from inventory.shardstates import Outcome
from inventory.states import ShardState
from inventory.sync import Answer, apply, apply_filtered
from network.canonical import canonicalise
from tests import factories
from tests.db.inventory.answers import OK, answer, listed
from tests.factories import NOW, REGION, raw_group, raw_rule, raw_vpc

pytestmark = pytest.mark.django_db
GROUP, RULE, VPC = "ec2.security-group", "ec2.security-group-rule", "ec2.vpc"
LATER = NOW + timedelta(minutes=15)
LAST = NOW + timedelta(minutes=30)


@pytest.fixture
def account():
    return factories.make_account()


def live(type=None):
    rows = Resource.objects.filter(deleted_at=None)
    return {row.rid for row in (rows.filter(type=type) if type else rows)}


def ops():
    return list(Change.objects.order_by("id").values_list("collector", "op"))


def test_a_first_answer_inserts_and_logs(account):
    listed(account, VPC, [raw_vpc("vpc-1"), raw_vpc("vpc-2")], at=NOW)
    assert live() == {"vpc-1", "vpc-2"}
    assert ops() == [(VPC, "I"), (VPC, "I"), (VPC, "S")]
    shard = Shard.objects.get()
    assert (shard.state, shard.item_count, shard.generation) == ("ok", 2, 1)
    assert shard.last_ok_at == NOW


def test_rows_made_by_an_answer_equal_rows_made_by_the_canonical_form(account):
    raw = raw_group("sg-1", Tags=[{"Key": "Name", "Value": 'quo"te \\ tab\t ☃'}])
    listed(account, GROUP, [raw], at=NOW)
    stored = Resource.objects.get()
    made = factories.make_resource(GROUP, raw, account=factories.make_account())
    for field in ("name", "tags", "config", "vpc_id", "canon_version", "type", "rid"):
        assert getattr(stored, field) == getattr(made, field), field
    assert stored.config | {"OwnerId": ""} == made.config | {"OwnerId": ""}


def test_a_changed_object_keeps_its_former_version(account):
    listed(account, VPC, [raw_vpc("vpc-1")], at=NOW)
    listed(account, VPC, [raw_vpc("vpc-1", Tags=[{"Key": "a", "Value": "b"}])], at=LATER)
    row = Resource.objects.get()
    version = ResourceVersion.objects.get()
    assert row.tags == {"a": "b"}
    assert row.changed_at == LATER
    assert version.config["Tags"] == {}
    assert (version.valid_from, version.valid_to, version.op) == (NOW, LATER, "U")


def test_an_object_that_a_complete_answer_lacks_is_deleted_and_can_come_back(account):
    listed(account, VPC, [raw_vpc("vpc-1"), raw_vpc("vpc-2")], at=NOW)
    listed(account, VPC, [raw_vpc("vpc-2")], at=LATER)
    assert live() == {"vpc-2"}
    listed(account, VPC, [raw_vpc("vpc-1"), raw_vpc("vpc-2")], at=LAST)
    assert live() == {"vpc-1", "vpc-2"}
    assert Resource.objects.count() == 2
    assert [op for _, op in ops()] == ["I", "I", "S", "D", "I"]


@pytest.mark.parametrize(
    "state",
    [ShardState.DENIED, ShardState.THROTTLED, ShardState.FAILED, ShardState.REGION_DISABLED],
)
def test_an_answer_without_data_changes_the_shard_and_no_resource(account, state):
    listed(account, VPC, [raw_vpc("vpc-1")], at=NOW)
    refused = Outcome(state, "Code", "said AWS", "ec2:DescribeVpcs")
    apply(account, REGION, [Answer(VPC, LATER, refused)])
    assert live() == {"vpc-1"}
    shard = Shard.objects.get()
    assert (shard.state, shard.error_code, shard.missing_permission) == (
        state, "Code", "ec2:DescribeVpcs",
    )  # fmt: skip
    assert shard.state_since == shard.last_try_at == LATER
    assert shard.last_ok_at == NOW
    period = ShardPeriod.objects.get()
    assert (period.state, period.since, period.until) == ("ok", NOW, LATER)
    assert ops()[-1] == (VPC, "S")


def test_a_failing_shard_tells_the_log_again_when_it_stops_being_trusted(account):
    listed(account, VPC, [raw_vpc("vpc-1")], at=NOW)
    broken = Outcome(ShardState.FAILED, "InternalError")
    told = []
    for minutes in (15, 29, 31, 45):
        before = Change.objects.count()
        apply(account, REGION, [Answer(VPC, NOW + timedelta(minutes=minutes), broken)])
        told.append(Change.objects.count() - before)
    assert told == [1, 0, 1, 0]


def test_an_unchanged_answer_writes_no_resource_and_no_change(account):
    raws = [raw_vpc(f"vpc-{number}") for number in range(50)]
    listed(account, VPC, raws, at=NOW)
    before = Change.objects.count()
    seen = dict(Resource.objects.values_list("rid", "observed_at"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        listed(account, VPC, list(reversed(raws)), at=LATER)  # another order, the same content
    assert Change.objects.count() == before
    assert not any("inventory_resource" in q["sql"] and "UPDATE" in q["sql"] for q in queries)
    assert dict(Resource.objects.values_list("rid", "observed_at")) == seen
    assert Shard.objects.get().last_ok_at == LATER


def test_the_same_digest_needs_no_items_and_another_digest_is_read_again(account):
    listed(account, VPC, [raw_vpc("vpc-1")], at=NOW)
    known = bytes(Shard.objects.get().digest)
    assert apply(account, REGION, [Answer(VPC, LATER, OK, None, known)]).again == []
    assert Shard.objects.get().last_ok_at == LATER
    assert apply(account, REGION, [Answer(VPC, LAST, OK, None, b"other")]).again == [VPC]
    assert Shard.objects.get().last_ok_at == LATER


def test_an_older_answer_neither_overwrites_nor_deletes_nor_resurrects(account):
    listed(account, VPC, [raw_vpc("vpc-1"), raw_vpc("vpc-2")], at=LATER)
    listed(account, VPC, [raw_vpc("vpc-1", cidr="10.9.0.0/16")], at=NOW)
    assert live() == {"vpc-1", "vpc-2"}
    assert Resource.objects.get(rid="vpc-1").config["CidrBlock"] == "10.0.0.0/16"


def test_a_listing_that_began_before_a_filtered_read_does_not_undo_it(account):
    listed(account, RULE, [raw_rule("sgr-1"), raw_rule("sgr-2"), raw_rule("sgr-3")], at=NOW)
    changed = raw_rule("sgr-2", description="new")
    filtered(account, [changed, raw_rule("sgr-4")], ids=["sgr-1", "sgr-2", "sgr-4"], at=LAST)
    assert live() == {"sgr-2", "sgr-3", "sgr-4"}
    stale = [raw_rule("sgr-1"), raw_rule("sgr-2"), raw_rule("sgr-3", description="also new")]
    listed(account, RULE, stale, at=LATER)
    assert live() == {"sgr-2", "sgr-3", "sgr-4"}
    assert Resource.objects.get(rid="sgr-2").config["Description"] == "new"
    assert Resource.objects.get(rid="sgr-3").config["Description"] == "also new"


def test_an_overruled_listing_does_not_vouch_for_the_rows(account):
    listed(account, RULE, [raw_rule("sgr-1")], at=NOW)
    filtered(account, [raw_rule("sgr-2")], ids=["sgr-2"], at=LAST)
    known = listed(account, RULE, [raw_rule("sgr-1")], at=LATER)  # began before sgr-2 was seen
    assert known.changed == 0
    assert live() == {"sgr-1", "sgr-2"}
    given = answer(account, RULE, [raw_rule("sgr-1")], at=LAST + timedelta(minutes=15))
    by_digest = Answer(RULE, given.started, OK, None, given.digest)
    assert apply(account, REGION, [by_digest]).again == [RULE]
    apply(account, REGION, [given])
    assert live() == {"sgr-1"}


def test_a_filtered_read_that_began_before_the_last_listing_is_too_late(account):
    listed(account, RULE, [raw_rule("sgr-1")], at=LAST)
    assert filtered(account, [], ids=["sgr-1"], at=LATER).changed == 0
    assert live() == {"sgr-1"}


def filtered(account, raws, *, at, ids=None, parent_ids=None):
    found = [canonicalise(RULE, raw, account=account.account_id) for raw in raws]
    return apply_filtered(
        account, region=REGION, type=RULE, found=found, ids=ids, parent_ids=parent_ids, started=at
    )


def test_a_read_of_a_group_deletes_rules_of_that_group_only(account):
    rules = [raw_rule("sgr-1"), raw_rule("sgr-2"), raw_rule("sgr-3", group="sg-2")]
    listed(account, RULE, rules, at=NOW)
    applied = filtered(account, [raw_rule("sgr-1")], parent_ids=["sg-1"], at=LATER)
    assert live() == {"sgr-1", "sgr-3"}
    assert applied.deleted == 1
    assert Shard.objects.get().digest is None
    # The listing that was seen before the read is now news again.
    listed(account, RULE, rules, at=LAST)
    assert live() == {"sgr-1", "sgr-2", "sgr-3"}


def test_rules_take_the_vpc_of_their_group(account):
    for type_ in (GROUP, RULE):
        storing.shard_ids(account, REGION, [type_], now=NOW)
    apply(
        account,
        REGION,
        [
            answer(account, RULE, [raw_rule("sgr-1")], at=NOW),
            answer(account, GROUP, [raw_group("sg-1", vpc="vpc-7")], at=NOW),
        ],
    )
    assert Resource.objects.get(rid="sgr-1").vpc_id == "vpc-7"
    assert Change.objects.get(collector=RULE, op="I").vpc_id == "vpc-7"


def test_when_almost_everything_is_gone_the_listing_is_read_again_first(account):
    listed(account, VPC, [raw_vpc(f"vpc-{number}") for number in range(30)], at=NOW)
    few = [raw_vpc("vpc-1")]
    assert listed(account, VPC, few, at=LATER).again == [VPC]
    assert len(live()) == 30
    assert Shard.objects.get().last_ok_at == NOW
    assert listed(account, VPC, few, at=LATER, confirmed=True).deleted == 29
    assert live() == {"vpc-1"}


def test_twenty_gone_are_believed_at_once(account):
    listed(account, VPC, [raw_vpc(f"vpc-{number}") for number in range(20)], at=NOW)
    assert listed(account, VPC, [], at=LATER).deleted == 20


class TestSharedObjects:
    """A VPC that its owner shares is listed by participants too."""

    @pytest.fixture
    def owner(self, account):
        return account

    @pytest.fixture
    def participant(self, owner):
        return factories.make_account(owner.source)

    def shared(self, owner, **more):
        return raw_vpc("vpc-1", OwnerId=owner.account_id, **more)

    def test_a_participant_neither_deletes_nor_changes_the_owners_row(self, owner, participant):
        listed(owner, VPC, [self.shared(owner)], at=NOW)
        listed(participant, VPC, [self.shared(owner, cidr="10.9.0.0/16")], at=LATER)
        row = Resource.objects.get()
        assert (row.account, row.config["CidrBlock"]) == (owner, "10.0.0.0/16")
        listed(participant, VPC, [], at=LAST)
        assert live() == {"vpc-1"}

    def test_a_participant_holds_the_row_until_the_owner_is_heard(self, owner, participant):
        listed(participant, VPC, [self.shared(owner)], at=NOW)
        assert Resource.objects.get().account == participant
        listed(owner, VPC, [self.shared(owner)], at=LATER)
        assert Resource.objects.get().account == owner
        listed(participant, VPC, [], at=LAST)
        assert live() == {"vpc-1"}

    def test_the_owners_deletion_counts_though_a_participant_had_it(self, owner, participant):
        listed(participant, VPC, [self.shared(owner)], at=NOW)
        listed(owner, VPC, [self.shared(owner)], at=LATER)
        listed(owner, VPC, [], at=LAST)
        assert live() == set()
