"""The API of findings: the same scopes, filters, permissions and services as the pages."""

from datetime import timedelta
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from findings import selectors, services
from findings.filters import FindingFilter
from findings.lifecycle import LONGEST_SNOOZE, LONGEST_WAIVER, Action
from findings.models import Finding, FindingEvent
from identity.models import User

_LONGEST_NOTE = 4_000
_DAY = timedelta(days=1)
_LISTED = (
    "id",
    "kind",
    "rule",
    "discriminator",
    "title",
    "severity",
    "severity_reason",
    "detection",
    "triage",
    "account",
    "region",
    "resource_id",
    "resource_type",
    "resource",
    "resource_name",
    "assignee",
    "first_seen",
    "failing_since",
    "resolved_at",
    "not_assessed_since",
    "snoozed_until",
    "times_reopened",
)


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """A finding as a list shows it."""

    rule = serializers.CharField(source="code", read_only=True)
    account = serializers.CharField(source="resource.account.account_id", read_only=True)
    region = serializers.CharField(source="resource.region", read_only=True)
    resource_id = serializers.IntegerField(read_only=True)
    resource_type = serializers.CharField(source="resource.type", read_only=True)
    resource = serializers.CharField(source="resource.rid", read_only=True)
    resource_name = serializers.CharField(source="resource.name", read_only=True)
    assignee = serializers.CharField(source="assignee.username", read_only=True, allow_null=True)

    class Meta:
        model = Finding
        fields: tuple[str, ...] = _LISTED
        read_only_fields: tuple[str, ...] = _LISTED


class EventSerializer(serializers.ModelSerializer[FindingEvent]):
    """One entry of a timeline; no actor means the product."""

    actor = serializers.CharField(source="actor.username", read_only=True, allow_null=True)
    details = serializers.DictField(source="data", read_only=True)

    class Meta:
        model = FindingEvent
        fields = ("at", "actor", "kind", "note", "details")
        read_only_fields = fields


class FindingDetailSerializer(FindingSerializer):
    """A finding with its evidence and its timeline, newest first."""

    evidence = serializers.DictField(read_only=True)
    timeline = EventSerializer(source="events", many=True, read_only=True)

    class Meta(FindingSerializer.Meta):
        fields = (*_LISTED, "evidence", "timeline")
        read_only_fields = fields


class ReasonSerializer(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(
        max_length=_LONGEST_NOTE, required=False, allow_blank=True, default=""
    )


class RequiredReasonSerializer(serializers.Serializer[Any]):
    """Why; it must be said."""

    reason = serializers.CharField(max_length=_LONGEST_NOTE)


class SnoozeSerializer(ReasonSerializer):
    """For how long."""

    days = serializers.IntegerField(min_value=1, max_value=LONGEST_SNOOZE.days)


class AcceptSerializer(RequiredReasonSerializer):
    """For how long the risk is carried."""

    days = serializers.IntegerField(min_value=1, max_value=LONGEST_WAIVER.days)


class CommentSerializer(serializers.Serializer[Any]):
    """A remark."""

    text = serializers.CharField(max_length=_LONGEST_NOTE)


class AssignSerializer(serializers.Serializer[Any]):
    """Take it, or give it back."""

    to = serializers.ChoiceField(choices=["me", "nobody"])


class QueuedSerializer(serializers.Serializer[Any]):
    """Whether the work reached the queue."""

    queued = serializers.BooleanField()


class FindingViewSet(viewsets.ReadOnlyModelViewSet[Finding]):
    """Findings in the user's scope. Detection is evidence: no request can resolve a finding."""

    permission_to_read = "findings.view_finding"
    permission_to_write = "findings.triage_finding"
    serializer_class = FindingSerializer
    filterset_class = FindingFilter
    queryset = Finding.objects.none()

    def get_queryset(self) -> QuerySet[Finding]:
        """The user's findings with all a row needs."""
        if getattr(self, "swagger_fake_view", False) or not isinstance(self.request.user, User):
            return Finding.objects.none()
        rows = selectors.findings_visible_to(self.request.user)
        if self.action == "list":
            return selectors.with_row(rows)
        return rows.select_related("resource__account", "assignee").prefetch_related(
            Prefetch("events", FindingEvent.objects.select_related("actor").order_by("-id"))
        )

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Finding]]:
        """One finding comes with its evidence."""
        return FindingSerializer if self.action == "list" else FindingDetailSerializer

    @extend_schema(request=ReasonSerializer, responses=FindingDetailSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Seen, and someone will look at it."""
        return self._decide(request, Action.ACKNOWLEDGE, ReasonSerializer)

    @extend_schema(request=SnoozeSerializer, responses=FindingDetailSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        """Leave it out of the review for some days."""
        return self._decide(request, Action.SNOOZE, SnoozeSerializer)

    @extend_schema(request=AcceptSerializer, responses=FindingDetailSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Carry the risk for some days."""
        return self._decide(request, Action.ACCEPT, AcceptSerializer)

    @extend_schema(request=RequiredReasonSerializer, responses=FindingDetailSerializer)
    @action(detail=True, methods=["post"], url_path="false-positive")
    def false_positive(self, request: Request, pk: str) -> Response:
        """The rule is wrong about this resource."""
        return self._decide(request, Action.FALSE_POSITIVE, RequiredReasonSerializer)

    @extend_schema(request=ReasonSerializer, responses=FindingDetailSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Back to review."""
        return self._decide(request, Action.REOPEN, ReasonSerializer)

    @extend_schema(request=CommentSerializer, responses=FindingDetailSerializer)
    @action(detail=True, methods=["post"])
    def comment(self, request: Request, pk: str) -> Response:
        """Add a remark to the timeline."""
        finding, sent = self.get_object(), self._sent(request, CommentSerializer)
        services.comment(finding.pk, actor=self._user(), now=timezone.now(), text=sent["text"])
        return self._answer()

    @extend_schema(request=AssignSerializer, responses=FindingDetailSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """Take a finding, or give it back."""
        finding, sent = self.get_object(), self._sent(request, AssignSerializer)
        assignee = self._user() if sent["to"] == "me" else None
        services.assign(finding.pk, actor=self._user(), now=timezone.now(), assignee=assignee)
        return self._answer()

    def _decide(
        self, request: Request, decision: Action, shape: type[serializers.Serializer[Any]]
    ) -> Response:
        finding, sent, now = self.get_object(), self._sent(request, shape), timezone.now()
        services.decide(
            finding.pk,
            decision,
            actor=self._user(),
            now=now,
            reason=sent["reason"],
            until=now + sent["days"] * _DAY if "days" in sent else None,
        )
        return self._answer()

    def _sent(self, request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        form = shape(data=request.data)
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def _user(self) -> User:
        user = self.request.user
        if not isinstance(user, User):
            raise NotAuthenticated
        return user

    def _answer(self) -> Response:
        return Response(FindingDetailSerializer(self.get_object()).data)


class RecheckViewSet(viewsets.GenericViewSet[Finding]):
    """Asking for a finding to be read and judged again."""

    permission_to_write = "inventory.scan_account"
    serializer_class = FindingSerializer
    queryset = Finding.objects.none()

    def get_queryset(self) -> QuerySet[Finding]:
        """The user's findings."""
        if getattr(self, "swagger_fake_view", False) or not isinstance(self.request.user, User):
            return Finding.objects.none()
        return selectors.findings_visible_to(self.request.user)

    @extend_schema(request=None, responses={202: QueuedSerializer})
    @action(detail=True, methods=["post"])
    def recheck(self, request: Request, pk: str) -> Response:
        """Queue the check; `queued` is false when the broker cannot be reached."""
        finding, user = self.get_object(), request.user
        if not isinstance(user, User):
            raise NotAuthenticated
        services.ask_recheck(finding.pk, actor=user, now=timezone.now())
        return Response({"queued": services.queue_recheck(finding.pk)}, status=202)
