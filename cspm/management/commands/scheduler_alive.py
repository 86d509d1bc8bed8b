"""`manage.py scheduler_alive`: the health check of the scheduler's container."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

# The scheduler writes down what it ran every three minutes.
SILENCE = timedelta(minutes=10)


class Command(BaseCommand):
    """Fails when the scheduler has started no task for a while."""

    help = "Exit with an error unless the scheduler started a task within the last ten minutes."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask the database: the scheduler itself listens nowhere."""
        recent = timezone.now() - SILENCE
        if not PeriodicTask.objects.filter(enabled=True, last_run_at__gte=recent).exists():
            raise CommandError("The scheduler has started nothing for ten minutes.")
        self.stdout.write("The scheduler works.")
