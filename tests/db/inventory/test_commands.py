"""Connecting and scanning from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from inventory.models import Resource, Scan, Source, Work
from lab.faults import Fault

pytestmark = pytest.mark.django_db


def run(*command):
    out, err = StringIO(), StringIO()
    call_command(*command, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def connect(lab, *, external_id=None):
    return run(
        "connect", "--name", "Acme",
        "--management-account", lab.connection["management_account"],
        "--role-name", lab.connection["read_role"],
        "--external-id", external_id or lab.connection["external_id"],
        "--region", "eu-central-1",
    )  # fmt: skip


def test_an_organisation_is_connected_and_scanned(lab):
    out, _ = connect(lab)
    assert "Acme is connected: 3 accounts." in out
    out, err = run("scan")
    assert "Acme: 100 %, 3 of 3 accounts" in out
    assert err == ""
    assert Resource.objects.filter(type="ec2.security-group", name="bastion").exists()
    assert Scan.objects.get().state == "done"


def test_one_account_is_scanned_by_the_workers_when_queued(lab):
    connect(lab)
    out, _ = run("scan", "--account", lab.accounts["production"], "--queue")
    assert "1 scans queued." in out
    assert Work.objects.get().account.account_id == lab.accounts["production"]
    assert Work.objects.get().state == "ready"


def test_what_aws_refuses_is_said(lab):
    with pytest.raises(CommandError, match="sts:AssumeRole"):
        connect(lab, external_id="not-the-one")
    assert "AccessDenied" in Source.objects.get().discovery_error
    with pytest.raises(CommandError, match="already"):
        connect(lab)


def test_an_account_that_cannot_be_entered_is_named_at_the_end(lab):
    connect(lab)
    lab.faults.add(Fault(kind="denied", action="AssumeRole", account=lab.accounts["production"]))
    _, err = run("scan")
    assert "production: sts:AssumeRole" in err


def test_without_a_source_there_is_nothing_to_scan(lab):
    with pytest.raises(CommandError, match="connect an organisation"):
        run("scan")
