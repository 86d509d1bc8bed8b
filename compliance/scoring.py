"""Scores of controls and frameworks from counts of verdicts (pure).

The score is *controls met of controls in scope*: a control that could not be assessed stays in the
denominator and is not met. So a denied API call can only lower the score and what was assessed; it
can never raise either. What was waived, and what applies to nothing, is counted apart.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """What one control came to."""

    PASS = "pass"  # noqa: S105  # a verdict, no password
    FAIL = "fail"
    WAIVED = "waived"
    NOT_ASSESSED = "not-assessed"
    NOT_APPLICABLE = "not-applicable"
    OUT_OF_SCOPE = "out-of-scope"


@dataclass(frozen=True, slots=True)
class Counts:
    """Verdicts of rules on resources. `waived` is the part of `failed` that people accepted.

    `unread` counts account-regions whose listing was not good, or not judged yet: they may hide
    resources nobody has seen, so they weigh like an unknown verdict.
    """

    passed: int = 0
    failed: int = 0
    waived: int = 0
    unknown: int = 0
    not_applicable: int = 0
    unread: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.waived + other.waived,
            self.unknown + other.unknown,
            self.not_applicable + other.not_applicable,
            self.unread + other.unread,
        )

    @property
    def judged(self) -> int:
        """Resources with a verdict of pass or fail."""
        return self.passed + self.failed

    @property
    def open(self) -> int:
        """Failing resources that nobody accepted."""
        return max(0, self.failed - self.waived)


def status(counts: Counts) -> Status:
    """A failure stands whatever else is unknown; nothing passes while something is unknown."""
    if counts.open:
        return Status.FAIL
    if counts.unknown or counts.unread:
        return Status.NOT_ASSESSED
    if counts.failed:
        return Status.WAIVED
    return Status.PASS if counts.passed else Status.NOT_APPLICABLE


@dataclass(frozen=True, slots=True)
class Requirement:
    """What scoring needs of a control: which rules judge it; none means it cannot be assessed."""

    id: str
    rules: tuple[str, ...]
    in_scope: bool = True


@dataclass(frozen=True, slots=True)
class ControlScore:
    """One control's status with the counts it follows from, by account."""

    id: str
    status: Status
    counts: Counts
    by_account: Mapping[int, Counts] = field(default_factory=dict)

    def status_in(self, account: int) -> Status:
        """The control's status in one account alone."""
        if self.status is Status.OUT_OF_SCOPE:
            return Status.OUT_OF_SCOPE
        if account not in self.by_account:
            return Status.NOT_ASSESSED
        return status(self.by_account[account])


@dataclass(frozen=True, slots=True)
class Score:
    """A framework's score: always a fraction, with what is not in the numerator named."""

    controls: tuple[ControlScore, ...]

    def count(self, wanted: Status) -> int:
        """How many controls came to that status."""
        return sum(control.status is wanted for control in self.controls)

    @property
    def met(self) -> int:
        """The numerator."""
        return self.count(Status.PASS)

    @property
    def in_scope(self) -> int:
        """The denominator: met, failed, waived and not assessed."""
        left_out = {Status.OUT_OF_SCOPE, Status.NOT_APPLICABLE}
        return sum(control.status not in left_out for control in self.controls)

    @property
    def assessed(self) -> int:
        """How many controls in scope could be judged at all."""
        return self.in_scope - self.count(Status.NOT_ASSESSED)

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means all; None when nothing is in scope."""
        return self.met * 100 // self.in_scope if self.in_scope else None


def score(
    requirements: Iterable[Requirement], tallies: Mapping[str, Mapping[int, Counts]]
) -> Score:
    """Score all requirements from `tallies`: rule → account → counts.

    A rule without any tally was never judged, so its control is not assessed.
    """
    return Score(tuple(_control(each, tallies) for each in requirements))


def _control(requirement: Requirement, tallies: Mapping[str, Mapping[int, Counts]]) -> ControlScore:
    if not requirement.in_scope:
        return ControlScore(requirement.id, Status.OUT_OF_SCOPE, Counts())
    by_account: dict[int, Counts] = {}
    for rule in requirement.rules:
        for account, counts in tallies.get(rule, {}).items():
            by_account[account] = by_account.get(account, Counts()) + counts
    total = sum(by_account.values(), Counts())
    complete = bool(requirement.rules) and all(tallies.get(rule) for rule in requirement.rules)
    found = status(total)
    if not complete and found is not Status.FAIL:
        found = Status.NOT_ASSESSED
    return ControlScore(requirement.id, found, total, by_account)
