"""Users: who may change whom, and that an admin always remains."""

import pytest
from django.urls import reverse
from django.utils import timezone

from identity import services
from identity.models import AuditEvent, User
from identity.problems import DomainError
from identity.roles import ROLES

pytestmark = pytest.mark.django_db


def make(name, role="analyst", scopes=("*",)):
    user, _password = services.create_user(
        name, role=role, scopes=scopes, actor=None, now=timezone.now()
    )
    return user


@pytest.fixture
def admin():
    return make("ada", "admin")


def test_every_role_gets_exactly_the_permissions_of_the_table():
    for role, names in ROLES.items():
        user = make(f"one-{role}", role)
        assert user.get_all_permissions() == set(names)


def test_a_new_user_can_sign_in_with_the_generated_password(client, admin):
    user, password = services.create_user(
        "grace", role="manager", scopes=["*"], actor=admin, now=timezone.now()
    )
    assert client.login(username="grace", password=password)
    assert services.role_of(user) == "manager"
    assert AuditEvent.objects.filter(action="user.create", actor=admin).count() == 1


def test_a_name_is_taken_whatever_its_case(admin):
    with pytest.raises(DomainError, match="exists already"):
        make("ADA")


def test_the_last_admin_keeps_their_role_and_stays_active(admin):
    now = timezone.now()
    other = make("eve", "admin")
    services.set_active(other.pk, active=False, actor=admin, now=now)
    with pytest.raises(DomainError, match="last active admin"):
        services.set_role(admin.pk, role="analyst", actor=admin, now=now)
    with pytest.raises(DomainError, match="last active admin"):
        services.set_active(admin.pk, active=False, actor=other, now=now)
    assert services.role_of(User.objects.get(pk=admin.pk)) == "admin"


def test_nobody_deactivates_themselves(admin):
    make("eve", "admin")
    with pytest.raises(DomainError, match="yourself"):
        services.set_active(admin.pk, active=False, actor=admin, now=timezone.now())


def test_deactivating_ends_the_session_at_once(client, admin):
    user = make("grace")
    client.force_login(user)
    assert client.get(reverse("profile")).status_code == 200
    services.set_active(user.pk, active=False, actor=admin, now=timezone.now())
    assert client.get(reverse("profile")).status_code == 302


def test_a_password_reset_ends_old_sessions_and_opens_with_the_new_one(client, admin):
    user = make("grace")
    client.force_login(user)
    _user, password = services.reset_password(user.pk, actor=admin, now=timezone.now())
    assert client.get(reverse("profile")).status_code == 302
    assert client.login(username="grace", password=password)


def test_changes_are_in_the_audit_trail_and_repeating_one_adds_nothing(admin):
    user, now = make("grace"), timezone.now()
    for _ in range(2):
        services.set_role(user.pk, role="manager", actor=admin, now=now)
        services.set_scopes(user.pk, scopes=["account:111111111111"], actor=admin, now=now)
    told = AuditEvent.objects.filter(actor=admin).values_list("action", "summary")
    assert sorted(told) == [
        ("user.role", "Role grace: analyst → manager"),
        ("user.scopes", "Scopes grace: * → account:111111111111"),
    ]


def test_an_admin_creates_a_user_on_the_page_and_sees_the_password_once(client, admin):
    client.force_login(admin)
    answer = client.post(
        reverse("user-create"), {"username": "grace", "role": "analyst", "scopes": "ou:/Root/Prod"}
    )
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert User.objects.get(username="grace").scopes == ["ou:/Root/Prod"]
    assert password not in client.get(reverse("user-list")).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "grace", "role": "owner", "scopes": "*"},
        {"username": "grace", "role": "analyst", "scopes": "everything"},
        {"username": "grace", "role": "analyst", "scopes": "account:12"},
        {"username": "<b>", "role": "analyst", "scopes": "*"},
        {"username": "ada", "role": "analyst", "scopes": "*"},
    ],
)
def test_a_wrong_new_user_is_refused_with_the_reason(client, admin, wrong):
    client.force_login(admin)
    answer = client.post(reverse("user-create"), wrong)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert User.objects.count() == 1


def test_an_admin_changes_access_on_the_page(client, admin):
    user = make("grace")
    client.force_login(admin)
    answer = client.post(
        reverse("user-detail", args=[user.pk]), {"role": "manager", "scopes": "*\n*"}
    )
    assert answer.status_code == 302
    assert services.role_of(User.objects.get(pk=user.pk)) == "manager"


def test_the_page_refuses_to_demote_the_last_admin(client, admin):
    client.force_login(admin)
    answer = client.post(
        reverse("user-detail", args=[admin.pk]), {"role": "analyst", "scopes": "*"}
    )
    assert answer.status_code == 422
    assert "last active admin" in answer.content.decode()


def test_the_list_of_users_costs_the_same_at_any_size(client, admin, django_assert_num_queries):
    for number in range(10):
        make(f"user-{number}")
    client.force_login(admin)
    with django_assert_num_queries(6):
        client.get(reverse("user-list"))
