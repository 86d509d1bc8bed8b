"""The lab as one object: build a scenario, serve it, look into it, break it."""

import json
import os
import secrets
import sys
import threading
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config

from lab import control, roles, truth
from lab.accounts import found
from lab.calls import Calls
from lab.directory import Directory
from lab.emulator import Emulator
from lab.engine import Engine
from lab.faults import Faults
from lab.replies import Reply
from lab.transport import Server
from lab.wire import HttpRequest

SCENARIOS = ("organisation", "small")
MANAGEMENT_ACCOUNT = "410000000007"
_running = threading.Lock()


@cache
def _session() -> boto3.Session:
    """One for all clients: each session would load AWS's models anew."""
    return boto3.Session()


class LabError(Exception):
    """The lab cannot start; the message is one line for a person."""


class Lab:
    """A demo AWS organisation on a loopback port; use it as a context manager.

    One at a time in a process, since moto's state is global. With `state` it writes lab.json
    there and keeps what was changed for its next start.
    """

    def __init__(
        self,
        *,
        scenario: str = "organisation",
        state: Path | str | None = None,
        throttle: bool = True,
        seed: int = 7,
        port: int = 0,
    ) -> None:
        if scenario not in SCENARIOS:
            raise LabError(f"there is no scenario {scenario}: choose {' or '.join(SCENARIOS)}")
        self.scenario = scenario
        self.seed = seed
        self.accounts: Mapping[str, str] = {}
        self.connection: dict[str, Any] = {}
        self.directory = Directory()
        self._state = Path(state) if state is not None else None
        self._throttle = throttle
        self._port = port
        self._engine: Engine | None = None
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._clients_guard = threading.Lock()
        self._holds = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """The address for AWS_ENDPOINT_URL."""
        return str(self.connection["endpoint"])

    @property
    def calls(self) -> Calls:
        """The API calls so far."""
        return self.engine.calls

    @property
    def faults(self) -> Faults:
        """The faults in force. A developer's client never meets them."""
        return self.engine.faults

    @property
    def engine(self) -> Engine:
        """The running engine."""
        if self._engine is None:
            raise LabError("the lab is not running")
        return self._engine

    def start(self) -> None:
        """Build the organisation, replay earlier changes, listen. Raises LabError."""
        if not _running.acquire(blocking=False):
            raise LabError("another lab runs in this process")
        self._holds = True
        try:
            kept = self._kept()
            self._server = self._listen()
            self._build(kept)
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
            self._thread.start()
        except BaseException:
            self._release()
            raise

    def stop(self) -> None:
        """End all connections and forget everything that is not in the state folder."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        if self._engine is not None:
            self._engine.close()
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join()
            self._server = None
        self._release()

    def client(self, service: str, account: str = "production", region: str = "") -> Any:
        """A boto3 client of an account's developer: the person who changes things behind backs.

        `account` is an id or a name. Its calls go over HTTP and into the log, and meet no fault.
        """
        account_id = self.accounts.get(account, account)
        key = (service, account_id, region or "eu-central-1")
        with self._clients_guard:
            if key not in self._clients:
                self._clients[key] = self._developer(*key)
            return self._clients[key]

    def _developer(self, service: str, account: str, region: str) -> Any:
        role = self.directory.roles[account, roles.DEVELOPER_ROLE]
        session = self.directory.open_session(role, name="developer", lasts=role.max_session * 24)
        make: Any = _session().client
        return make(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=session.access_key,
            aws_secret_access_key=session.secret_key,
            aws_session_token=session.token,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20),
        )

    def truth(self) -> truth.Truth:
        """What really exists, by (account, region, type) and id."""
        return truth.read(self.engine.emulator)

    def _listen(self) -> Server:
        def answer(request: HttpRequest) -> Reply:
            if request.target.startswith(control.PREFIX):
                return control.handle(self.engine, request)
            return self.engine.handle(request)

        try:
            return Server(self._port, answer, self._wait)
        except OSError as error:
            raise LabError(
                f"port {self._port} cannot be used ({error.strerror}): choose another with --port"
            ) from error

    def _wait(self, seconds: float) -> None:
        self.engine.wait(seconds)

    def _build(self, kept: Mapping[str, Any]) -> None:
        scenario = import_module(f"lab.{self.scenario}")  # the large one imports more of moto
        emulator = Emulator(seed=self.seed)
        self.accounts = found(MANAGEMENT_ACCOUNT, scenario.MEMBERS, region="us-east-1")
        emulator.default_vpcs(
            {(self.accounts[name], region) for name, region in scenario.DEFAULT_VPCS}
        )
        suspended = {self.accounts[m.name] for m in scenario.MEMBERS if m.suspended}
        self.directory.suspended = suspended
        self._engine = Engine(
            emulator,
            self.directory,
            management_account=MANAGEMENT_ACCOUNT,
            throttle=self._throttle,
        )
        external_id = str(kept.get("external_id") or secrets.token_urlsafe(16))
        developer_kept = kept.get("developer", {})
        product, developer = roles.add_users(
            self.directory,
            security=self.accounts["security"],
            management=MANAGEMENT_ACCOUNT,
            product_key=(kept.get("access_key_id", ""), kept.get("secret_access_key", "")),
            developer_key=(
                developer_kept.get("access_key_id", ""),
                developer_kept.get("secret_access_key", ""),
            ),
        )
        for account in self.accounts.values():
            roles.add_roles(
                self.directory,
                account,
                product=product,
                developer=developer,
                external_id=external_id,
                manages_organization=account == MANAGEMENT_ACCOUNT,
            )
        scenario.build(emulator, self.accounts)
        assert self._server is not None
        self.connection = {
            "endpoint": f"http://127.0.0.1:{self._server.port}",
            "access_key_id": product.access_key,
            "secret_access_key": product.secret_key,
            "management_account": MANAGEMENT_ACCOUNT,
            "external_id": external_id,
            "read_role": roles.READ_ROLE,
            "remediation_role": roles.REMEDIATION_ROLE,
            "accounts": dict(self.accounts),
            "developer": {
                "role": roles.DEVELOPER_ROLE,
                "access_key_id": developer.access_key,
                "secret_access_key": developer.secret_key,
            },
            "scenario": self.scenario,
            "seed": self.seed,
        }
        if self._state is not None:
            self._replay(self._state / "journal.jsonl")
            self._write(self._state / "lab.json")

    def _replay(self, journal: Path) -> None:
        try:
            problems = self.engine.open_journal(journal)
        except ValueError as error:
            raise LabError(str(error)) from error
        for problem in problems:
            sys.stderr.write(f"lab: {problem}\n")

    def _kept(self) -> Mapping[str, Any]:
        """What an earlier run left in the state folder: the same keys are used again."""
        if self._state is None:
            return {}
        try:
            self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
            text = (self._state / "lab.json").read_text(encoding="utf-8")
            kept: dict[str, Any] = json.loads(text)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise LabError(f"{self._state} cannot be used: {error}") from error
        if (kept.get("scenario"), kept.get("seed")) != (self.scenario, self.seed):
            raise LabError(
                f"{self._state} holds the scenario {kept.get('scenario')} with seed "
                f"{kept.get('seed')}: choose another folder, or remove it"
            )
        return kept

    def _write(self, path: Path) -> None:
        temporary = path.with_suffix(".new")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self.connection, file)
        temporary.replace(path)

    def _release(self) -> None:
        if self._server is not None:
            self._server.server_close()
            self._server = None
        self._engine = None
        if self._holds:
            self._holds = False
            _running.release()
