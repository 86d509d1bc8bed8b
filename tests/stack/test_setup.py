"""bin/setup on a machine that lacks something: one line that says what to install."""

import shutil
import subprocess
import sys

import pytest

from tests.stack.machine import ROOT

TOOLS = ("sh", "dirname", "cksum", "cat", "git")
OLD = "#!/bin/sh\nexit 1\n"
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexit 0\n'


@pytest.fixture
def bare(tmp_path):
    """A checkout without an environment, and a PATH with next to nothing in it."""
    checkout = tmp_path / "checkout"
    (checkout / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bin" / "setup", checkout / "bin" / "setup")
    shutil.copy(ROOT / "requirements.lock", checkout)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(shutil.which(name))
    return checkout, tools


def add(tools, name, script):
    (tools / name).write_text(script)
    (tools / name).chmod(0o755)


def setup(bare):
    checkout, tools = bare
    return subprocess.run(
        [checkout / "bin" / "setup"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )


def refusal(bare):
    done = setup(bare)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_missing_git_is_named(bare):
    (bare[1] / "git").unlink()
    assert "apt install git" in refusal(bare)


def test_a_missing_python_is_named(bare):
    assert "Python 3.11 or newer is missing: apt install python3" in refusal(bare)


def test_an_old_python_is_not_taken(bare):
    add(bare[1], "python3", OLD)
    assert "Python 3.11 or newer is missing" in refusal(bare)


def test_a_missing_venv_module_is_named(bare):
    add(bare[1], "python3", WITHOUT_VENV)
    assert "apt install python3-venv" in refusal(bare)


def test_a_uv_that_does_not_run_is_not_taken(bare):
    add(bare[1], "python3", WITHOUT_VENV)
    add(bare[1], "uv", OLD)
    assert "apt install python3-venv" in refusal(bare)


def test_nothing_is_installed_where_the_lock_is_unchanged(bare):
    checkout, _tools = bare
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    sum_of_lock = subprocess.run(
        ["cksum", "requirements.lock"], cwd=checkout, capture_output=True, text=True, check=True
    )
    (checkout / ".venv" / ".lock-installed").write_text(sum_of_lock.stdout)
    done = setup(bare)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
