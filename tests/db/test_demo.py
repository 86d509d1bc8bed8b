"""The demo's set-up: users with fresh passwords in one private file, a connection, one first scan."""

import json
import stat

import pytest
from django.core.management import CommandError, call_command

from identity.models import AuditEvent, User
from identity.services import role_of
from inventory import access, aws
from inventory.models import Account, Scan, Source
from lab.server import Lab

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def running_lab():
    with Lab(scenario="small", state=None, throttle=False) as running:
        yield running


@pytest.fixture
def home(running_lab, settings, tmp_path, monkeypatch):
    settings.CSPM_HOME = tmp_path
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_lab.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", running_lab.connection["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", running_lab.connection["secret_access_key"])
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    running_lab.faults.clear()
    aws.forget()
    access.forget()
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "lab.json").write_text(json.dumps(running_lab.connection))
    yield tmp_path
    aws.forget()
    access.forget()


def passwords(home):
    return dict(line.split() for line in (home / "passwords.txt").read_text().splitlines())


def test_the_first_start_makes_people_connects_and_starts_one_scan(home, client, capsys):
    call_command("demo")
    kept = passwords(home)
    roles = {user.username: role_of(user) for user in User.objects.all()}
    assert roles == {
        "analyst": "analyst",
        "manager": "manager",
        "admin": "admin",
        "admin2": "admin",
    }
    for username, password in kept.items():
        assert client.login(username=username, password=password)
    assert stat.S_IMODE((home / "passwords.txt").stat().st_mode) == 0o600
    assert Account.objects.filter(source__name="Demo organisation").count() >= 3
    assert Scan.objects.count() == 1
    said = capsys.readouterr().out + "".join(AuditEvent.objects.values_list("summary", flat=True))
    assert not any(password in said for password in kept.values())


def test_later_starts_change_nothing(home):
    call_command("demo")
    before = passwords(home), Source.objects.get().discovered_at
    call_command("demo")
    assert (passwords(home), Source.objects.get().discovered_at) == before
    assert (User.objects.count(), Source.objects.count(), Scan.objects.count()) == (4, 1, 1)


def test_a_person_who_is_missing_is_made_again_and_the_others_keep_their_password(home):
    call_command("demo")
    before = passwords(home)
    User.objects.get(username="manager").delete()
    call_command("demo")
    after = passwords(home)
    assert after["manager"] != before["manager"]
    assert {**after, "manager": ""} == {**before, "manager": ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory; give a file with --connection"),
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        ("{}", "management_account, read_role, remediation_role, external_id missing"),
        ('{"management_account": 1}', "management_account, read_role"),
    ],
)
def test_a_connection_file_that_is_wrong_is_named_and_nothing_is_made(home, content, message):
    path = home / "other.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match=message):
        call_command("demo", connection=path)
    assert not User.objects.exists()


def test_passwords_that_cannot_be_written_make_no_user(home):
    (home / "passwords.new").mkdir()
    with pytest.raises(OSError, match=r"passwords\.new"):
        call_command("demo")
    assert not User.objects.exists()


def test_create_admin_prints_a_password_that_opens(client, capsys):
    call_command("create_admin", "alice")
    username, password = capsys.readouterr().out.split()
    assert client.login(username=username, password=password)
    assert role_of(User.objects.get()) == "admin"
    with pytest.raises(CommandError, match="exists already"):
        call_command("create_admin", "alice")
