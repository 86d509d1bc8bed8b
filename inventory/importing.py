"""An inventory from files: the same rows, by the same difference, as from a live account."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from identity.problems import DomainError
from inventory import storing, sync
from inventory.differences import Item
from inventory.models import Account, Source
from inventory.shardstates import Outcome
from inventory.states import AccountStatus, ConnectionState, ShardState, SourceKind
from inventory.sync import Answer
from network.canonical import canonicalise
from network.describe import Problem, read_folder
from network.records import Record, ShardKey, ShardStatus

_NO_FILE = "No file held this listing."
_DAMAGED = "A file of this listing could not be read."


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to."""

    source: Source
    resources: int
    changed: int
    accounts: int
    problems: tuple[Problem, ...]


def import_folder(path: Path, *, name: str, now: datetime) -> Imported:
    """Read a folder into the import source `name`; importing again shows what changed since.

    A listing without a file is never read, not empty: what depends on it is unknown. A damaged
    file makes its own listing incomplete, so nothing of that is deleted. Raises `DomainError` for
    a name that a live source has, `NotADirectoryError` for no folder.
    """
    found = read_folder(path)
    if not found.records and not found.shards:
        reasons = "; ".join(str(problem) for problem in found.problems[:3])
        raise DomainError(f"{path} holds nothing to import. {reasons}".strip())
    with transaction.atomic():
        source, _ = Source.objects.get_or_create(
            name=name, defaults={"kind": SourceKind.IMPORT, "created_at": now}
        )
        if source.kind != SourceKind.IMPORT:
            raise DomainError(f"{name!r} is a live source; give the import another --name.")
        changed, accounts = _store(source, found.records, found.shards, now=now)
    return Imported(source, len(found.records), changed, accounts, found.problems)


def _store(
    source: Source,
    records: tuple[Record, ...],
    states: Mapping[ShardKey, ShardStatus],
    *,
    now: datetime,
) -> tuple[int, int]:
    by_shard: dict[ShardKey, list[Record]] = {}
    for record in records:
        by_shard.setdefault(record.shard, []).append(record)
    places: dict[tuple[str, str], list[Answer]] = {}
    for key in {*states, *by_shard}:
        answer = _answer(key, by_shard.get(key, []), states.get(key), now=now)
        places.setdefault((key.account, key.region), []).append(answer)
    changed, accounts = 0, set()
    for (account_id, region), answers in sorted(places.items()):
        account = _account(source, account_id, region, now=now)
        accounts.add(account_id)
        storing.shard_ids(account, region, [answer.collector for answer in answers], now=now)
        changed += sync.apply(account, region, answers).changed
    return changed, len(accounts)


def _answer(
    key: ShardKey, records: list[Record], status: ShardStatus | None, *, now: datetime
) -> Answer:
    items = [
        Item.of(canonicalise(record.type, record.config, account=key.account, region=key.region))
        for record in records
    ]
    if status is not None and status.good:
        return Answer(key.collector, now, Outcome(ShardState.OK), items, confirmed=True)
    if items:
        return Answer(key.collector, now, Outcome(ShardState.FAILED, "Incomplete", _DAMAGED), items)
    return Answer(key.collector, now, Outcome(ShardState.NEVER, error=_NO_FILE))


def _account(source: Source, account_id: str, region: str, *, now: datetime) -> Account:
    account, _ = Account.objects.get_or_create(
        source=source,
        account_id=account_id,
        defaults={
            "name": f"{source.name} {account_id}",
            "status": AccountStatus.ACTIVE,
            "connection": ConnectionState.UNTRIED,
            "unit_path": "",
        },
    )
    account.last_scan_at = now
    if region not in account.enabled_regions:
        account.enabled_regions = sorted([*account.enabled_regions, region])
    account.save(update_fields=["last_scan_at", "enabled_regions"])
    return account
