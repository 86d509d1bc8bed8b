"""Read `aws ec2 describe-*` answers from a folder."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from identity.problems import DomainError
from inventory.importing import import_folder


class Command(BaseCommand):
    """`manage.py import_estate DIR [--name NAME]`."""

    help = "Import a folder of `aws ec2 describe-*` JSON files as an inventory of its own."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A folder, and what to call it."""
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--name", default="", help="default: the folder's name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, and name every file that could not be read and why."""
        folder: Path = options["folder"]
        try:
            done = import_folder(
                folder, name=options["name"] or folder.resolve().name, now=timezone.now()
            )
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        for problem in done.problems:
            self.stderr.write(self.style.WARNING(str(problem)))
        self.stdout.write(
            f"{done.source.name}: {done.resources} resources in {done.accounts} accounts,"
            f" {done.changed} changed, {len(done.problems)} problems."
        )
