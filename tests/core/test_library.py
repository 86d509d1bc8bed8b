"""The core is a library: collect, estate, evaluate, without Django."""

import subprocess
import sys
from pathlib import Path

DATA = Path(__file__).parent / "data" / "estate"
ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import sys
from network.canonical import TYPES
from network.describe import read_folder
from network.estate import Estate
from findings.rules import RULES
from findings.rules.evaluate import evaluate

found = read_folder(sys.argv[1])
failing = [r.rule for r in evaluate(Estate(found.records, found.shards)) if r.verdict == "fail"]
for heavy in ("django", "boto3", "botocore", "celery", "psycopg"):
    assert heavy not in sys.modules, heavy
print(len(TYPES), len(RULES), "sg-ingress-ssh-from-internet" in failing)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd="/",
        check=False,
    )


def test_a_folder_is_judged_without_django_or_any_client():
    done = run("-c", PROGRAM, str(DATA))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["15", "34", "True"]


def test_the_catalogue_prints_itself():
    done = run("-m", "findings.rules")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("# Rules\n")
