"""The API of repairs: the same scopes, permissions and services as the pages."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request as ApiRequest
from rest_framework.response import Response

from identity.models import User
from identity.problems import DomainError
from remediation import approvals, plans, rollback, selectors
from remediation.actions import NoPlanError
from remediation.models import Execution, Plan, Request, StepRecord


class PlanSerializer(serializers.ModelSerializer[Plan]):
    """A plan as a list shows it."""

    account = serializers.CharField(source="account.account_id", read_only=True)
    finding_id = serializers.IntegerField(read_only=True)
    created_by = serializers.CharField(
        source="created_by.username", read_only=True, allow_null=True
    )

    class Meta:
        model = Plan
        fields: tuple[str, ...] = (
            "id",
            "hash",
            "action",
            "origin",
            "finding_id",
            "account",
            "region",
            "summary",
            "created_by",
            "created_at",
        )
        read_only_fields: tuple[str, ...] = fields


class PlanDetailSerializer(PlanSerializer):
    """A plan with all that its hash covers."""

    content = serializers.DictField(read_only=True)

    class Meta(PlanSerializer.Meta):
        fields = (*PlanSerializer.Meta.fields, "content")
        read_only_fields = fields


class ProposalSerializer(serializers.Serializer[Any]):
    """A plan that nobody asked for yet."""

    hash = serializers.CharField()
    summary = serializers.CharField()
    content = serializers.DictField()


class RepairRequestSerializer(serializers.ModelSerializer[Request]):
    """A request and what became of it."""

    plan_id = serializers.IntegerField(read_only=True)
    plan_hash = serializers.CharField(source="plan.hash", read_only=True)
    summary = serializers.CharField(source="plan.summary", read_only=True)
    finding_id = serializers.IntegerField(source="plan.finding_id", read_only=True)
    account = serializers.CharField(source="plan.account.account_id", read_only=True)
    requested_by = serializers.CharField(
        source="requested_by.username", read_only=True, allow_null=True
    )
    decided_by = serializers.CharField(
        source="decided_by.username", read_only=True, allow_null=True
    )
    execution_id = serializers.SerializerMethodField()

    class Meta:
        model = Request
        fields = (
            "id",
            "state",
            "plan_id",
            "plan_hash",
            "summary",
            "finding_id",
            "account",
            "requested_by",
            "reason",
            "requested_at",
            "expires_at",
            "decided_by",
            "decided_at",
            "comment",
            "execution_id",
        )
        read_only_fields = fields

    def get_execution_id(self, request: Request) -> int | None:
        """The execution of an approved request."""
        execution = getattr(request, "execution", None)
        return execution.pk if execution else None


class StepSerializer(serializers.ModelSerializer[StepRecord]):
    """One call of the journal."""

    call = serializers.DictField(read_only=True)

    class Meta:
        model = StepRecord
        fields = (
            "number",
            "call",
            "intended_at",
            "finished_at",
            "outcome",
            "request_id",
            "error",
        )
        read_only_fields = fields


class ExecutionSerializer(serializers.ModelSerializer[Execution]):
    """An execution with its journal."""

    plan_id = serializers.IntegerField(read_only=True)
    request_id = serializers.IntegerField(read_only=True)
    summary = serializers.CharField(source="plan.summary", read_only=True)
    account = serializers.CharField(source="plan.account.account_id", read_only=True)
    approved_by = serializers.CharField(
        source="request.decided_by.username", read_only=True, allow_null=True
    )
    renamed = serializers.DictField(child=serializers.CharField(), read_only=True)
    steps = StepSerializer(many=True, read_only=True)

    class Meta:
        model = Execution
        fields = (
            "id",
            "state",
            "plan_id",
            "request_id",
            "summary",
            "account",
            "approved_by",
            "source_identity",
            "queued_at",
            "started_at",
            "finished_at",
            "verified_at",
            "error",
            "renamed",
            "steps",
        )
        read_only_fields = fields


class AskSerializer(serializers.Serializer[Any]):
    """Ask for the plan with this hash, as `proposal` showed it."""

    finding_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    hash = serializers.RegexField(r"^[0-9a-f]{64}$")
    reason = serializers.CharField(max_length=2_000)


class ApproveSerializer(serializers.Serializer[Any]):
    """Approve exactly the plan with this hash."""

    hash = serializers.RegexField(r"^[0-9a-f]{64}$")


class WhySerializer(serializers.Serializer[Any]):
    """Why; it must be said."""

    reason = serializers.CharField(max_length=2_000)


def _person(request: ApiRequest) -> User:
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


class PlanViewSet(viewsets.ReadOnlyModelViewSet[Plan]):
    """Plans that somebody asked for, in the user's scope."""

    permission_to_read = "remediation.view_plan"
    serializer_class = PlanSerializer
    queryset = Plan.objects.none()

    def get_queryset(self) -> QuerySet[Plan]:
        """The user's plans."""
        if getattr(self, "swagger_fake_view", False):
            return Plan.objects.none()
        found = selectors.plans_visible_to(_person(self.request))
        return found.defer("content") if self.action == "list" else found

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Plan]]:
        """One plan comes with its content."""
        return PlanSerializer if self.action == "list" else PlanDetailSerializer

    @extend_schema(responses=ProposalSerializer)
    @action(
        detail=False,
        url_path=r"proposal/(?P<finding_id>[0-9]{1,18})",
        pagination_class=None,
        filter_backends=(),
    )
    def proposal(self, request: ApiRequest, finding_id: str) -> Response:
        """The plan that would repair a finding now; nothing is kept."""
        finding = get_object_or_404(
            selectors.findings_visible_to(_person(request)), pk=int(finding_id)
        )
        try:
            prepared = plans.plan_for(finding)
        except NoPlanError as none:
            raise DomainError(str(none)) from none
        return Response(
            {"hash": prepared.hash, "summary": prepared.summary, "content": prepared.content}
        )


class RepairRequestViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Request]
):
    """Requests in the user's scope: ask, approve, reject, withdraw."""

    permission_to_read = "remediation.view_plan"
    serializer_class = RepairRequestSerializer
    queryset = Request.objects.none()

    @property
    def permission_to_write(self) -> str:
        """Deciding needs more than asking."""
        decides = self.action in ("approve", "reject")
        return "remediation.approve_repair" if decides else "remediation.request_repair"

    def get_queryset(self) -> QuerySet[Request]:
        """The user's requests."""
        if getattr(self, "swagger_fake_view", False):
            return Request.objects.none()
        return selectors.requests_visible_to(_person(self.request)).defer("plan__content")

    @extend_schema(request=AskSerializer, responses={201: RepairRequestSerializer})
    def create(self, request: ApiRequest) -> Response:
        """Ask for a plan to be carried out."""
        form = AskSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        person = _person(request)
        finding = get_object_or_404(
            selectors.findings_visible_to(person), pk=form.validated_data["finding_id"]
        )
        try:
            prepared = plans.plan_for(finding)
        except NoPlanError as none:
            raise DomainError(str(none)) from none
        asked = approvals.request_repair(
            prepared,
            actor=person,
            reason=form.validated_data["reason"],
            shown_hash=form.validated_data["hash"],
            now=timezone.now(),
        )
        return Response(self._shown(asked.pk), status=201)

    @extend_schema(request=ApproveSerializer, responses=RepairRequestSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: ApiRequest, pk: str | None = None) -> Response:
        """Approve exactly the plan with this hash; a worker carries it out."""
        asked = self.get_object()
        form = ApproveSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        approvals.approve(
            asked.pk,
            actor=_person(request),
            posted_hash=form.validated_data["hash"],
            now=timezone.now(),
        )
        return Response(self._shown(asked.pk))

    @extend_schema(request=WhySerializer, responses=RepairRequestSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: ApiRequest, pk: str | None = None) -> Response:
        """Decide against it."""
        asked = self.get_object()
        form = WhySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        approvals.reject(
            asked.pk,
            actor=_person(request),
            reason=form.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(self._shown(asked.pk))

    @extend_schema(request=None, responses=RepairRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: ApiRequest, pk: str | None = None) -> Response:
        """Take back one's own request."""
        asked = self.get_object()
        approvals.withdraw(asked.pk, actor=_person(request), now=timezone.now())
        return Response(self._shown(asked.pk))

    def _shown(self, pk: int) -> Any:
        return RepairRequestSerializer(self.get_queryset().get(pk=pk)).data


class ExecutionViewSet(viewsets.ReadOnlyModelViewSet[Execution]):
    """Executions in the user's scope with their journals."""

    permission_to_read = "remediation.view_plan"
    permission_to_write = "remediation.approve_repair"
    serializer_class = ExecutionSerializer
    queryset = Execution.objects.none()

    def get_queryset(self) -> QuerySet[Execution]:
        """The user's executions."""
        if getattr(self, "swagger_fake_view", False):
            return Execution.objects.none()
        found = selectors.executions_visible_to(_person(self.request))
        return found.prefetch_related("steps").defer("plan__content", "live_after")

    @extend_schema(request=WhySerializer, responses={201: ExecutionSerializer})
    @action(detail=True, methods=["post"], url_path="rollback")
    def roll_back(self, request: ApiRequest, pk: str | None = None) -> Response:
        """Undo a verified repair by the same machinery; answers with the new execution."""
        execution = self.get_object()
        form = WhySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        started = rollback.roll_back(
            execution.pk,
            actor=_person(request),
            reason=form.validated_data["reason"],
            now=timezone.now(),
        )
        return Response(
            ExecutionSerializer(self.get_queryset().get(pk=started.pk)).data, status=201
        )
