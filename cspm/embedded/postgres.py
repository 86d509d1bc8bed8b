"""PostgreSQL 18 on a private socket: peer authentication, no password, no TCP."""

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from cspm.embedded.places import Place, binaries, private
from cspm.embedded.processes import StartupError, current_user, last_line, spawn, stop, wait_until

USER = "cspm"
_SHUTDOWN_SECONDS = 20.0
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "max_connections": "100",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(slots=True)
class Postgres:
    """A running server."""

    process: subprocess.Popen[bytes]
    place: Place

    def url(self, name: str = "cspm") -> str:
        """The address for DATABASE_URL."""
        return f"postgresql:///{name}?host={quote(str(self.place.sockets), safe='')}&user={USER}"

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, everything committed is on disk."""
        stop(self.process, number=signal.SIGINT, patience=20)


def start(place: Place, *, careless: bool = False) -> Postgres:
    """Start the server, creating its data first where there is none.

    `careless` gives up durability for speed: for tests, whose data nobody keeps.
    """
    programs = binaries(place)
    log = place.logs / "postgres.log"
    _settle_an_earlier_server(place.data)
    if not (place.data / "PG_VERSION").exists():
        _initialise(place, programs, log)
    settings = {**_SETTINGS, **(_CARELESS if careless else {})}
    settings["unix_socket_directories"] = str(place.sockets)
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    process = spawn(
        [programs / "postgres", "-D", place.data, *options],
        log=log,
        owner=place.owner,
        death=signal.SIGINT,
    )
    server = Postgres(process, place)
    try:
        wait_until(lambda: _answers(server), child=process, name="PostgreSQL", log=log, seconds=60)
        _create_database(server)
    except BaseException:
        server.stop()
        raise
    return server


def _settle_an_earlier_server(data: Path) -> None:
    """Wait for a server that still shuts down; drop a lock whose process id now belongs to another.

    PostgreSQL itself copes with a lock of a process that is gone, but not with a reused id.
    """
    lock = data / "postmaster.pid"
    deadline = time.monotonic() + _SHUTDOWN_SECONDS
    while True:
        try:
            pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return
        if os.fsencode(data) not in command:
            lock.unlink(missing_ok=True)
            return
        if time.monotonic() > deadline:
            raise StartupError(
                f"PostgreSQL of an earlier start still runs on {data}; end it: kill -INT {pid}"
            )
        time.sleep(0.05)


def _initialise(place: Place, programs: Path, log: Path) -> None:
    """initdb into a folder beside, so that an interrupted start leaves nothing half-made."""
    for left_over in place.data.parent.glob(f"{place.data.name}.new-*"):
        shutil.rmtree(left_over, ignore_errors=True)  # an initdb that was told to end may do it too
    fresh = place.data.with_name(f"{place.data.name}.new-{os.getpid()}")
    private(fresh, place.owner)
    command: list[str | Path] = [
        programs / "initdb", "-D", fresh, "-U", USER, "-E", "UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8",
        "--auth-local=peer", "--auth-host=reject", "--no-instructions",
    ]  # fmt: skip
    child = spawn(command, log=log, owner=place.owner)
    if child.wait() != 0:
        raise StartupError(f"PostgreSQL could not create its data: {last_line(log)} (see {log})")
    users = {current_user(), place.owner.name if place.owner else current_user()}
    _write(place, fresh / "pg_hba.conf", f"local all {USER} peer map={USER}\n")
    _write(place, fresh / "pg_ident.conf", "".join(f"{USER} {u} {USER}\n" for u in sorted(users)))
    fresh.rename(place.data)


def _write(place: Place, path: Path, content: str) -> None:
    path.write_text(content, encoding="ascii")
    if place.owner:
        os.chown(path, place.owner.uid, place.owner.gid)


def _answers(server: Postgres) -> bool:
    try:
        _connect(server).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(server: Postgres) -> None:
    with _connect(server) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = 'cspm'").fetchall():
            connection.execute("CREATE DATABASE cspm")


def _connect(server: Postgres) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(server.url("postgres"), autocommit=True, connect_timeout=5)
