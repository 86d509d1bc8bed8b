"""What exists in AWS, what is known of it, and the work of finding out."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cast

from inventory.states import (
    AccountStatus,
    ChangeOp,
    ConnectionState,
    ScanState,
    ShardState,
    SourceKind,
    WorkState,
)


class Source(models.Model):
    """Where an inventory comes from: a live organisation, or an import of files."""

    kind = models.CharField(max_length=8, choices=SourceKind.choices)
    name = models.CharField(max_length=120, unique=True)
    management_account = models.CharField(max_length=12, blank=True)
    organisation_id = models.CharField(max_length=40, blank=True)
    role_name = models.CharField(max_length=64, blank=True, help_text="Role assumed to read.")
    remediation_role_name = models.CharField(max_length=64, blank=True)
    external_id = models.CharField(max_length=1224, blank=True)
    regions = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, help_text="Empty: all enabled."
    )
    scan_interval_seconds = models.PositiveIntegerField(default=900)
    discovered_at = models.DateTimeField(null=True, blank=True)
    discovery_error = models.TextField(blank=True)
    created_at = models.DateTimeField()


class Account(models.Model):
    """One AWS account of a source."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="accounts")
    account_id = models.CharField(max_length=12, db_index=True)
    name = models.CharField(max_length=120)
    email = models.CharField(max_length=254, blank=True)
    unit_path = models.CharField(max_length=512, blank=True, help_text="/Root/Workloads/Prod")
    status = models.CharField(
        max_length=10, choices=AccountStatus.choices, default=AccountStatus.ACTIVE
    )
    tags = models.JSONField(default=dict)
    added_by_hand = models.BooleanField(default=False)
    role_arn = models.CharField(max_length=200, blank=True, help_text="Overrides the source's.")
    remediation_role_arn = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=1224, blank=True)
    connection = models.CharField(
        max_length=12, choices=ConnectionState.choices, default=ConnectionState.UNTRIED
    )
    connection_error = models.TextField(blank=True)
    connection_checked_at = models.DateTimeField(null=True, blank=True)
    enabled_regions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    access_checks = models.JSONField(
        default=list, help_text="The last permission test: one entry for each action."
    )
    access_checked_at = models.DateTimeField(null=True, blank=True)
    paused = models.BooleanField(default=False, help_text="Neither scanned nor repaired.")
    last_scan_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "account_id"], name="account_identity"),
        ]
        permissions: ClassVar = [("scan_account", "Can start and cancel scans")]


class Shard(models.Model):
    """Account x region x collector: the unit of truth and of freshness."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="shards")
    region = models.CharField(max_length=32)
    collector = models.CharField(max_length=60)
    state = models.CharField(max_length=16, choices=ShardState.choices, default=ShardState.NEVER)
    state_since = models.DateTimeField()
    generation = models.BigIntegerField(default=0, help_text="Complete answers applied so far.")
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_try_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=80, blank=True)
    error = models.TextField(blank=True)
    missing_permission = models.CharField(max_length=120, blank=True)
    proof = models.CharField(max_length=60, blank=True, help_text="Why it was skipped.")
    item_count = models.PositiveIntegerField(default=0)
    digest = models.BinaryField(max_length=32, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "region", "collector"], name="shard_identity"
            ),
        ]


class ShardPeriod(models.Model):
    """A state a shard was in before, so that the past can be unknown too."""

    shard = models.ForeignKey(Shard, models.CASCADE, related_name="periods")
    state = models.CharField(max_length=16, choices=ShardState.choices)
    since = models.DateTimeField()
    until = models.DateTimeField()
    error_code = models.CharField(max_length=80, blank=True)


class Resource(models.Model):
    """One AWS object in its canonical configuration.

    Identity is by owner. `shard` is the authority: only a complete answer of that shard (or a
    read filtered to this object in the same account and region) may delete the row, and a
    participant of a shared object never takes it from its owner.
    """

    source = models.ForeignKey(Source, models.CASCADE, related_name="resources")
    account = models.ForeignKey(
        Account, models.CASCADE, related_name="resources", help_text="The account that was asked."
    )
    shard = models.ForeignKey(Shard, models.CASCADE, related_name="resources")
    owner_id = models.CharField(max_length=12)
    region = models.CharField(max_length=32)
    type = models.CharField(max_length=60)
    rid = models.CharField(max_length=255, help_text="The id AWS gave it.")
    name = models.CharField(max_length=255, blank=True)
    vpc_id = models.CharField(max_length=32, blank=True)
    parent_rid = models.CharField(
        max_length=255, blank=True, help_text="What it composes, as a rule its group."
    )
    tags = models.JSONField(default=dict)
    config = models.JSONField()
    canon_version = models.PositiveSmallIntegerField()
    hash = models.BinaryField(max_length=16, help_text="Of the complete configuration.")
    durable_hash = models.BinaryField(max_length=16, help_text="Of what baselines compare.")
    unknown_fields = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    first_seen = models.DateTimeField()
    changed_at = models.DateTimeField()
    observed_at = models.DateTimeField(help_text="Start of the read it comes from.")
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "owner_id", "region", "type", "rid"], name="resource_identity"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["shard"], name="resource_shard"),
            models.Index(fields=["rid"], name="resource_rid"),
            models.Index(fields=["vpc_id", "type"], name="resource_vpc"),
            models.Index(
                fields=["parent_rid"], name="resource_parent", condition=~Q(parent_rid="")
            ),
            models.Index(
                fields=["source", "type", "id"], name="resource_live", condition=Q(deleted_at=None)
            ),
            GinIndex(fields=["tags"], name="resource_tags", opclasses=["jsonb_path_ops"]),
        ]


class ResourceVersion(models.Model):
    """What a resource was before; the open version is the resource itself."""

    resource = models.ForeignKey(Resource, models.CASCADE, related_name="versions")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField()
    op = models.CharField(max_length=1, choices=ChangeOp.choices, help_text="What ended it.")
    config = models.JSONField()
    canon_version = models.PositiveSmallIntegerField()
    hash = models.BinaryField(max_length=16)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["resource", "-valid_to"], name="version_of"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(valid_to__gte=F("valid_from")), name="version_ends_after_it_begins"
            ),
        ]


class Change(models.Model):
    """The log that the apps above consume; written in the transaction that applied the change.

    `xid` is the writing transaction (`pg_current_xact_id()`, by a column default): readers take
    what lies below their snapshot's xmin, so that rows committed out of order are never skipped.
    """

    xid = models.BigIntegerField(
        db_index=True,
        db_default=Cast(
            Cast(Func(function="pg_current_xact_id"), models.TextField()), models.BigIntegerField()
        ),
    )
    source_id = models.BigIntegerField()
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    region = models.CharField(max_length=32)
    collector = models.CharField(max_length=60)
    resource_id = models.BigIntegerField(null=True, help_text="Empty: the shard's state changed.")
    vpc_id = models.CharField(max_length=32, blank=True)
    op = models.CharField(max_length=1, choices=ChangeOp.choices)
    at = models.DateTimeField(db_index=True)


class Cursor(models.Model):
    """How far one consumer has read the change log: every xid below `position` is done."""

    consumer = models.CharField(max_length=60, primary_key=True)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField()


class Scan(models.Model):
    """A request to read accounts, and how far it got."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="scans")
    state = models.CharField(max_length=10, choices=ScanState.choices, default=ScanState.RUNNING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    reason = models.CharField(max_length=40, default="schedule")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )


class Work(models.Model):
    """One account, or a slice of its regions, to read: a row with a lease.

    `generation` grows with every claim; whoever holds an older one has lost the work.
    """

    scan = models.ForeignKey(Scan, models.CASCADE, related_name="work")
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    regions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    state = models.CharField(max_length=10, choices=WorkState.choices, default=WorkState.READY)
    generation = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="Tried again from then on.")
    attempts = models.PositiveSmallIntegerField(default=0)
    priority = models.SmallIntegerField(default=0)
    shards_total = models.PositiveIntegerField(default=0)
    shards_done = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    changes = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["-priority", "id"],
                name="work_waiting",
                condition=Q(state__in=["ready", "running"]),
            ),
        ]
