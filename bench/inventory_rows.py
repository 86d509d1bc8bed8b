"""First ingest, unchanged difference and unchanged re-scan; Django is set up by who imports this."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db import connections

from bench.measure import Measurement
from inventory import storing, sync
from inventory.aws import Credentials
from inventory.collectors import COLLECTORS
from inventory.differences import Item
from inventory.models import Account, Source
from inventory.reading import Listing, Place, canonical_items, digest
from inventory.shardstates import Outcome
from inventory.states import ShardState
from inventory.sync import Answer

_RULES = COLLECTORS["ec2.security-group-rule"]
_REGION = "eu-central-1"
_PLACES, _EACH = 40, 1_000
_OK = Outcome(ShardState.OK)


def rows() -> list[Measurement]:
    """First ingest, unchanged difference and unchanged re-scan, on the PostgreSQL of `main`."""
    call_command("migrate", verbosity=0)
    try:
        return _measured()
    finally:
        connections.close_all()


def _measured() -> list[Measurement]:
    sync.wake = lambda topic: None  # no broker here
    start = datetime.now(UTC)
    source = Source.objects.create(kind="live", name="bench", created_at=start)
    accounts = [
        Account.objects.create(source=source, account_id=f"{200 + n:012}", name=str(n))
        for n in range(_PLACES)
    ]
    listings = [Listing(tuple(_rules(number)), start, 1) for number in range(_PLACES)]
    began = time.perf_counter()
    full = [
        Answer(_RULES.type, start, _OK, _items(account, listing), digest(_RULES, listing), 1)
        for account, listing in zip(accounts, listings, strict=True)
    ]
    canonical = _PLACES * _EACH / (time.perf_counter() - began)
    nothing = [
        Answer(type_, start, _OK, (), digest(collector, Listing((), start, 1)), 1)
        for type_, collector in COLLECTORS.items()
        if type_ != _RULES.type
    ]
    for account in accounts:
        storing.shard_ids(account, _REGION, COLLECTORS, now=start)

    def applied(minutes: int, *, by_digest: bool) -> float:
        at = start + timedelta(minutes=minutes)
        given = [
            [replace(each, started=at, items=None if by_digest else each.items)
             for each in (rules, *nothing)]
            for rules in full
        ]  # fmt: skip
        began = time.perf_counter()
        for account, answers in zip(accounts, given, strict=True):
            sync.apply(account, _REGION, answers)
        return time.perf_counter() - began

    total = _PLACES * _EACH
    first = applied(1, by_digest=False)
    compared = min(applied(2 + n, by_digest=False) for n in range(3))
    digested = min(applied(10 + n, by_digest=True) for n in range(3))
    said = (
        f"{total:,} group rules, {_PLACES} account-regions of {len(COLLECTORS)} listings,"
        " embedded PostgreSQL 18 with fsync"
    )
    return [
        {"name": "canonical form and hash", "value": canonical, "unit": "resources/s",
         "conditions": f"{total:,} group rules, one core"},
        {"name": "first ingest", "value": total / first, "unit": "resources/s",
         "target": ">= 12000", "conditions": said},
        {"name": "unchanged difference, item by item", "value": total / compared,
         "unit": "resources/s", "target": ">= 200000", "conditions": said},
        {"name": "unchanged re-scan, database time of a listing",
         "value": digested / _PLACES / len(COLLECTORS) * 1000,
         "unit": "ms", "target": "<= 1", "conditions": said},
    ]  # fmt: skip


def _items(account: Account, listing: Listing) -> list[Item]:
    place = Place(account.account_id, _REGION, Credentials("", ""))
    return [Item.of(made) for made in canonical_items(_RULES, listing, place)]


def _rules(number: int) -> list[dict[str, Any]]:
    return [
        {
            "SecurityGroupRuleId": f"sgr-{number:04x}{n:08x}",
            "GroupId": f"sg-{number:04x}{n // 10:08x}",
            "GroupOwnerId": f"{200 + number:012}",
            "IsEgress": n % 4 == 0,
            "IpProtocol": "tcp",
            "FromPort": 1 + n,
            "ToPort": 1 + n,
            "CidrIpv4": f"10.{n % 250}.0.0/16",
            "Description": f"rule {n} of application {number}",
            "Tags": [{"Key": "Application", "Value": f"app-{number}"}],
        }
        for n in range(_EACH)
    ]
