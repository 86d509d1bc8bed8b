"""Connect an organisation from the command line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from identity.problems import DomainError
from inventory import services
from inventory.aws import AwsError


class Command(BaseCommand):
    """`manage.py connect --name … --management-account … --role-name … --external-id …`."""

    help = "Connect an AWS organisation and find its accounts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The roles, the external id, and perhaps regions."""
        parser.add_argument("--name", required=True)
        parser.add_argument("--management-account", default="", metavar="12_DIGITS")
        parser.add_argument("--role-name", required=True, help="role assumed to read")
        parser.add_argument("--remediation-role-name", default="")
        parser.add_argument("--external-id", required=True)
        parser.add_argument(
            "--region", action="append", default=[], help="may be repeated; default: all enabled"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Add the source, then look for its accounts."""
        try:
            source = services.add_source(
                name=options["name"],
                management_account=options["management_account"],
                role_name=options["role_name"],
                remediation_role_name=options["remediation_role_name"],
                external_id=options["external_id"],
                regions=options["region"],
                actor=None,
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        if not source.management_account:
            self.stdout.write(f"{source.name} is connected; add its accounts on the accounts page.")
            return
        try:
            found = services.discover(source.pk)
        except AwsError as error:
            raise CommandError(
                f"{source.name} is connected, but its accounts cannot be listed: {error}"
            ) from error
        self.stdout.write(f"{source.name} is connected: {found} accounts. Next: manage.py scan")
