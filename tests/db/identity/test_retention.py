"""The audit trail is kept for ever unless an installation says otherwise, and only that way ends."""

from datetime import timedelta

import pytest
from django.db import Error, transaction
from django.utils import timezone

from identity import audit
from identity.models import AuditEvent
from inventory.retention import throw_away

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail():
    now = timezone.now()
    for days in (400, 10):
        audit.record(
            "x.y", actor=None, at=now - timedelta(days=days), subject=("x", days), summary="x"
        )
    return now


def test_by_default_nothing_is_forgotten(trail):
    throw_away(now=trail)
    assert AuditEvent.objects.count() == 2


def test_where_days_are_set_what_is_older_goes(trail, settings):
    settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, "audit": 365}
    assert throw_away(now=trail)["identity_auditevent"] == 1
    assert AuditEvent.objects.get().subject_id == "10"


def test_retention_leaves_the_trigger_armed(trail, settings):
    settings.RETENTION_DAYS = {**settings.RETENTION_DAYS, "audit": 365}
    throw_away(now=trail)
    with transaction.atomic(), pytest.raises(Error, match="append-only"), transaction.atomic():
        AuditEvent.objects.all().delete()
    assert AuditEvent.objects.count() == 1
