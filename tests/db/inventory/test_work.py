"""Work is rows with leases: whatever happens to a worker, nothing is lost or applied twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.utils import timezone

from identity.problems import DomainError
from inventory import scanning, services, work
from inventory.models import Change, Resource, Scan, Shard, Work
from inventory.sync import LostLease, apply
from inventory.tasks import run_work, sweep
from lab.faults import Fault
from tests import factories
from tests.db.inventory.answers import answer
from tests.factories import NOW, REGION, raw_vpc

WORKER = """
import django
django.setup()
from inventory.scanning import run_next
run_next()
"""


@pytest.fixture
def short_leases(settings):
    settings.LEASE_SECONDS = 2


def start_worker():
    """A real worker process on the test database, with leases of two seconds."""
    place = connection.settings_dict
    url = (
        f"postgresql:///{place['NAME']}?host={quote(place['HOST'], safe='')}"
        f"&user={place['USER']}&port={place['PORT']}"
    )
    env = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "cspm.settings",
        "LEASE_SECONDS": "2",
    }
    return subprocess.Popen([sys.executable, "-c", WORKER], env=env, cwd=django_settings.BASE_DIR)


def wait_for(condition, *, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def stuck_in(lab, action):
    return any(fault["fired"] for fault in lab.faults.listed() if fault["action"] == action)


@pytest.mark.django_db(transaction=True)
class TestLostWorkers:
    """With real processes, killed and suspended."""

    def test_the_work_of_a_killed_worker_is_picked_up_and_nothing_is_twice(
        self, lab, production, short_leases
    ):
        production.source.regions = ["eu-central-1", "us-west-2"]
        production.source.save()
        services.start_scan(production.source_id, actor=None)
        lab.faults.add(Fault(kind="slow", action="DescribeInstances", seconds=60))
        worker = start_worker()
        try:
            wait_for(lambda: stuck_in(lab, "DescribeInstances"))
            wait_for(lambda: Shard.objects.filter(region="us-west-2", state="ok").exists())
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait(10)
        lab.faults.clear()
        assert Work.objects.get().state == "running"
        assert scanning.run_next() is False  # the lease of the dead worker still holds
        wait_for(lambda: work.claimable(timezone.now()).exists())
        assert sweep() == 1
        assert scanning.run_next() is True
        done = Work.objects.get()
        assert (done.state, done.attempts, done.generation) == ("done", 2, 2)
        assert done.shards_done == done.shards_total == 30
        assert Scan.objects.get().state == "done"
        assert Resource.objects.filter(type="ec2.instance").count() == 1
        inserted = Change.objects.filter(op="I")
        assert inserted.count() == inserted.values("resource_id").distinct().count()

    def test_a_worker_suspended_past_its_lease_applies_nothing(self, lab, production, short_leases):
        services.start_scan(production.source_id, actor=None)
        lab.faults.add(Fault(kind="slow", action="DescribeInstances", seconds=1, times=1))
        worker = start_worker()
        try:
            wait_for(lambda: stuck_in(lab, "DescribeInstances"))
            worker.send_signal(signal.SIGSTOP)
            wait_for(lambda: work.claimable(timezone.now()).exists())
            assert scanning.run_next() is True
            before = list(Shard.objects.order_by("pk").values())
            changes = Change.objects.count()
            worker.send_signal(signal.SIGCONT)
            assert worker.wait(30) == 0
        finally:
            worker.kill()
            worker.wait(10)
        assert list(Shard.objects.order_by("pk").values()) == before
        assert Change.objects.count() == changes
        assert Work.objects.get().attempts == 2

    def test_a_cancelled_scan_stops_its_worker(self, lab, production, short_leases):
        scan = services.start_scan(production.source_id, actor=None)
        lab.faults.add(Fault(kind="slow", action="DescribeInstances", seconds=2))
        worker = start_worker()
        try:
            wait_for(lambda: stuck_in(lab, "DescribeInstances"))
            services.cancel_scan(scan.pk, actor=factories.make_user("admin"))
            assert worker.wait(20) == 0
        finally:
            worker.kill()
            worker.wait(10)
        assert not Resource.objects.exists()
        assert Work.objects.get().state == "cancelled"
        scan.refresh_from_db()
        assert scan.state == "cancelled"

    def test_two_workers_never_hold_the_same_work(self, production):
        for _ in range(20):
            factories.make_account(production.source)
        services.start_scan(production.source_id, actor=None)
        held, lock = [], threading.Lock()

        def take():
            try:
                while (found := work.claim()) is not None:
                    with lock:
                        held.append(found.lease.work)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(held) == len(set(held)) == 21


@pytest.mark.django_db
class TestLeases:
    """With a clock of our own."""

    @pytest.fixture
    def account(self):
        return factories.make_account()

    def test_an_old_generation_cannot_apply(self, account):
        services.start_scan(account.source_id, actor=None, now=NOW)
        first = work.claim(now=NOW)
        second = work.claim(now=NOW + timedelta(hours=1))
        assert (second.lease.work, second.lease.generation) == (first.lease.work, 2)
        factories.make_shards(account)
        given = [answer(account, "ec2.vpc", [raw_vpc()], at=NOW + timedelta(minutes=1))]
        with pytest.raises(LostLease):
            apply(account, REGION, given, lease=first.lease)
        assert not Resource.objects.exists()
        with pytest.raises(LostLease):
            work.renew(first.lease, now=NOW)
        with pytest.raises(LostLease):
            work.finish(first.lease, now=NOW)
        assert apply(account, REGION, given, lease=second.lease).inserted == 1

    def test_what_fails_three_times_is_given_up_with_its_error(self, account):
        services.start_scan(account.source_id, actor=None, now=NOW)
        now = NOW
        for attempt in range(1, 4):
            claimed = work.claim(now=now)
            assert claimed.attempt == attempt
            work.fail(claimed, "boom", now=now, final=False)
            assert work.claim(now=now) is None  # not at once
            now += timedelta(minutes=1)
        row = Work.objects.get()
        assert (row.state, row.error) == ("failed", "boom")
        assert Scan.objects.get().state == "done"

    def test_what_kills_three_workers_is_given_up(self, account):
        services.start_scan(account.source_id, actor=None, now=NOW)
        for hours in range(3):
            assert work.claim(now=NOW + timedelta(hours=hours)) is not None
        assert work.claim(now=NOW + timedelta(hours=3)) is None
        row = Work.objects.get()
        assert row.state == "failed"
        assert "Given up after 3 tries" in row.error
        assert Scan.objects.get().state == "done"

    def test_an_unexpected_error_is_kept_and_raised(self, account, monkeypatch):
        services.start_scan(account.source_id, actor=None)

        def broken(claimed):
            raise ZeroDivisionError("surprise")

        monkeypatch.setattr(scanning, "_carry_out", broken)
        with pytest.raises(ZeroDivisionError):
            run_work()
        row = Work.objects.get()
        assert (row.state, row.error) == ("ready", "ZeroDivisionError: surprise")

    def test_what_people_ask_for_comes_first(self, account):
        other = factories.make_account(account.source)
        services.start_scan(account.source_id, accounts=[account.pk], actor=None)
        user = factories.make_user("admin")
        services.start_scan(account.source_id, accounts=[other.pk], actor=user)
        assert work.claim().account == other
        assert work.claim().account == account

    def test_an_account_is_in_one_scan_at_a_time(self, account):
        services.start_scan(account.source_id, actor=None)
        with pytest.raises(DomainError, match="already"):
            services.start_scan(account.source_id, actor=None)
        other = factories.make_account(account.source)
        second = services.start_scan(account.source_id, actor=None)
        assert [each.account for each in second.work.all()] == [other]

    def test_closed_and_paused_accounts_are_left_out(self, account):
        account.paused = True
        account.save()
        factories.make_account(account.source, status="SUSPENDED")
        with pytest.raises(DomainError, match="no active account"):
            services.start_scan(account.source_id, actor=None)
