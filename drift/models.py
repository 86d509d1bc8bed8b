"""Baselines: the approved configuration of a scope, in versions."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from drift.states import TrustLevel, choices


class Baseline(models.Model):
    """The approved configuration of one VPC and what belongs to it."""

    vpc = models.OneToOneField("inventory.Resource", models.PROTECT, related_name="baseline")
    name = models.CharField(max_length=120)
    trust_level = models.CharField(
        max_length=10, choices=choices(TrustLevel), default=TrustLevel.OBSERVE
    )
    auto_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    auto_asked_at = models.DateTimeField(null=True, blank=True)
    auto_confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    auto_confirmed_at = models.DateTimeField(null=True, blank=True)
    pending_level = models.CharField(
        max_length=10, choices=choices(TrustLevel), blank=True, help_text="Asked, not confirmed."
    )
    pending_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    pending_at = models.DateTimeField(null=True, blank=True)
    settle_seconds = models.PositiveIntegerField(default=30)
    max_age_seconds = models.PositiveIntegerField(
        default=900, help_text="Older additions need a person."
    )
    created_at = models.DateTimeField()
    marked = models.BigIntegerField(default=0, help_text="Batches of changes that touched it.")
    compared = models.BigIntegerField(default=0, help_text="The batch compared last.")
    compared_at = models.DateTimeField(null=True, blank=True)
    open_drifts = models.PositiveIntegerField(default=0)
    unknown_shards = models.JSONField(
        default=list, help_text="Listings the last comparison could not rely on."
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(trust_level__in=[TrustLevel.ADD_BACK, TrustLevel.AUTO])
                | (
                    Q(auto_asked_by__isnull=False)
                    & Q(auto_confirmed_by__isnull=False)
                    & ~Q(auto_asked_by=F("auto_confirmed_by"))
                ),
                name="auto_needs_two_admins",
            ),
            models.CheckConstraint(
                condition=Q(pending_level="")
                | (Q(pending_by__isnull=False) & Q(pending_at__isnull=False)),
                name="asking_for_trust_names_a_person",
            ),
        ]
        permissions: ClassVar = [
            ("capture_baseline", "Can capture and re-capture baselines"),
            ("set_trust", "Can set a baseline's trust level"),
        ]


class BaselineVersion(models.Model):
    """One approved state, never rewritten but for a new canonical form of the same facts.

    `entries` is a list of {type, id, name, parent, config, complete}: `config` is the durable
    projection that is compared, `complete` the canonical configuration it came from, kept so that
    a later canonicaliser can project it anew.
    """

    baseline = models.ForeignKey(Baseline, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    captured_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    captured_at = models.DateTimeField()
    observed_at = models.DateTimeField(help_text="The oldest read it rests on.")
    reason = models.TextField(blank=True)
    canon_version = models.PositiveIntegerField()
    entries = models.JSONField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["baseline", "number"], name="baseline_version_identity"
            ),
        ]
