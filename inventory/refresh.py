"""Reading a few objects again, now: what an event, a repair or a person asks for.

A filtered read is complete for its own filter: what it does not bring, of what the filter names,
is gone. It goes through the same difference as a scan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inventory import access, aws, sync
from inventory.aws import Credentials, Failure
from inventory.collectors import COLLECTORS, Collector
from inventory.models import Account
from inventory.reading import Place, canonical_items, read
from network.canonical import Canonical
from network.forms import FORMS


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What the read brought, and how many rows it changed."""

    found: tuple[Canonical, ...]
    inserted: int
    updated: int
    deleted: int

    @property
    def changed(self) -> int:
        """Rows written."""
        return self.inserted + self.updated + self.deleted


def refresh(
    account: Account,
    *,
    region: str,
    type: str,
    ids: Sequence[str] | None = None,
    parent_ids: Sequence[str] | None = None,
    now: datetime | None = None,
) -> Refreshed:
    """Read objects by id, or all objects of parents (the rules of groups), and apply the answer.

    `now` is the start of the read. Raises `AwsError`, and then nothing was changed; `ValueError`
    for parents of a type that does not store its parent.
    """
    if parent_ids is not None and not FORMS[type].parent:
        raise ValueError(f"{type} does not say its parent; refresh it by id")
    started = now or timezone.now()
    collector = COLLECTORS[type]
    found = _read(account, collector, region, ids, parent_ids, started=started)
    with transaction.atomic():
        applied = sync.apply_filtered(
            account,
            region=region,
            type=type,
            found=found,
            ids=ids,
            parent_ids=parent_ids,
            started=started,
        )
    return Refreshed(tuple(found), applied.inserted, applied.updated, applied.deleted)


def read_live(
    account: Account,
    *,
    region: str,
    type: str,
    ids: Sequence[str] | None = None,
    parent_ids: Sequence[str] | None = None,
    credentials: Credentials | None = None,
) -> list[Canonical]:
    """The same read without applying it, to compare before a write; raises `AwsError`.

    Interfaces take group ids as `parent_ids`. Sorted by id.
    """
    found = _read(
        account, COLLECTORS[type], region, ids, parent_ids,
        started=timezone.now(), credentials=credentials,
    )  # fmt: skip
    return sorted(found, key=lambda item: item.id)


def _read(
    account: Account,
    collector: Collector,
    region: str,
    ids: Sequence[str] | None,
    parent_ids: Sequence[str] | None,
    *,
    started: datetime,
    credentials: Credentials | None = None,
) -> list[Canonical]:
    if (ids is None) == (parent_ids is None):
        raise ValueError("give either ids or parent_ids")
    if parent_ids is not None and not collector.parent_filter:
        raise ValueError(f"{collector.type} cannot be read by parent")
    filters = {collector.id_filter: ids} if ids is not None else {}
    if parent_ids is not None:
        filters = {collector.parent_filter: parent_ids}
    used = credentials or access.reader(account)
    place = Place(account.account_id, region, used)
    try:
        listing = read(collector, place, started=started, filters=filters)
    except aws.AwsError as error:
        if error.failure is not Failure.EXPIRED or credentials is not None:
            raise
        access.forget(account, stale=used)
        place = Place(account.account_id, region, access.reader(account))
        listing = read(collector, place, started=started, filters=filters)
    return canonical_items(collector, listing, place)
