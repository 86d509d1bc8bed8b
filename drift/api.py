"""The API of baselines: the same scopes, permissions and services as the pages."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from drift import selectors, services
from drift.models import Baseline, BaselineVersion
from identity.models import User


class BaselineSerializer(serializers.ModelSerializer[Baseline]):
    """A baseline as a list shows it."""

    account = serializers.CharField(source="vpc.account.account_id", read_only=True)
    region = serializers.CharField(source="vpc.region", read_only=True)
    vpc_resource_id = serializers.IntegerField(source="vpc_id", read_only=True)
    vpc = serializers.CharField(source="vpc.rid", read_only=True)
    unknown_shards = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Baseline
        fields: tuple[str, ...] = (
            "id",
            "name",
            "account",
            "region",
            "vpc_resource_id",
            "vpc",
            "trust_level",
            "pending_level",
            "settle_seconds",
            "max_age_seconds",
            "open_drifts",
            "unknown_shards",
            "compared_at",
            "created_at",
        )
        read_only_fields = fields


class VersionSerializer(serializers.ModelSerializer[BaselineVersion]):
    """One approved state."""

    captured_by = serializers.CharField(source="captured_by.username", read_only=True)

    class Meta:
        model = BaselineVersion
        fields = ("number", "captured_by", "captured_at", "observed_at", "reason")
        read_only_fields = fields


class BaselineDetailSerializer(BaselineSerializer):
    """A baseline with its versions and the entries of the latest."""

    versions = serializers.SerializerMethodField()
    entries = serializers.SerializerMethodField()

    class Meta(BaselineSerializer.Meta):
        fields = (*BaselineSerializer.Meta.fields, "versions", "entries")
        read_only_fields = fields

    @extend_schema_field(VersionSerializer(many=True))
    def get_versions(self, baseline: Baseline) -> Any:
        """Newest first."""
        return VersionSerializer(selectors.versions_of(baseline), many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_entries(self, baseline: Baseline) -> list[dict[str, Any]]:
        """What is approved: {type, id, name, parent, config} each."""
        return selectors.approved_entries(baseline)


class CaptureSerializer(serializers.Serializer[Any]):
    """Which VPC to approve as it is; a reason is needed to capture it again."""

    vpc_resource_id = serializers.IntegerField(min_value=1)
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=4_000, required=False, allow_blank=True, default="")


class BaselineViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Baseline]
):
    """Baselines in the user's scope."""

    permission_to_read = "drift.view_baseline"
    permission_to_write = "drift.capture_baseline"
    serializer_class = BaselineSerializer
    queryset = Baseline.objects.none()

    def get_queryset(self) -> QuerySet[Baseline]:
        """The user's baselines."""
        if getattr(self, "swagger_fake_view", False) or not isinstance(self.request.user, User):
            return Baseline.objects.none()
        return selectors.baselines_visible_to(self.request.user)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Baseline]]:
        """One baseline comes with its versions and entries."""
        return BaselineSerializer if self.action == "list" else BaselineDetailSerializer

    @extend_schema(request=CaptureSerializer, responses={201: BaselineDetailSerializer})
    def create(self, request: Request) -> Response:
        """Capture a VPC, or capture it again."""
        user = request.user
        if not isinstance(user, User):
            raise NotAuthenticated
        form = CaptureSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        sent = dict(form.validated_data)
        vpc = get_object_or_404(selectors.vpcs_visible_to(user), pk=sent.pop("vpc_resource_id"))
        version = services.capture(vpc.pk, actor=user, now=timezone.now(), **sent)
        baseline = self.get_queryset().get(pk=version.baseline_id)
        return Response(BaselineDetailSerializer(baseline).data, status=201)
