"""Signing in and out: what is open, what is closed, what is recorded and what is slowed down."""

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.views.defaults import server_error

from identity import services
from identity.models import AuditEvent
from identity.roles import ROLES

from .test_users import make

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"


@pytest.fixture(autouse=True)
def _no_attempts_left_over():
    cache.clear()


@pytest.fixture
def grace():
    user = make("grace")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client, name="grace", password=PASSWORD, **more):
    return client.post(reverse("account_login"), {"login": name, "password": password, **more})


def test_signing_in_leads_to_the_overview_and_is_recorded(client, grace):
    answer = sign_in(client)
    assert (answer.status_code, answer["Location"]) == (302, reverse("overview"))
    event = AuditEvent.objects.get(action="session.sign-in")
    assert (event.actor, event.data) == (grace, {"address": "127.0.0.1"})


def test_signing_in_leads_back_to_where_one_was_going(client, grace):
    assert sign_in(client, next="/findings/?severity=high")["Location"] == (
        "/findings/?severity=high"
    )


def test_signing_in_never_leads_to_another_site(client, grace):
    assert sign_in(client, next="https://evil.example/")["Location"] == reverse("overview")


def test_a_wrong_password_says_so_without_saying_which_part_was_wrong(client, grace):
    known, unknown = sign_in(client, password="wrong"), sign_in(client, name="nobody")
    for answer in (known, unknown):
        assert answer.status_code == 200
        assert 'role="alert"' in answer.content.decode()
        assert "not correct" in answer.content.decode()


def test_refused_sign_ins_are_recorded_without_what_was_typed(client, grace):
    sign_in(client, password="wrong")
    sign_in(client, name="my-password-in-the-wrong-field")
    told = AuditEvent.objects.filter(action="session.refused").values_list("summary", flat=True)
    assert sorted(told) == ["Sign-in refused for an unknown name", "Sign-in refused for grace"]


def test_guessing_is_slowed_down(client, grace):
    for _ in range(5):
        sign_in(client, password="wrong")
    blocked = sign_in(client)
    assert blocked.status_code in {200, 429}
    assert "Too many" in blocked.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_deactivated_user_cannot_sign_in(client, grace):
    grace.is_active = False
    grace.save()
    sign_in(client)
    assert "_auth_user_id" not in client.session


def test_signing_out_needs_a_post(client, grace):
    client.force_login(grace)
    assert "Sign out?" in client.get(reverse("account_logout")).content.decode()
    assert "_auth_user_id" in client.session
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_one_changes_ones_password_with_the_old_one(client, grace):
    client.force_login(grace)
    address, new = reverse("account_change_password"), "another-long-password"
    wrong = client.post(address, {"oldpassword": "x", "password1": new, "password2": new})
    assert "field-error" in wrong.content.decode()
    right = client.post(address, {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert right.status_code == 302
    grace.refresh_from_db()
    assert grace.check_password(new)


@pytest.mark.parametrize(
    "path",
    [
        "/login/signup/",
        "/login/email/",
        "/login/password/reset/",
        "/login/reauthenticate/",
        "/signup/",
        "/accounts/signup/",
    ],
)
def test_what_nobody_needs_is_closed(client, path):
    assert client.get(path).status_code == 404


def test_a_form_without_its_token_is_refused_on_a_page_of_ours(grace):
    client = Client(enforce_csrf_checks=True)
    client.force_login(grace)
    answer = client.post(reverse("account_logout"))
    assert answer.status_code == 403
    assert "The form is too old" in answer.content.decode()


def test_pages_that_are_not_there_or_not_allowed_look_like_the_product(client, grace):
    client.force_login(grace)
    missing, refused = client.get("/no-such-page/"), client.get(reverse("user-list"))
    assert (missing.status_code, refused.status_code) == (404, 403)
    assert "There is nothing here" in missing.content.decode()
    assert "You may not open this" in refused.content.decode()


def test_the_page_for_a_broken_page_needs_nothing(rf):
    answer = server_error(rf.get("/"))
    assert answer.status_code == 500
    assert b"Something broke" in answer.content


def test_the_profile_says_role_and_scope(client):
    user, _ = services.create_user(
        "lin", role="manager", scopes=["ou:/Root/Prod"], actor=None, now=make("x").date_joined
    )
    client.force_login(user)
    page = client.get(reverse("profile")).content.decode()
    assert "Manager" in page
    assert "ou:/Root/Prod" in page
    assert "Manage users" not in page


def test_there_are_three_roles():
    assert set(ROLES) == {"analyst", "manager", "admin"}
