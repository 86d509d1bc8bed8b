from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from findings import lifecycle
from findings.lifecycle import Action, RefusalError, Sight
from findings.states import Detection, Triage

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

steps = st.lists(
    st.one_of(
        st.sampled_from(Sight),
        st.tuples(st.sampled_from(Action), st.integers(1, 60)),
        st.just("wake"),
        st.just("worsen"),
    ),
    max_size=40,
)


def run(steps):
    """Yield (step, before, after, at); refused actions change nothing."""
    status, at = lifecycle.begin(at=START), START
    for step in steps:
        at += HOUR
        before = status
        if isinstance(step, Sight):
            status = lifecycle.see(status, step, at=at)
        elif step == "wake":
            status = lifecycle.wake(status, at=at)
        elif step == "worsen":
            status = lifecycle.worsen(status)
        else:
            action, hours = step
            try:
                status = lifecycle.act(
                    status, action, at=at, reason="because", until=at + hours * HOUR
                )
            except RefusalError:
                status = before
        yield step, before, status, at


@given(steps)
def test_no_sequence_of_events_hides_a_regression(steps):
    for _, before, after, at in run(steps):
        if before.detection is not Detection.FAILING and after.detection is Detection.FAILING:
            waived = after.triage is Triage.ACCEPTED and after.waived_until > at
            assert after.triage is Triage.NEW or waived
            assert after.times_reopened == before.times_reopened + 1
            assert after.failing_since == at


@given(steps)
def test_nobody_but_an_evaluation_changes_detection(steps):
    for step, before, after, _ in run(steps):
        if not isinstance(step, Sight):
            assert after.detection is before.detection
            assert after.resolved_at == before.resolved_at


@given(steps)
def test_unknown_never_changes_detection_and_is_always_said(steps):
    for step, before, after, _ in run(steps):
        if step is Sight.UNKNOWN:
            assert after.detection is before.detection
            assert after.not_assessed_since is not None


@given(steps)
def test_a_resolved_finding_has_a_time_and_a_failing_one_has_none(steps):
    for _, _, after, _ in run(steps):
        assert (after.detection is Detection.FAILING) == (after.resolved_at is None)


@given(steps)
def test_what_hides_a_finding_always_has_an_end_or_a_name(steps):
    for _, _, after, _ in run(steps):
        assert (after.triage is Triage.SNOOZED) == (after.snoozed_until is not None)
        assert (after.triage is Triage.ACCEPTED) == (after.waived_until is not None)


@given(steps, st.sampled_from([Triage.SNOOZED, Triage.ACCEPTED]))
def test_time_brings_every_snooze_and_waiver_back(steps, hidden):
    states = [lifecycle.begin(at=START), *(after for _, _, after, _ in run(steps))]
    woken = lifecycle.wake(states[-1], at=START + timedelta(days=4_000))
    assert woken.triage is not hidden


def test_there_is_no_action_that_resolves():
    targets = {lifecycle._TARGET[action] for action in Action}
    assert targets == set(Triage)
    assert not {action.value for action in Action} & {"resolve", "resolved", "close"}


def test_an_unexpired_acceptance_survives_a_regression():
    status = lifecycle.begin(at=START)
    status = lifecycle.act(
        status, Action.ACCEPT, at=START, reason="known", until=START + timedelta(days=30)
    )
    status = lifecycle.see(status, Sight.PASSING, at=START + HOUR)
    again = lifecycle.see(status, Sight.FAILING, at=START + 2 * HOUR)
    late = lifecycle.see(status, Sight.FAILING, at=START + timedelta(days=31))
    assert (again.triage, again.times_reopened) == (Triage.ACCEPTED, 1)
    assert late.triage is Triage.NEW


def test_a_false_positive_that_passed_and_fails_again_is_new():
    status = lifecycle.begin(at=START)
    status = lifecycle.act(status, Action.FALSE_POSITIVE, at=START, reason="lab")
    status = lifecycle.see(status, Sight.PASSING, at=START + HOUR)
    assert lifecycle.see(status, Sight.FAILING, at=START + 2 * HOUR).triage is Triage.NEW


def test_a_failure_that_could_not_be_checked_again_stands_and_says_since_when():
    status = lifecycle.begin(at=START)
    denied = START + HOUR
    stale = lifecycle.see(status, Sight.FAILING, at=START + 2 * HOUR, unknown_since=denied)
    later = lifecycle.see(stale, Sight.UNKNOWN, at=START + 3 * HOUR)
    fresh = lifecycle.see(later, Sight.FAILING, at=START + 4 * HOUR)
    assert (stale.detection, stale.not_assessed_since) == (Detection.FAILING, denied)
    assert later.not_assessed_since == denied
    assert fresh.not_assessed_since is None


def test_worse_than_judged_is_new_again_unless_accepted():
    status = lifecycle.begin(at=START)
    snoozed = lifecycle.act(status, Action.SNOOZE, at=START, until=START + HOUR)
    accepted = lifecycle.act(status, Action.ACCEPT, at=START, reason="x", until=START + HOUR)
    assert lifecycle.worsen(snoozed).triage is Triage.NEW
    assert lifecycle.worsen(accepted).triage is Triage.ACCEPTED


@pytest.mark.parametrize(
    ("action", "reason", "until", "said"),
    [
        (Action.ACCEPT, "", START + HOUR, "reason"),
        (Action.ACCEPT, "x", None, "end"),
        (Action.ACCEPT, "x", START + timedelta(days=400), "366"),
        (Action.SNOOZE, "", START - HOUR, "future"),
        (Action.SNOOZE, "", START + timedelta(days=91), "90"),
        (Action.FALSE_POSITIVE, "  ", None, "reason"),
        (Action.REOPEN, "", None, "open already"),
    ],
)
def test_an_action_without_what_it_needs_is_refused(action, reason, until, said):
    with pytest.raises(RefusalError, match=said):
        lifecycle.act(lifecycle.begin(at=START), action, at=START, reason=reason, until=until)


def test_what_no_longer_fails_needs_no_decision():
    status = lifecycle.see(lifecycle.begin(at=START), Sight.PASSING, at=START)
    with pytest.raises(RefusalError, match="nothing to decide"):
        lifecycle.act(status, Action.ACKNOWLEDGE, at=START)


def test_an_accepted_finding_is_reopened_before_anything_else():
    status = lifecycle.act(
        lifecycle.begin(at=START), Action.ACCEPT, at=START, reason="x", until=START + HOUR
    )
    with pytest.raises(RefusalError, match="reopen it first"):
        lifecycle.act(status, Action.SNOOZE, at=START, until=START + HOUR)
