"""A small lab for a module of tests, and the product's way into it."""

import boto3
import pytest
from botocore.config import Config

from lab.server import Lab

EUROPE = "eu-central-1"
SESSION = boto3.Session()  # one for all: each would load AWS's models anew


class Product:
    """Calls the lab as a product would: its own key first, then a role."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._clients = []

    def client(self, service, region=EUROPE, *, key="", secret="", token=None, **config):
        given = {"retries": {"total_max_attempts": 1}, "read_timeout": 2, **config}
        made = SESSION.client(
            service,
            region_name=region,
            endpoint_url=self.lab.endpoint,
            aws_access_key_id=key or self.lab.connection["access_key_id"],
            aws_secret_access_key=secret or self.lab.connection["secret_access_key"],
            aws_session_token=token,
            config=Config(**given),
        )
        self._clients.append(made)
        return made

    def assume(self, account="production", role="cspm-read", **changes):
        given = {
            "RoleArn": f"arn:aws:iam::{self.lab.accounts.get(account, account)}:role/{role}",
            "RoleSessionName": "test",
            "ExternalId": self.lab.connection["external_id"],
            **changes,
        }
        sts = self.client("sts", "us-east-1")
        answer = sts.assume_role(**{k: v for k, v in given.items() if v is not None})
        return answer["Credentials"]

    def acting(
        self,
        service="ec2",
        account="production",
        role="cspm-read",
        region=EUROPE,
        *,
        parameter_validation=True,
        **changes,
    ):
        keys = self.assume(account, role, **changes)
        return self.client(
            service,
            region,
            parameter_validation=parameter_validation,
            key=keys["AccessKeyId"],
            secret=keys["SecretAccessKey"],
            token=keys["SessionToken"],
        )

    def close(self):
        for client in self._clients:
            client.close()


@pytest.fixture(scope="module")
def running():
    with Lab(scenario="small", throttle=False) as lab:
        yield lab


@pytest.fixture
def lab(running):
    running.faults.clear()
    running.calls.clear()
    yield running
    running.faults.clear()


@pytest.fixture
def product(lab):
    made = Product(lab)
    yield made
    made.close()


@pytest.fixture
def developer(lab):
    return lab.client("ec2", "production", EUROPE)


@pytest.fixture
def vpc(developer):
    return developer.describe_vpcs()["Vpcs"][0]["VpcId"]


@pytest.fixture
def group(developer, vpc, request):
    name = request.node.name[:200]
    made = developer.create_security_group(GroupName=name, Description="test", VpcId=vpc)
    return made["GroupId"]
