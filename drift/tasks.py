"""Background work of drift."""

from celery import shared_task

from drift.compare import compare_dirty


@shared_task(name="drift.compare", acks_late=True)
def compare() -> int:
    """Compare every baseline that something may have changed. Safe to run twice."""
    return compare_dirty()
