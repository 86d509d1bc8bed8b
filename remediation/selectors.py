"""Reading plans, requests and executions, always through the user's scope, and the times they took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet

from findings.models import Finding
from identity.models import User
from identity.scopes import account_filter
from remediation import gates
from remediation.models import Execution, Hold, KillSwitch, Plan, Request
from remediation.states import ExecutionState, Origin, RequestState


def plans_visible_to(user: User) -> QuerySet[Plan]:
    """Plans for accounts in `user`'s scope, newest first."""
    return (
        Plan.objects.filter(account_filter(user, "account__"))
        .select_related("account", "finding__resource", "created_by")
        .order_by("-pk")
    )


def requests_visible_to(user: User) -> QuerySet[Request]:
    """Requests in `user`'s scope with all a row or page needs, newest first."""
    return (
        Request.objects.filter(account_filter(user, "plan__account__"))
        .select_related(
            "plan__account__source",
            "plan__finding__resource",
            "plan__rolls_back",
            "requested_by",
            "decided_by",
            "execution",
        )
        .order_by("-pk")
    )


def pending(user: User) -> QuerySet[Request]:
    """What waits for a decision, what lapses first at the top; contents stay in the database."""
    return (
        requests_visible_to(user)
        .filter(state=RequestState.PENDING)
        .annotate(
            verdict=F("plan__content__impact__verdict"), kinds=F("plan__content__impact__kinds")
        )
        .defer("plan__content")
        .order_by("expires_at", "pk")
    )


def decided(user: User) -> QuerySet[Request]:
    """Requests that were rejected, withdrawn, void or expired, newest first."""
    settled = (RequestState.PENDING, RequestState.APPROVED)
    return requests_visible_to(user).exclude(state__in=settled).defer("plan__content")


def recent(user: User) -> QuerySet[Execution]:
    """Executions for a list, newest first."""
    return executions_visible_to(user).defer("plan__content", "live_after")


def executions_visible_to(user: User) -> QuerySet[Execution]:
    """Executions in `user`'s scope, newest first."""
    return (
        Execution.objects.filter(account_filter(user, "plan__account__"))
        .select_related(
            "plan__account__source",
            "plan__finding__resource__source",
            "plan__rolls_back",
            "request__requested_by",
            "request__decided_by",
        )
        .order_by("-pk")
    )


def findings_visible_to(user: User) -> QuerySet[Finding]:
    """Findings in `user`'s scope, with what planning their repair needs."""
    return Finding.objects.filter(account_filter(user, "resource__account__")).select_related(
        "resource__source", "resource__account"
    )


def latest_request(finding: Finding) -> Request | None:
    """The last time a repair of this finding was asked for, rollbacks included."""
    return (
        Request.objects.filter(plan__finding=finding)
        .select_related("plan__account", "requested_by", "decided_by", "execution")
        .order_by("-pk")
        .first()
    )


def latest_repair(finding: Finding) -> Execution | None:
    """The last execution of this finding that was verified: what could be rolled back."""
    return (
        Execution.objects.filter(plan__finding=finding, state=ExecutionState.VERIFIED)
        .select_related("plan")
        .order_by("-pk")
        .first()
    )


def holds_on(finding: Finding) -> Hold | None:
    """What keeps the product from repairing this by itself."""
    return gates.holds_on(resource_id=finding.resource_id, finding_id=finding.pk)


def open_switches() -> QuerySet[KillSwitch]:
    """The kill switches that are thrown; everyone may see them."""
    return gates.open_switches().order_by("thrown_at")


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds at two percentiles; None without any observation."""

    count: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Times:
    """How long it took to see and to mend.

    `detect` is an upper bound: from the last good look before (nobody tells us the moment of the
    change itself) to the finding. `repair` is from the finding to the read that proved the repair.
    """

    detect: Figures
    repair: Figures


def times(user: User | None = None, *, since: datetime | None = None) -> Times:
    """Times of verified repairs, rollbacks apart; of everything, or of what `user` may see."""
    wanted = Q(state=ExecutionState.VERIFIED) & ~Q(plan__origin=Origin.ROLLBACK)
    if since is not None:
        wanted &= Q(verified_at__gte=since)
    if user is not None:
        wanted &= account_filter(user, "plan__account__")
    rows = list(
        Execution.objects.filter(wanted).values_list(
            "plan__failing_since", "plan__unseen_since", "verified_at"
        )
    )
    return Times(
        detect=figures([(at - before).total_seconds() for at, before, _ in rows if before]),
        repair=figures([(verified - at).total_seconds() for at, _, verified in rows if verified]),
    )


def figures(seconds: Sequence[float]) -> Figures:
    """Nearest-rank percentiles."""
    ordered = sorted(max(0.0, each) for each in seconds)
    if not ordered:
        return Figures(0, None, None)
    return Figures(len(ordered), _rank(ordered, 50), _rank(ordered, 95))


def _rank(ordered: Sequence[float], percent: int) -> float:
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
