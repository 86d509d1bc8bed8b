import pytest

from lab.server import Lab
from tests.db.remediation import aws


@pytest.fixture
def lab(monkeypatch):
    with Lab(scenario="small", throttle=False) as running:
        aws.connect(running, monkeypatch)
        yield running
        running.faults.clear()
        aws.aws.forget()
        aws.access.forget()


@pytest.fixture
def world_on_aws(lab, db):
    return aws.Aws(lab)
