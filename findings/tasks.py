"""Background work of findings; each task loops over a service and may run twice without harm."""

from celery import shared_task
from django.utils import timezone

from findings import recheck, services
from findings.evaluation import evaluate_dirty


@shared_task(name="findings.evaluate", acks_late=True)
def evaluate() -> int:
    """Judge every account-region that changed."""
    return evaluate_dirty()


@shared_task(name="findings.wake_due", acks_late=True)
def wake_due() -> int:
    """End snoozes and waivers whose time has come."""
    return services.wake_due(now=timezone.now())


@shared_task(name="findings.recheck", acks_late=True)
def recheck_finding(finding_id: int) -> bool:
    """Read a finding's resource again and judge it."""
    return recheck.recheck(finding_id, now=timezone.now())
