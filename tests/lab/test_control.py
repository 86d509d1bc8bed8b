"""The lab as a process: its command, its own interface, its end."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).parents[2]


def serve(state, port=0):
    return subprocess.Popen(
        [sys.executable, "-m", "lab", "serve", "--port", str(port), "--state", str(state),
         "--scenario", "small", "--no-throttle"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    state = tmp_path_factory.mktemp("lab") / "state"
    running = serve(state)
    connection = json.loads(running.stdout.readline())
    yield connection, state, running
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=10)
    assert (running.returncode, out, err) == (0, "", "")


def ask(connection, path, method="GET", body=None, **headers):
    request = urllib.request.Request(
        f"{connection['endpoint']}/_lab/{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers=headers,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def product(connection):
    return boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=connection["endpoint"],
        aws_access_key_id=connection["access_key_id"],
        aws_secret_access_key=connection["secret_access_key"],
    )


def test_one_line_says_how_to_reach_it(process):
    connection, state, _ = process
    assert json.loads((state / "lab.json").read_text()) == connection
    assert set(connection["accounts"]) == {"management", "security", "production"}
    assert connection["endpoint"].startswith("http://127.0.0.1:")


def test_the_call_log_is_read_from_where_one_stopped(process):
    connection, _, _ = process
    start = ask(connection, "calls")["next"]
    sts = product(connection)
    sts.get_caller_identity()
    seen = ask(connection, f"calls?since={start}")
    assert [call["action"] for call in seen["calls"]] == ["GetCallerIdentity"]
    assert ask(connection, f"calls?since={seen['next']}")["calls"] == []
    sts.close()


def test_faults_are_set_and_lifted(process):
    connection, _, _ = process
    ask(connection, "faults", "POST", {"kind": "denied", "service": "sts"})
    sts = product(connection)
    with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
        sts.get_caller_identity()
    assert ask(connection, "faults")["faults"][0]["fired"] == 1
    ask(connection, "faults", "DELETE")
    assert sts.get_caller_identity()["Account"]
    sts.close()


def test_the_truth_can_be_asked_for(process):
    connection, _, _ = process
    rows = ask(connection, "truth")["truth"]
    groups = [
        group["GroupName"]
        for row in rows
        if row["type"] == "ec2.security-group"
        for group in row["resources"].values()
    ]
    assert sorted(groups) == ["bastion", "default", "web"]


@pytest.mark.parametrize(
    ("path", "method", "body", "headers", "status"),
    [
        ("faults", "POST", {"kind": "gremlins"}, {}, 400),
        ("faults", "POST", {"colour": "red"}, {}, 400),
        ("calls?since=soon", "GET", None, {}, 400),
        ("nothing", "GET", None, {}, 404),
        ("truth", "GET", None, {"Origin": "http://evil.example"}, 403),
        ("truth", "GET", None, {"Host": "evil.example:80"}, 403),
    ],
)
def test_what_makes_no_sense_or_comes_from_a_web_page_is_refused(
    process, path, method, body, headers, status
):
    connection, _, _ = process
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(connection, path, method, body, **headers)
    assert caught.value.code == status
    caught.value.close()


def test_a_developer_out_of_process_enters_any_account(process):
    connection, _, _ = process
    developer = connection["developer"]
    sts = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=connection["endpoint"],
        aws_access_key_id=developer["access_key_id"],
        aws_secret_access_key=developer["secret_access_key"],
    )
    production = connection["accounts"]["production"]
    arn = f"arn:aws:iam::{production}:role/{developer['role']}"
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="developer")
    assert answer["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{production}:")
    sts.close()


def test_a_taken_port_is_one_clear_line(process, tmp_path):
    connection, _, _ = process
    port = connection["endpoint"].rsplit(":", 1)[1]
    second = serve(tmp_path, port)
    out, err = second.communicate(timeout=30)
    assert second.returncode == 2
    assert out == ""
    assert err.splitlines() == [
        f"lab: port {port} cannot be used (Address already in use): choose another with --port"
    ]


def test_an_interrupt_ends_it_even_with_a_hanging_call(tmp_path):
    running = serve(tmp_path / "state")
    connection = json.loads(running.stdout.readline())
    ask(connection, "faults", "POST", {"kind": "timeout", "service": "sts"})
    asking = subprocess.Popen(
        [sys.executable, "-c", ASKING, json.dumps(connection)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not ask(connection, "calls")["calls"]:
        pass
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    asking.kill()
    asking.wait()
    assert (running.returncode, out, err) == (0, "", "")


ASKING = """
import boto3, json, sys
c = json.loads(sys.argv[1])
boto3.client("sts", region_name="us-east-1", endpoint_url=c["endpoint"],
             aws_access_key_id=c["access_key_id"],
             aws_secret_access_key=c["secret_access_key"]).get_caller_identity()
"""
