"""Reading the inventory: what a user may see, and estates to compute from."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from identity.models import User
from identity.scopes import account_filter
from inventory.models import Account, Resource, Scan, Shard, Source
from inventory.shardstates import status
from inventory.states import SourceKind
from network.estate import Estate
from network.records import Record, ShardKey, ShardStatus

_GROUP, _RULE = "ec2.security-group", "ec2.security-group-rule"
# What a participant of a shared VPC depends on and its owner's account holds.
_OF_OWNER = (
    "ec2.vpc",
    "ec2.subnet",
    "ec2.route-table",
    "ec2.network-acl",
    "ec2.internet-gateway",
)
_LIST = "ec2.managed-prefix-list"
_MANY_ACCOUNTS = 100


def accounts_visible_to(user: User) -> QuerySet[Account]:
    """The accounts in `user`'s scope."""
    return Account.objects.filter(account_filter(user))


def resources_visible_to(user: User) -> QuerySet[Resource]:
    """The resources of accounts in `user`'s scope, deleted ones included."""
    return Resource.objects.filter(account_filter(user, "account__"))


def sources_visible_to(user: User) -> QuerySet[Source]:
    """Sources in which `user` sees an account, connected organisations first."""
    seen = accounts_visible_to(user).order_by().values("source_id")
    return Source.objects.filter(pk__in=seen).order_by("-kind", "name")


def account_options(user: User, *, source: int | None = None) -> list[dict[str, Any]]:
    """What a filter offers: the accounts in view by name, or none where a list would not help."""
    found = (
        accounts_visible_to(user)
        .filter(in_view(source, path="source"))
        .order_by("name", "account_id")
        .values("account_id", "name", "enabled_regions")
    )
    listed: list[dict[str, Any]] = [dict(each) for each in found[: _MANY_ACCOUNTS + 1]]
    return listed if len(listed) <= _MANY_ACCOUNTS else []


def asked_source(text: str) -> int | None:
    """The source that an address asks for; anything but a key asks for none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def in_view(source_id: int | None, *, path: str) -> Q:
    """Rows of one source or, without one, of all connected organisations.

    An import is an estate of its own: it is looked at by itself and never counted among what is
    live. `path` leads from the row to its source, as "resource__source".
    """
    if source_id is not None:
        return Q(**{f"{path}__id": source_id})
    return Q(**{f"{path}__in": Source.objects.filter(kind=SourceKind.LIVE)})


def shards_visible_to(user: User) -> QuerySet[Shard]:
    """The shards of accounts in `user`'s scope."""
    return Shard.objects.filter(account_filter(user, "account__"))


def scans_visible_to(user: User) -> QuerySet[Scan]:
    """Scans of sources in which `user` sees an account, newest first."""
    sources = accounts_visible_to(user).order_by().values("source_id")
    return Scan.objects.filter(source_id__in=sources).select_related("source").order_by("-pk")


def shards_of(
    source_id: int,
    *,
    accounts: Collection[int | str] | None = None,
    regions: Collection[str] | None = None,
    now: datetime | None = None,
) -> dict[ShardKey, ShardStatus]:
    """How the shards of a source stand; `accounts` are primary keys or AWS account ids.

    One that failed or was throttled counts as good for two intervals after its last good answer.
    """
    moment = now or timezone.now()
    seconds = Source.objects.values_list("scan_interval_seconds", flat=True).get(pk=source_id)
    interval = timedelta(seconds=seconds)
    wanted = Shard.objects.filter(account__source_id=source_id).select_related("account")
    if accounts is not None:
        wanted = wanted.filter(account_id__in=_keys(source_id, accounts))
    if regions is not None:
        wanted = wanted.filter(region__in=regions)
    return {
        ShardKey(shard.account.account_id, shard.region, shard.collector): status(
            shard, now=moment, interval=interval
        )
        for shard in wanted
    }


def estate_of(
    source_id: int,
    *,
    accounts: Collection[int | str] | None = None,
    regions: Collection[str] | None = None,
    vpc_ids: Collection[str] | None = None,
    now: datetime | None = None,
) -> Estate:
    """The estate of a source, or the part of it that accounts, regions and VPCs leave.

    `accounts` are primary keys or AWS account ids. With them it also holds what their resources
    depend on and others own: the VPCs they take part in, and prefix lists. Read in one snapshot,
    unless the caller is in a transaction already.
    """
    moment = now or timezone.now()
    with _snapshot():
        keys = None if accounts is None else _keys(source_id, accounts)
        scope = _scope(source_id, accounts=keys, regions=regions, vpc_ids=vpc_ids)
        rows = list(
            Resource.objects.filter(scope, source_id=source_id, deleted_at=None)
            .order_by()
            .values_list(
                "type", "owner_id", "region", "rid", "config", "account__account_id", "account_id"
            )
        )
        holders = None if keys is None else {*keys, *(row[6] for row in rows)}
        shards = shards_of(source_id, accounts=holders, regions=regions, now=moment)
    records = [
        Record(type_, owner, region, rid, config, "" if asked == owner else asked)
        for type_, owner, region, rid, config, asked, _ in rows
    ]
    return Estate(records, shards, now=moment)


def _keys(source_id: int, accounts: Collection[int | str]) -> set[int]:
    keys = {each for each in accounts if isinstance(each, int)}
    names = [each for each in accounts if isinstance(each, str)]
    if names:
        named = Account.objects.filter(source_id=source_id, account_id__in=names)
        keys |= set(named.values_list("pk", flat=True))
    return keys


def _scope(
    source_id: int,
    *,
    accounts: Collection[int] | None,
    regions: Collection[str] | None,
    vpc_ids: Collection[str] | None,
) -> Q:
    scope = Q()
    live = Resource.objects.filter(source_id=source_id, deleted_at=None).order_by()
    if regions is not None:
        scope &= Q(region__in=list(regions))
        live = live.filter(region__in=list(regions))
    if accounts is not None:
        own = live.filter(account_id__in=list(accounts))
        inside = own.exclude(vpc_id="").values("vpc_id")
        scope &= (
            Q(account_id__in=list(accounts))
            | Q(type__in=_OF_OWNER, vpc_id__in=inside)
            | Q(type=_LIST)
        )
    if vpc_ids is not None:
        groups = live.filter(type=_GROUP, vpc_id__in=list(vpc_ids)).values("rid")
        scope &= Q(vpc_id__in=list(vpc_ids)) | Q(type=_RULE, parent_rid__in=groups) | Q(type=_LIST)
    return scope


@contextmanager
def _snapshot() -> Iterator[None]:
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
