"""The embedded database and broker: started, killed, started again, as root and as a user."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
import redis

from cspm.embedded import places, postgres, processes, valkey
from cspm.embedded.processes import StartupError

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def home():
    folder = Path(tempfile.mkdtemp(prefix="cspm-s"))
    yield folder
    places.remove(folder)


def write(server, value):
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def read(server):
    with psycopg.connect(server.url()) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def test_data_survives_a_stop_and_a_start(home):
    place = places.prepare(home)
    first = postgres.start(place)
    write(first, 1)
    first.stop()
    second = postgres.start(places.prepare(home))
    try:
        assert read(second) == [1]
    finally:
        second.stop()


def test_data_survives_a_crash_that_left_its_lock_behind(home):
    place = places.prepare(home)
    first = postgres.start(place)
    write(first, 7)
    first.process.kill()
    first.process.wait()
    assert (place.data / "postmaster.pid").exists()
    second = postgres.start(place)
    try:
        assert read(second) == [7]
    finally:
        second.stop()


def test_an_initdb_that_was_cut_short_is_begun_anew(home):
    place = places.prepare(home)
    launcher = launch(home)
    until(lambda: any(place.data.parent.glob("*.new-*/PG_VERSION")))
    launcher.kill()
    launcher.communicate()
    assert not place.data.exists()
    server = postgres.start(place)
    try:
        write(server, 3)
        assert read(server) == [3]
    finally:
        server.stop()


def test_a_lock_whose_process_id_now_belongs_to_another_program_is_dropped(home):
    place = places.prepare(home)
    first = postgres.start(place)
    write(first, 5)
    first.process.kill()
    first.process.wait()
    lock = place.data / "postmaster.pid"
    lines = lock.read_text().splitlines(keepends=True)
    lock.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    second = postgres.start(place)
    try:
        assert read(second) == [5]
    finally:
        second.stop()


def test_a_start_waits_for_the_shutdown_of_the_one_before(home):
    place = places.prepare(home)
    first = postgres.start(place)
    write(first, 9)
    first.process.send_signal(signal.SIGINT)  # and not waited for
    second = postgres.start(place)
    try:
        assert read(second) == [9]
    finally:
        second.stop()
        first.process.wait()


def test_a_planted_link_is_not_taken_for_the_socket_folder(home, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    (home / "sockets").symlink_to(elsewhere)
    with pytest.raises(StartupError, match="belongs to someone else"):
        places.prepare(home)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o755


def test_a_damaged_marker_neither_starts_nor_deletes_anything_else(home):
    (home / "instance").write_text("../../etc")
    with pytest.raises(StartupError, match="is damaged"):
        places.prepare(home)
    with pytest.raises(StartupError, match="is damaged"):
        places.remove(home)
    (home / "instance").unlink()


def test_two_instances_do_not_see_each_other(home):
    other = Path(tempfile.mkdtemp(prefix="cspm-s"))
    one, two = postgres.start(places.prepare(home)), postgres.start(places.prepare(other))
    try:
        write(one, 1)
        with psycopg.connect(two.url()) as connection:
            found = connection.execute("SELECT to_regclass('kept')").fetchone()
        assert found == (None,)
    finally:
        one.stop()
        two.stop()
        places.remove(other)


def test_nothing_listens_on_tcp_and_sockets_are_private(home):
    place = places.prepare(home)
    database, broker = postgres.start(place), valkey.start(place)
    try:
        with psycopg.connect(database.url()) as connection:
            assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
        assert stat.S_IMODE(place.broker.stat().st_mode) == 0o700
        client = redis.Redis.from_url(broker.url.replace("redis+socket", "unix"))
        assert client.config_get("port")["port"] == "0"
        client.close()
    finally:
        broker.stop()
        database.stop()


def test_a_long_data_folder_gets_its_sockets_elsewhere(home):
    deep = home / ("d" * 60) / ("e" * 60)
    place = places.prepare(deep)
    broker = valkey.start(place)
    try:
        assert len(str(broker.path)) < 107
        assert deep not in broker.path.parents
    finally:
        broker.stop()
        shutil.rmtree(place.broker)
        places.remove(deep)


def test_an_unusable_data_folder_is_named_with_what_to_do(home):
    file = home / "file"
    file.write_text("")
    with pytest.raises(StartupError, match="set CSPM_HOME to another"):
        places.prepare(file / "below")


STARTER = """
import sys, time
from pathlib import Path
from cspm.embedded import places, postgres, valkey
place = places.prepare(Path(sys.argv[1]))
database, broker = postgres.start(place), valkey.start(place)
print(database.process.pid, broker.process.pid, database.url(), flush=True)
time.sleep(120)
"""


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def launch(home):
    return subprocess.Popen(
        [sys.executable, "-c", STARTER, str(home)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )


def until(true, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_killing_the_launcher_ends_what_it_started(home):
    launcher = launch(home)
    database, broker, _url = launcher.stdout.readline().split()
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    launcher.stdout.close()
    deadline = time.monotonic() + 15
    while not (gone(database) and gone(broker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(database)
    assert gone(broker)


def may_enter(folder):
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (folder, *folder.parents))


def an_interpreter_for(person):
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            subprocess.run(
                [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                user=person.pw_uid,
                group=person.pw_gid,
                extra_groups=[],
                cwd="/",
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_needs_no_system_folder():
    person = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp(prefix="cspm-s"))
    os.chown(home, person.pw_uid, person.pw_gid)
    site = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    python = an_interpreter_for(person)
    if python is None or not may_enter(site):
        pytest.skip("Python or the environment lies where an ordinary user cannot read it")
    launcher = subprocess.Popen(
        [python, "-c", STARTER, str(home)],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        user=person.pw_uid,
        group=person.pw_gid,
        extra_groups=[],
        env={"PYTHONPATH": f"{ROOT}:{site}", "PATH": os.environ["PATH"], "HOME": str(home)},
    )
    try:
        words = launcher.stdout.readline().split()
        assert len(words) == 3
        assert str(home) in words[2].replace("%2F", "/")
        assert (home / "postgres" / "PG_VERSION").exists()
    finally:
        launcher.kill()
        launcher.wait()
        launcher.stdout.close()
        shutil.rmtree(home, ignore_errors=True)


def test_a_server_that_ends_at_once_is_named_with_its_last_words(tmp_path):
    log = tmp_path / "broken.log"
    child = processes.spawn([sys.executable, "-c", "print('no such luck'); exit(3)"], log=log)
    with pytest.raises(StartupError, match=r"Thing ended at once: no such luck"):
        processes.wait_until(lambda: False, child=child, name="Thing", log=log, seconds=20)
