"""Counts of verdicts by rule and account, as scoring wants them, in a fixed number of queries."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db.models import (
    Count,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
)

from compliance.scoring import Counts
from findings.models import EvaluationScope, Finding, Tally
from findings.rules import RULES
from findings.states import Detection, Kind, Triage
from inventory.models import Account, Shard
from inventory.states import AccountStatus, ShardState

Tallies = dict[str, dict[int, Counts]]
_GOOD = (ShardState.OK, ShardState.SKIPPED, ShardState.REGION_DISABLED)
_PASSING_TROUBLE = (ShardState.FAILED, ShardState.THROTTLED)


def tallies_of(accounts: QuerySet[Account], rules: Collection[str], *, now: datetime) -> Tallies:
    """rule → account → counts for the active ones of `accounts`, in four queries at any size.

    An account-region counts as unread for a rule while the listing of the rule's own resources is
    not good there (denied counts at once, failed and throttled after two intervals) or while no
    evaluation has been there yet; an account without any shard is unread as a whole. A region
    that the account has disabled holds nothing that could be read, and is left out.
    """
    active = accounts.filter(status=AccountStatus.ACTIVE)
    judged = _judged(active, rules)
    waived = _waived(active, rules)
    types = {kind for rule in rules for kind in RULES[rule].resources}
    unread = _unread_by_type(active, types, now=now)
    unevaluated = _unevaluated(active)
    return {
        rule: {
            account: _with(
                judged.get((rule, account), Counts()),
                waived=waived.get((rule, account), 0),
                unread=not_yet
                + sum(unread.get((kind, account), 0) for kind in RULES[rule].resources),
            )
            for account, not_yet in unevaluated.items()
        }
        for rule in sorted(rules)
    }


def dumped(tallies: Mapping[str, Mapping[int, Counts]]) -> dict[str, dict[str, list[int]]]:
    """As JSON: the six counts in the order of their fields."""
    return {
        rule: {
            str(account): [
                counts.passed,
                counts.failed,
                counts.waived,
                counts.unknown,
                counts.not_applicable,
                counts.unread,
            ]
            for account, counts in accounts.items()
        }
        for rule, accounts in tallies.items()
    }


def loaded(
    dump: Mapping[str, Mapping[str, list[int]]], accounts: Collection[int] | None = None
) -> Tallies:
    """The reverse of `dumped`, for some accounts or for all."""
    return {
        rule: {
            int(account): Counts(*counts)
            for account, counts in by_account.items()
            if accounts is None or int(account) in accounts
        }
        for rule, by_account in dump.items()
    }


def _with(counts: Counts, *, waived: int, unread: int) -> Counts:
    return counts + Counts(waived=min(waived, counts.failed), unread=unread)


def _judged(accounts: QuerySet[Account], rules: Collection[str]) -> dict[tuple[str, int], Counts]:
    rows = (
        Tally.objects.filter(account__in=accounts, rule__in=rules)
        .values("rule", "account_id")
        .annotate(
            all_passed=Sum("passed"),
            all_failed=Sum("failed"),
            all_unknown=Sum("unknown"),
            none_applicable=Sum("not_applicable"),
        )
    )
    return {
        (row["rule"], row["account_id"]): Counts(
            passed=row["all_passed"],
            failed=row["all_failed"],
            unknown=row["all_unknown"],
            not_applicable=row["none_applicable"],
        )
        for row in rows
    }


def _waived(accounts: QuerySet[Account], rules: Collection[str]) -> dict[tuple[str, int], int]:
    rows = (
        Finding.objects.filter(
            kind=Kind.MISCONFIGURATION,
            code__in=rules,
            detection=Detection.FAILING,
            triage__in=(Triage.ACCEPTED, Triage.FALSE_POSITIVE),
            resource__account__in=accounts,
        )
        .values("code", "resource__account_id")
        .annotate(count=Count("pk"))
    )
    return {(row["code"], row["resource__account_id"]): row["count"] for row in rows}


def _unread_by_type(
    accounts: QuerySet[Account], types: Collection[str], *, now: datetime
) -> dict[tuple[str, int], int]:
    two_intervals = ExpressionWrapper(
        F("account__source__scan_interval_seconds")
        * Value(timedelta(seconds=2), output_field=DurationField()),
        output_field=DurationField(),
    )
    recent = Q(state__in=_PASSING_TROUBLE, last_ok_at__gt=Value(now) - two_intervals)
    rows = (
        Shard.objects.filter(account__in=accounts, collector__in=types)
        .exclude(state__in=_GOOD)
        .exclude(recent)
        .values("collector", "account_id")
        .annotate(count=Count("region", distinct=True))
    )
    return {(row["collector"], row["account_id"]): row["count"] for row in rows}


def _unevaluated(accounts: QuerySet[Account]) -> dict[int, int]:
    evaluated = EvaluationScope.objects.filter(
        account=OuterRef("pk"), region=OuterRef("shards__region"), evaluated__gt=0
    )
    rows = accounts.values_list("pk").annotate(
        regions=Count("shards__region", distinct=True),
        waiting=Count("shards__region", distinct=True, filter=~Exists(evaluated)),
    )
    return {pk: waiting if regions else 1 for pk, regions, waiting in rows.order_by("pk")}
