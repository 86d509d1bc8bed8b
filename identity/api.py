"""The API's view of oneself."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from identity import services
from identity.http import api_user


class MeSerializer(serializers.Serializer[object]):
    """Who the token belongs to, and what it may do and see."""

    username = serializers.CharField()
    role = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    permissions = serializers.ListField(child=serializers.CharField())


class MeView(APIView):
    """The signed-in user."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="me", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Name, role, scope and permissions of the token's user."""
        user = api_user(request)
        return Response(
            {
                "username": user.get_username(),
                "role": services.role_of(user),
                "scopes": user.scopes,
                "permissions": sorted(user.get_all_permissions()),
            }
        )
