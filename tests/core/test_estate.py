"""Estates: effective associations, what was read, cheap copies."""

import random

from hypothesis import given
from hypothesis import strategies as st

from network.changes import what_if
from network.estate import Estate
from network.records import ShardKey
from tests.core.world import ACCOUNT, OTHER, REGION, World, record, statuses, to_igw


def test_a_subnet_without_a_table_uses_the_main_one_of_its_own_vpc():
    world = World()
    mine, other = world.vpc(), world.vpc("10.1.0.0/16")
    subnet = world.subnet(mine)
    # The other VPC's main table leads to the Internet and sorts before ours.
    world.route_table(other, [to_igw("igw-1")], main=True, RouteTableId="rtb-0000")
    main = world.route_table(mine, main=True, RouteTableId="rtb-ffff")
    assert world.estate().route_table_of(subnet).id == main


def test_an_explicit_table_beats_the_main_one():
    world = World()
    vpc = world.vpc()
    subnet, bare = world.subnet(vpc), world.subnet(vpc, "10.0.2.0/24")
    main = world.route_table(vpc, main=True)
    own = world.route_table(vpc, subnets=[subnet])
    estate = world.estate()
    assert estate.route_table_of(subnet).id == own
    assert [
        s.id
        for table in estate.route_tables(vpc)
        if table.id == main
        for s in estate.subnets_routed_by(table)
    ] == [bare]


def test_an_association_on_its_way_out_counts_no_more():
    world = World()
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    main = world.route_table(vpc, main=True)
    leaving = {"SubnetId": subnet, "AssociationState": {"State": "disassociated"}}
    world.route_table(vpc, Associations=[leaving])
    assert world.estate().route_table_of(subnet).id == main


def test_an_acl_is_the_associated_one_or_the_default_of_the_vpc():
    world = World()
    vpc = world.vpc()
    subnet, bare = world.subnet(vpc), world.subnet(vpc, "10.0.2.0/24")
    own, default = world.acl(vpc, subnets=[subnet]), world.acl(vpc, default=True)
    estate = world.estate()
    assert (estate.acl_of(subnet).id, estate.acl_of(bare).id) == (own, default)


def test_reading_names_the_shards_of_what_was_found_and_of_what_was_not():
    world = World()
    group = world.group(world.vpc())
    estate = world.estate()
    with estate.reading() as read:
        assert estate.rules_of(group) == []
        assert estate.prefix_list("pl-1", near=estate.group(group).record) is None
    assert {key.collector for key in read} == {
        "ec2.security-group",
        "ec2.security-group-rule",
        "ec2.managed-prefix-list",
    }
    assert {(key.account, key.region) for key in read} == {(ACCOUNT, REGION)}


def test_what_is_remembered_is_still_read():
    world = World()
    group = world.group(world.vpc())
    estate = world.estate()
    reads = []
    for _ in range(2):
        with estate.reading() as read:
            estate.remember("rules", lambda: estate.rules_of(group))
        reads.append(read)
    assert reads[0] == reads[1] != set()


def test_a_shard_nobody_named_was_never_read():
    world = World()
    world.vpc()
    known = world.estate()
    shards = statuses(known)
    estate = world.estate(shards)
    assert estate.status(ShardKey(ACCOUNT, REGION, "ec2.vpc")).good
    assert not estate.status(ShardKey(OTHER, REGION, "ec2.vpc")).good
    assert known.status(ShardKey(OTHER, REGION, "ec2.vpc")).good


def test_the_owner_beats_a_participant_who_sees_the_same_subnet():
    raw = {"SubnetId": "subnet-1", "VpcId": "vpc-1", "OwnerId": ACCOUNT, "CidrBlock": "10.0.0.0/24"}
    owner = record("ec2.subnet", raw | {"MapPublicIpOnLaunch": True}, account=ACCOUNT)
    guest = record("ec2.subnet", raw, account=OTHER)
    for records in ([owner, guest], [guest, owner]):
        assert Estate(records).records("ec2.subnet") == (owner,)
    assert guest.shard == ShardKey(OTHER, REGION, "ec2.subnet")


def test_a_prefix_list_seen_twice_is_known_when_one_listing_has_its_entries():
    raw = {"PrefixListId": "pl-1", "PrefixListName": "n"}
    bare = record("ec2.managed-prefix-list", raw, account=ACCOUNT)
    full = record(
        "ec2.managed-prefix-list", raw | {"Entries": [{"Cidr": "1.0.0.0/8"}]}, account=OTHER
    )
    assert Estate([bare]).prefix_list("pl-1").cidrs is None
    assert Estate([bare, full]).prefix_list("pl-1").cidrs == ("1.0.0.0/8",)


def test_what_if_leaves_the_original_alone():
    world = World()
    vpc = world.vpc()
    group = world.group(
        vpc, [{"source": "0.0.0.0/0", "ports": 22}, {"source": "10.0.0.0/8", "ports": 22}]
    )
    peer = world.group(vpc, [{"source": group, "ports": 80}])
    estate = world.estate()
    gone, kept = estate.rules_of(group)
    after = what_if(estate, [], [("ec2.security-group-rule", gone.id)])
    assert [rule.id for rule in after.rules_of(group)] == [kept.id]
    assert [rule.id for rule in estate.rules_of(group)] == [gone.id, kept.id]
    assert [found.id for found in after.groups_referencing(group)] == [peer]
    assert len(after) == len(estate) - 1
    back = what_if(after, [gone.record])
    assert [rule.id for rule in back.rules_of(group)] == [gone.id, kept.id]
    assert what_if(estate, [], [("ec2.vpc", "vpc-none")]).types == estate.types


@given(rng=st.randoms(use_true_random=False))
def test_a_changed_copy_equals_an_estate_made_anew(rng: random.Random):
    world = World()
    vpc = world.vpc()
    groups = [world.group(vpc) for _ in range(3)]
    for _ in range(12):
        world.rule(rng.choice(groups), rng.choice(["10.0.0.0/8", *groups]), rng.randrange(1, 5))
    rules = [r for r in world.records if r.type == "ec2.security-group-rule"]
    estate = world.estate()
    if rng.random() < 0.5:  # with and without indexes at hand
        estate.rules_of(groups[0])
        estate.groups_referencing(groups[0])
    removed = rng.sample(rules, 4)
    moved = [
        record("ec2.security-group-rule", {**r.config, "GroupId": rng.choice(groups)})
        for r in rng.sample([r for r in rules if r not in removed], 3)
    ]
    changed = what_if(estate, moved, [(r.type, r.id) for r in removed])
    ids = {r.id for r in (*removed, *moved)}
    anew = Estate([*(r for r in world.records if r.id not in ids), *moved])
    for group in groups:
        assert [r.id for r in changed.rules_of(group)] == [r.id for r in anew.rules_of(group)]
        assert [g.id for g in changed.groups_referencing(group)] == [
            g.id for g in anew.groups_referencing(group)
        ]
    assert list(map(vars_of, changed.records("ec2.security-group-rule"))) == list(
        map(vars_of, anew.records("ec2.security-group-rule"))
    )


def vars_of(made):
    return made.id, dict(made.config)
