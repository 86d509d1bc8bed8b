"""`manage.py up`: run the whole product on this machine."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cspm.embedded.processes import StartupError
from cspm.environment import number
from cspm.up import Options, run


class Command(BaseCommand):
    """Starts database, broker, workers, scheduler and web; Ctrl-C ends them."""

    help = "Run everything on this machine; --demo adds a demo AWS organisation."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ports and the data folder come from the environment too: PORT, LAB_PORT, CSPM_HOME."""
        parser.add_argument("--demo", action="store_true", help="connect a demo AWS organisation")
        parser.add_argument("--port", type=int, default=number("PORT", 8700))
        parser.add_argument("--lab-port", type=int, default=number("LAB_PORT", 8701))

    def handle(self, *args: Any, **options: Any) -> None:
        """Runs until a signal."""
        try:
            run(
                Options(
                    home=Path(settings.CSPM_HOME).resolve(),
                    port=options["port"],
                    lab_port=options["lab_port"],
                    demo=options["demo"],
                )
            )
        except StartupError as error:
            raise CommandError(str(error)) from error
        except OSError as error:  # a full disk, a folder that became unwritable
            where = error.filename or settings.CSPM_HOME
            raise CommandError(
                f"{where}: {error.strerror}; free some room or set CSPM_HOME to another folder."
            ) from error
