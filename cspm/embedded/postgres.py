"""PostgreSQL 18 on a private socket: peer authentication, no password, no TCP."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from cspm.embedded.places import Place, binaries
from cspm.embedded.processes import StartupError, current_user, last_line, spawn, stop, wait_until

USER = "cspm"
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
    programs: Path

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
    server = Postgres(process, place, programs)
    try:
        wait_until(lambda: _answers(server), child=process, name="PostgreSQL", log=log, seconds=60)
        _create_database(server)
    except BaseException:
        server.stop()
        raise
    return server


def _initialise(place: Place, programs: Path, log: Path) -> None:
    """initdb into a folder beside, so that an interrupted start leaves nothing half-made."""
    place.data.mkdir(exist_ok=True, mode=0o700)
    for left_over in place.data.iterdir():  # no PG_VERSION: an earlier initdb was cut short
        shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
    command = [
        programs / "initdb", "-D", place.data, "-U", USER, "-E", "UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8",
        "--auth-local=peer", "--auth-host=reject", "--no-instructions",
    ]  # fmt: skip
    child = spawn(command, log=log, owner=place.owner)
    if child.wait() != 0:
        raise StartupError(f"PostgreSQL could not create its data: {last_line(log)} (see {log})")
    users = {current_user(), place.owner.name if place.owner else current_user()}
    _write(place, "pg_hba.conf", f"local all {USER} peer map={USER}\n")
    _write(place, "pg_ident.conf", "".join(f"{USER} {user} {USER}\n" for user in sorted(users)))


def _write(place: Place, name: str, content: str) -> None:
    path = place.data / name
    path.write_text(content, encoding="ascii")
    if place.owner:
        os.chown(path, place.owner.uid, place.owner.gid)


def _answers(server: Postgres) -> bool:
    return _run(server, "pg_isready", "-q", "-d", "postgres").returncode == 0


def _create_database(server: Postgres) -> None:
    made = _run(server, "createdb", "cspm")
    if made.returncode and b"already exists" not in made.stderr:
        raise StartupError(f"PostgreSQL refused a database: {made.stderr.decode().strip()}")


def _run(server: Postgres, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [server.programs / program, "-h", str(server.place.sockets), "-U", USER, *arguments],
        capture_output=True,
        check=False,
    )
