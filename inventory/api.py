"""The API of the inventory: the same scopes, filters, permissions and services as the pages."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import NotAuthenticated, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from identity.models import User
from inventory import selectors, services
from inventory.coverage import progress
from inventory.filters import ResourceFilter, ShardFilter
from inventory.models import Account, Resource, ResourceVersion, Scan, Shard

_VERSIONS = 50


def _user(request: Request) -> User:
    if isinstance(request.user, User):
        return request.user
    raise NotAuthenticated


class AccountSerializer(serializers.ModelSerializer[Account]):
    """An account, how it is connected and when it was last read."""

    source_name = serializers.CharField(source="source.name", read_only=True)
    source_id = serializers.IntegerField(read_only=True)

    class Meta:
        model = Account
        fields = (
            "id", "source_name", "source_id", "account_id", "name", "unit_path", "status", "connection",
            "connection_error", "connection_checked_at", "enabled_regions", "paused",
            "last_scan_at",
        )  # fmt: skip
        read_only_fields = fields


class ShardSerializer(serializers.ModelSerializer[Shard]):
    """One listing of one region: its state, since when, and what is missing."""

    account = serializers.CharField(source="account.account_id", read_only=True)

    class Meta:
        model = Shard
        fields = (
            "id", "account", "region", "collector", "state", "state_since", "last_ok_at",
            "last_try_at", "error_code", "error", "missing_permission", "proof", "item_count",
        )  # fmt: skip
        read_only_fields = fields


_LISTED = (
    "id", "type", "resource", "name", "account", "owner", "region", "vpc_id", "parent_resource", "tags",
    "first_seen", "changed_at", "deleted_at",
)  # fmt: skip


class ResourceSerializer(serializers.ModelSerializer[Resource]):
    """A resource as a list shows it."""

    resource = serializers.CharField(source="rid", read_only=True)
    account = serializers.CharField(source="account.account_id", read_only=True)
    owner = serializers.CharField(source="owner_id", read_only=True)
    parent_resource = serializers.CharField(source="parent_rid", read_only=True)
    tags = serializers.DictField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = Resource
        fields: tuple[str, ...] = _LISTED
        read_only_fields: tuple[str, ...] = _LISTED


class VersionSerializer(serializers.ModelSerializer[ResourceVersion]):
    """A former configuration; `op` says what ended it."""

    config = serializers.DictField(read_only=True)

    class Meta:
        model = ResourceVersion
        fields = ("valid_from", "valid_to", "op", "config")
        read_only_fields = fields


class ResourceDetailSerializer(ResourceSerializer):
    """A resource with its configuration and its last former ones, newest first."""

    config = serializers.DictField(read_only=True)
    versions = serializers.SerializerMethodField()

    class Meta(ResourceSerializer.Meta):
        fields = (*_LISTED, "config", "unknown_fields", "versions")
        read_only_fields = fields

    @extend_schema(responses=VersionSerializer(many=True))
    def get_versions(self, resource: Resource) -> list[dict[str, Any]]:
        """The last versions of this one resource."""
        rows = resource.versions.order_by("-valid_to", "-pk")[:_VERSIONS]
        return [dict(row) for row in VersionSerializer(rows, many=True).data]


class ScanSerializer(serializers.ModelSerializer[Scan]):
    """A scan and how far it is over the accounts that the token's user sees."""

    source_name = serializers.CharField(source="source.name", read_only=True)
    source_id = serializers.IntegerField(read_only=True)
    percent = serializers.SerializerMethodField()

    class Meta:
        model = Scan
        fields = (
            "id", "source_name", "source_id", "state", "reason", "created_at", "finished_at", "percent",
        )  # fmt: skip
        read_only_fields = fields

    def get_percent(self, scan: Scan) -> int:
        """100 when it has ended."""
        visible = selectors.accounts_visible_to(_user(self.context["request"]))
        return progress(scan, visible).percent


class StartScanSerializer(serializers.Serializer[Any]):
    """What to read: a source's accounts that the user sees, or some of them by AWS account id."""

    source_id = serializers.IntegerField(min_value=1, max_value=2**31)
    accounts = serializers.ListField(
        child=serializers.RegexField(r"^\d{12}$"),
        required=False,
        allow_empty=False,
        max_length=1000,
    )


class AccountViewSet(viewsets.ReadOnlyModelViewSet[Account]):
    """The accounts in the user's scope."""

    permission_to_read = "inventory.view_account"
    serializer_class = AccountSerializer
    queryset = Account.objects.none()
    filterset_fields = ("account_id", "status", "connection", "source_id", "paused")

    def get_queryset(self) -> QuerySet[Account]:
        """Those the user sees."""
        return selectors.accounts_visible_to(_user(self.request)).select_related("source")


class ShardViewSet(viewsets.ReadOnlyModelViewSet[Shard]):
    """How well each listing of each account and region is known."""

    permission_to_read = "inventory.view_account"
    serializer_class = ShardSerializer
    queryset = Shard.objects.none()
    filterset_class = ShardFilter

    def get_queryset(self) -> QuerySet[Shard]:
        """Those of accounts that the user sees."""
        return selectors.shards_visible_to(_user(self.request)).select_related("account")


class ResourceViewSet(viewsets.ReadOnlyModelViewSet[Resource]):
    """The network objects that exist, or existed with `deleted=true`."""

    permission_to_read = "inventory.view_resource"
    queryset = Resource.objects.none()
    filterset_class = ResourceFilter

    def get_serializer_class(self) -> type[ResourceSerializer]:
        """With configuration and versions for one, without for many."""
        return ResourceDetailSerializer if self.action == "retrieve" else ResourceSerializer

    def get_queryset(self) -> QuerySet[Resource]:
        """Those of accounts that the user sees."""
        visible = selectors.resources_visible_to(_user(self.request)).select_related("account")
        return visible if self.action == "retrieve" else visible.defer("config")

    def filter_queryset(self, queryset: Any) -> Any:
        """One resource is shown whether it still exists or not."""
        return queryset if self.action == "retrieve" else super().filter_queryset(queryset)


class ScanViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Scan]):
    """Scans: start, follow, cancel."""

    permission_to_read = "inventory.view_account"
    permission_to_write = "inventory.scan_account"
    serializer_class = ScanSerializer
    queryset = Scan.objects.none()
    filterset_fields = ("state", "source_id")

    def get_queryset(self) -> QuerySet[Scan]:
        """Those of sources in which the user sees an account."""
        return selectors.scans_visible_to(_user(self.request))

    @extend_schema(request=StartScanSerializer, responses={201: ScanSerializer})
    def create(self, request: Request) -> Response:
        """Start a scan; 409 when it is under way already."""
        asked = StartScanSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        accounts = selectors.accounts_visible_to(_user(request)).filter(
            source_id=asked.validated_data["source_id"]
        )
        chosen = asked.validated_data.get("accounts")
        if chosen is not None:
            accounts = accounts.filter(account_id__in=chosen)
        keys = list(accounts.values_list("pk", flat=True))
        if not keys:
            raise ValidationError({"source_id": ["No such source, or none of its accounts."]})
        scan = services.start_scan(
            asked.validated_data["source_id"], accounts=keys, actor=_user(request), reason="api"
        )
        return Response(self.get_serializer(scan).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ScanSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop the scan; what was applied stays. 409 when it has ended."""
        scan = self.get_object()
        cancelled = services.cancel_scan(scan.pk, actor=_user(request))
        return Response(self.get_serializer(cancelled).data)
