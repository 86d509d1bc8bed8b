"""What the overview shows, of the accounts a user sees, in a fixed number of queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, F, Q, QuerySet

from compliance.frameworks import frameworks
from compliance.selectors import Scored, score_for
from findings.models import Finding
from findings.selectors import capped_count, findings_visible_to
from findings.states import Detection, Kind, Severity
from identity.models import User
from inventory.models import Account, Scan, Shard
from inventory.selectors import accounts_visible_to, in_view
from inventory.states import AccountStatus, ConnectionState, ScanState, ShardState
from remediation import selectors as remediation
from remediation.models import Execution, KillSwitch

ADMIN_PORTS: Final = "sg-ingress-admin-from-internet"
"""What the codes of the rules on administration ports begin with, one for each address family."""
HEADLINE: Final = "cis-aws-foundations-5.0"
_READ = (ShardState.OK, ShardState.SKIPPED, ShardState.REGION_DISABLED)
_WORST = 5
_REPAIRS = 5
_FRESHNESS = 12
_TIMES = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class AccountFreshness:
    """When an account was last read, and what of it could not be."""

    account: Account
    unread: int

    @property
    def refused(self) -> bool:
        """Whether the account itself could not be entered."""
        return self.account.connection in (ConnectionState.DENIED, ConnectionState.FAILED)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Open findings by what matters first; each may be capped."""

    loud: int
    admin_ports: int
    drifts: int
    open: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the page; None where the user may not see it."""

    accounts: int
    connected: int
    numbers: Numbers
    waiting: int | None
    unread_shards: int
    refused_accounts: int
    times: remediation.Times
    worst: Sequence[Account]
    freshness: Sequence[AccountFreshness]
    score: Scored
    scan: Scan | None
    repairs: Sequence[Execution] | None
    switches: Sequence[KillSwitch]

    @property
    def state(self) -> str:
        """Which first words the page needs: nothing connected, scanning, unread, clean, findings."""
        if not self.accounts:
            return "empty"
        if self.numbers.open:
            return "findings"
        if self.scan is not None:
            return "scanning"
        return "unread" if self.unread_shards or self.refused_accounts else "clean"


def overview(user: User, *, now: datetime) -> Overview:
    """The overview of `user`."""
    live = in_view(None, path="source")
    accounts = accounts_visible_to(user).filter(live, status=AccountStatus.ACTIVE)
    connection = accounts.aggregate(
        total=Count("pk"),
        connected=Count("pk", filter=Q(connection=ConnectionState.CONNECTED)),
        refused=Count(
            "pk", filter=Q(connection__in=(ConnectionState.DENIED, ConnectionState.FAILED))
        ),
    )
    unread = _unread(accounts)
    may_see_plans = user.has_perm("remediation.view_plan")
    return Overview(
        accounts=connection["total"],
        connected=connection["connected"],
        numbers=_numbers(
            findings_visible_to(user).filter(
                in_view(None, path="resource__source"), detection=Detection.FAILING
            )
        ),
        waiting=remediation.pending(user).count() if may_see_plans else None,
        unread_shards=sum(unread.values()),
        refused_accounts=connection["refused"],
        times=remediation.times(user, since=now - _TIMES),
        worst=_worst(accounts),
        freshness=_freshness(accounts, unread),
        score=score_for(user, frameworks()[HEADLINE], now=now),
        scan=_running_scan(accounts),
        repairs=list(remediation.executions_visible_to(user)[:_REPAIRS]) if may_see_plans else None,
        switches=list(remediation.open_switches().select_related("thrown_by")),
    )


def _numbers(failing: QuerySet[Finding]) -> Numbers:
    loud = failing.filter(severity__in=(Severity.CRITICAL, Severity.HIGH))
    return Numbers(
        loud=capped_count(loud),
        admin_ports=capped_count(failing.filter(code__startswith=ADMIN_PORTS)),
        drifts=capped_count(failing.filter(kind=Kind.DRIFT)),
        open=capped_count(failing),
    )


def _unread(accounts: QuerySet[Account]) -> dict[int, int]:
    """Account → how many of its shards the last try could not read, or nobody tried yet."""
    rows = (
        Shard.objects.filter(account__in=accounts)
        .exclude(state__in=_READ)
        .values_list("account_id")
        .annotate(count=Count("pk"))
    )
    return dict(rows)


def _worst(accounts: QuerySet[Account]) -> list[Account]:
    loud = Q(
        resources__findings__detection=Detection.FAILING,
        resources__findings__severity__in=(Severity.CRITICAL, Severity.HIGH),
    )
    critical = Q(resources__findings__severity=Severity.CRITICAL)
    return list(
        accounts.filter(loud)
        .annotate(
            loud=Count("resources__findings"),
            critical=Count("resources__findings", filter=critical),
        )
        .order_by("-critical", "-loud", "name")[:_WORST]
    )


def _freshness(accounts: QuerySet[Account], unread: dict[int, int]) -> list[AccountFreshness]:
    """The accounts that were read longest ago, or never, first."""
    stalest = accounts.order_by(F("last_scan_at").asc(nulls_first=True), "name")[:_FRESHNESS]
    return [AccountFreshness(account, unread.get(account.pk, 0)) for account in stalest]


def _running_scan(accounts: QuerySet[Account]) -> Scan | None:
    sources = accounts.values("source_id")
    return (
        Scan.objects.filter(state=ScanState.RUNNING, source_id__in=sources)
        .order_by("-created_at")
        .first()
    )
