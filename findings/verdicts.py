"""What evaluation leaves behind for scores: verdicts that are no pass, and tallies that count all."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from findings.dirty import Place
from findings.models import Tally, Verdict

_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Judged:
    """One rule's verdict on one resource; `missing` names the listings it waits for."""

    verdict: str
    missing: tuple[str, ...] = ()
    unknown_since: datetime | None = None


def write_verdicts(place: Place, judged: Mapping[tuple[str, int], Judged], *, at: datetime) -> None:
    """Keep a row for each failing or unknown verdict of an account-region, and no other."""
    wanted = {key: one for key, one in judged.items() if one.verdict in ("fail", "unknown")}
    present = {
        (row.rule, row.resource_id): row
        for row in Verdict.objects.filter(
            resource__account_id=place.account, resource__region=place.region
        )
    }
    Verdict.objects.filter(
        pk__in=[row.pk for key, row in present.items() if key not in wanted]
    ).delete()
    changed, new = [], []
    for (rule, resource_id), one in wanted.items():
        row = present.get((rule, resource_id))
        if row is None:
            row = Verdict(rule=rule, resource_id=resource_id)
            new.append(row)
        elif (row.verdict, row.missing) != (one.verdict, list(one.missing)):
            changed.append(row)
        else:
            continue
        row.verdict, row.missing, row.at = one.verdict, list(one.missing), at
    Verdict.objects.bulk_create(new, batch_size=_BATCH)
    if changed:
        Verdict.objects.bulk_update(changed, ["verdict", "missing", "at"], batch_size=_BATCH)


_COUNTS = {
    "pass": "passed",
    "fail": "failed",
    "unknown": "unknown",
    "not-applicable": "not_applicable",
}
_TALLIED = (*_COUNTS.values(), "passing", "generation", "at")


def write_tallies(
    place: Place, judged: Mapping[tuple[str, int], Judged], *, generation: int, at: datetime
) -> None:
    """Count the verdicts of each rule in an account-region; `generation` is that of the last change."""
    counts: dict[str, Counter[str]] = {}
    passing: dict[str, list[int]] = {}
    for (rule, resource_id), one in judged.items():
        counts.setdefault(rule, Counter())[one.verdict] += 1
        if one.verdict == "pass":
            passing.setdefault(rule, []).append(resource_id)
    present = {
        row.rule: row for row in Tally.objects.filter(account_id=place.account, region=place.region)
    }
    Tally.objects.filter(
        pk__in=[row.pk for rule, row in present.items() if rule not in counts]
    ).delete()
    changed, new = [], []
    for rule, count in counts.items():
        values = {name: count[verdict] for verdict, name in _COUNTS.items()}
        ids = sorted(passing.get(rule, ()))
        row = present.get(rule)
        if row is None:
            row = Tally(account_id=place.account, region=place.region, rule=rule)
            new.append(row)
        elif row.passing == ids and all(getattr(row, k) == v for k, v in values.items()):
            continue
        else:
            changed.append(row)
        for name, value in (values | {"generation": generation, "at": at}).items():
            setattr(row, name, value)
        row.passing = ids
    Tally.objects.bulk_create(new, batch_size=_BATCH)
    if changed:
        Tally.objects.bulk_update(changed, _TALLIED, batch_size=_BATCH)
