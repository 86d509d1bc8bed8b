"""The scheduler's health check."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask


@pytest.fixture
def task(db):
    PeriodicTask.objects.update(last_run_at=None)
    every = IntervalSchedule.objects.create(every=15, period=IntervalSchedule.SECONDS)
    return PeriodicTask.objects.create(name="t", task="inventory.sweep", interval=every)


def test_a_scheduler_that_ran_something_lately_is_healthy(task):
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=timezone.now())
    said = StringIO()
    call_command("scheduler_alive", stdout=said)
    assert said.getvalue() == "The scheduler works.\n"


@pytest.mark.parametrize("ago", [None, timedelta(minutes=11)])
def test_a_scheduler_that_is_silent_is_not(task, ago):
    when = timezone.now() - ago if ago else None
    PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=when)
    with pytest.raises(CommandError, match="started nothing"):
        call_command("scheduler_alive")
