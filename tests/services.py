"""pytest plugin: the real PostgreSQL and Valkey that tests run against.

Started before pytest-django reads the settings, and only where the chosen tests need them; a
DATABASE_URL or REDIS_URL given from outside is used instead.
"""

import os
import secrets
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from cspm.embedded import places, postgres, valkey
from cspm.embedded.preflight import hold
from cspm.embedded.processes import StartupError

PURE = ("tests/core", "tests/lab")
_PREFIX = "cspm-t"
_ending = ExitStack()


def _needs_services(config: pytest.Config) -> bool:
    chosen = [Path(str(argument).split("::")[0]).resolve() for argument in config.args]
    pure = [(config.rootpath / folder).resolve() for folder in PURE]
    return any(
        not any(path == folder or folder in path.parents for folder in pure) for path in chosen
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser, args) -> None:
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))
    os.environ.setdefault("DEBUG", "0")
    known = early_config.known_args_namespace.file_or_dir
    early_config.args = known or [str(early_config.rootpath / "tests")]
    if not _needs_services(early_config):
        os.environ.setdefault("DATABASE_URL", "postgresql:///not-started")
        return
    _remove_what_killed_runs_left()
    home = Path(tempfile.mkdtemp(prefix=_PREFIX))
    _ending.callback(places.remove, home)
    _ending.enter_context(hold(home))
    (home / "static").mkdir()
    os.environ["CSPM_HOME"] = str(home)
    place = places.prepare(home)
    if "DATABASE_URL" not in os.environ:
        database = postgres.start(place, careless=True)
        _ending.callback(database.stop)
        os.environ["DATABASE_URL"] = database.url()
    if "REDIS_URL" not in os.environ:
        broker = valkey.start(place)
        _ending.callback(broker.stop)
        os.environ["REDIS_URL"] = broker.url


def _remove_what_killed_runs_left() -> None:
    """Their servers ended with them; a run that goes on holds the lock of its folder."""
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(StartupError, OSError):
            if home.stat().st_uid == os.geteuid() and time.time() - home.stat().st_mtime > 60:
                with hold(home):
                    places.remove(home)


def pytest_unconfigure() -> None:
    _ending.close()
