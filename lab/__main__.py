"""`python -m lab serve`: the demo organisation as a process of its own."""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; one JSON line on stdout says that it is ready."""
    parser = argparse.ArgumentParser(prog="python -m lab")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve a demo AWS organisation")
    serve.add_argument("--port", type=int, required=True, help="0 chooses a free one")
    serve.add_argument("--state", type=Path, required=True, help="folder for lab.json and changes")
    serve.add_argument("--seed", type=int, default=7)
    serve.add_argument("--scenario", default="organisation", choices=("organisation", "small"))
    serve.add_argument("--no-throttle", action="store_true", help="without EC2's request limits")
    given = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    from lab.server import Lab, LabError  # noqa: PLC0415 - importing moto takes a second

    lab = Lab(
        scenario=given.scenario,
        state=given.state,
        throttle=not given.no_throttle,
        seed=given.seed,
        port=given.port,
    )
    try:
        lab.start()
    except (LabError, OSError, ValueError) as error:
        sys.stderr.write(f"lab: {error}\n")
        return 2
    try:
        sys.stdout.write(json.dumps(lab.connection) + "\n")
        sys.stdout.flush()
        stop.wait()
    finally:
        lab.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
