"""`manage.py up`: one real start, what it refuses, and that it ends all it started and nothing else."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from cspm import programs
from cspm.embedded import places
from cspm.embedded.preflight import hold, require_port, require_room
from cspm.embedded.processes import StartupError
from cspm.embedded.running import adopt, published
from cspm.embedded.supervisor import Child, Supervisor, rotate
from tests.stack.machine import ROOT, alive, await_page, family, free_port, listening, until, up


def refusal(process):
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 1, said
    lines = [line for line in said.splitlines() if line.strip()]
    assert len(lines) == 1, said
    return lines[0]


@pytest.fixture(scope="module")
def running():
    home = Path(tempfile.mkdtemp(prefix="cspm-u"))
    port = free_port()
    process = up(home, port)
    try:
        await_page(process, port)
        until(lambda: "ready." in (home / "logs" / "worker-scan.log").read_text())
        yield process, home, port
    finally:
        process.terminate()
        process.communicate(timeout=30)
        places.remove(home)


def test_everything_listens_on_loopback_only(running):
    process, _home, port = running
    assert listening(family(process.pid)) == [("0100007F", port)]


def test_a_second_start_is_refused_with_the_process_that_runs(running):
    process, home, _port = running
    line = refusal(up(home, free_port()))
    assert f"(process {process.pid})" in line
    assert "CSPM_HOME" in line


def test_a_taken_port_is_named_with_how_to_choose_another(running, tmp_path):
    _process, _home, port = running
    line = refusal(up(tmp_path, port))
    assert f"Port {port} cannot be used" in line
    assert "make run PORT=" in line


def test_a_worker_that_dies_is_started_again(running):
    process, home, _port = running
    log = home / "logs" / "worker-execute.log"

    def worker():
        for pid in family(process.pid):
            if b"execute@%h" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                return pid
        return None

    until(lambda: "ready." in log.read_text())
    before = worker()
    os.kill(before, signal.SIGKILL)
    until(lambda: worker() not in {before, None})
    until(lambda: log.read_text().count("ready.") == 2)
    assert process.poll() is None


def test_a_command_at_another_terminal_finds_the_running_database(running):
    _process, home, _port = running
    ours = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
    env = {k: v for k, v in os.environ.items() if k not in ours} | {"CSPM_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "manage.py", "create_admin", "alice"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "alice" in done.stdout


def test_a_command_is_told_nothing_by_a_start_that_was_killed(tmp_path):
    (tmp_path / "lock").write_text("1")
    (tmp_path / "running.json").write_text('{"DATABASE_URL": "postgresql:///gone"}')
    env = {}
    adopt(tmp_path, env)
    assert env == {}


def test_a_command_keeps_the_database_it_was_given(tmp_path):
    with hold(tmp_path), published(tmp_path, {"DATABASE_URL": "postgresql:///ours"}):
        env = {"DATABASE_URL": "postgresql:///theirs"}
        adopt(tmp_path, env)
        assert env == {"DATABASE_URL": "postgresql:///theirs"}
        env = {"AWS_PROFILE": "mine"}
        adopt(tmp_path, env)
        assert env == {"DATABASE_URL": "postgresql:///ours", "AWS_PROFILE": "mine"}
    assert not (tmp_path / "running.json").exists()


def test_beside_the_demo_a_command_reaches_the_lab_and_nothing_else(tmp_path):
    lab = programs.lab_environment(8701, tmp_path / "credentials")
    with hold(tmp_path), published(tmp_path, {"DATABASE_URL": "postgresql:///ours", **lab}):
        env = {"AWS_PROFILE": "mine", "AWS_ACCESS_KEY_ID": "key"}
        adopt(tmp_path, env)
    assert env == {"DATABASE_URL": "postgresql:///ours", **lab}


def test_nobody_else_may_read_the_data_folder_or_its_secret(running):
    _process, home, _port = running
    assert home.stat().st_mode & 0o077 == 0
    assert (home / "secret_key").stat().st_mode & 0o077 == 0


@pytest.fixture(scope="module")
def home():
    """A data folder for starts that end; whichever test comes first pays for the first start."""
    folder = Path(tempfile.mkdtemp(prefix="cspm-u"))
    yield folder
    places.remove(folder)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_it_started_and_only_that(home, number):
    bystander = subprocess.Popen(["sleep", "120"])
    process = up(home, port := free_port())
    try:
        await_page(process, port)
        started = family(process.pid)
        assert len(started) >= 7  # postgres with its own, valkey, web, three workers, scheduler
        began = time.monotonic()
        process.send_signal(number)
        said = process.communicate(timeout=30)[0]
        assert time.monotonic() - began <= 10
        assert process.returncode == 0
        assert said.rstrip().endswith("Stopped. All data is kept.")
        assert alive(started) == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
        process.kill()
        process.communicate()


def test_killing_it_ends_everything_and_the_next_start_recovers(home):
    process = up(home, port := free_port())
    await_page(process, port)
    started = family(process.pid)
    process.kill()
    process.communicate()
    again = up(home, port)  # while the first one's children may still be ending
    try:
        await_page(again, port)
        until(lambda: alive(started) == [], seconds=10)
        assert again.poll() is None
    finally:
        again.terminate()
        again.communicate(timeout=30)


def test_a_port_is_waited_for_where_an_earlier_start_may_still_let_go_of_it():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        release = threading.Timer(0.5, held.close)
        release.start()
        require_port("PORT", port, patience=10)
        release.join()
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        assert ours.bind(("127.0.0.1", port)) is None


def test_the_labs_port_is_checked_too(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        other = taken.getsockname()[1]
        line = refusal(up(tmp_path, free_port(), "--demo", "--lab-port", str(other)))
    assert f"Port {other} cannot be used" in line
    assert "make run LAB_PORT=" in line


@pytest.mark.parametrize("port", [0, 70000])
def test_a_number_that_is_no_port_is_refused(tmp_path, port):
    assert f"PORT={port} is no port" in refusal(up(tmp_path, port))


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    line = refusal(up(tmp_path / "file" / "home", free_port()))
    assert str(tmp_path / "file" / "home") in line
    assert "set CSPM_HOME to another" in line


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_data_folder_of_somebody_else_is_named(tmp_path):
    person = pwd.getpwnam("nobody")
    code = "from pathlib import Path; from cspm.embedded.preflight import hold; hold(Path('/root/x')).__enter__()"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", code],
        cwd=ROOT,
        user=person.pw_uid,
        group=person.pw_gid,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr or "Permission denied: '/usr" in done.stderr:
        pytest.skip("the checkout cannot be read by an ordinary user")
    assert "The data folder /root/x cannot be used (Permission denied)" in done.stderr


def test_a_disk_without_room_is_named(tmp_path, monkeypatch):
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 5 * 2**20))
    with pytest.raises(StartupError, match=r"nearly full \(5 MB free\).*set CSPM_HOME"):
        require_room(tmp_path)


def test_the_demo_never_sees_the_persons_own_aws_access(monkeypatch, tmp_path):
    own = {"AWS_PROFILE": "p", "AWS_SESSION_TOKEN": "t", "AWS_ENDPOINT_URL_STS": "u", "PATH": "x"}
    assert programs.without_aws(own) == {"PATH": "x"}
    monkeypatch.setenv("no_proxy", "example.org")
    made = programs.lab_environment(8701, tmp_path / "credentials")
    assert made["AWS_ENDPOINT_URL"] == "http://127.0.0.1:8701"
    assert made["AWS_CONFIG_FILE"] == os.devnull
    assert made["no_proxy"] == "example.org,127.0.0.1,localhost"


def test_a_child_that_ends_again_and_again_is_named_with_its_last_words(tmp_path, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    heard = []
    supervisor = Supervisor(heard.append)
    command = [sys.executable, "-c", "print('out of luck'); raise SystemExit(3)"]
    supervisor.add(Child("thing", command, tmp_path / "thing.log", dict(os.environ), tmp_path))
    child = supervisor.children[0]
    while len(heard) < 5:
        child.process.wait()
        supervisor.check()
        clock[0] += 9.0
    supervisor.check()
    child.process.wait()
    with pytest.raises(StartupError, match=r"thing ends each time it starts.*\n  out of luck"):
        supervisor.check()
    assert [line.split(" in ")[1].split(" s ")[0] for line in heard] == [
        "0.5", "1.0", "2.0", "4.0", "8.0",
    ]  # fmt: skip


def test_a_large_log_is_moved_aside_while_its_writer_goes_on(tmp_path):
    log = tmp_path / "big.log"
    with log.open("ab") as writer:
        writer.write(b"x" * 21 * 2**20)
        writer.flush()
        rotate(tmp_path)
        writer.write(b"later\n")
    assert log.read_bytes() == b"later\n"
    assert (tmp_path / "big.log.1").stat().st_size == 21 * 2**20
