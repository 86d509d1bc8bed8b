"""Scores: fractions that unknowns can only lower."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.scoring import Counts, Requirement, Score, Status, score, status

RULES = ("a", "b", "c")
ACCOUNTS = (1, 2, 3)
small = st.integers(min_value=0, max_value=3)


@st.composite
def counts(draw):
    failed = draw(small)
    return Counts(
        passed=draw(small),
        failed=failed,
        waived=draw(st.integers(0, failed)),
        unknown=draw(small),
        not_applicable=draw(small),
        unread=draw(st.integers(0, 1)),
    )


tallies = st.dictionaries(
    st.sampled_from(RULES), st.dictionaries(st.sampled_from(ACCOUNTS), counts(), max_size=3)
)
requirements = st.lists(
    st.tuples(st.lists(st.sampled_from(RULES), max_size=2, unique=True), st.booleans()), max_size=5
).map(
    lambda given_: [
        Requirement(str(number), tuple(rules), in_scope)
        for number, (rules, in_scope) in enumerate(given_)
    ]
)


@st.composite
def denied(draw, before):
    """`before` after some listings were refused: verdicts became unknown, or were never reached."""
    after = {}
    for rule, accounts in before.items():
        after[rule] = {}
        for account, had in accounts.items():
            passed = draw(st.integers(0, had.passed))
            waived = draw(st.integers(0, had.waived))
            failed = waived + draw(st.integers(0, had.open))
            applicable = draw(st.integers(0, had.not_applicable))
            lost = (had.passed - passed) + (had.failed - failed)
            lost += had.not_applicable - applicable
            hidden = draw(st.booleans())  # the refused listing may show fewer resources at all
            after[rule][account] = Counts(
                passed=passed,
                failed=failed,
                waived=waived,
                unknown=had.unknown + (0 if hidden else lost),
                not_applicable=applicable,
                unread=had.unread + (1 if lost else 0),
            )
    return after


def _percent(found: Score) -> int:
    return 100 if found.percent is None else found.percent


@given(st.data(), requirements, tallies)
def test_a_denied_call_never_raises_the_score_nor_what_was_assessed(data, needs, before):
    after = data.draw(denied(before))
    seen, refused = score(needs, before), score(needs, after)
    assert refused.met <= seen.met
    assert refused.assessed <= seen.assessed
    assert _percent(refused) <= _percent(seen)


@given(requirements, tallies)
def test_every_control_has_one_status_and_the_sums_agree(needs, given_tallies):
    found = score(needs, given_tallies)
    assert sum(found.count(each) for each in Status) == len(needs)
    outside = found.count(Status.OUT_OF_SCOPE) + found.count(Status.NOT_APPLICABLE)
    assert found.in_scope + outside == len(needs)
    assert found.assessed + found.count(Status.NOT_ASSESSED) == found.in_scope


@given(tallies)
def test_the_accounts_of_a_control_add_up_to_the_control(given_tallies):
    (control,) = score([Requirement("1", RULES)], given_tallies).controls
    assert sum(control.by_account.values(), Counts()) == control.counts


@pytest.mark.parametrize(
    ("given_counts", "expected"),
    [
        (Counts(passed=9), Status.PASS),
        (Counts(passed=9, failed=1), Status.FAIL),
        (Counts(passed=9, failed=1, waived=1), Status.WAIVED),
        (Counts(passed=9, failed=2, waived=1), Status.FAIL),
        (Counts(passed=9, unknown=1), Status.NOT_ASSESSED),
        (Counts(passed=9, unread=1), Status.NOT_ASSESSED),
        (Counts(failed=1, unknown=5), Status.FAIL),
        (Counts(failed=1, waived=1, unknown=5), Status.NOT_ASSESSED),
        (Counts(not_applicable=3), Status.NOT_APPLICABLE),
        (Counts(), Status.NOT_APPLICABLE),
    ],
)
def test_a_control_follows_from_its_counts(given_counts, expected):
    assert status(given_counts) is expected


def test_a_rule_that_never_ran_leaves_its_control_not_assessed():
    found = score([Requirement("1", ("a", "b"))], {"a": {1: Counts(passed=1)}})
    assert found.controls[0].status is Status.NOT_ASSESSED


def test_a_control_without_rules_stays_in_the_denominator():
    found = score([Requirement("1", ()), Requirement("2", ("a",))], {"a": {1: Counts(passed=1)}})
    assert (found.met, found.in_scope, found.assessed, found.percent) == (1, 2, 1, 50)


def test_an_account_without_counts_is_not_assessed_there():
    found = score([Requirement("1", ("a",))], {"a": {1: Counts(passed=1)}}).controls[0]
    assert found.status_in(1) is Status.PASS
    assert found.status_in(2) is Status.NOT_ASSESSED


def test_the_percentage_is_rounded_down_so_that_100_means_all():
    needs = [Requirement(str(number), ("a",)) for number in range(199)] + [Requirement("x", ("b",))]
    found = score(needs, {"a": {1: Counts(passed=1)}, "b": {1: Counts(failed=1)}})
    assert found.percent == 99
