"""How a command at another terminal finds what `up` runs: its database, its broker, its AWS."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path

_NAMES = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY_FILE", "NO_PROXY", "no_proxy")
_PREFIX = "AWS_"


@contextmanager
def published(home: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Keep the addresses in a file that only we can read, for as long as they are good."""
    kept = {k: v for k, v in env.items() if k in _NAMES or (_is_lab(env) and k.startswith(_PREFIX))}
    file = _file(home)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
        json.dump(kept, output)
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def was_killed(home: Path) -> bool:
    """For the holder of the lock: whether the start before could not clear up behind itself."""
    return _file(home).exists()


def adopt(home: Path, env: MutableMapping[str, str]) -> None:
    """Complete `env` with what a running `up` published; one that names a database stays as it is.

    Where the demo runs, the person's own AWS access is taken out: its accounts are not theirs.
    """
    if env.get("DATABASE_URL") or env.get("DATABASE_URL_FILE") or not _runs(home):
        return
    try:
        kept: dict[str, str] = json.loads(_file(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if _is_lab(kept):
        for name in [name for name in env if name.startswith(_PREFIX)]:
            del env[name]
    env.update(kept)


def _runs(home: Path) -> bool:
    try:
        with (home / "lock").open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_lab(env: Mapping[str, str]) -> bool:
    return env.get("AWS_CONFIG_FILE") == os.devnull


def _file(home: Path) -> Path:
    return home / "running.json"
