"""API errors in one shape, and domain errors turned into it once, here at the edge."""

from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler


class DomainError(Exception):
    """A refusal by the domain; the message says what to do. Becomes a 409 or a form error."""


class Conflict(APIException):
    """The request is well-formed but the present state refuses it."""

    status_code = 409
    default_code = "conflict"


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's answer, with domain errors as 409."""
    if isinstance(error, DomainError):
        error = Conflict(str(error))
    return exception_handler(error, context)
