"""Findings with their timeline, and what else evaluation leaves behind."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from findings.states import Detection, Kind, Severity, Triage, choices


class Finding(models.Model):
    """One rule failing, or one drift, on one resource; the row survives reopening."""

    kind = models.CharField(max_length=16, choices=choices(Kind))
    code = models.SlugField(max_length=80, help_text="The rule's id, or the kind of drift.")
    resource = models.ForeignKey("inventory.Resource", models.PROTECT, related_name="findings")
    discriminator = models.CharField(max_length=120, blank=True)
    scope_key = models.CharField(
        max_length=40, blank=True, help_text="What compared it, as baseline:12; empty for rules."
    )
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=8, choices=choices(Severity))
    severity_rank = models.PositiveSmallIntegerField(help_text="0 is critical; for sorting.")
    severity_reason = models.CharField(max_length=300, blank=True)
    detection = models.CharField(max_length=10, choices=choices(Detection))
    triage = models.CharField(max_length=16, choices=choices(Triage), default=Triage.NEW)
    evidence = models.JSONField(default=dict, help_text="Facts the verdict rests on.")
    evidence_hash = models.CharField(max_length=32)
    first_seen = models.DateTimeField()
    failing_since = models.DateTimeField(help_text="Of the current or last episode.")
    resolved_at = models.DateTimeField(null=True, blank=True)
    not_assessed_since = models.DateTimeField(null=True, blank=True)
    times_reopened = models.PositiveIntegerField(default=0)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "code", "resource", "discriminator"], name="finding_identity"
            ),
            models.CheckConstraint(
                condition=~Q(triage=Triage.SNOOZED) | Q(snoozed_until__isnull=False),
                name="finding_snooze_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(detection=Detection.FAILING) ^ Q(resolved_at__isnull=False),
                name="finding_resolved_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["severity_rank", "-failing_since", "id"], name="finding_inbox"),
            models.Index(
                fields=["detection", "triage", "severity_rank", "-failing_since", "id"],
                name="finding_by_state",
            ),
            models.Index(
                fields=["-resolved_at", "id"],
                name="finding_resolved",
                condition=Q(resolved_at__isnull=False),
            ),
            models.Index(fields=["code", "detection"], name="finding_code"),
            models.Index(
                fields=["scope_key"], name="finding_scope_key", condition=~Q(scope_key="")
            ),
        ]
        permissions: ClassVar = [
            ("triage_finding", "Can triage findings"),
            ("export_finding", "Can export findings"),
        ]


class FindingEvent(models.Model):
    """One entry of a finding's timeline: machine and people in one stream, append-only."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="events")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=40)
    note = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["id"]


class Waiver(models.Model):
    """A finding accepted by a named person, with a reason and an end."""

    finding = models.ForeignKey(Finding, models.CASCADE, related_name="waivers")
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.TextField()
    granted_at = models.DateTimeField()
    until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Revoked or expired.")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["finding"], condition=Q(ended_at=None), name="one_open_waiver"
            ),
        ]


class Verdict(models.Model):
    """A verdict that is not a pass: fail or unknown, of one rule on one resource."""

    rule = models.SlugField(max_length=80)
    resource = models.ForeignKey("inventory.Resource", models.CASCADE, related_name="verdicts")
    verdict = models.CharField(max_length=8, choices=[("fail", "Fail"), ("unknown", "Unknown")])
    missing = models.JSONField(default=list, help_text="Shards an unknown verdict waits for.")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "resource"], name="verdict_identity"),
        ]


class Tally(models.Model):
    """Counts of one rule in one account-region, so that scores have denominators.

    `passing` holds the ids of the resources that passed, sorted: scores need no row for each.
    """

    account = models.ForeignKey("inventory.Account", models.CASCADE, related_name="tallies")
    region = models.CharField(max_length=32)
    rule = models.SlugField(max_length=80)
    generation = models.BigIntegerField()
    passed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    not_applicable = models.PositiveIntegerField(default=0)
    passing = ArrayField(models.BigIntegerField(), default=list)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "region", "rule"], name="tally_identity"),
        ]


class EvaluationScope(models.Model):
    """One account-region as a unit of evaluation: dirty while `marked` is ahead of `evaluated`.

    `marked` counts the batches of changes that touched it; the value an evaluation started from
    is that run's generation. A row is never locked while an evaluation runs.
    """

    account = models.ForeignKey("inventory.Account", models.CASCADE, related_name="+")
    region = models.CharField(max_length=32)
    marked = models.BigIntegerField(default=0)
    marked_at = models.DateTimeField()
    evaluated = models.BigIntegerField(default=0)
    evaluated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "region"], name="evaluation_scope_identity"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["marked_at"],
                name="evaluation_dirty",
                condition=Q(marked__gt=models.F("evaluated")),
            ),
        ]
