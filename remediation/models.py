"""Plans, the requests to carry them out, and the journal of what was done."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from remediation.states import ExecutionState, Origin, RequestState


def _choices(states: type[StrEnum]) -> list[tuple[str, str]]:
    return [(state.value, state.value.capitalize()) for state in states]


class Plan(models.Model):
    """An ordered list of AWS calls with state before, after, inverse calls and a hash; immutable.

    `content` is exactly what `hash` covers: {action, account, region, resource, steps, before,
    after, inverse, impact}. Nothing of a plan that matters lies outside it.
    """

    hash = models.CharField(max_length=64, unique=True)
    action = models.SlugField(max_length=80)
    origin = models.CharField(max_length=10, choices=_choices(Origin))
    finding = models.ForeignKey("findings.Finding", models.PROTECT, related_name="plans")
    account = models.ForeignKey("inventory.Account", models.PROTECT, related_name="plans")
    region = models.CharField(max_length=32)
    content = models.JSONField()
    summary = models.CharField(max_length=300)
    failing_since = models.DateTimeField(help_text="Of the episode that it repairs.")
    unseen_since = models.DateTimeField(
        null=True, blank=True, help_text="The last good look before that episode, if there was one."
    )
    rolls_back = models.ForeignKey(
        "remediation.Execution", models.PROTECT, null=True, blank=True, related_name="rollbacks"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField()


class Request(models.Model):
    """Someone asks for a plan to be carried out; another person decides."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="requests")
    state = models.CharField(
        max_length=10, choices=_choices(RequestState), default=RequestState.PENDING
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    approved_hash = models.CharField(max_length=64, blank=True, help_text="What was approved.")
    comment = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(state="pending"), name="one_pending_request"
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | (Q(decided_by__isnull=False) & ~Q(approved_hash="")),
                name="approval_names_a_person_and_a_hash",
            ),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(requested_by=None)
                | ~Q(requested_by=F("decided_by")),
                name="nobody_approves_their_own",
            ),
        ]
        permissions: ClassVar = [
            ("request_repair", "Can request a repair"),
            ("approve_repair", "Can approve, reject and roll back repairs"),
            ("flip_kill_switch", "Can stop and resume all repairs"),
        ]


class Execution(models.Model):
    """One carrying-out of one approved plan: a row with a lease, like all work."""

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="executions")
    request = models.OneToOneField(Request, models.PROTECT, related_name="execution")
    state = models.CharField(
        max_length=10, choices=_choices(ExecutionState), default=ExecutionState.QUEUED
    )
    generation = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    source_identity = models.CharField(max_length=64, help_text="The approver, as AWS sees it.")
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    live_after = models.JSONField(null=True, blank=True)
    renamed = models.JSONField(
        default=dict, help_text="Rule ids: what was removed, what stands for it."
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state="verified") | Q(verified_at__isnull=False),
                name="verified_has_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["not_before"],
                name="execution_waiting",
                condition=Q(state__in=["queued", "running", "verifying"]),
            ),
        ]


class StepRecord(models.Model):
    """The journal of one step: intent is committed before the call, the outcome after it."""

    execution = models.ForeignKey(Execution, models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    call = models.JSONField()
    intended_at = models.DateTimeField()
    intended_generation = models.BigIntegerField()
    finished_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(
        max_length=20, blank=True, help_text="done, already, refused, unknown"
    )
    request_id = models.CharField(max_length=80, blank=True)
    answer = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["execution", "number"], name="step_identity"),
        ]


class KillSwitch(models.Model):
    """Stops every repair of a scope until someone lifts it: `*`, an account's id, or a VPC's id."""

    scope = models.CharField(max_length=60, default="*")
    reason = models.TextField()
    thrown_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    thrown_at = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["scope"], condition=Q(lifted_at=None), name="one_open_switch"
            ),
        ]


class Hold(models.Model):
    """Keeps the product from repairing by itself until a person decides.

    On one finding after someone rolled its automatic repair back, or, without a finding, on a
    whole resource that was healed again and again.
    """

    resource = models.ForeignKey("inventory.Resource", models.CASCADE, related_name="holds")
    finding = models.ForeignKey(
        "findings.Finding", models.CASCADE, null=True, blank=True, related_name="holds"
    )
    reason = models.CharField(max_length=300)
    since = models.DateTimeField()
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["resource", "finding"],
                condition=Q(lifted_at=None),
                nulls_distinct=False,
                name="one_open_hold",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None) ^ Q(lifted_by__isnull=False),
                name="a_hold_is_lifted_by_a_person",
            ),
        ]
