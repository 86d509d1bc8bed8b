"""The newcomer's start: a demo organisation, people who can sign in, findings; kept by a second start."""

import json
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from bench.startup import shows_data
from cspm.embedded import places
from tests.stack.machine import free_port, until, up


@pytest.fixture
def home():
    folder = Path(tempfile.mkdtemp(prefix="cspm-d"))
    yield folder
    places.remove(folder)
    shutil.rmtree(folder, ignore_errors=True)


def start_until_data(home):
    """What a start said, ended by Ctrl-C once the inbox shows findings."""
    process = up(home, port := free_port(), "--demo", "--lab-port", str(free_port()))
    try:
        until(lambda: shows_data(home, port) or process.poll() is not None, seconds=120)
    finally:
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=40)[0]
    assert process.returncode == 0, said
    return said


def connection(home):
    """All of the lab's connection file but its address."""
    read = json.loads((home / "lab" / "lab.json").read_text())
    return {key: value for key, value in read.items() if key != "endpoint"}


def test_a_first_start_shows_data_and_a_second_one_keeps_it(home):
    first = start_until_data(home)
    passwords = (home / "passwords.txt").read_text()
    people = dict(line.split() for line in passwords.splitlines())
    assert sorted(people) == ["admin", "admin2", "analyst", "manager"]
    assert all(password in first for password in people.values())
    assert (home / "passwords.txt").stat().st_mode & 0o077 == 0
    assert (home / "lab" / "credentials").stat().st_mode & 0o077 == 0
    before = connection(home)

    second = start_until_data(home)
    assert "Applying migrations" not in second
    assert (home / "passwords.txt").read_text() == passwords
    assert connection(home) == before  # or the stored external id would open nothing any more
