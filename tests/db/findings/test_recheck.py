import pytest
from django.utils import timezone

from findings import recheck
from findings.models import Finding
from findings.services import evaluate_scope
from inventory import services
from inventory.models import Resource
from lab.faults import Fault
from lab.server import Lab
from tests import factories
from tests.db.remediation.aws import REGION, connect

pytestmark = pytest.mark.django_db
SSH = "sg-ingress-ssh-from-internet"


@pytest.fixture
def lab(monkeypatch):
    with Lab(scenario="small", throttle=False) as running:
        connect(running, monkeypatch)
        yield running
        running.faults.clear()


@pytest.fixture
def finding(lab):
    """The bastion of the small organisation, open to the Internet, as the inventory knows it."""
    connection = lab.connection
    source = services.add_source(
        name="small",
        role_name=connection["read_role"],
        external_id=connection["external_id"],
        actor=None,
    )
    for name, number in connection["accounts"].items():
        ec2 = lab.client("ec2", account=number, region=REGION)
        groups = ec2.describe_security_groups()["SecurityGroups"]
        bastion = next((group for group in groups if group["GroupName"] == "bastion"), None)
        if bastion is None:
            continue
        account = factories.make_account(source, account_id=number, name=name)
        factories.make_shards(account, region=REGION, at=timezone.now())
        group = factories.make_resource(
            "ec2.security-group", bastion, account=account, region=REGION
        )
        rules = ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [group.rid]}]
        )["SecurityGroupRules"]
        for rule in rules:
            factories.make_resource("ec2.security-group-rule", rule, account=account, region=REGION)
        assert evaluate_scope(source.pk, account.pk, REGION)
        return Finding.objects.get(code=SSH, resource=group)
    raise AssertionError("the small organisation has no bastion")


def revoke(lab, finding):
    resource = finding.resource
    ec2 = lab.client("ec2", account=resource.owner_id, region=REGION)
    ids = [item["rule_id"] for item in finding.evidence["items"]]
    ec2.revoke_security_group_ingress(GroupId=resource.rid, SecurityGroupRuleIds=ids)


def test_what_was_closed_in_aws_is_resolved_by_a_recheck_of_its_group_alone(lab, finding):
    revoke(lab, finding)
    lab.calls.clear()
    assert recheck.recheck(finding.pk, now=timezone.now())
    finding.refresh_from_db()
    assert finding.detection == "resolved"
    ec2_calls = [call.action for call in lab.calls if call.service == "ec2"]
    assert ec2_calls == ["DescribeSecurityGroups", "DescribeSecurityGroupRules"]


def test_a_recheck_that_aws_refuses_resolves_nothing_and_is_told(lab, finding):
    revoke(lab, finding)
    lab.faults.add(Fault(action="DescribeSecurityGroups", kind="unauthorized"))
    recheck.recheck(finding.pk, now=timezone.now())
    finding.refresh_from_db()
    assert finding.detection == "failing"
    assert finding.events.filter(kind="recheck-failed").count() == 1
    assert not Resource.objects.filter(deleted_at__isnull=False).exists()
