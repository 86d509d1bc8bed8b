"""The work of repairing, as Celery runs it: each task loops over durable rows and may run twice."""

from celery import shared_task
from django.utils import timezone

from remediation import approvals, execute
from remediation import autopilot as pilot


@shared_task(name="remediation.execute_due", acks_late=True)
def execute_due() -> int:
    """Close requests that lapsed, and carry out what is approved."""
    approvals.expire(now=timezone.now())
    return execute.execute_due()


@shared_task(name="remediation.autopilot", acks_late=True)
def autopilot() -> int:
    """Repair by itself what baselines are trusted with; the repairs run as any other."""
    return pilot.run(now=timezone.now())
