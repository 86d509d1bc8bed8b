"""Create an admin: the first one of an installation, or one more when nobody can sign in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from identity.problems import DomainError
from identity.roles import ADMIN
from identity.services import create_user


class Command(BaseCommand):
    """`manage.py create_admin NAME`."""

    help = "Create an admin who sees every account, and print the generated password once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """One name."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create and print."""
        try:
            user, password = create_user(
                options["username"], role=ADMIN, scopes=["*"], actor=None, now=timezone.now()
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{user.username} {password}")
