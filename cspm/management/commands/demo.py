"""Set up the demo: its people, its organisation, the first scan. Running it again changes nothing."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from identity.models import User
from identity.roles import ADMIN, ANALYST, MANAGER
from identity.services import create_user
from inventory import services
from inventory.awserrors import AwsError
from inventory.models import Scan, Source

PEOPLE: Final[Mapping[str, str]] = {
    "analyst": ANALYST,
    "manager": MANAGER,
    "admin": ADMIN,
    "admin2": ADMIN,  # two admins: nobody approves their own request
}
SOURCE: Final = "Demo organisation"
_FIELDS = ("management_account", "read_role", "remediation_role", "external_id")


class Command(BaseCommand):
    """`manage.py demo --connection FILE`."""

    help = "Create the demo's users and connect its organisation; running it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One file says which organisation."""
        parser.add_argument(
            "--connection",
            type=Path,
            default=Path(settings.CSPM_HOME) / "lab" / "lab.json",
            metavar="FILE",
            help=f"JSON with {', '.join(_FIELDS)} (default: lab/lab.json in the data folder)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Users, then the organisation, then the first scan if there was none."""
        connection = _connection(options["connection"])
        home = Path(settings.CSPM_HOME)
        created = _people(home / "passwords.txt")
        try:
            source = _source(connection)
        except AwsError as error:
            raise CommandError(f"The demo organisation could not be read: {error}") from error
        scanning = _first_scan(source)
        self.stdout.write(
            f"{created} users created, {source.name} connected"
            f"{', first scan started' if scanning else ''}."
        )


def _connection(path: Path) -> dict[str, str]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}; give a file with --connection") from error
    except ValueError as error:
        raise CommandError(f"{path}: not JSON ({error})") from error
    if not isinstance(read, dict):
        raise CommandError(f"{path}: must be a JSON object")
    missing = [name for name in _FIELDS if not isinstance(read.get(name), str) or not read[name]]
    if missing:
        raise CommandError(f"{path}: {', '.join(missing)} missing")
    return {name: read[name] for name in _FIELDS}


@transaction.atomic
def _people(path: Path) -> int:
    """Create who is missing and add their password to `path`, the only place that has it."""
    present = set(User.objects.filter(username__in=PEOPLE).values_list("username", flat=True))
    created = {}
    for username, role in PEOPLE.items():
        if username not in present:
            _, created[username] = create_user(
                username, role=role, scopes=["*"], actor=None, now=timezone.now()
            )
    if created:
        _write(path, _kept(path) | created)
    return len(created)


def _kept(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line.strip())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _write(path: Path, passwords: Mapping[str, str]) -> None:
    """Replace the file in one step; it is never readable by others, not even for a moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{username} {password}\n" for username, password in passwords.items())
    fresh.replace(path)


def _source(connection: Mapping[str, str]) -> Source:
    found = Source.objects.filter(management_account=connection["management_account"]).first()
    if found is None:
        found = services.add_source(
            name=SOURCE,
            management_account=connection["management_account"],
            role_name=connection["read_role"],
            remediation_role_name=connection["remediation_role"],
            external_id=connection["external_id"],
            actor=None,
        )
    if found.discovered_at is None:
        services.discover(found.pk)
    return found


def _first_scan(source: Source) -> bool:
    if Scan.objects.filter(source=source).exists():
        return False
    services.start_scan(source.pk, actor=None, reason="first")
    return True
