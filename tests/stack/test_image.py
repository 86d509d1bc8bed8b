"""The image without a container engine: its build steps by hand, its processes, its compose file."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from tests.stack.compose import SCHEMA, problems
from tests.stack.machine import ROOT, free_port

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def instructions(stage):
    """(word, arguments) of one stage of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE)
    stages = re.split(r"(?m)^FROM .*$", text)[1:]
    lines = [line for line in stages[stage].splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(" ", 1)) for line in lines]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What the build stage makes: exactly the copied files, and the server's lock installed."""
    app = tmp_path_factory.mktemp("image") / "app"
    app.mkdir()
    tools = tmp_path_factory.mktemp("tools")
    (tools / "pip").symlink_to(shutil.which("true"))  # uv is here already
    (tools / "uv").symlink_to(Path(sys.executable).with_name("uv"))
    env = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(app)}
    env |= {k: v for k, v in os.environ.items() if k.startswith(("UV_", "PIP_", "SSL_", "XDG_"))}
    for word, text in instructions(0):
        arguments = text.replace("/app", str(app))
        if word == "COPY":
            source, target = arguments.split()
            if (ROOT / source).is_dir():
                shutil.copytree(
                    ROOT / source, app / target, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(ROOT / source, app / target)
        elif word == "ENV":
            for pair in shlex.split(arguments.replace("$PATH", env["PATH"])):
                name, value = pair.split("=", 1)
                env[name] = value
        elif word == "RUN":
            done = subprocess.run(
                arguments, shell=True, cwd=app, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
    for name in ("DATABASE_URL", "REDIS_URL"):
        env[name] = os.environ[name]
    env["SECRET_KEY"] = "s" * 50
    return app, env


def start(image, *words, **extra):
    app, env = image
    return subprocess.Popen(
        ["sh", str(ROOT / "deploy/docker/entrypoint"), *words],
        cwd=app,
        env={**env, **extra},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_the_image_holds_neither_lab_nor_tests_nor_their_packages(image):
    app, _env = image
    assert not (app / "lab").exists()
    assert not (app / "tests").exists()
    names = {path.name for path in (app / ".venv").glob("lib/*/site-packages/*")}
    assert "django" in names
    assert not names & {"moto", "pytest", "playwright", "mypy"}


def test_the_image_serves_pages_and_static_files_against_a_given_database(image):
    migrated = start(image, "migrate")
    output = migrated.communicate(timeout=60)[0]
    assert migrated.returncode == 0, output
    port = free_port()
    web = start(image, "web", PORT=str(port), WEB_WORKERS="1")
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert time.monotonic() < deadline
                assert web.poll() is None, web.stdout.read()
                time.sleep(0.1)
        with urlopen(f"http://127.0.0.1:{port}/login/", timeout=5) as page:
            sheet = re.search(r'href="([^"]*app\.[0-9a-f]+\.css)"', page.read().decode())
        assert sheet, "static files carry their hash in an image"
        with urlopen(f"http://127.0.0.1:{port}{sheet[1]}", timeout=5) as answer:
            assert answer.headers["Content-Type"].startswith("text/css")
    finally:
        web.terminate()
        web.communicate(timeout=30)


@pytest.mark.parametrize(("word", "node"), [("worker", "scan"), ("worker-execute", "execute")])
def test_a_worker_of_the_image_answers_its_own_health_check(image, word, node):
    worker = start(image, word, CONCURRENCY="1")
    try:
        deadline = time.monotonic() + 60
        while True:
            check = start(image, "healthy", node)
            said = check.communicate(timeout=30)[0]
            if check.returncode == 0:
                assert "pong" in said
                break
            assert time.monotonic() < deadline, said
            if worker.poll() is not None:
                pytest.fail(worker.communicate()[0])
    finally:
        worker.terminate()
        worker.communicate(timeout=30)


def test_an_unknown_process_is_refused_by_name(image):
    process = start(image, "werker")
    assert "unknown process: werker" in process.communicate(timeout=10)[0]
    assert process.returncode == 2


def test_serving_without_a_secret_key_is_refused(image):
    app, env = image
    without = {k: v for k, v in env.items() if k != "SECRET_KEY"}
    done = subprocess.run(
        [app / ".venv/bin/python", "-c", "import cspm.wsgi"],
        cwd=app,
        env=without,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "SECRET_KEY: set it" in done.stderr


def test_the_compose_file_follows_the_compose_specification():
    assert problems(COMPOSE, SCHEMA) == []


def test_every_process_of_the_product_is_confined():
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "privileged" not in service, name
        if name not in {"database", "broker"}:
            assert "no-new-privileges:true" in service["security_opt"], name
    assert "USER 10001" in DOCKERFILE


def test_setup_and_image_use_the_uv_that_is_locked():
    locked = re.search(r"(?m)^uv==(\S+)", (ROOT / "requirements.lock").read_text())[1]
    assert f'"uv=={locked}"' in (ROOT / "bin" / "setup").read_text()
    assert f"uv=={locked}\n" in DOCKERFILE


def test_the_server_lock_pins_what_the_whole_lock_pins():
    def pins(name):
        return set(re.findall(r"(?m)^(\S+==\S+)", (ROOT / name).read_text()))

    assert pins("requirements-server.lock") <= pins("requirements.lock")


def test_no_secret_is_passed_by_value():
    for service in COMPOSE["services"].values():
        for name, value in (service.get("environment") or {}).items():
            if any(word in name for word in ("SECRET", "PASSWORD", "DATABASE_URL")):
                assert name.endswith("_FILE"), name
                assert str(value).startswith("/run/secrets/")


def test_only_the_web_process_is_published_and_only_on_loopback():
    published = {name: s["ports"] for name, s in COMPOSE["services"].items() if "ports" in s}
    assert list(published) == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in published["web"])
    assert COMPOSE["networks"]["inside"]["internal"] is True
