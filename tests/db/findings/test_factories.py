import pytest

from inventory.models import Change, Resource
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_network_made_for_tests_is_canonical_fresh_and_logged():
    account = factories.make_account()
    made = factories.make_network(account)
    rule = Resource.objects.get(pk=made["rule"].pk)
    assert (rule.parent_rid, rule.config["FromPort"]) == ("sg-1", 22)
    assert rule.config["GroupOwnerId"] == account.account_id
    assert set(account.shards.values_list("state", flat=True)) == {"ok"}
    assert Change.objects.filter(op="I").count() == 3


def test_a_person_has_the_permissions_of_their_role():
    assert factories.make_user("analyst").has_perm("findings.triage_finding")
    assert not factories.make_user("manager").has_perm("findings.triage_finding")
