"""Typed requests: behind the login wall, `user` is a person and `htmx` is there."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from identity.models import User


class Request(HttpRequest):
    """A request of a signed-in user."""

    user: User
    htmx: HtmxDetails
