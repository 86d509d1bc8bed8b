"""Finding the accounts of an organisation, and the regions an account has enabled."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from inventory import access, aws
from inventory.aws import AwsError, Credentials
from inventory.awserrors import MALFORMED
from inventory.departures import close_account
from inventory.models import Account, Source
from inventory.states import AccountStatus

_SERVICE, _REGION, _PAGE = "organizations", "us-east-1", 20
_STATUS = {
    "ACTIVE": AccountStatus.ACTIVE,
    "PENDING_ACTIVATION": AccountStatus.PENDING,
    "PENDING_CLOSURE": AccountStatus.PENDING,
    "SUSPENDED": AccountStatus.SUSPENDED,
    "CLOSED": AccountStatus.SUSPENDED,
}


@dataclass(frozen=True, slots=True)
class Found:
    """One account as AWS Organizations lists it."""

    account_id: str
    name: str
    email: str
    unit_path: str
    status: AccountStatus


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a complete discovery changed."""

    added: int
    left: int
    total: int


def discover(source: Source) -> Discovered:
    """Read the organisation's tree and bring the accounts up to date with it.

    Only a complete answer marks accounts as having left. Raises `AwsError`, and then the accounts
    are untouched and the source keeps the reason.
    """
    try:
        organisation, found = _read(source)
    except AwsError as error:
        Source.objects.filter(pk=source.pk).update(discovery_error=str(error)[:2000])
        raise
    return _store(source.pk, organisation, found)


def enabled_regions(account: Account, credentials: Credentials) -> tuple[list[str], list[str]]:
    """The regions that the account has enabled, and those it has not; raises `AwsError`."""
    answer = aws.call(
        "ec2", aws.home_region(), "DescribeRegions", {"AllRegions": True},
        credentials=credentials, account=account.account_id,
    )  # fmt: skip
    listed = answer.get("Regions")
    if not isinstance(listed, list) or not listed:
        raise AwsError(MALFORMED, "no regions", service="ec2", action="DescribeRegions")
    off = {each["RegionName"] for each in listed if each.get("OptInStatus") == "not-opted-in"}
    everything = {each["RegionName"] for each in listed}
    return sorted(everything - off), sorted(off)


def _read(source: Source) -> tuple[str, list[Found]]:
    credentials = access.organisation_reader(source)
    tree = _Tree(credentials, source.management_account)
    answer = aws.call(
        _SERVICE, _REGION, "DescribeOrganization", credentials=credentials, account=tree.account
    )
    organisation = str((answer.get("Organization") or {}).get("Id") or "")
    found = list(tree.accounts())
    if source.management_account not in {each.account_id for each in found}:
        # Whatever was read, it was not the whole organisation.
        raise AwsError(
            MALFORMED,
            f"the listing lacks the management account {source.management_account}",
            service=_SERVICE,
            action="ListAccountsForParent",
        )
    return organisation, found


class _Tree:
    """The organisation's units, walked from the root; unit paths start with the root's name."""

    def __init__(self, credentials: Credentials, account: str) -> None:
        self._credentials = credentials
        self.account = account

    def accounts(self) -> Iterator[Found]:
        waiting = [
            (root["Id"], f"/{root['Name']}") for root in self._list("ListRoots", None, "Roots")
        ]
        while waiting:
            parent, path = waiting.pop()
            for each in self._list("ListAccountsForParent", parent, "Accounts"):
                yield Found(
                    each["Id"],
                    each.get("Name") or each["Id"],
                    each.get("Email") or "",
                    path,
                    _STATUS.get(
                        each.get("State") or each.get("Status") or "", AccountStatus.ACTIVE
                    ),
                )
            waiting += [
                (unit["Id"], f"{path}/{unit['Name']}")
                for unit in self._list(
                    "ListOrganizationalUnitsForParent", parent, "OrganizationalUnits"
                )
            ]

    def _list(self, operation: str, parent: str | None, key: str) -> Iterator[dict[str, str]]:
        pages = aws.paginate(
            _SERVICE, _REGION, operation, {"ParentId": parent} if parent else {},
            result_key=key, page_size=_PAGE, credentials=self._credentials, account=self.account,
        )  # fmt: skip
        for page in pages:
            yield from page


@transaction.atomic
def _store(source_id: int, organisation: str, found: list[Found]) -> Discovered:
    now = timezone.now()
    source = Source.objects.select_for_update().get(pk=source_id)
    known = {account.account_id: account for account in source.accounts.all()}
    added = 0
    for each in found:
        account = known.pop(each.account_id, None)
        if account is None:
            Account.objects.create(
                source=source, account_id=each.account_id, name=each.name[:120],
                email=each.email[:254], unit_path=each.unit_path[:512], status=each.status,
            )  # fmt: skip
            added += 1
            continue
        if each.status == AccountStatus.SUSPENDED and account.status == AccountStatus.ACTIVE:
            close_account(account, "The account is suspended.", now=now)
        account.name, account.email = each.name[:120], each.email[:254]
        account.unit_path, account.status = each.unit_path[:512], each.status
        account.save(update_fields=["name", "email", "unit_path", "status"])
    gone = [
        account
        for account in known.values()
        if not account.added_by_hand and account.status != AccountStatus.LEFT
    ]
    for account in gone:
        account.status = AccountStatus.LEFT
        account.save(update_fields=["status"])
        close_account(account, "The account left the organisation.", now=now)
    source.organisation_id, source.discovered_at, source.discovery_error = organisation, now, ""
    source.save(update_fields=["organisation_id", "discovered_at", "discovery_error"])
    return Discovered(added, len(gone), len(found))
