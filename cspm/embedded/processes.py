"""Child processes that never outlive their parent."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class StartupError(Exception):
    """Something needed to start is missing or taken; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user that a child runs as; `None` everywhere means: as we do."""

    uid: int
    gid: int
    name: str


def current_user() -> str:
    """The operating system's name for us, as peer authentication sees it."""
    return pwd.getpwuid(os.geteuid()).pw_name


def dies_with_parent(number: int) -> Callable[[], None]:
    """A `preexec_fn`: the kernel sends `number` when the thread that spawned the child ends.

    Spawn from the main thread only, or the child ends with a worker thread.
    """
    parent = os.getpid()

    def arm() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the parent died between fork and prctl
            os._exit(1)

    return arm


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path,
    owner: Owner | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    death: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session (Ctrl-C reaches us, not it), its output appended to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(env) if env is not None else None,
            start_new_session=True,
            preexec_fn=dies_with_parent(death),  # noqa: PLW1509  # one main thread spawns
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
        )


def stop(child: subprocess.Popen[bytes], *, number: int = signal.SIGTERM, patience: float) -> None:
    """Ask a child to end; after `patience` seconds, end it and what it started."""
    if child.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(number)
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def wait_until(
    ready: Callable[[], bool],
    *,
    child: subprocess.Popen[bytes],
    name: str,
    log: Path,
    seconds: float,
) -> None:
    """Poll `ready`; raises StartupError with the log's last line when the child ends or hangs."""
    deadline = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None:
            raise StartupError(f"{name} ended at once: {last_line(log)} (see {log})")
        if time.monotonic() > deadline:
            raise StartupError(f"{name} did not answer within {seconds:.0f} s (see {log})")
        time.sleep(0.02)


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    return (last_lines(log, 1) or ["no output"])[-1]


def last_lines(log: Path, count: int) -> list[str]:
    """The end of a log, blank lines left out."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 64 * 1024))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if line.strip()][-count:]
