"""What people and schedules ask of the inventory: sources, accounts, scans. All of it is audited."""

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from identity import audit
from identity.models import User
from identity.problems import DomainError
from inventory import work
from inventory.models import Account, Scan, Source, Work
from inventory.states import AccountStatus, SourceKind
from inventory.wake import send, wake


@transaction.atomic
def add_source(
    *,
    name: str,
    management_account: str = "",
    role_name: str = "",
    remediation_role_name: str = "",
    external_id: str = "",
    regions: Collection[str] = (),
    actor: User | None,
    now: datetime | None = None,
) -> Source:
    """Connect an organisation. Without a management account, accounts are added by hand.

    Raises `DomainError` for a name that is taken.
    """
    moment = now or timezone.now()
    try:
        with transaction.atomic():
            source = Source.objects.create(
                kind=SourceKind.LIVE,
                name=name,
                management_account=management_account,
                role_name=role_name,
                remediation_role_name=remediation_role_name,
                external_id=external_id,
                regions=sorted(set(regions)),
                scan_interval_seconds=settings.SCAN_INTERVAL_SECONDS,
                created_at=moment,
            )
    except IntegrityError as error:
        raise DomainError(f"There is a source called {name!r} already.") from error
    audit.record(
        "source.add", actor=actor, at=moment, subject=("source", source.pk),
        summary=f"Connected {name}", account_id=management_account,
        data={"role": role_name, "remediation_role": remediation_role_name},
    )  # fmt: skip
    return source


def discover(source_id: int) -> int:
    """Find the accounts of an organisation now; returns how many there are. Raises `AwsError`.

    Talks to AWS: for commands and workers, never for a page.
    """
    # boto3 takes 0.6 s and 38 MB to import, which the web processes do without.
    from inventory import discovery  # noqa: PLC0415

    source = Source.objects.get(pk=source_id)
    if source.kind != SourceKind.LIVE or not source.management_account:
        raise DomainError(f"{source.name} has no management account to ask.")
    return discovery.discover(source).total


def ask_discovery(source_id: int) -> None:
    """Let a worker find the accounts of an organisation."""
    send("inventory.discover", source_id)


@transaction.atomic
def add_account(
    source_id: int,
    *,
    account_id: str,
    name: str,
    role_arn: str = "",
    remediation_role_arn: str = "",
    external_id: str = "",
    actor: User | None,
    now: datetime | None = None,
) -> Account:
    """Add an account by hand; discovery never marks it as having left."""
    moment = now or timezone.now()
    source = Source.objects.select_for_update().get(pk=source_id)
    if source.kind != SourceKind.LIVE:
        raise DomainError("An import holds what its files said; connect a live source instead.")
    if source.accounts.filter(account_id=account_id).exists():
        raise DomainError(f"Account {account_id} is in {source.name} already.")
    account = Account.objects.create(
        source=source, account_id=account_id, name=name, added_by_hand=True, role_arn=role_arn,
        remediation_role_arn=remediation_role_arn, external_id=external_id,
    )  # fmt: skip
    audit.record(
        "account.add", actor=actor, at=moment, subject=("account", account.pk),
        summary=f"Added {name} ({account_id}) by hand", account_id=account_id,
    )  # fmt: skip
    return account


@transaction.atomic
def set_paused(account_id: int, *, paused: bool, actor: User, now: datetime) -> Account:
    """Stop or resume scanning and repairing an account (by primary key)."""
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.paused != paused:
        account.paused = paused
        account.save(update_fields=["paused"])
        audit.record(
            "account.pause" if paused else "account.resume",
            actor=actor, at=now, subject=("account", account.pk),
            summary=f"{'Paused' if paused else 'Resumed'} {account.name}",
            account_id=account.account_id,
        )  # fmt: skip
    return account


@transaction.atomic
def ask_access_check(account_id: int, *, actor: User, now: datetime) -> Account:
    """Let a worker try the account's roles and every permission the collectors need."""
    account = Account.objects.select_for_update().get(pk=account_id)
    if account.source.kind != SourceKind.LIVE:
        raise DomainError("An imported account has no role to test.")
    account.access_checks, account.access_checked_at = [], None
    account.save(update_fields=["access_checks", "access_checked_at"])
    audit.record(
        "account.test", actor=actor, at=now, subject=("account", account.pk),
        summary=f"Asked to test the access to {account.name}", account_id=account.account_id,
    )  # fmt: skip
    send("inventory.check_access", account.pk)
    return account


@transaction.atomic
def start_scan(
    source_id: int,
    *,
    accounts: Collection[int] | None = None,
    actor: User | None,
    reason: str = "person",
    now: datetime | None = None,
) -> Scan:
    """Queue the reading of a source, or of some of its accounts (primary keys).

    Accounts that are paused, closed, or being read already are left out; raises `DomainError`
    when none is left.
    """
    moment = now or timezone.now()
    source = Source.objects.select_for_update().get(pk=source_id)
    if source.kind != SourceKind.LIVE:
        raise DomainError("An import is not scanned; import its files again.")
    wanted = source.accounts.filter(status=AccountStatus.ACTIVE, paused=False)
    if accounts is not None:
        wanted = wanted.filter(pk__in=accounts)
    found = list(wanted.order_by("name", "pk"))
    being_read = work.busy([account.pk for account in found])
    ready = [account for account in found if account.pk not in being_read]
    if not ready:
        raise DomainError(
            "A scan is at these accounts already."
            if found
            else "There is no active account to scan; add one, or look at its status."
        )
    scan = Scan.objects.create(source=source, requested_by=actor, reason=reason, created_at=moment)
    Work.objects.bulk_create(
        Work(scan=scan, account=account, priority=1 if actor else 0) for account in ready
    )
    if actor is not None:
        audit.record(
            "scan.start", actor=actor, at=moment, subject=("scan", scan.pk),
            summary=f"Started a scan of {len(ready)} accounts of {source.name}",
            account_id=ready[0].account_id if len(ready) == 1 else "",
        )  # fmt: skip
    wake("work")
    return scan


@transaction.atomic
def cancel_scan(scan_id: int, *, actor: User, now: datetime | None = None) -> Scan:
    """Stop a scan. What was applied stays; answers still on their way are dropped."""
    moment = now or timezone.now()
    if not work.cancel(scan_id, now=moment):
        raise DomainError("This scan has ended already.")
    scan = Scan.objects.select_related("source").get(pk=scan_id)
    scan.cancelled_by = actor
    scan.save(update_fields=["cancelled_by"])
    audit.record(
        "scan.cancel", actor=actor, at=moment, subject=("scan", scan.pk),
        summary=f"Cancelled a scan of {scan.source.name}",
    )  # fmt: skip
    return scan
