"""Files instead of an account: everything readable is read, everything else is named."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from inventory.importing import import_folder
from inventory.models import Change, Resource, Shard, Source
from tests import factories
from tests.factories import raw_group, raw_rule, raw_vpc

pytestmark = pytest.mark.django_db
ACCOUNT = "111122223333"


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "acme" / ACCOUNT / "eu-west-1"
    place.mkdir(parents=True)
    write(place / "vpcs.json", {"Vpcs": [raw_vpc("vpc-1", OwnerId=ACCOUNT)]})
    write(place / "groups.json", {"SecurityGroups": [raw_group("sg-1", OwnerId=ACCOUNT)]})
    write(place / "rules.json", {"SecurityGroupRules": [raw_rule("sgr-1", GroupOwnerId=ACCOUNT)]})
    return place


def write(path, content):
    path.write_text(json.dumps(content))


def run(folder, **more):
    out, err = StringIO(), StringIO()
    call_command("import_estate", folder, stdout=out, stderr=err, **more)
    return out.getvalue(), err.getvalue()


def test_a_folder_becomes_a_source_with_accounts_listings_and_resources(folder):
    out, err = run(folder.parent.parent)
    assert "acme: 3 resources in 1 accounts, 3 changed, 0 problems." in out
    assert err == ""
    source = Source.objects.get()
    assert (source.kind, source.name) == ("import", "acme")
    assert {row.rid: row.owner_id for row in Resource.objects.all()} == {
        "vpc-1": ACCOUNT, "sg-1": ACCOUNT, "sgr-1": ACCOUNT,
    }  # fmt: skip
    assert Resource.objects.get(rid="sgr-1").vpc_id == "vpc-1"
    states = dict(Shard.objects.values_list("collector", "state"))
    assert states["ec2.vpc"] == "ok"
    assert states["ec2.instance"] == "never"  # no file is not an empty listing
    assert Change.objects.filter(op="I").count() == 3


def test_importing_again_shows_what_changed_since(folder):
    run(folder)
    write(folder / "vpcs.json", {"Vpcs": [raw_vpc("vpc-2", OwnerId=ACCOUNT)]})
    import_folder(folder, name=folder.name, now=timezone.now() + timedelta(minutes=1))
    rows = {row.rid: row.deleted_at is None for row in Resource.objects.filter(type="ec2.vpc")}
    assert rows == {"vpc-1": False, "vpc-2": True}
    assert Source.objects.count() == 1


def test_damaged_files_are_named_and_hide_nothing(folder):
    run(folder, name="x")
    (folder / "subnets.json").write_text("{")
    write(folder / "vpcs.json", {"Vpcs": "none"})
    write(folder / "more-vpcs.json", {"Vpcs": [raw_vpc("vpc-2", OwnerId=ACCOUNT)]})
    out, err = run(folder, name="x")
    assert "2 problems" in out
    assert "subnets.json: not JSON" in err
    assert "vpcs.json: Vpcs is no list" in err
    live = set(Resource.objects.filter(deleted_at=None).values_list("rid", flat=True))
    assert live == {"vpc-1", "vpc-2", "sg-1", "sgr-1"}
    assert Shard.objects.get(collector="ec2.vpc").state == "failed"


def test_a_live_source_is_not_overwritten(folder):
    factories.make_source(name="live")
    with pytest.raises(CommandError, match="live source"):
        run(folder, name="live")


def test_a_folder_without_anything_and_no_folder_are_said(tmp_path):
    with pytest.raises(CommandError, match="nothing to import"):
        run(tmp_path)
    with pytest.raises(CommandError, match="no folder"):
        run(tmp_path / "missing")
