"""allauth's adapter: people are invited by admins, nobody signs up, and sign-ins are recorded."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from identity import audit
from identity.models import User


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Keeps the sign-up page closed, and writes sign-ins and refused ones to the audit trail."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: admins create users."""
        return False

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Record who signed in, and from where."""
        audit.record(
            "session.sign-in",
            actor=user,
            at=timezone.now(),
            subject=("user", user.pk),
            summary=f"{user.username} signed in",
            data={"address": self.get_client_ip(request)},
        )
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a refused sign-in, by address and by the name if it is one of ours.

        A name that is nobody's may be a password typed into the wrong field, so it is not kept.
        """
        name = str(credentials.get("username", ""))[:150]
        user = User.objects.filter(username=name).first()
        audit.record(
            "session.refused",
            actor=None,
            at=timezone.now(),
            subject=("user", user.pk if user else ""),
            summary=f"Sign-in refused for {user.username if user else 'an unknown name'}",
            data={"address": self.get_client_ip(request)},
        )
