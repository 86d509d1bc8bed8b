"""Keeping a set of child processes alive, and ending exactly those."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from cspm.embedded.processes import StartupError, last_lines, spawn, stop

_SETTLED_SECONDS = 10.0  # a child that lived so long has started
_LONGEST_PAUSE = 30.0
_ATTEMPTS = 5
_LOG_LIMIT = 20 * 1024 * 1024
_PATIENCE = 6.0  # for what runs now; longer work has a lease and is taken up again


@dataclass(slots=True)
class Child:
    """One supervised program; restarted with a growing pause when it ends by itself.

    `stage` says when it is stopped: a lower one first, all of one stage together.
    """

    name: str
    command: Sequence[str | Path]
    log: Path
    env: dict[str, str]
    cwd: Path
    stage: int = 0
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    resume_at: float = 0.0

    def start(self) -> None:
        """Spawn it; call from the main thread only."""
        self.process = spawn(self.command, log=self.log, env=self.env, cwd=self.cwd)
        self.started = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def obituary(self) -> str:
        """What it said before it ended."""
        said = "\n  ".join(last_lines(self.log, 8)) or "nothing"
        return f"its last words (all of them in {self.log}):\n  {said}"


@dataclass(slots=True)
class Supervisor:
    """Children, looked after until `stop`; `say` tells the person at the terminal."""

    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)

    def add(self, child: Child) -> None:
        """Start a child and look after it from now on."""
        child.start()
        self.children.append(child)

    def require_alive(self) -> None:
        """While starting: raises StartupError with the log's end for a child that ended."""
        for child in self.children:
            if not child.alive:
                raise StartupError(f"{child.name} ended while starting; {child.obituary()}")

    def check(self) -> None:
        """Restart what ended; raises StartupError for a child that ends again and again."""
        now = time.monotonic()
        for child in self.children:
            if child.alive:
                if child.failures and now - child.started > _SETTLED_SECONDS:
                    child.failures = 0
            elif not child.resume_at:
                self._plan_restart(child, now)
            elif now >= child.resume_at:
                child.resume_at = 0.0
                child.start()

    def _plan_restart(self, child: Child, now: float) -> None:
        child.failures += 1
        if child.failures > _ATTEMPTS:
            raise StartupError(f"{child.name} ends each time it starts; {child.obituary()}")
        pause = min(0.5 * 2 ** (child.failures - 1), _LONGEST_PAUSE)
        child.resume_at = now + pause
        self.say(f"{child.name} ended; starting it again in {pause:.1f} s (see {child.log}).")

    def stop(self) -> None:
        """Stage by stage: ask all of one stage to end, then end what did not."""
        running = sorted((c for c in self.children if c.alive), key=lambda c: c.stage)
        for _stage, group in groupby(running, key=lambda c: c.stage):
            children = [c.process for c in group if c.process]
            for process in children:
                process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + _PATIENCE
            for process in children:
                stop(process, patience=max(0.1, deadline - time.monotonic()))


def rotate(logs: Path) -> None:
    """Move large logs aside, one older part each; writers append, so truncating in place is safe."""
    for log in logs.glob("*.log"):
        if log.stat().st_size >= _LOG_LIMIT:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            with log.open("r+b") as current:
                current.truncate(0)
