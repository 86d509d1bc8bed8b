"""People, their API tokens, and the append-only audit trail."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models


class User(AbstractUser):
    """A person. The role is a Django group; the scope says which accounts they see.

    `scopes` holds values, not rows: `*` (everything), `ou:<unit path prefix>` or
    `account:<12 digits>`. `identity.scopes` is the one place that interprets them.
    """

    scopes = ArrayField(models.CharField(max_length=300), default=list, blank=True)

    class Meta:
        permissions: ClassVar = [("manage_users", "Can manage users, roles and tokens")]


class ApiToken(models.Model):
    """A bearer token; only its SHA-256 is kept, the value is shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)


class AuditEvent(models.Model):
    """One thing a person or the product did. A trigger refuses UPDATE and DELETE."""

    at = models.DateTimeField(db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(max_length=150, help_text="The user, or the part of the product.")
    action = models.CharField(max_length=80, db_index=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=120)
    account_id = models.CharField(max_length=12, blank=True, db_index=True)
    summary = models.TextField()
    data = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id"], name="audit_subject"),
        ]
        permissions: ClassVar = [("view_audit", "Can read the audit trail")]
