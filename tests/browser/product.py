"""The product as a newcomer runs it: `manage.py up --demo` in a data folder of its own."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from cspm.embedded import places

ROOT = Path(__file__).resolve().parent.parent.parent
_OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CSPM_HOME", "DJANGO_ALLOW_ASYNC_UNSAFE")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(ask, *, what, seconds=60, pause=0.2):
    """Ask until there is an answer; fails with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := ask():
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(pause)


@dataclass
class Product:
    """A running product; `home` holds its data."""

    process: subprocess.Popen
    base: str
    home: Path
    log: Path

    @property
    def passwords(self):
        lines = (self.home / "passwords.txt").read_text().splitlines()
        return dict(line.split()[:2] for line in lines if line.strip())

    @property
    def lab(self):
        return json.loads((self.home / "lab" / "lab.json").read_text())

    def developer(self, account, region="eu-central-1"):
        """An EC2 client of that account's administrator: who changes things behind our back."""
        lab = self.lab
        keys = lab["developer"]
        shared = {"endpoint_url": lab["endpoint"], "region_name": region}
        patient = Config(retries={"total_max_attempts": 3})
        sts = boto3.client(
            "sts",
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            config=patient,
            **shared,
        )
        session = sts.assume_role(
            RoleArn=f"arn:aws:iam::{lab['accounts'][account]}:role/{keys['role']}",
            RoleSessionName="somebody",
        )["Credentials"]
        return boto3.client(
            "ec2",
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
            config=patient,
            **shared,
        )

    def words(self):
        return self.log.read_text(errors="replace")


def start():
    """Start it and wait until it has said where it is."""
    home = Path(tempfile.mkdtemp(prefix="cspm-p"))
    port, lab_port = free_port(), free_port()
    env = {key: value for key, value in os.environ.items() if key not in _OURS}
    env |= {"CSPM_HOME": str(home / "run"), "PORT": str(port), "LAB_PORT": str(lab_port)}
    log = home / f"up-{secrets.token_hex(3)}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up", "--demo"],
            env=env,
            stdout=output,
            stderr=output,
            cwd=ROOT,
        )
    product = Product(process, f"http://127.0.0.1:{port}", home / "run", log)

    def said_where():
        assert process.poll() is None, product.words()
        return product.base in product.words() and (product.home / "passwords.txt").exists()

    try:
        until(said_where, what="the address", seconds=120)
    except BaseException:
        stop(product)
        raise
    return product


def stop(product):
    """End it as Ctrl-C does, and leave nothing behind."""
    if product.process.poll() is None:
        product.process.send_signal(signal.SIGINT)
        product.process.wait(30)
    places.remove(product.home)
    shutil.rmtree(product.home.parent)
