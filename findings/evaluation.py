"""From what changed to verdicts, tallies and findings, one account-region at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from findings import dirty, locks
from findings.detection import Key, Observation, Seen, Written, observe, settle
from findings.dirty import Place
from findings.lifecycle import Sight
from findings.models import EvaluationScope
from findings.rules import RULES, Outcome
from findings.rules.evaluate import Result, evaluate
from findings.states import Kind, Severity
from findings.verdicts import Judged, write_tallies, write_verdicts
from inventory import selectors as inventory
from inventory.changes import consume
from inventory.models import Account, Resource
from network.estate import Estate
from network.records import Record

log = structlog.get_logger()
_ROUNDS = 200
_PARTS: Mapping[str, tuple[str, ...]] = {"ec2.security-group": ("ec2.security-group-rule",)}


def evaluate_dirty() -> int:
    """Consume the change log and judge until nothing is dirty; returns evaluations done.

    Safe to run twice at once: a scope that another worker holds is left to that worker.
    """
    total = 0
    for _ in range(_ROUNDS):
        while consume(dirty.CONSUMER, dirty.mark_changed):
            pass
        judged = sum(_evaluate_row(scope) for scope in dirty.waiting())
        total += judged
        if not judged:
            break
    return total


def evaluate_scope(source_id: int, account_id: int, region: str) -> bool:
    """Judge one account-region now; `account_id` is the account's primary key.

    Returns False when another worker is at it; the scope stays dirty then.
    """
    place = Place(account_id, region)
    dirty.mark([place], now=timezone.now())
    scope = EvaluationScope.objects.select_related("account").get(
        account_id=account_id, region=region, account__source_id=source_id
    )
    return _evaluate_row(scope)


def _evaluate_row(scope: EvaluationScope) -> bool:
    with locks.only_one(locks.EVALUATION, scope.pk) as held:
        if not held:
            return False
        scope.refresh_from_db(fields=["marked", "evaluated"])
        if scope.marked <= scope.evaluated:
            return True
        account, generation, at = scope.account, scope.marked, timezone.now()
        place = Place(account.pk, scope.region)
        found = judge(account, place)
        with transaction.atomic():
            written = write(found, place, generation=generation, at=at)
            dirty.done(scope.pk, generation=generation, at=at)
        log.info(
            "evaluated",
            account=account.account_id,
            region=scope.region,
            generation=generation,
            results=len(found.judged),
            findings_written=written.total,
        )
    return True


@dataclass(slots=True)
class Found:
    """What one evaluation came to: verdicts by rule and resource, and the failures among them."""

    judged: dict[tuple[str, int], Judged] = field(default_factory=dict)
    observations: list[Observation] = field(default_factory=list)


def judge(account: Account, place: Place) -> Found:
    """Load the estate that the account-region depends on and apply every rule to its own resources."""
    around = dirty.peered_with(account.source_id, [place])
    accounts = {place.account, *(other.account for other in around)}
    regions = {place.region, *(other.region for other in around)}
    estate = inventory.estate_of(
        account.source_id, accounts=sorted(accounts), regions=sorted(regions)
    )
    own = _own_resources(account, place.region)
    found = Found()
    for result in evaluate(estate, scope=lambda record: _identity(record) in own):
        _add(found, result, own[_identity(result.record)], estate)
    return found


def _identity(record: Record) -> tuple[str, str, str, str]:
    return record.type, record.account, record.region, record.id


def _own_resources(account: Account, region: str) -> Mapping[tuple[str, str, str, str], int]:
    rows = Resource.objects.filter(account=account, region=region, deleted_at=None)
    return {
        (type_, owner, region, rid): pk
        for pk, type_, owner, rid in rows.values_list("pk", "type", "owner_id", "rid").iterator()
    }


def _add(found: Found, result: Result, resource_id: int, estate: Estate) -> None:
    since = _unknown_since(result, estate)
    found.judged[result.rule, resource_id] = Judged(
        verdict=result.verdict,
        missing=tuple(str(key) for key in result.missing),
        unknown_since=since,
    )
    if result.verdict == Outcome.FAIL:
        found.observations.append(
            Observation(
                kind=Kind.MISCONFIGURATION,
                code=result.rule,
                resource_id=resource_id,
                discriminator="",
                title=result.title,
                severity=Severity(result.severity.value),
                severity_reason=result.severity_reason,
                evidence=result.evidence,
                unknown_since=since,
            )
        )


def _unknown_since(result: Result, estate: Estate) -> datetime | None:
    """Since when what the verdict rests on could not be read again; None when all of it is fresh.

    A failure stands on what was read before, so it asks for the listings its own resource is
    composed of; an unknown names what it waits for.
    """
    record = result.record
    own = [record.shard, *(record.shard._replace(collector=c) for c in _PARTS.get(record.type, ()))]
    statuses = [estate.status(key) for key in (*own, *result.missing)]
    bad = [status for status in statuses if not status.good]
    return min((status.since or timezone.now() for status in bad), default=None)


@transaction.atomic
def write(found: Found, place: Place, *, generation: int, at: datetime) -> Written:
    """Store verdicts, tallies and findings of one account-region; only what changed is written."""
    write_verdicts(place, found.judged, at=at)
    write_tallies(place, found.judged, generation=generation, at=at)
    written = observe(found.observations, at=at)
    failing = {observation.key for observation in found.observations}
    ended = settle(
        Q(resource__account_id=place.account, resource__region=place.region),
        kind=Kind.MISCONFIGURATION,
        judge=lambda key, deleted: _seen(key, deleted=deleted, failing=failing, found=found),
        at=at,
    )
    for name in ("resolved", "gone", "not_assessed"):
        setattr(written, name, getattr(written, name) + getattr(ended, name))
    return written


def _seen(key: Key, *, deleted: bool, failing: Iterable[Key], found: Found) -> Seen:
    if key in failing:
        return Seen(Sight.FAILING)
    if deleted:
        return Seen(Sight.GONE)
    if key.code not in RULES:
        return Seen(Sight.PASSING, note="The rule was retired.")
    judged = found.judged.get((key.code, key.resource_id))
    if judged is None or judged.verdict == Outcome.UNKNOWN:
        return Seen(Sight.UNKNOWN, judged.unknown_since if judged else None)
    return Seen(Sight.PASSING)
