"""Differences as pure values, and the buckets: every order of answers comes to the same."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.buckets import READ, Buckets, Key, Limit
from inventory.differences import Difference, Identity, Item, Row, compare, doubtful, settle
from network.canonical import canonicalise
from tests.factories import NOW, raw_vpc

OWNER, OTHER = "111111111111", "222222222222"
moments = st.integers(0, 5).map(lambda minutes: NOW + timedelta(minutes=minutes))


def item(rid, cidr="10.0.0.0/16", owner=OWNER):
    return Item.of(canonicalise("ec2.vpc", raw_vpc(rid, cidr=cidr, OwnerId=owner), account=owner))


def row(made, *, at=NOW, deleted=False, pk=1):
    return Row(pk, 1, 1, made.identity, made.hash, 1, "", at, deleted)


ids = st.sampled_from(["vpc-a", "vpc-b", "vpc-c", "vpc-d"])
cidrs = st.sampled_from(["10.0.0.0/16", "10.1.0.0/16"])
listings = st.dictionaries(ids, cidrs)


@given(before=listings, after=listings)
def test_applying_a_difference_gives_the_answer(before, after):
    held = [row(item(rid, cidr)) for rid, cidr in before.items()]
    listed = [item(rid, cidr) for rid, cidr in after.items()]
    found, new = compare(listed, held, started=NOW, version=1)
    settle(found, new, {}, asked=OWNER, started=NOW)
    result = {r.identity.rid: r.hash for r in found.unchanged}
    result |= {made.canonical.id: made.hash for made in found.inserted}
    result |= {made.canonical.id: made.hash for _, made in found.updated}
    assert result == {made.canonical.id: made.hash for made in listed}
    assert {r.identity.rid for r in found.deleted} == set(before) - set(after)
    assert bool(found) == (before != after)


@given(before=listings, after=listings, seen=moments, started=moments)
def test_an_older_answer_changes_no_newer_row(before, after, seen, started):
    held = [row(item(rid, cidr), at=seen) for rid, cidr in before.items()]
    listed = [item(rid, cidr) for rid, cidr in after.items()]
    found, _ = compare(listed, held, started=started, version=1)
    if started < seen:
        assert not found.updated
        assert not found.deleted


@given(at=moments, started=moments, deleted=st.booleans(), owner=st.sampled_from([OWNER, OTHER]))
def test_a_row_elsewhere_is_revived_taken_or_left_but_never_doubled(at, started, deleted, owner):
    made = item("vpc-a", owner=owner)
    elsewhere = {made.identity: row(made, at=at, deleted=deleted)}
    found = settle(Difference(), [made], elsewhere, asked=OWNER, started=started)
    assert not found.inserted
    if at > started:
        assert not found
    elif deleted:
        assert [r for r, _ in found.revived] == list(elsewhere.values())
    else:
        assert bool(found.taken) == (owner == OWNER)


def test_a_new_canonical_form_is_stored_though_the_content_is_the_same():
    made = item("vpc-a")
    found, _ = compare([made], [row(made)], started=NOW, version=2)
    assert len(found.updated) == 1


def test_what_is_doubtful():
    gone = [Row(n, 1, 1, Identity(OWNER, str(n)), b"", 1, "", NOW) for n in range(21)]
    assert doubtful(Difference(deleted=gone), held=41)
    assert not doubtful(Difference(deleted=gone), held=42)
    assert not doubtful(Difference(deleted=gone[:20]), held=20)


class Clock:
    """Time that passes by sleeping."""

    def __init__(self):
        self.now = 0.0

    def sleep(self, seconds):
        self.now += seconds


KEY = Key("1", "r", "ec2", "DescribeVpcs")


def test_a_bucket_keeps_to_the_documented_rate():
    clock = Clock()
    buckets = Buckets(clock=lambda: clock.now, sleep=clock.sleep)
    for _ in range(100 + 20 * 10):
        buckets.wait(KEY, READ)
    assert 9.9 < clock.now < 10.1


def test_a_refusal_halves_the_rate_and_success_brings_it_back():
    clock = Clock()
    buckets = Buckets(clock=lambda: clock.now, sleep=clock.sleep)
    limit = Limit(1, 10)
    buckets.wait(KEY, limit)
    buckets.refused(KEY)
    before = clock.now
    for _ in range(5):
        buckets.wait(KEY, limit)
    assert clock.now - before >= 0.95  # five a second now
    for _ in range(25):
        buckets.accepted(KEY)
    clock.now += 10
    before = clock.now
    for _ in range(11):
        buckets.wait(KEY, limit)
    assert clock.now - before < 1.1


def test_accounts_do_not_slow_each_other():
    clock = Clock()
    buckets = Buckets(clock=lambda: clock.now, sleep=clock.sleep)
    buckets.wait(KEY, READ)
    for _ in range(5):
        buckets.refused(KEY)
    for _ in range(50):
        buckets.wait(KEY._replace(account="2"), READ)
    assert clock.now == 0
