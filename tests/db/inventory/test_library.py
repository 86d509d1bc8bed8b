"""Collect, build the estate, evaluate: the core and its collectors as a library, without Django."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
PROGRAM = """
import json, sys
from datetime import UTC, datetime
from findings.rules.evaluate import evaluate
from inventory import aws
from inventory.collectors import COLLECTORS
from inventory.reading import Place, canonical_items, read
from network.estate import Estate
from network.records import Record, ShardKey, ShardState, ShardStatus

role, external_id, account, region = sys.argv[1:]
entered = aws.assume(role_arn=role, external_id=external_id, session_name="library")
place = Place(account, region, entered)
records, shards = [], {}
for collector in COLLECTORS.values():
    listing = read(collector, place, started=datetime.now(UTC))
    for item in canonical_items(collector, listing, place):
        records.append(Record(collector.type, item.owner, region, item.id, item.config))
    shards[ShardKey(account, region, collector.type)] = ShardStatus(ShardState.OK)
failing = [
    [result.rule, result.record.id]
    for result in evaluate(Estate(records, shards))
    if result.verdict == "fail"
]
print(json.dumps({"failing": failing, "django": "django" in sys.modules}))
"""


def test_an_account_is_collected_and_judged_without_django(lab):
    account = next(
        id
        for name, id in lab.connection["accounts"].items()
        if lab.client("ec2", account=name, region="eu-central-1").describe_security_groups(
            Filters=[{"Name": "group-name", "Values": ["bastion"]}]
        )["SecurityGroups"]
    )
    done = subprocess.run(
        [
            sys.executable, "-c", PROGRAM,
            f"arn:aws:iam::{account}:role/{lab.connection['read_role']}",
            lab.connection["external_id"], account, "eu-central-1",
        ],
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "AWS_ENDPOINT_URL": lab.endpoint,
            "AWS_ACCESS_KEY_ID": lab.connection["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": lab.connection["secret_access_key"],
            "AWS_DEFAULT_REGION": "eu-central-1",
            "NO_PROXY": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    bastion = lab.client("ec2", account=account, region="eu-central-1").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["bastion"]}]
    )["SecurityGroups"][0]["GroupId"]
    assert ["sg-ingress-ssh-from-internet", bastion] in said["failing"]
    assert said["django"] is False
