"""Reading findings, always through the user's scope, in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Max, Min, Q, QuerySet

from findings.models import EvaluationScope, Finding, FindingEvent, Waiver
from findings.states import Detection, Triage
from identity.models import User
from identity.scopes import account_filter

CAP: Final = 10_000
"""Counts stop here, so that a million findings cost no more than ten thousand."""
_LAST_GROUP = 200


def findings_visible_to(user: User) -> QuerySet[Finding]:
    """The findings on resources of accounts in `user`'s scope."""
    return Finding.objects.filter(account_filter(user, "resource__account__"))


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at the inbox."""

    name: str
    label: str
    condition: Q


_OPEN = Q(detection=Detection.FAILING)


def tabs(user: User) -> list[Tab]:
    """The tabs of the inbox for `user`, the default one first."""
    return [
        Tab("review", "For review", _OPEN & Q(triage=Triage.NEW)),
        Tab("mine", "Mine", _OPEN & Q(assignee=user)),
        Tab("acknowledged", "Acknowledged", _OPEN & Q(triage=Triage.ACKNOWLEDGED)),
        Tab("snoozed", "Snoozed", _OPEN & Q(triage=Triage.SNOOZED)),
        Tab(
            "accepted",
            "Accepted",
            _OPEN & Q(triage__in=[Triage.ACCEPTED, Triage.FALSE_POSITIVE]),
        ),
        Tab("resolved", "Resolved", Q(resolved_at__isnull=False)),
        Tab("all", "All", Q()),
    ]


def ordered(rows: QuerySet[Finding], tab: str) -> QuerySet[Finding]:
    """Loudest and newest first; what is resolved, by when."""
    if tab == "resolved":
        return rows.order_by("-resolved_at", "id")
    return rows.order_by("severity_rank", "-failing_since", "id")


def with_row(rows: QuerySet[Finding]) -> QuerySet[Finding]:
    """With all a table row needs; configurations and evidence stay in the database."""
    return rows.select_related("resource", "resource__account", "assignee").defer(
        "evidence", "resource__config", "resource__tags"
    )


def capped_count(rows: QuerySet[Any]) -> int:
    """At most `CAP` + 1."""
    return rows.order_by().values("pk")[: CAP + 1].count()


def by_rule(rows: QuerySet[Finding]) -> Sequence[Mapping[str, Any]]:
    """The findings grouped by rule: how many, the loudest, the oldest."""
    return list(
        rows.order_by()
        .values("code")
        .annotate(
            count=Count("pk"),
            rank=Min("severity_rank"),
            oldest=Min("failing_since"),
            newest=Max("failing_since"),
        )
        .order_by("rank", "-count", "code")[:_LAST_GROUP]
    )


def detail(user: User) -> QuerySet[Finding]:
    """Findings with all the detail page needs of the row itself."""
    return findings_visible_to(user).select_related(
        "resource", "resource__account", "resource__account__source", "resource__shard", "assignee"
    )


def timeline(finding: Finding) -> QuerySet[FindingEvent]:
    """Machine and people in one stream, newest first."""
    return finding.events.select_related("actor").order_by("-id")[:200]


def open_waiver(finding: Finding) -> Waiver | None:
    """Who accepted it, why and until when; None when nobody did."""
    return finding.waivers.filter(ended_at=None).select_related("granted_by").first()


def related(finding: Finding, user: User) -> list[Finding]:
    """Open findings of the same resource and of the same rule, at most six of each."""
    visible = findings_visible_to(user).filter(resource__source=finding.resource.source_id)
    open_ones = with_row(visible.filter(_OPEN).exclude(pk=finding.pk))
    same_resource = open_ones.filter(resource=finding.resource_id)
    same_rule = open_ones.filter(code=finding.code).exclude(resource=finding.resource_id)
    return [*ordered(same_resource, "")[:6], *ordered(same_rule, "")[:6]]


def of_resource(user: User, resource_id: int) -> QuerySet[Finding]:
    """Every finding of a resource, open ones first."""
    rows = findings_visible_to(user).filter(resource=resource_id)
    open_first = F("resolved_at").desc(nulls_first=True)
    return with_row(rows).order_by(open_first, "severity_rank", "-failing_since", "id")


def evaluated_at(finding: Finding) -> Any:
    """When the finding's account-region was last judged."""
    return (
        EvaluationScope.objects.filter(
            account=finding.resource.account_id, region=finding.resource.region
        )
        .values_list("evaluated_at", flat=True)
        .first()
    )


def regions_judged(user: User) -> list[str]:
    """Regions that hold something to judge, for the filter."""
    scopes = EvaluationScope.objects.filter(account_filter(user, "account__"))
    return sorted(scopes.values_list("region", flat=True).distinct())
