"""When the product may repair by itself: one pure judgement over what is known of a drift."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from drift.states import TrustLevel
from remediation.actions.catalogue import Tier

NEEDED = {"revoke-added-rule": TrustLevel.AUTO, "add-back-rule": TrustLevel.ADD_BACK}
HEALS_AN_HOUR = 3  # of one resource; more is a fight with whatever keeps changing it
REPAIRS_AN_HOUR = 20  # of one account; more is a mass change, which a person looks at
TRIES = 3  # for one finding and episode


class Course(StrEnum):
    """What the autopilot does with one drift."""

    ACT = "act"
    WAIT = "wait"  # nothing stands against it but time
    WOULD = "would"  # everything allows it but the trust level
    PERSON = "person"  # it is not for the product to decide


@dataclass(frozen=True, slots=True)
class Judgement:
    """A course and the reason, for the log and for the page."""

    course: Course
    reason: str


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the judgement rests on. `earlier_look` is the last good look before the drift."""

    action: str
    trust: TrustLevel
    confirmed: bool
    first_observed: datetime
    earlier_look: datetime | None
    settle: timedelta
    max_age: timedelta
    look_interval: timedelta
    now: datetime
    stopped: str = ""
    waived: bool = False
    held: str = ""
    heals: int = 0
    repairs: int = 0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What is known once there is a plan."""

    tier: Tier
    needs_person: str
    unknown: tuple[str, ...]


def judge(situation: Situation) -> Judgement:
    """The course before a plan is made; ACT means: plan it, and ask `judge_plan` too."""
    needed = NEEDED.get(situation.action)
    if needed is None:
        return Judgement(Course.PERSON, "No action of this kind runs by itself.")
    against = [*_standing_against(situation), *_of_time(situation), *_of_trust(situation, needed)]
    allowed = "Differs from an approved baseline since a short time, and within the limits."
    return against[0] if against else Judgement(Course.ACT, allowed)


def _standing_against(s: Situation) -> Iterator[Judgement]:
    if s.stopped:
        yield Judgement(Course.WAIT, s.stopped)
    if s.waived:
        yield Judgement(Course.PERSON, "Someone accepted or snoozed the finding.")
    if s.held:
        yield Judgement(Course.PERSON, s.held)
    if s.tries >= TRIES:
        yield Judgement(Course.PERSON, f"{s.tries} attempts did not end in a verified repair.")
    if s.heals >= HEALS_AN_HOUR:
        yield Judgement(Course.PERSON, f"Healed {s.heals} times within an hour: something fights.")
    if s.repairs >= REPAIRS_AN_HOUR:
        yield Judgement(Course.PERSON, f"{s.repairs} repairs in this account within an hour.")


def _of_time(s: Situation) -> Iterator[Judgement]:
    if s.earlier_look is None:
        yield Judgement(Course.PERSON, "The state before the change was never observed.")
    elif s.first_observed - s.earlier_look > max(s.max_age, 2 * s.look_interval):
        yield Judgement(Course.PERSON, "Nobody looked for long before: the change may be old.")
    if s.now - s.first_observed > s.max_age:
        yield Judgement(Course.PERSON, "The change is older than the baseline's limit.")
    if s.now - s.first_observed < s.settle:
        yield Judgement(Course.WAIT, "The settle delay has not passed.")


def _of_trust(s: Situation, needed: TrustLevel) -> Iterator[Judgement]:
    if s.trust.rank < needed.rank:
        yield Judgement(Course.WOULD, f"The baseline's trust level is {s.trust.value}.")
    elif not s.confirmed:
        yield Judgement(Course.PERSON, "No admin stands behind the trust level.")


def judge_plan(planned: Planned, *, tolerated: frozenset[str]) -> Judgement:
    """Whether this plan may run unasked; `tolerated` are unknowns that the baseline answers."""
    if planned.tier is not Tier.AUTO:
        return Judgement(Course.PERSON, "This action always needs an approval.")
    if planned.needs_person:
        return Judgement(Course.PERSON, planned.needs_person)
    unknown = [each for each in planned.unknown if each not in tolerated]
    if unknown:
        return Judgement(Course.PERSON, f"The impact is unknown: {', '.join(unknown)}.")
    return Judgement(Course.ACT, "Judged against the baseline.")
