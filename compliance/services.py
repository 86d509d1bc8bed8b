"""Keeping the scores of each day."""

from datetime import datetime

from django.db import transaction

from compliance.frameworks import frameworks
from compliance.models import ScoreSnapshot
from compliance.selectors import scored
from compliance.tallies import dumped, tallies_of
from inventory.models import Account, Source


@transaction.atomic
def keep_scores(source_id: int, *, now: datetime) -> int:
    """Write or bring up to date today's snapshot of each framework; returns how many.

    Today is the UTC day of `now`. The database refuses a change to a day that is past.
    """
    source = Source.objects.select_for_update().get(pk=source_id)
    accounts = Account.objects.filter(source=source)
    for framework in frameworks().values():
        tallies = tallies_of(accounts, framework.rules(), now=now)
        result = scored(framework, tallies)
        ScoreSnapshot.objects.update_or_create(
            source=source,
            framework=framework.id,
            day=now.date(),
            defaults={
                "at": now,
                "met": result.score.met,
                "failed": result.failed,
                "waived": result.waived,
                "not_assessed": result.not_assessed,
                "not_applicable": result.not_applicable,
                "out_of_scope": result.out_of_scope,
                "tallies": dumped(tallies),
            },
        )
    return len(frameworks())
