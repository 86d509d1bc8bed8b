"""The processes of the product on one machine: their commands and what they find in their environment."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
LAB_REGION: Final = "eu-central-1"
_CELERY: Final = [sys.executable, "-m", "celery", "-A", "cspm.celery:app"]
_WORKER: Final = [
    *_CELERY, "worker", "--pool", "threads", "--without-gossip", "--without-mingle",
    "--loglevel", "info",
]  # fmt: skip
# Repairs and events never wait behind scans, nor does judging what a scan found.
WORKERS: Final[Mapping[str, list[str]]] = {
    "worker-execute": [*_WORKER, "-n", "execute@%h", "-Q", "execute,events", "-c", "4"],
    "worker-evaluate": [*_WORKER, "-n", "evaluate@%h", "-Q", "evaluate,report", "-c", "2"],
    "worker-scan": [*_WORKER, "-n", "scan@%h", "-Q", "scan", "-c", "4"],
}
SCHEDULER: Final = [*_CELERY, "beat", "--pidfile", "", "--loglevel", "info"]


def web(port: int) -> list[str]:
    """The web server, on loopback."""
    return [
        sys.executable, "-m", "gunicorn", "cspm.wsgi:application",
        "--bind", f"{LOOPBACK}:{port}", "--worker-class", "gthread", "--workers", "1",
        "--threads", "12", "--no-control-socket", "--access-logfile", "-",
    ]  # fmt: skip


def lab(port: int, state: Path) -> list[str]:
    """The demo organisation, on loopback."""
    return [sys.executable, "-m", "lab", "serve", "--port", str(port), "--state", str(state)]


def lab_environment(port: int, credentials: Path) -> dict[str, str]:
    """What sends boto3 to the lab and nowhere else.

    The credentials come from a file that may be written later: boto3 reads it at the first call.
    """
    hosts = ",".join(filter(None, [os.environ.get("no_proxy"), LOOPBACK, "localhost"]))
    return {
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}",
        "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": LAB_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": hosts,
        "no_proxy": hosts,
    }


def without_aws(env: Mapping[str, str]) -> dict[str, str]:
    """`env` without anything of the person's own AWS access: the demo must never use it."""
    return {key: value for key, value in env.items() if not key.startswith(("AWS_", "BOTO"))}


def write_credentials(connection: Path, credentials: Path) -> None:
    """Turn the lab's connection file into a credentials file that only we can read."""
    read = json.loads(connection.read_text(encoding="utf-8"))
    fresh = credentials.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(
            f"[default]\naws_access_key_id = {read['access_key_id']}\n"
            f"aws_secret_access_key = {read['secret_access_key']}\n"
        )
    fresh.replace(credentials)
