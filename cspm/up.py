"""Everything on this machine by one command: database, broker, lab, workers, scheduler, web."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import Error as DatabaseError
from django.utils import timezone

from cspm import programs
from cspm.embedded import places, postgres, valkey
from cspm.embedded.interrupts import Interrupts, Stopped
from cspm.embedded.preflight import hold, lasting_secret, require_port, require_room
from cspm.embedded.processes import StartupError, last_lines, spawn, stop
from cspm.embedded.running import published, was_killed
from cspm.embedded.supervisor import Child, Supervisor, rotate
from cspm.environment import database
from cspm.programs import LOOPBACK
from cspm.progress import Watch

ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 90.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was asked for."""

    home: Path
    port: int
    lab_port: int
    demo: bool

    @property
    def passwords(self) -> Path:
        """The demo users' passwords; there from the end of the first start on."""
        return self.home / "passwords.txt"

    @property
    def connection(self) -> Path:
        """What the lab says of itself once it answers."""
        return self.home / "lab" / "lab.json"


def run(options: Options) -> None:
    """Start everything, say where it is, and stay until a signal; then end all of it."""
    interrupts = Interrupts()
    with ExitStack() as stack:
        try:
            stack.enter_context(hold(options.home))
            _Start(options, stack, interrupts).run()
        except Stopped:
            say("Stopping …")
        finally:
            interrupts.ignore()
    say("Stopped. All data is kept.")


class _Start:
    """One start, from the checks to the signal that ends it."""

    def __init__(self, options: Options, stack: ExitStack, interrupts: Interrupts) -> None:
        self.options = options
        self.interrupts = interrupts
        self.stack = stack
        self.began = time.monotonic()
        self.began_at = timezone.now()
        self.supervisor = Supervisor(say)
        self.earlier: tuple[int, int] | None = None
        patience = 15.0 if was_killed(options.home) else 0.0
        require_port("PORT", options.port, patience=patience)
        if options.demo:
            require_port("LAB_PORT", options.lab_port, other=options.port, patience=patience)
        self.place = places.prepare(options.home)
        for folder in (options.home, self.place.sockets):
            require_room(folder)
        rotate(self.place.logs)
        (options.home / "static").mkdir(exist_ok=True)  # stays empty: files come from the checkout
        self.env = self._environment()

    def run(self) -> None:
        """Start in an order that shows a page as early as possible, then look after it all."""
        self.stack.callback(self.supervisor.stop)
        if self.options.demo:
            self._start_lab()
        self._start_services()
        self.stack.enter_context(published(self.options.home, self.env))
        self.stack.callback(self.supervisor.stop)  # first of all, before the database goes
        self._start_product()
        self._stay()

    def _environment(self) -> dict[str, str]:
        env = dict(os.environ)
        if self.options.demo:
            (self.options.home / "lab").mkdir(exist_ok=True, mode=0o700)
            credentials = self.options.home / "lab" / "credentials"
            env = programs.without_aws(env)
            env |= programs.lab_environment(self.options.lab_port, credentials)
        env |= {"CSPM_HOME": str(self.options.home), "PYTHONUNBUFFERED": "1"}
        if not env.get("SECRET_KEY") and not env.get("SECRET_KEY_FILE"):
            env["SECRET_KEY_FILE"] = str(lasting_secret(self.options.home / "secret_key"))
        env["CELERY_SKIP_CHECKS"] = "1"  # they take a second in each worker; make test has them
        return env

    def _start_lab(self) -> None:
        self.earlier = _mark(self.options.connection)  # the lab reads it: it keeps its keys
        state = self.options.connection.parent
        self._add("lab", programs.lab(self.options.lab_port, state), stage=1)

    def _start_services(self) -> None:
        """The database and the broker, unless others were named."""
        with self.interrupts.held_back():
            if not self.env.get("REDIS_URL") and not self.env.get("REDIS_URL_FILE"):
                broker = valkey.start(self.place)
                self.stack.callback(broker.stop)
                self.env["REDIS_URL"] = broker.url
            if not self.env.get("DATABASE_URL") and not self.env.get("DATABASE_URL_FILE"):
                if not (self.place.data / "PG_VERSION").exists():
                    say("Creating the database …")
                server = postgres.start(self.place)
                self.stack.callback(server.stop)
                self.env["DATABASE_URL"] = server.url()
                connections.settings["default"].update(database(server.url()))

    def _start_product(self) -> None:
        """Web first where the database is up to date: its page shows what is known already.

        Workers take long to load, so they start beside the migrations that a first start needs.
        """
        current = not _pending_migrations()
        if current:
            self._add("web", programs.web(self.options.port))
            self._await(self._web_answers, "The web server")
        for name, command in programs.WORKERS.items():
            self._add(name, command)
        if not current:
            say("Applying migrations …")
            self._migrate()
            self._add("web", programs.web(self.options.port))
        welcomed = not self.options.demo or self.options.passwords.exists()
        if welcomed:
            self._welcome()
        if current:  # roles follow the code even where no table changed
            self._migrate()
        if self.options.demo:
            self._await(self._lab_answers, "The lab")
            programs.write_credentials(
                self.options.connection, self.options.connection.with_name("credentials")
            )
            self._command("demo", "--connection", str(self.options.connection))
        self._add("scheduler", programs.SCHEDULER)
        if not welcomed:
            self._welcome()

    def _welcome(self) -> None:
        self._await(self._web_answers, "The web server")
        seconds = time.monotonic() - self.began
        say(f"\nCSPM is at http://{LOOPBACK}:{self.options.port}/ (after {seconds:.1f} s)")
        if self.options.demo:
            lines = self.options.passwords.read_text(encoding="utf-8").splitlines()
            width = max((len(line.split()[0]) for line in lines if line.strip()), default=0)
            say("Users and passwords:")
            for line in filter(str.strip, lines):
                user, _, password = line.partition(" ")
                say(f"  {user:<{width}}  {password.strip()}")
        say(f"Logs are in {self.place.logs}. Ctrl-C ends everything; all data is kept.\n")

    def _stay(self) -> None:
        shown = Watch(say, since=self.began_at)
        turns = 0
        while True:
            time.sleep(0.5)
            with self.interrupts.held_back():
                self.supervisor.check()
            shown.look()
            turns += 1
            if turns % 120 == 0:
                rotate(self.place.logs)

    def _add(self, name: str, command: list[str], *, stage: int = 0) -> None:
        log = self.place.logs / f"{name}.log"
        with self.interrupts.held_back():
            self.supervisor.add(Child(name, command, log, self.env, ROOT, stage=stage))

    def _migrate(self) -> None:
        self._command("migrate", "--noinput", "--verbosity", "0", "--skip-checks")

    def _command(self, *words: str) -> None:
        """Run one management command to its end; raises StartupError with its last words."""
        log = self.place.logs / f"{words[0]}.log"
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        with ExitStack() as until_done:
            with self.interrupts.held_back():
                process = spawn(command, log=log, env=self.env, cwd=ROOT)
                until_done.callback(stop, process, patience=3)
            code = process.wait()
        if code:
            said = "\n  ".join(last_lines(log, 8))
            raise StartupError(
                f"manage.py {words[0]} failed; its last words (all of them in {log}):\n  {said}"
            )

    def _await(self, ready: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            self.supervisor.require_alive()
            if time.monotonic() > deadline:
                raise StartupError(
                    f"{name} did not answer within {_PATIENCE:.0f} s (logs: {self.place.logs})"
                )
            time.sleep(0.05)

    def _lab_answers(self) -> bool:
        """The lab writes its connection file anew once it answers."""
        return _mark(self.options.connection) not in {None, self.earlier}

    def _web_answers(self) -> bool:
        """Whether a page comes back: the port alone opens long before the application is loaded."""
        client = HTTPConnection(LOOPBACK, self.options.port, timeout=2)
        try:
            client.request("GET", "/health/live")
            status = client.getresponse().status
        except (OSError, HTTPException):
            return False
        finally:
            client.close()
        if status != HTTPStatus.OK:
            raise StartupError(f"The web server answers {status} (logs: {self.place.logs})")
        return True


def _mark(file: Path) -> tuple[int, int] | None:
    """Differs once a file was written or replaced."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _pending_migrations() -> bool:
    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0]
        raise StartupError(f"The database does not answer ({reason}); see DATABASE_URL.") from error
    finally:
        connection.close()


def say(line: str) -> None:
    """One line to the person at the terminal."""
    print(line, flush=True)
