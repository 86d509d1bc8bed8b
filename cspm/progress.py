"""How far the latest scan got, for whoever waits at a terminal."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.utils import Error as DatabaseError

from findings.models import Finding
from findings.states import Detection
from inventory.models import Resource, Scan, Work
from inventory.states import ScanState, WorkState

_FIRST_LOOKS = 20  # two a second
_QUIET_LOOKS = 6
_ENDED = frozenset({WorkState.DONE, WorkState.FAILED, WorkState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of one scan and of what is known so far; `share` of 1 is all of it."""

    begun: datetime
    running: bool
    share: float
    parts: int
    parts_ended: int
    resources: int
    findings: int

    def __str__(self) -> str:
        filled = int(self.share * 20)
        return (
            f"{'█' * filled}{'░' * (20 - filled)} {self.share:4.0%}"
            f"  {self.parts_ended} of {self.parts} parts, {self.resources:,} resources,"
            f" {self.findings:,} open findings"
        )


def latest() -> Progress | None:
    """The latest scan's progress; None where nothing was ever scanned."""
    scan = Scan.objects.order_by("-pk").first()
    if scan is None:
        return None
    work = list(Work.objects.filter(scan=scan).values_list("state", "shards_done", "shards_total"))
    shares = [1.0 if state in _ENDED else done / max(total, 1) for state, done, total in work]
    return Progress(
        begun=scan.created_at,
        running=scan.state == ScanState.RUNNING,
        share=sum(shares) / len(shares) if shares else 0.0,
        parts=len(work),
        parts_ended=sum(state in _ENDED for state, _done, _total in work),
        resources=Resource.objects.filter(source_id=scan.source_id, deleted_at=None).count(),
        findings=Finding.objects.filter(
            resource__source_id=scan.source_id, detection=Detection.FAILING
        ).count(),
    )


class Watch:
    """The line that shows the scan under way: redrawn in place on a terminal, else said in steps.

    Shown once: for a scan that was under way or begun soon after `since`, until the findings it
    led to stop growing.
    """

    def __init__(self, say: Callable[[str], None], *, since: datetime) -> None:
        self.say = say
        self.since = since
        self.looks = 0
        self.quiet = 0
        self.last: Progress | None = None
        self.said = -1.0
        self.over = False

    def look(self) -> None:
        """Say what changed; a database that does not answer just now is asked again later."""
        if self.over:
            return
        self.looks += 1
        try:
            found = latest()
        except DatabaseError:
            connection.close()
            return
        if found and (found.running or found.begun >= self.since):
            self.quiet = 0 if found.running or found != self.last else self.quiet + 1
            self.over = self.quiet >= _QUIET_LOOKS
            self._show(found)
            self.last = found
        else:
            self.over = self.looks > _FIRST_LOOKS
        if self.over:
            connection.close()

    def _show(self, found: Progress) -> None:
        if sys.stdout.isatty():
            print(f"\r\x1b[KScan {found}", end="\n" if self.over else "", flush=True)
        elif self.over or found.share - self.said >= 0.2:
            self.say(f"Scan {found}")
            self.said = found.share
