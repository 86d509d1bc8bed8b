"""Scores as a user may see them: of the accounts in their scope, then and now."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, QuerySet

from compliance.frameworks import Control, Framework, Section
from compliance.models import ScoreSnapshot
from compliance.scoring import ControlScore, Requirement, Score, Status, score
from compliance.tallies import Tallies, loaded, tallies_of
from findings.models import Finding
from findings.states import Detection, Kind
from identity.models import User
from identity.scopes import sees_everything
from inventory.models import Account
from inventory.selectors import accounts_visible_to, in_view
from inventory.states import AccountStatus


@dataclass(frozen=True, slots=True)
class Scored:
    """A framework with its score of the accounts someone sees."""

    framework: Framework
    score: Score

    def of(self, control: Control) -> ControlScore:
        """The score of one control."""
        return next(each for each in self.score.controls if each.id == control.id)

    def sections(self) -> list[tuple[Section, list[tuple[Control, ControlScore]]]]:
        """Sections that have a control in scope, each with those controls and their scores."""
        by_id = {each.id: each for each in self.score.controls}
        rows = [
            (section, [(each, by_id[each.id]) for each in section.controls if each.in_scope])
            for section in self.framework.sections
        ]
        return [(section, controls) for section, controls in rows if controls]

    @property
    def failed(self) -> int:
        """Controls with a failure nobody accepted."""
        return self.score.count(Status.FAIL)

    @property
    def waived(self) -> int:
        """Controls whose every failure a person accepted."""
        return self.score.count(Status.WAIVED)

    @property
    def not_assessed(self) -> int:
        """Controls in scope that could not be judged."""
        return self.score.count(Status.NOT_ASSESSED)

    @property
    def not_applicable(self) -> int:
        """Controls that apply to nothing that exists."""
        return self.score.count(Status.NOT_APPLICABLE)

    @property
    def out_of_scope(self) -> int:
        """Controls that are not about the network."""
        return self.score.count(Status.OUT_OF_SCOPE)


def scored(framework: Framework, tallies: Tallies) -> Scored:
    """The framework's score from counts, however they were come by."""
    requirements = [
        Requirement(control.id, control.rules, control.in_scope) for control in framework.controls()
    ]
    return Scored(framework, score(requirements, tallies))


def score_for(
    user: User, framework: Framework, *, now: datetime, source: int | None = None
) -> Scored:
    """The score now of the accounts `user` sees; four queries at any size.

    Without a `source`, of all connected organisations: imports have scores of their own.
    """
    accounts = accounts_visible_to(user).filter(in_view(source, path="source"))
    return scored(framework, tallies_of(accounts, framework.rules(), now=now))


def accounts_for(user: User, *, source: int | None = None) -> QuerySet[Account]:
    """The accounts that count in the scores of `user`, by name."""
    counted = accounts_visible_to(user).filter(in_view(source, path="source"))
    return counted.filter(status=AccountStatus.ACTIVE).order_by("name", "pk")


@dataclass(frozen=True, slots=True)
class DayScore:
    """The score of one day."""

    day: date
    met: int
    failed: int
    waived: int
    not_assessed: int
    in_scope: int


def trend_for(
    user: User,
    framework: Framework,
    *,
    today: date,
    days: int = 90,
    source: int | None = None,
) -> list[DayScore]:
    """One entry for each day with counts of accounts that `user` sees now, oldest first.

    The days are recomputed from the counts kept in the snapshots by today's file of controls, so
    that a change of the file does not look like a change of the estate.
    """
    seen = (
        None
        if sees_everything(user)
        else frozenset(accounts_visible_to(user).values_list("pk", flat=True))
    )
    snapshots = ScoreSnapshot.objects.filter(
        in_view(source, path="source"),
        framework=framework.id,
        day__gt=today - timedelta(days=days),
        day__lte=today,
    ).order_by("day", "source_id")
    by_day: dict[date, Tallies] = defaultdict(lambda: defaultdict(dict))
    for day, dump in snapshots.values_list("day", "tallies").iterator():
        for rule, accounts in loaded(dump, seen).items():
            if accounts:
                by_day[day][rule].update(accounts)
    found = []
    for day, tallies in by_day.items():
        of_day = scored(framework, tallies)
        found.append(
            DayScore(
                day=day,
                met=of_day.score.met,
                failed=of_day.failed,
                waived=of_day.waived,
                not_assessed=of_day.not_assessed,
                in_scope=of_day.score.in_scope,
            )
        )
    return found


def failing_for(user: User, control: Control, *, source: int | None = None) -> QuerySet[Finding]:
    """What makes the control fail, worst first, in active accounts `user` sees."""
    return (
        Finding.objects.filter(
            kind=Kind.MISCONFIGURATION,
            code__in=control.rules,
            detection=Detection.FAILING,
            resource__account__in=accounts_for(user, source=source).values("pk"),
        )
        .select_related("resource", "resource__account")
        .annotate(account_name=F("resource__account__name"))
        .order_by("severity_rank", "-failing_since", "pk")
    )
