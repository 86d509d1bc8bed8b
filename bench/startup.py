"""First and second start of `make run`, to a page that shows data, in a clone of its own."""

import http.cookiejar
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

from bench.measure import Measurement

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 180.0


def run() -> list[Measurement]:
    """Clone HEAD into an empty folder and start it twice."""
    folder = Path(tempfile.mkdtemp(prefix="cspm-b"))
    clone = folder / "cspm"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    try:
        first = _start(clone)
        second = _start(clone)
    finally:
        subprocess.run(["make", "-s", "clean"], cwd=clone, check=False)
        shutil.rmtree(folder, ignore_errors=True)
    said = "fresh clone; packages from the tool's cache where it has them"
    return [
        {"name": "make run, first start to a page with data", "value": first, "unit": "s",
         "target": "<= 90", "conditions": said},
        {"name": "make run, second start to a page with data", "value": second, "unit": "s",
         "target": "<= 10", "conditions": "same folder, data kept"},
    ]  # fmt: skip


def _start(clone: Path) -> float:
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in {"VIRTUAL_ENV", "CSPM_HOME", "DATABASE_URL", "REDIS_URL"}
    }
    port, lab = _free_port(), _free_port()
    env |= {"PORT": str(port), "LAB_PORT": str(lab)}
    began = time.perf_counter()
    with (clone.parent / "make.log").open("ab") as log:
        process = subprocess.Popen(
            ["make", "run"], cwd=clone, env=env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while not shows_data(clone / ".run", port):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError((clone.parent / "make.log").read_text()[-2000:])
            time.sleep(0.2)
        return time.perf_counter() - began
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(30)


def shows_data(home: Path, port: int) -> bool:
    """Whether the analyst, signed in, sees findings on the inbox."""
    passwords = home / "passwords.txt"
    if not passwords.exists():
        return False
    pairs = dict(line.split()[:2] for line in passwords.read_text().splitlines() if line.strip())
    base = f"http://127.0.0.1:{port}"
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    try:
        page = browser.open(f"{base}/login/", timeout=5).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            return False
        form = {"csrfmiddlewaretoken": token[1], "login": "analyst", "password": pairs["analyst"]}
        browser.open(f"{base}/login/", urllib.parse.urlencode(form).encode(), timeout=10)
        inbox = browser.open(f"{base}/findings/", timeout=10).read().decode()
    except OSError:
        return False
    return re.search(r'href="/findings/\d+/"', inbox) is not None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
