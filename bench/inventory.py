"""Calls and rows of the inventory, each measured in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import Measurement
from cspm.embedded import places, postgres

_CALLS = ["-m", "bench.inventory_calls"]
_WITH_DJANGO = (
    ("bench.inventory_rows", "rows"),
    ("bench.inventory_scan", "scan"),
)


def run() -> list[Measurement]:
    """The client against a canned endpoint, the database alone, then a scan of the lab."""
    results = _part(_CALLS, {})
    folder = Path(tempfile.mkdtemp(prefix="cspm-b"))
    server = postgres.start(places.prepare(folder))
    try:
        environment = {
            "CSPM_HOME": str(folder),
            "DATABASE_URL": server.url(),
            "DJANGO_SETTINGS_MODULE": "cspm.settings",
            "SECRET_KEY": "measuring",
        }
        for module, name in _WITH_DJANGO:
            program = (
                f"import django, json; django.setup(); from {module} import {name};"
                f" print(json.dumps({name}()))"
            )
            results += _part(["-c", program], environment)
    finally:
        server.stop()
        places.remove(folder)
    return results


def _part(command: list[str], environment: dict[str, str]) -> list[Measurement]:
    done = subprocess.run(
        [sys.executable, *command],
        check=True,
        stdout=subprocess.PIPE,
        env=os.environ | environment,
    )
    found: list[Measurement] = json.loads(done.stdout.splitlines()[-1])
    return found
