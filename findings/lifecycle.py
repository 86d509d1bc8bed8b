"""How a finding moves: what evaluation may do to it, what people may, and what time may. Pure.

Two axes that never write each other's values, with one exception: a regression takes back what
people made of an earlier episode, unless the risk is accepted and the acceptance still runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from findings.states import Detection, Triage

LONGEST_SNOOZE = timedelta(days=90)
LONGEST_WAIVER = timedelta(days=366)


class Sight(StrEnum):
    """What one evaluation saw of a finding's subject."""

    FAILING = "failing"
    PASSING = "passing"
    UNKNOWN = "unknown"  # the inventory cannot tell
    GONE = "gone"  # a complete answer no longer lists the resource


class Action(StrEnum):
    """What people may do. There is no way to resolve a finding by hand, and none to hide one."""

    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    ACCEPT = "accept"
    FALSE_POSITIVE = "false-positive"
    REOPEN = "reopen"


class RefusalError(ValueError):
    """The finding's present state, or a missing reason or end, does not allow the action."""


@dataclass(frozen=True, slots=True)
class Status:
    """The part of a finding that moves. `waived_until` is the end of its open waiver."""

    detection: Detection
    failing_since: datetime
    triage: Triage = Triage.NEW
    resolved_at: datetime | None = None
    not_assessed_since: datetime | None = None
    times_reopened: int = 0
    snoozed_until: datetime | None = None
    waived_until: datetime | None = None

    @property
    def hidden(self) -> bool:
        """Whether the review list leaves it out although it fails."""
        return self.triage in (Triage.SNOOZED, Triage.ACCEPTED, Triage.FALSE_POSITIVE)


_FROM_ANYWHERE = frozenset((Triage.NEW, Triage.ACKNOWLEDGED, Triage.SNOOZED))
ALLOWED: Mapping[Action, frozenset[Triage]] = {
    Action.ACKNOWLEDGE: frozenset((Triage.NEW, Triage.SNOOZED)),
    Action.SNOOZE: _FROM_ANYWHERE,
    Action.ACCEPT: _FROM_ANYWHERE,
    Action.FALSE_POSITIVE: _FROM_ANYWHERE,
    Action.REOPEN: frozenset(Triage) - {Triage.NEW},
}
_TARGET = {
    Action.ACKNOWLEDGE: Triage.ACKNOWLEDGED,
    Action.SNOOZE: Triage.SNOOZED,
    Action.ACCEPT: Triage.ACCEPTED,
    Action.FALSE_POSITIVE: Triage.FALSE_POSITIVE,
    Action.REOPEN: Triage.NEW,
}
NEEDS_REASON = frozenset((Action.ACCEPT, Action.FALSE_POSITIVE))
NEEDS_END: Mapping[Action, timedelta] = {
    Action.SNOOZE: LONGEST_SNOOZE,
    Action.ACCEPT: LONGEST_WAIVER,
}


def begin(*, at: datetime) -> Status:
    """A finding seen failing for the first time."""
    return Status(detection=Detection.FAILING, failing_since=at)


def see(
    status: Status, sight: Sight, *, at: datetime, unknown_since: datetime | None = None
) -> Status:
    """The next state after an evaluation.

    Unknown never changes detection. `unknown_since` with any sight says that what the sight rests
    on is no longer fresh: a failure that was seen stands, and the finding says since when it could
    not be checked.
    """
    if sight is Sight.UNKNOWN:
        since = status.not_assessed_since or unknown_since or at
        return replace(status, not_assessed_since=since)
    stale = (status.not_assessed_since or unknown_since) if unknown_since else None
    if sight is Sight.FAILING:
        if status.detection is Detection.FAILING:
            return replace(status, not_assessed_since=stale)
        return replace(
            _regressed(status, at=at),
            not_assessed_since=stale,
        )
    if status.detection is not Detection.FAILING:
        return replace(status, not_assessed_since=stale)
    ended = Detection.GONE if sight is Sight.GONE else Detection.RESOLVED
    return replace(status, detection=ended, resolved_at=at, not_assessed_since=stale)


def _regressed(status: Status, *, at: datetime) -> Status:
    back = replace(
        status,
        detection=Detection.FAILING,
        failing_since=at,
        resolved_at=None,
        times_reopened=status.times_reopened + 1,
    )
    waived = status.triage is Triage.ACCEPTED and (status.waived_until or at) > at
    return back if waived else _reopened(back)


def worsen(status: Status) -> Status:
    """The next state when a failing finding became more severe than what people judged.

    Only an acceptance stands: it has a name, a reason and an end.
    """
    return status if status.triage in (Triage.NEW, Triage.ACCEPTED) else _reopened(status)


def act(
    status: Status, action: Action, *, at: datetime, reason: str = "", until: datetime | None = None
) -> Status:
    """The next state after a person's action. Raises `RefusalError` with what to do instead."""
    if status.detection is not Detection.FAILING and action is not Action.REOPEN:
        raise RefusalError("Nothing is failing any more, so there is nothing to decide.")
    if status.triage not in ALLOWED[action]:
        raise RefusalError(
            f"The finding is {status.triage.label.lower()}: "
            + ("it is open already." if action is Action.REOPEN else "reopen it first.")
        )
    if action in NEEDS_REASON and not reason.strip():
        raise RefusalError("Give a reason.")
    if (longest := NEEDS_END.get(action)) is not None:
        if until is None or until <= at:
            raise RefusalError("Give an end that lies in the future.")
        if until > at + longest:
            raise RefusalError(f"The end may lie at most {longest.days} days ahead.")
    return replace(
        status,
        triage=_TARGET[action],
        snoozed_until=until if action is Action.SNOOZE else None,
        waived_until=until if action is Action.ACCEPT else None,
    )


def wake(status: Status, *, at: datetime) -> Status:
    """The next state when time passes: snoozes and acceptances end, and the finding is new again."""
    ends = {Triage.SNOOZED: status.snoozed_until, Triage.ACCEPTED: status.waived_until}
    if status.triage not in ends:
        return status
    end = ends[status.triage]
    return _reopened(status) if end is None or end <= at else status


def _reopened(status: Status) -> Status:
    return replace(status, triage=Triage.NEW, snoozed_until=None, waived_until=None)
