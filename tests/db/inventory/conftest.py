"""A lab for the tests of this folder: one a module, mended before each test."""

import os

import pytest

from inventory import access, aws
from lab.server import Lab
from tests import factories

VARIABLES = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")


@pytest.fixture(scope="module")
def running_lab():
    with Lab(scenario="small", state=None, throttle=False) as lab:
        before = {name: os.environ.get(name) for name in VARIABLES}
        os.environ |= {
            "AWS_ENDPOINT_URL": lab.endpoint,
            "AWS_ACCESS_KEY_ID": lab.connection["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": lab.connection["secret_access_key"],
            "AWS_REGION": "eu-central-1",
        }
        yield lab
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        aws.forget()
        access.forget()


@pytest.fixture
def lab(running_lab):
    """The small organisation without faults, its call log empty, nothing cached by the product."""
    running_lab.faults.clear()
    running_lab.calls.clear()
    aws.forget()
    access.forget()
    yield running_lab
    running_lab.faults.clear()


@pytest.fixture
def source(lab):
    """The lab's organisation, connected and not yet discovered; one region unless a test says."""
    return factories.make_source(
        name="lab",
        management_account=lab.connection["management_account"],
        role_name=lab.connection["read_role"],
        remediation_role_name=lab.connection["remediation_role"],
        external_id=lab.connection["external_id"],
        regions=["eu-central-1"],
    )


@pytest.fixture
def production(lab, source):
    """The account of the lab that holds something."""
    return factories.make_account(
        source, account_id=lab.accounts["production"], name="production", enabled_regions=[]
    )


@pytest.fixture
def impatient(lab):
    """Waits between tries are real in the product and pointless here."""
    aws.forget()
    aws.configure(timeout=2.0, patience=0.0)
    yield
    aws.configure(timeout=20.0)
    aws.forget()
