"""Typed requests: behind the login wall, `user` is a person and `htmx` is there."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails
from rest_framework import request as rest
from rest_framework.exceptions import NotAuthenticated

from identity.models import User


class Request(HttpRequest):
    """A request of a signed-in user."""

    user: User
    htmx: HtmxDetails


def api_user(request: rest.Request) -> User:
    """The user of an API request; the permissions of the view let nobody else come this far."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
