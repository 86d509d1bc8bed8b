"""The calls that scanning the demo organisation takes, counted by the lab; Django is set up already."""

import os
import time
from collections import Counter

from django.core.management import call_command
from django.db import connections

from bench.measure import Measurement
from inventory import scanning, services, sync, wake
from inventory.models import Account, Resource
from inventory.states import AccountStatus
from lab.server import Lab

_EUROPE = "eu-central-1"
_REGIONS, _ENTRIES = "DescribeRegions", "GetManagedPrefixListEntries"


def scan() -> list[Measurement]:
    """Two scans of everything; the second finds nothing changed."""
    call_command("migrate", verbosity=0)
    sync.wake = services.wake = wake.wake = lambda topic: None  # no broker here
    with Lab(scenario="organisation", state=None, throttle=True) as lab:
        os.environ |= {
            "AWS_ENDPOINT_URL": lab.endpoint,
            "AWS_ACCESS_KEY_ID": lab.connection["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": lab.connection["secret_access_key"],
            "AWS_REGION": _EUROPE,
        }
        try:
            return _measured(lab)
        finally:
            connections.close_all()


def _measured(lab: Lab) -> list[Measurement]:
    source = services.add_source(
        name="lab",
        management_account=lab.connection["management_account"],
        role_name=lab.connection["read_role"],
        external_id=lab.connection["external_id"],
        actor=None,
    )
    services.discover(source.pk)
    lab.calls.clear()
    first = _scanned(source.pk)
    calls = [call for call in lab.calls if call.service == "ec2" and call.status == 200]
    listed = [call for call in calls if call.action not in (_REGIONS, _ENTRIES)]
    by_place = Counter((call.account, call.region) for call in listed)
    details = sum(call.action == _ENTRIES for call in calls)
    full = (lab.connection["accounts"]["staging"], _EUROPE)
    resources = Resource.objects.filter(source=source)
    held = set(resources.values_list("account__account_id", "region").distinct())
    empty = {count for place, count in by_place.items() if place not in held}
    second = _scanned(source.pk)
    accounts = Account.objects.filter(source=source, status=AccountStatus.ACTIVE).count()
    said = (
        f"lab, {accounts} accounts x {len(by_place) // accounts} enabled regions,"
        f" {resources.count()} resources, one process, moto the limit"
    )
    return [
        {"name": "API calls of a full account-region", "value": by_place[full], "unit": "calls",
         "target": "== 15", "conditions": "one page each; entries of own prefix lists apart"},
        {"name": "API calls of an account-region without a VPC", "value": max(empty),
         "unit": "calls", "target": "== 1", "conditions": "DescribeVpcs alone"},
        {"name": "API calls for entries of own prefix lists", "value": details, "unit": "calls",
         "conditions": said},
        {"name": "API calls of a whole scan", "value": len(calls), "unit": "calls",
         "conditions": said},
        {"name": "first scan", "value": first, "unit": "s", "conditions": said},
        {"name": "second scan", "value": second, "unit": "s", "conditions": said},
    ]  # fmt: skip


def _scanned(source_id: int) -> float:
    began = time.perf_counter()
    services.start_scan(source_id, actor=None)
    while scanning.run_next():
        pass
    return time.perf_counter() - began
