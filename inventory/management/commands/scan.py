"""Scan from the command line, here or by the workers."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from identity.problems import DomainError
from inventory import scanning, services
from inventory.coverage import Progress, progress
from inventory.models import Account, Scan, Source
from inventory.states import ScanState, SourceKind


class Command(BaseCommand):
    """`manage.py scan [--source NAME] [--account 12_DIGITS …] [--queue]`."""

    help = "Read accounts now, in this process; --queue leaves it to the workers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which source and accounts; all by default."""
        parser.add_argument("--source", default="", metavar="NAME")
        parser.add_argument("--account", action="append", default=[], metavar="12_DIGITS")
        parser.add_argument("--queue", action="store_true", help="do not wait: workers read")

    def handle(self, *args: Any, **options: Any) -> None:
        """Start scans, and unless they are queued carry them out with a line of progress."""
        sources = Source.objects.filter(kind=SourceKind.LIVE)
        if options["source"]:
            sources = sources.filter(name=options["source"])
        scans = [
            scan
            for source in sources.order_by("name")
            if (scan := self._start(source, options["account"])) is not None
        ]
        if not scans:
            raise CommandError(
                "Nothing to scan; connect an organisation first (manage.py connect)."
            )
        if options["queue"]:
            self.stdout.write(f"{len(scans)} scans queued.")
            return
        for scan in scans:
            self._follow(scan)

    def _start(self, source: Source, accounts: list[str]) -> Scan | None:
        chosen = source.accounts.filter(account_id__in=accounts) if accounts else None
        if chosen is not None and not chosen.exists():
            return None
        keys = None if chosen is None else list(chosen.values_list("pk", flat=True))
        try:
            return services.start_scan(source.pk, accounts=keys, actor=None, reason="command")
        except DomainError as error:
            raise CommandError(f"{source.name}: {error}") from error

    def _follow(self, scan: Scan) -> None:
        while True:
            worked = scanning.run_next()
            scan.refresh_from_db()
            now = progress(scan, Account.objects.all())
            self.stdout.write(self._line(now))
            if scan.state != ScanState.RUNNING:
                break
            if not worked:
                time.sleep(1)  # another worker is at the rest, or it is tried again soon
        for work in now.failed:
            self.stderr.write(self.style.WARNING(f"{work.account.name}: {work.error}"))

    def _line(self, now: Progress) -> str:
        return (
            f"{now.scan.source.name}: {now.percent} %, {now.accounts_ended} of {now.accounts}"
            f" accounts, {now.calls} calls, {now.changes} changes"
        )
