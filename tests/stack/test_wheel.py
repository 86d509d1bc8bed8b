"""The distribution: a light core by itself, everything that serves in an extra, no lab, no tests."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
UV = Path(sys.executable).with_name("uv")
PROGRAM = """
import sys
from findings.rules.evaluate import evaluate
from network.describe import read_folder
from network.estate import Estate

found = read_folder(sys.argv[1])
results = evaluate(Estate(found.records, found.shards))
print(any(r.rule == "sg-ingress-ssh-from-internet" and r.verdict == "fail" for r in results))
"""


def run(*command):
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, cwd="/", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(
        UV, "build", "--quiet", "--wheel", "--no-build-isolation",
        "--python", sys.executable, "--out-dir", folder, ROOT,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_what_serves_and_nothing_of_lab_or_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {"network", "findings", "cspm"} <= tops
    assert not tops & {"lab", "tests", "bench"}
    served = {"cspm/templates/base.html", "cspm/static/app.css"}
    assert served <= set(names)
    assert any(name.startswith("compliance/frameworks/") for name in names)


def test_the_core_judges_a_folder_where_nothing_but_the_wheel_is_installed(wheel, tmp_path):
    bare = tmp_path / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, bare)
    run(UV, "pip", "install", "--quiet", "--no-deps", "--python", bare / "bin" / "python", wheel)
    said = run(bare / "bin" / "python", "-c", PROGRAM, ROOT / "tests/core/data/estate")
    assert said.strip() == "True"


def test_the_server_of_the_wheel_finds_its_templates_and_static_files(wheel, tmp_path):
    """With the packages of this environment, but none of this checkout."""
    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    done = subprocess.run(
        [
            sys.executable, "-I", "-c",
            f"import sys; sys.path.insert(0, {str(unpacked)!r})\n"
            "import django; django.setup()\n"
            "from django.contrib.staticfiles import finders\n"
            "from django.template.loader import get_template\n"
            "print(get_template('base.html').origin.name, finders.find('app.css'))",
        ],
        cwd="/",
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "cspm.settings"},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(str(unpacked / "cspm")) == 2
