"""The API of frameworks and their scores."""

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from compliance import exports, selectors
from compliance.frameworks import Framework, frameworks
from compliance.scoring import Status
from identity.http import api_user
from inventory.selectors import asked_source


class FrameworkSerializer(serializers.Serializer[object]):
    """A score: `met` of `in_scope`, of which `assessed` could be judged."""

    id = serializers.CharField()
    title = serializers.CharField()
    version = serializers.CharField()
    met = serializers.IntegerField()
    in_scope = serializers.IntegerField()
    assessed = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)
    failed = serializers.IntegerField()
    waived = serializers.IntegerField()
    not_assessed = serializers.IntegerField()
    not_applicable = serializers.IntegerField()
    out_of_scope = serializers.IntegerField()


class ControlSerializer(serializers.Serializer[object]):
    """One control with the counts its status follows from."""

    control = serializers.CharField()
    title = serializers.CharField()
    section = serializers.CharField()
    status = serializers.ChoiceField([(each.value, each.value) for each in Status])
    rules = serializers.CharField(help_text="Ids of the rules that judge it, separated by spaces.")
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    waived = serializers.IntegerField()
    unknown = serializers.IntegerField()
    not_applicable = serializers.IntegerField()
    unread = serializers.IntegerField(help_text="Account-regions that could not be read.")
    reason = serializers.CharField(help_text="Why it is not judged.")


class FrameworkDetailSerializer(FrameworkSerializer):
    """A score with all controls."""

    controls = ControlSerializer(many=True)


class DayScoreSerializer(serializers.Serializer[object]):
    """The score of one day."""

    day = serializers.DateField()
    met = serializers.IntegerField()
    failed = serializers.IntegerField()
    waived = serializers.IntegerField()
    not_assessed = serializers.IntegerField()
    in_scope = serializers.IntegerField()


class _View(APIView):
    permission_to_read = "compliance.view_scoresnapshot"

    def wanted(self, framework: str) -> Framework:
        """The framework of that id, or a 404."""
        if framework not in frameworks():
            raise Http404
        return frameworks()[framework]


_SOURCE = OpenApiParameter(
    "source", int, description="An import's id; without it, all connected organisations."
)


def _source(request: Request) -> int | None:
    return asked_source(request.query_params.get("source", ""))


class FrameworkListView(_View):
    """All frameworks."""

    @extend_schema(
        operation_id="frameworks_list",
        parameters=[_SOURCE],
        responses=FrameworkSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """The score of each framework over the accounts you see."""
        now = timezone.now()
        user = api_user(request)
        source = _source(request)
        found = [
            selectors.score_for(user, each, now=now, source=source)
            for each in frameworks().values()
        ]
        return Response([exports.summary(each) for each in found])


class FrameworkDetailView(_View):
    """One framework."""

    @extend_schema(
        operation_id="frameworks_read", parameters=[_SOURCE], responses=FrameworkDetailSerializer
    )
    def get(self, request: Request, framework: str) -> Response:
        """The score of one framework with all its controls."""
        found = selectors.score_for(
            api_user(request),
            self.wanted(framework),
            now=timezone.now(),
            source=_source(request),
        )
        return Response(exports.document(found))


class FrameworkTrendView(_View):
    """The days of one framework."""

    @extend_schema(
        operation_id="frameworks_trend",
        parameters=[_SOURCE],
        responses=DayScoreSerializer(many=True),
    )
    def get(self, request: Request, framework: str) -> Response:
        """The score of each of the last 90 days that has one."""
        days = selectors.trend_for(
            api_user(request),
            self.wanted(framework),
            today=timezone.now().date(),
            source=_source(request),
        )
        return Response(DayScoreSerializer(days, many=True).data)
