"""The API as a whole: its description, its refusals, and that no input breaks it."""

from datetime import timedelta
from io import StringIO

import pytest
import schemathesis
from django.conf import settings
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.test import RequestFactory
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from rest_framework.response import Response
from rest_framework.views import APIView
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from identity import tokens
from identity.problems import DomainError
from tests.factories import make_account, make_network, make_user

pytestmark = pytest.mark.django_db
ROLES = ("analyst", "manager", "admin")


def token_of(user):
    return tokens.issue(user, name="test", now=timezone.now(), lifetime=timedelta(hours=1))


def bearer(user):
    return {"Authorization": f"Bearer {token_of(user)}"}


@pytest.fixture(params=ROLES)
def api(request, db):
    """The API with a few rows, and the token of one role."""
    for signal in (request_started, request_finished):  # as Django's own test client does
        signal.disconnect(close_old_connections)
    make_network(make_account())
    headers = bearer(make_user(request.param))
    schema = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application(), headers=headers)
    schema.config.update(headers=headers)
    yield schema
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
_BOUNDED = hypothesis(
    max_examples=4,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def test_whatever_is_sent_the_answer_is_one_the_schema_describes(api):
    operations = [found.ok() for found in api.get_all_operations()]
    statuses = set()

    for operation in operations:

        @_BOUNDED
        @given(case=operation.as_strategy())
        def send(case):
            statuses.add(case.call_and_validate(checks=CHECKS).status_code)

        send()
    assert 200 in statuses
    assert 401 not in statuses


def test_the_schema_is_valid_and_without_a_warning():
    said = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=said)
    assert said.getvalue().startswith("openapi: 3")


def test_the_schema_needs_a_signed_in_user(client):
    assert client.get("/api/schema/").status_code == 401
    answer = client.get("/api/schema/?format=json", headers=bearer(make_user()))
    assert answer.status_code == 200
    assert "/api/me/" in answer.json()["paths"]


def test_refusals_have_one_shape(client):
    nobody, reader = bearer(make_user()), bearer(make_user("analyst"))
    refused = {
        401: client.get("/api/frameworks/"),
        403: client.get("/api/frameworks/", headers=nobody),
        404: client.get("/api/frameworks/none/", headers=reader),
        405: client.delete("/api/me/", headers=reader),
    }
    for status, answer in refused.items():
        assert answer.status_code == status
        assert list(answer.json()) == ["detail"]
    assert refused[401]["WWW-Authenticate"] == "Bearer"


class _Refusing(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request) -> Response:
        raise DomainError("The plan is stale; make a new one.")


def test_a_refusal_of_the_domain_is_a_409_that_says_what_to_do():
    answer = _Refusing.as_view()(RequestFactory().get("/"))
    assert answer.status_code == 409
    assert answer.data == {"detail": "The plan is stale; make a new one."}


class _Forgetful(APIView):
    authentication_classes = ()

    def get(self, request) -> Response:
        return Response({})


def test_a_view_that_names_no_permission_is_closed():
    request = RequestFactory().get("/")
    request.user = make_user("admin")
    assert _Forgetful.as_view()(request).status_code in {401, 403}


def test_a_browser_session_may_read_the_api_and_needs_the_csrf_token_to_write(client):
    client.force_login(make_user("analyst"))
    assert client.get("/api/me/").status_code == 200
    assert (
        "rest_framework.authentication.SessionAuthentication"
        in (settings.REST_FRAMEWORK["DEFAULT_AUTHENTICATION_CLASSES"])
    )
