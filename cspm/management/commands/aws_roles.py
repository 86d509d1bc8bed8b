"""Write the CloudFormation templates of the two roles, from what the product calls."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from inventory.roletemplates import read_role, remediation_role, render
from remediation.actions import ACTIONS
from remediation.actions.policy import READS

FOLDER = Path(settings.BASE_DIR) / "deploy" / "aws"


def templates() -> Mapping[str, str]:
    """File name → text. The writes are those of the actions, and of what undoes them."""
    writes = {name for action in ACTIONS.values() for name in action.permissions}
    return {
        "read-role.yaml": render(read_role()),
        "remediation-role.yaml": render(
            remediation_role(sorted(writes - {"ec2:CreateTags"}), READS)
        ),
    }


class Command(BaseCommand):
    """`manage.py aws_roles [--check]`."""

    help = "Write the roles' CloudFormation templates to deploy/aws."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to write."""
        parser.add_argument(
            "--check", action="store_true", help="only say whether they are current"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what differs, or complain about it."""
        for name, wanted in templates().items():
            path = FOLDER / name
            if path.exists() and path.read_text(encoding="utf-8") == wanted:
                continue
            if options["check"]:
                raise CommandError(f"{path} is not current; run manage.py aws_roles")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
            self.stdout.write(f"wrote {path}")
