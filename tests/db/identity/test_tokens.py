"""API tokens: shown once, kept as a digest, ended by their owner or an admin."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from identity import services
from identity.models import ApiToken, AuditEvent

from .test_users import make

pytestmark = pytest.mark.django_db


def bearer(value):
    return {"HTTP_AUTHORIZATION": f"Bearer {value}"}


def issue(user, *, days=7, now=None):
    return services.issue_token(user, name="ci", days=days, now=now or timezone.now())


def test_a_token_opens_the_api_as_its_user(client):
    value = issue(make("grace", "manager", ["account:111111111111"]))
    me = client.get("/api/me/", **bearer(value)).json()
    assert (me["username"], me["role"]) == ("grace", "manager")
    assert me["scopes"] == ["account:111111111111"]
    assert "remediation.approve_repair" not in me["permissions"]


def test_only_the_digest_is_kept(client):
    value = issue(make("grace"))
    token = ApiToken.objects.get()
    kept = [str(getattr(token, field.name)) for field in ApiToken._meta.concrete_fields]
    assert not any(value in each for each in kept)
    assert value not in "".join(AuditEvent.objects.values_list("summary", flat=True))


@pytest.mark.parametrize("state", ["unknown", "expired", "revoked", "deactivated"])
def test_a_token_that_ended_is_a_401_and_not_anonymous(client, state):
    user, admin = make("grace"), make("ada", "admin")
    now = timezone.now()
    value = issue(user, days=1, now=now - timedelta(days=2) if state == "expired" else now)
    if state == "unknown":
        value += "x"
    if state == "revoked":
        services.revoke_token(ApiToken.objects.get().pk, actor=user, now=now)
    if state == "deactivated":
        services.set_active(user.pk, active=False, actor=admin, now=now)
    answer = client.get("/api/me/", **bearer(value))
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_the_page_shows_a_new_token_once(client):
    user = make("grace")
    client.force_login(user)
    answer = client.post(reverse("token-issue"), {"name": "laptop", "days": "30"})
    value = answer.context["issued"]
    assert value.startswith("cspm_")
    assert value in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    page = client.get(reverse("profile")).content.decode()
    assert "laptop" in page
    assert value not in page


@pytest.mark.parametrize("wrong", [{"name": "", "days": "30"}, {"name": "x", "days": "9999"}])
def test_a_token_needs_a_name_and_one_of_the_offered_lifetimes(client, wrong):
    client.force_login(make("grace"))
    assert client.post(reverse("token-issue"), wrong).status_code == 422
    assert not ApiToken.objects.exists()


def test_somebody_elses_token_is_not_there_to_revoke(client):
    issue(make("grace"))
    client.force_login(make("mallory"))
    pk = ApiToken.objects.get().pk
    assert client.post(reverse("token-revoke", args=[pk])).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_an_admin_revokes_anybodys_token_and_it_is_told(client):
    user, admin = make("grace"), make("ada", "admin")
    issue(user)
    client.force_login(admin)
    client.post(reverse("token-revoke", args=[ApiToken.objects.get().pk]))
    assert ApiToken.objects.get().revoked_at is not None
    assert AuditEvent.objects.filter(action="token.revoke", actor=admin).count() == 1


def test_using_a_token_is_noted_at_most_every_few_minutes(client, django_assert_num_queries):
    value = issue(make("grace"))
    client.get("/api/me/", **bearer(value))
    first = ApiToken.objects.get().last_used_at
    client.get("/api/me/", **bearer(value))
    assert ApiToken.objects.get().last_used_at == first is not None
