"""What is checked before anything starts: one start at a time, free ports, room on the disk."""

import fcntl
import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cspm.embedded.processes import StartupError

_LOOPBACK = "127.0.0.1"
_NEEDED_BYTES = 400 * 1024 * 1024


@contextmanager
def hold(home: Path) -> Iterator[None]:
    """Hold the data folder's lock; the kernel lets go of it however we end."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = (home / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise StartupError(
            f"The data folder {home} cannot be used ({error.strerror}); set CSPM_HOME to another."
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            handle.seek(0)
            pid = handle.read().strip() or "unknown"
            raise StartupError(
                f"CSPM already runs with the data folder {home} (process {pid}); stop it, or set"
                " CSPM_HOME, PORT and LAB_PORT to others."
            ) from error
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def require_port(name: str, port: int, *, other: int | None = None, patience: float = 0.0) -> None:
    """Raises StartupError unless we may listen on `port` (set by the variable `name`).

    `patience` is how many seconds an earlier start of ours may take to let go of it.
    """
    if not 0 < port < 65536:
        raise StartupError(f"{name}={port} is no port; choose one from 1024 to 65535.")
    proposed = port + 100 if port < 65000 else 8700
    choose = f"choose another: make run {name}={proposed}"
    if port == other:
        raise StartupError(f"{name} is {port}, which is the web server's port; {choose}")
    deadline = time.monotonic() + patience
    while (error := _refusal(port)) is not None:
        if time.monotonic() > deadline:
            raise StartupError(f"Port {port} cannot be used ({error.strerror}); {choose}")
        time.sleep(0.1)


def _refusal(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError as error:
            return error
    return None


def require_room(folder: Path) -> None:
    """Raises StartupError where a database would soon fill the disk."""
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES:
        raise StartupError(
            f"The disk of {folder} is nearly full ({free // 2**20} MB free); make 400 MB free or"
            " set CSPM_HOME to another disk."
        )


def lasting_secret(path: Path) -> Path:
    """A file with a random secret, made at the first start and readable by us alone."""
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
        fresh.rename(path)
    return path
