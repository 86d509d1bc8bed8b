"""Keeping a set of child processes alive, and ending exactly those."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cspm.embedded.processes import StartupError, last_line, spawn, stop

_SETTLED_SECONDS = 10.0  # a child that lived so long has started
_LONGEST_PAUSE = 30.0
_LOG_LIMIT = 20 * 1024 * 1024


@dataclass(slots=True)
class Child:
    """One supervised program; restarted with a growing pause when it ends by itself."""

    name: str
    command: Sequence[str | Path]
    log: Path
    env: dict[str, str]
    cwd: Path
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


@dataclass(slots=True)
class Supervisor:
    """Children in the order they were started; they are ended in the reverse order."""

    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    stopping: bool = False

    def add(self, child: Child) -> Child:
        """Start a child and look after it from now on."""
        rotate(child.log)
        child.start()
        self.children.append(child)
        return child

    def check(self) -> None:
        """Restart what ended; raises StartupError for a child that cannot start at all."""
        now = time.monotonic()
        for child in self.children:
            if child.alive:
                if child.failures and now - child.started > _SETTLED_SECONDS:
                    child.failures = 0
                continue
            if not child.resume_at:
                child.failures += 1
                if child.failures > 5 and now - child.started < _SETTLED_SECONDS:
                    raise StartupError(
                        f"{child.name} ends each time it starts: {last_line(child.log)}"
                        f" (see {child.log})"
                    )
                pause = min(0.5 * 2 ** (child.failures - 1), _LONGEST_PAUSE)
                child.resume_at = now + pause
                self.say(f"{child.name} ended; starting it again in {pause:.1f} s.")
            elif now >= child.resume_at:
                child.resume_at = 0.0
                child.start()

    def rotate_logs(self) -> None:
        """Keep each log below its limit, with one older part beside it."""
        for child in self.children:
            rotate(child.log)

    def stop(self) -> None:
        """Ask all to end at once, then wait for each, newest first."""
        for child in reversed(self.children):
            if child.alive and child.process:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 8
        for child in reversed(self.children):
            if child.process:
                stop(child.process, patience=max(0.1, deadline - time.monotonic()))


def rotate(log: Path) -> None:
    """Move a large log aside; writers append, so that truncating it in place is safe."""
    try:
        if log.stat().st_size < _LOG_LIMIT:
            return
    except FileNotFoundError:
        return
    shutil.copyfile(log, log.with_suffix(".log.1"))
    with log.open("r+b") as current:
        current.truncate(0)
