"""Workers that die or fall asleep at the worst moment: nothing is lost and nothing done twice."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from itertools import count
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from inventory import aws
from remediation.models import Execution
from remediation.states import ExecutionState

HOUR = timedelta(hours=1)


def database_url():
    used = connection.settings_dict
    host = quote(str(used["HOST"]), safe="")
    return f"postgresql:///{used['NAME']}?host={host}&user={used['USER']}&port={used['PORT']}"


class Worker:
    def __init__(self, *, lease=30.0, call=20.0):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.db.remediation.worker", str(lease), str(call)],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": database_url()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill(self):
        self.process.kill()
        self.process.communicate()

    def suspend(self):
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def wait(self):
        said, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said
        return said


@pytest.fixture
def start():
    workers = []

    def begin(**times):
        workers.append(Worker(**times))
        return workers[-1]

    yield begin
    for worker in workers:
        if worker.process.poll() is None:
            worker.kill()


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def asked(world, action, times=1):
    return lambda: [call.action for call in world.lab.calls].count(action) >= times


def lose_the_lease(execution):
    Execution.objects.filter(pk=execution.pk).update(lease_until=timezone.now())


def make_a_range(world):
    world.revoke(world.rules()[0]["SecurityGroupRuleId"])
    world.authorize(port=20, to=80, cidr="0.0.0.0/0", text="legacy")
    world.scan()


@pytest.fixture
def world(lab, transactional_db):
    from tests.db.remediation.aws import Aws  # noqa: PLC0415 - after the lab is up

    return Aws(lab)


def test_a_worker_killed_after_aws_did_it_and_before_it_was_noted_repeats_nothing(world, start):
    execution = world.approved()
    world.fault("lost-answer", "RevokeSecurityGroupIngress", times=1)
    world.lab.calls.clear()
    worker = start()
    until(lambda: not world.rules())
    worker.kill()
    assert world.again(execution).state == ExecutionState.RUNNING
    assert execution.steps.get().outcome == ""
    world.work()
    assert world.again(execution).state == ExecutionState.RUNNING, "the lease still holds"
    lose_the_lease(execution)
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.VERIFIED, execution.error
    assert execution.steps.get().outcome == "already"
    assert len(world.writes()) == 1


def test_a_worker_killed_before_aws_did_it_loses_nothing(world, start):
    execution = world.approved()
    world.fault("timeout", "RevokeSecurityGroupIngress", times=1)
    world.lab.calls.clear()
    worker = start()
    until(execution.steps.exists)
    time.sleep(0.3)
    worker.kill()
    world.lab.faults.clear()
    assert len(world.rules()) == 1
    lose_the_lease(execution)
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.VERIFIED, execution.error
    assert world.rules() == []


def test_a_worker_killed_between_two_steps_is_followed_from_there(world, start):
    make_a_range(world)
    execution = world.approved()
    world.fault("lost-answer", "AuthorizeSecurityGroupIngress", times=1, after=1)
    world.lab.calls.clear()
    worker = start()
    until(lambda: len(world.rules()) == 3)
    worker.kill()
    lose_the_lease(execution)
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.VERIFIED, execution.error
    assert [call.action for call in world.writes()] == [
        "AuthorizeSecurityGroupIngress",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
    ]
    assert sorted((each["FromPort"], each["ToPort"]) for each in world.rules()) == [
        (20, 21),
        (23, 80),
    ]


def test_a_crash_after_which_someone_changed_the_group_ends_as_unverified(world, start):
    execution = world.approved()
    world.fault("lost-answer", "RevokeSecurityGroupIngress", times=1)
    worker = start()
    until(lambda: not world.rules())
    worker.kill()
    world.authorize(port=9000)
    lose_the_lease(execution)
    world.work()
    execution = world.again(execution)
    assert execution.state == ExecutionState.UNVERIFIED
    assert "was added" in execution.error
    assert len(world.writes()) == 1


def test_a_worker_suspended_past_its_lease_cannot_write(world, start):
    execution = world.approved()
    world.fault("slow", "DescribeNetworkInterfaces", times=1, seconds=2)
    world.lab.calls.clear()
    sleeper = start(lease=6, call=4)
    until(asked(world, "DescribeSecurityGroupRules"))
    time.sleep(0.5)
    sleeper.suspend()
    assert world.writes() == []
    until(lambda: Execution.objects.get().lease_until < timezone.now())
    world.work()
    assert world.again(execution).state == ExecutionState.VERIFIED
    # Someone opens the same port again: the sleeper must not close it on an approval that is used.
    world.authorize(port=22, cidr="0.0.0.0/0")
    sleeper.wake()
    sleeper.wait()
    assert len(world.writes()) == 1
    assert len(world.rules()) == 1
    execution = world.again(execution)
    assert (execution.state, execution.generation) == (ExecutionState.VERIFIED, 2)


@pytest.mark.django_db
def test_time_lost_between_intent_and_call_means_no_call(world):
    execution = world.approved()
    ticks = count(step=1000)
    world.lab.calls.clear()
    world.work(stopwatch=lambda: float(next(ticks)))
    assert world.again(execution).state == ExecutionState.RUNNING
    assert execution.steps.get().outcome == ""
    assert world.writes() == []
    lose_the_lease(execution)
    world.work()
    assert world.again(execution).state == ExecutionState.VERIFIED


def test_a_lost_answer_is_settled_by_reading_without_a_second_call(world):
    execution = world.approved()
    aws.configure(timeout=1.0)
    aws.forget()
    try:
        world.fault("lost-answer", "RevokeSecurityGroupIngress", times=1)
        world.lab.calls.clear()
        world.work()
    finally:
        aws.configure(timeout=20.0)
    execution = world.again(execution)
    assert execution.state == ExecutionState.VERIFIED, execution.error
    assert execution.steps.get().outcome == "already"
    assert len(world.writes()) == 1


def test_a_worker_that_dies_every_time_ends_as_unverified_and_not_for_ever(world):
    execution = world.approved()
    ticks = count(step=1000)
    for _ in range(7):
        world.work(stopwatch=lambda: float(next(ticks)))
        if world.again(execution).state != ExecutionState.RUNNING:
            break
        lose_the_lease(execution)
    execution = world.again(execution)
    assert execution.state == ExecutionState.UNVERIFIED
    assert "Given up" in execution.error
    assert len(world.rules()) == 1
