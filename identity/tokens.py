"""API tokens: bearer values of 256 bits, of which only the digest is stored."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from identity.models import ApiToken, User

PREFIX = "cspm_"
_USE_RESOLUTION = timedelta(minutes=5)


def digest(value: str) -> str:
    """What is stored of a token; plain SHA-256, since the value is 256 random bits."""
    return hashlib.sha256(value.encode()).hexdigest()


def issue(user: User, *, name: str, now: datetime, lifetime: timedelta) -> str:
    """Create a token and return its value, which is never shown again."""
    value = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user, name=name, digest=digest(value), created_at=now, expires_at=now + lifetime
    )
    return value


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cspm_…`."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Find the token's user; an unknown, expired or revoked token is an error, not anonymous."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        token = (
            ApiToken.objects.select_related("user")
            .filter(digest=digest(value.strip()), revoked_at=None, expires_at__gt=now)
            .filter(user__is_active=True)
            .first()
        )
        if token is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked.")
        ApiToken.objects.filter(
            Q(last_used_at=None) | Q(last_used_at__lt=now - _USE_RESOLUTION), pk=token.pk
        ).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing token a 401 with a challenge."""
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its registry
    """How the OpenAPI schema says it; entering the class in its registry is all that is needed."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": f"{PREFIX}…"}
