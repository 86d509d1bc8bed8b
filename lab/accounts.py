"""The organisation itself: accounts in nested units, in moto's Organizations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from moto.organizations.models import organizations_backends

from lab.clock import CLOCK
from lab.emulator import BEGINNING


@dataclass(frozen=True, slots=True)
class Member:
    """An account to be made: its unit is a path such as ("Workloads", "Prod")."""

    name: str
    unit: tuple[str, ...]
    suspended: bool = False


def found(management: str, members: Sequence[Member], *, region: str) -> Mapping[str, str]:
    """Make the organisation of `management`; the ids of all its accounts by name."""
    organisation = organizations_backends[management]["aws"]
    moments = iter(range(1, 10_000))

    def at() -> timedelta:
        return timedelta(days=-400, seconds=next(moments))

    with CLOCK.held(BEGINNING + at()):
        organisation.create_organization(region, FeatureSet="ALL")
    organisation.accounts[0].name = "management"
    organisation.accounts[0].email = "aws+management@example.com"
    assert organisation.org is not None
    root = organisation.org.root_id
    units: dict[tuple[str, ...], str] = {(): root}
    ids = {"management": management}
    for member in members:
        parent = root
        for depth in range(1, len(member.unit) + 1):
            path = member.unit[:depth]
            if path not in units:
                made = organisation.create_organizational_unit(Name=path[-1], ParentId=parent)
                units[path] = made["OrganizationalUnit"]["Id"]
            parent = units[path]
        with CLOCK.held(BEGINNING + at()):
            status = organisation.create_account(
                AccountName=member.name, Email=f"aws+{member.name}@example.com"
            )
        account = status["CreateAccountStatus"]["AccountId"]
        ids[member.name] = account
        if parent != root:
            organisation.move_account(
                AccountId=account, SourceParentId=root, DestinationParentId=parent
            )
        if member.suspended:
            organisation.close_account(AccountId=account)
    return ids
