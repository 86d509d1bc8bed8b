"""When scans are due, what is thrown away, and hints that get lost."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from inventory import schedule, wake
from inventory.models import Change, Cursor, ResourceVersion, Scan, ShardPeriod, Work
from inventory.retention import throw_away
from tests import factories
from tests.factories import NOW, make_account

pytestmark = pytest.mark.django_db


def test_every_account_is_due_once_in_each_interval_at_its_own_moment():
    source = factories.make_source()
    accounts = [make_account(source, last_scan_at=NOW) for _ in range(60)]
    seen, minutes = Counter(), Counter()
    for minute in range(1, 31):
        now = NOW + timedelta(minutes=minute)
        for account in schedule.due(accounts, interval=900, now=now):
            account.last_scan_at = now
            seen[account.pk] += 1
            minutes[minute] += 1
    assert set(seen.values()) == {2}
    assert max(minutes.values()) <= 20  # of 60: not all at once


def test_who_was_never_scanned_is_due_at_once():
    account = make_account()
    assert schedule.due([account], interval=900, now=NOW) == [account]


def test_the_schedule_starts_scans_for_live_active_accounts_only():
    source = factories.make_source()
    wanted = make_account(source)
    make_account(source, paused=True)
    make_account(source, status="LEFT")
    make_account(factories.make_source(kind="import"))
    assert schedule.schedule_scans() == 1
    assert Work.objects.get().account == wanted
    assert schedule.schedule_scans() == 0  # it is being read already


def test_old_rows_are_thrown_away_and_unread_changes_are_not(settings):
    settings.RETENTION_DAYS = {"versions": 400, "changes": 30, "scans": 90, "audit": 0}
    account = make_account()
    rows = factories.make_network(account)
    now = timezone.now()
    old, young = now - timedelta(days=500), now - timedelta(days=1)
    for end in (old, young):
        ResourceVersion.objects.create(
            resource=rows["vpc"], valid_from=end, valid_to=end, op="U", config={},
            canon_version=1, hash=b"",
        )  # fmt: skip
        scan = Scan.objects.create(
            source=account.source, state="done", created_at=end, finished_at=end
        )
        Work.objects.create(scan=scan, account=account, state="done")
        ShardPeriod.objects.create(shard=account.shards.first(), state="ok", since=end, until=end)
    Change.objects.update(at=old)
    kept = Change.objects.count()
    Cursor.objects.create(consumer="slow", position=0, moved_at=now)
    throw_away(now=now)
    assert Change.objects.count() == kept
    counts = [model.objects.count() for model in (ResourceVersion, Scan, Work, ShardPeriod)]
    assert counts == [1, 1, 1, 1]
    Cursor.objects.update(position=10**12)
    throw_away(now=now)
    assert not Change.objects.exists()


def test_zero_days_keep_for_ever(settings):
    settings.RETENTION_DAYS = {"versions": 0, "changes": 0, "scans": 0, "audit": 0}
    factories.make_network(make_account())
    kept = Change.objects.count()
    throw_away(now=timezone.now() + timedelta(days=10_000))
    assert Change.objects.count() == kept > 0


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_costs_a_hint_and_nothing_else(monkeypatch):
    tried = []

    def away(name, **more):
        tried.append(name)
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr(wake.current_app, "send_task", away)
    wake.wake("work")
    assert tried == ["inventory.run_work"]


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_changes_is_one_hint(monkeypatch):
    sent = []
    monkeypatch.setattr(wake, "_sent", {})
    monkeypatch.setattr(
        wake.current_app, "send_task", lambda name, **more: sent.append((name, more["countdown"]))
    )
    for _ in range(5):
        wake.wake("change")
    assert [name for name, _ in sent] == ["findings.evaluate", "drift.compare"]
    assert all(delay > 0 for _, delay in sent)
    with pytest.raises(KeyError):
        wake.wake("nonsense")
