"""Everything on this machine by one command: database, broker, lab, workers, scheduler, web."""

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from cspm.embedded import places, postgres, valkey
from cspm.embedded.processes import StartupError, last_line
from cspm.embedded.supervisor import Child, Supervisor

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
_NEEDED_BYTES = 400 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was asked for."""

    home: Path
    port: int
    lab_port: int
    demo: bool


class _Stopped(Exception):  # noqa: N818 - not an error: somebody pressed Ctrl-C
    pass


def run(options: Options) -> None:
    """Start everything, say where it is, and stay until a signal; then end all of it."""

    def raise_stopped(number: int, frame: FrameType | None) -> None:
        raise _Stopped

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, raise_stopped)
    with ExitStack() as stack:
        try:
            stack.enter_context(_single(options.home))
            _stay(_start(options, stack))
        except _Stopped:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)  # one Ctrl-C is enough
            _say("Stopping …")
    _say("Stopped. All data is kept.")


def _start(options: Options, stack: ExitStack) -> Supervisor:
    began = time.monotonic()
    _require_free(options.port, "PORT")
    if options.demo:
        _require_free(options.lab_port, "LAB_PORT")
    place = places.prepare(options.home)
    if shutil.disk_usage(options.home).free < _NEEDED_BYTES:
        raise StartupError(
            f"The disk of {options.home} is nearly full; free 400 MB or set CSPM_HOME to another."
        )
    env = _environment(options, place, stack)
    supervisor = Supervisor(_say)
    stack.callback(supervisor.stop)
    if options.demo:
        _start_lab(options, place, env, supervisor)
    _command(env, "migrate", "--noinput", "--verbosity", "0", log=place.logs / "migrate.log")
    if options.demo:
        env |= _lab_environment(options, place)
    for name, command in _programs(options).items():
        supervisor.add(Child(name, command, place.logs / f"{name}.log", env, ROOT))
    if options.demo:
        connection = str(options.home / "lab" / "lab.json")
        _command(env, "demo", "--connection", connection, log=None)
    _wait_for_web(options, supervisor)
    _welcome(options, time.monotonic() - began)
    if options.demo:
        _command(env, "scan_progress", "--follow", log=None, check=False)
    return supervisor


def _welcome(options: Options, seconds: float) -> None:
    _say(f"CSPM is at http://{LOOPBACK}:{options.port}/ (ready after {seconds:.1f} s).")
    passwords = options.home / "passwords.txt"
    if passwords.exists():
        _say("Sign in as one of (user, password):")
        for line in passwords.read_text(encoding="utf-8").splitlines():
            _say(f"  {line}")
    _say("Ctrl-C ends it; all data is kept.")


def _stay(supervisor: Supervisor) -> None:
    turns = 0
    while True:
        time.sleep(0.5)
        supervisor.check()
        turns += 1
        if turns % 120 == 0:
            supervisor.rotate_logs()


def _environment(options: Options, place: places.Place, stack: ExitStack) -> dict[str, str]:
    """What all children share; starts the database and the broker unless others were named."""
    env = dict(os.environ)
    env["CSPM_HOME"] = str(options.home)
    env["PYTHONUNBUFFERED"] = "1"
    env.setdefault("SECRET_KEY", _secret(options.home / "secret_key"))
    if not env.get("DATABASE_URL"):
        database = postgres.start(place)
        stack.callback(database.stop)
        env["DATABASE_URL"] = database.url()
    if not env.get("REDIS_URL"):
        broker = valkey.start(place)
        stack.callback(broker.stop)
        env["REDIS_URL"] = broker.url
    return env


def _programs(options: Options) -> dict[str, list[str]]:
    python = sys.executable
    worker = [
        python, "-m", "celery", "-A", "cspm.celery:app", "worker", "--pool", "threads",
        "--without-gossip", "--without-mingle", "--loglevel", "info",
    ]  # fmt: skip
    return {
        "web": [
            python, "-m", "gunicorn", "cspm.wsgi:application", "--bind", f"{LOOPBACK}:{options.port}",
            "--worker-class", "gthread", "--workers", "1", "--threads", "12", "--access-logfile", "-",
        ],
        # Repairs and events never wait behind scans.
        "worker-execute": [*worker, "-n", "execute@%h", "-Q", "execute,events", "-c", "4"],
        "worker-scan": [*worker, "-n", "scan@%h", "-Q", "scan", "-c", "4"],
        "worker-evaluate": [*worker, "-n", "evaluate@%h", "-Q", "evaluate,report", "-c", "2"],
        "scheduler": [python, "-m", "celery", "-A", "cspm.celery:app", "beat", "--pidfile", ""],
    }  # fmt: skip


def _start_lab(
    options: Options, place: places.Place, env: dict[str, str], supervisor: Supervisor
) -> None:
    state = options.home / "lab"
    state.mkdir(exist_ok=True, mode=0o700)
    (state / "lab.json").unlink(missing_ok=True)
    command = [
        sys.executable, "-m", "lab", "serve", "--port", str(options.lab_port), "--state", str(state),
    ]  # fmt: skip
    supervisor.add(Child("lab", command, place.logs / "lab.log", env, ROOT))


def _lab_environment(options: Options, place: places.Place) -> dict[str, str]:
    """Wait for the lab and turn its connection file into what boto3 reads."""
    path = options.home / "lab" / "lab.json"
    deadline = time.monotonic() + 60
    while not path.exists():
        if time.monotonic() > deadline:
            log = place.logs / "lab.log"
            raise StartupError(f"The lab did not start: {last_line(log)} (see {log})")
        time.sleep(0.05)
    connection: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {
        "AWS_ENDPOINT_URL": connection["endpoint"],
        "AWS_ACCESS_KEY_ID": connection["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": connection["secret_access_key"],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _command(env: dict[str, str], *words: str, log: Path | None, check: bool = True) -> None:
    """Run one management command to its end, its output shown or kept in `log`."""
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    if log is None:
        done = subprocess.run(command, env=env, cwd=ROOT, check=False)
    else:
        with log.open("ab") as output:
            done = subprocess.run(
                command, env=env, cwd=ROOT, stdout=output, stderr=output, check=False
            )
    if done.returncode and check:
        reason = f": {last_line(log)} (see {log})" if log else "."
        raise StartupError(f"manage.py {words[0]} failed{reason}")


def _wait_for_web(options: Options, supervisor: Supervisor) -> None:
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as client:
            client.settimeout(1)
            if client.connect_ex((LOOPBACK, options.port)) == 0:
                return
        if time.monotonic() > deadline:
            raise StartupError(f"The web server did not start (see {options.home / 'logs'}).")
        supervisor.check()
        time.sleep(0.05)


def _require_free(port: int, name: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise StartupError(
                f"Port {port} is taken ({error.strerror}); choose another: {name}={port + 10} make run"
            ) from error


@contextmanager
def _single(home: Path) -> Iterator[None]:
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
                " CSPM_HOME and PORT to others."
            ) from error
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        yield


def _secret(path: Path) -> str:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()


def _say(line: str) -> None:
    print(line, flush=True)
