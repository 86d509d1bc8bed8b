"""Periodic work of compliance."""

from celery import shared_task
from django.utils import timezone

from compliance import services
from inventory.models import Source


@shared_task(name="compliance.snapshot", acks_late=True)
def snapshot() -> int:
    """Bring today's scores of every source up to date. Safe to run twice and side by side."""
    now = timezone.now()
    sources = list(Source.objects.order_by("pk").values_list("pk", flat=True))
    return sum(services.keep_scores(source_id, now=now) for source_id in sources)
