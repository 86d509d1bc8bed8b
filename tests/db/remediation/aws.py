"""A world for repairs on a real API: the lab's small organisation, scanned and judged."""

from datetime import timedelta

from django.utils import timezone

from findings.models import Finding
from findings.services import evaluate_scope
from inventory import access, aws, scanning, services
from inventory.models import Account
from lab.faults import Fault
from remediation import approvals, plans
from remediation.execute import Pace, execute_due
from remediation.models import Execution
from tests import factories
from tests.db.remediation.world import SSH

REGION = "eu-central-1"


def connect(lab, monkeypatch):
    """Let boto3 find the lab, as an administrator's environment would let it find AWS."""
    for name, value in {
        "AWS_ENDPOINT_URL": lab.endpoint,
        "AWS_ACCESS_KEY_ID": lab.connection["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": lab.connection["secret_access_key"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    aws.forget()
    access.forget()


def pace(**changes):
    return Pace(
        **{
            "lease": timedelta(seconds=30),
            "call_timeout": timedelta(seconds=10),
            "verify_within": timedelta(seconds=3),
            "first_pause": timedelta(milliseconds=50),
            **changes,
        }
    )


class Aws:
    def __init__(self, lab):
        self.lab = lab
        self.analyst = factories.make_user("analyst")
        self.admin = factories.make_user("admin", username="ada.admin")
        self.other_admin = factories.make_user("admin")
        self.source = services.add_source(
            name="Small",
            role_name=lab.connection["read_role"],
            remediation_role_name=lab.connection["remediation_role"],
            external_id=lab.connection["external_id"],
            regions=[REGION],
            actor=None,
        )
        self.account = services.add_account(
            self.source.pk,
            account_id=lab.accounts["production"],
            name="production",
            actor=None,
        )
        self.ec2 = lab.client("ec2", "production", REGION)
        self.scan()

    def scan(self):
        services.start_scan(self.source.pk, actor=None)
        while scanning.run_next():
            pass
        self.evaluate()

    def evaluate(self):
        self.account = Account.objects.select_related("source").get(pk=self.account.pk)
        evaluate_scope(self.source.pk, self.account.pk, REGION)

    # What AWS holds, by its own answers

    def group_id(self, name="bastion"):
        found = self.ec2.describe_security_groups(
            Filters=[{"Name": "group-name", "Values": [name]}]
        )
        return found["SecurityGroups"][0]["GroupId"]

    def rules(self, name="bastion", *, egress=False):
        found = self.ec2.describe_security_group_rules(
            Filters=[{"Name": "group-id", "Values": [self.group_id(name)]}]
        )["SecurityGroupRules"]
        return [each for each in found if each["IsEgress"] is egress]

    def authorize(self, name="bastion", *, port=8080, cidr="198.51.100.0/24", to=None, text=""):
        said = {"Description": text} if text else {}
        answer = self.ec2.authorize_security_group_ingress(
            GroupId=self.group_id(name),
            IpPermissions=[
                {
                    "IpProtocol": "tcp",
                    "FromPort": port,
                    "ToPort": to or port,
                    "IpRanges": [{"CidrIp": cidr, **said}],
                }
            ],
        )
        return answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    def revoke(self, *ids, name="bastion"):
        self.ec2.revoke_security_group_ingress(
            GroupId=self.group_id(name), SecurityGroupRuleIds=list(ids)
        )

    def fault(self, kind, action, **more):
        return self.lab.faults.add(Fault(kind=kind, service="ec2", action=action, **more))

    def writes(self):
        """Changing calls of the product in the lab's log, denied ones included."""
        return [
            call
            for call in self.lab.calls
            if call.action.startswith(("Revoke", "Authorize")) and "cspm" in call.session_name
        ]

    # What the product does

    @property
    def finding(self):
        return Finding.objects.select_related("resource__source", "resource__account").get(
            code=SSH, resource__rid=self.group_id()
        )

    def ask(self, finding=None, *, actor=None):
        prepared = plans.plan_for(finding or self.finding)
        return approvals.request_repair(
            prepared,
            actor=actor or self.analyst,
            reason="the incident is over",
            shown_hash=prepared.hash,
            now=timezone.now(),
        )

    def approve(self, request, *, actor=None):
        return approvals.approve(
            request.pk,
            actor=actor or self.admin,
            posted_hash=request.plan.hash,
            now=timezone.now(),
        )

    def approved(self, finding=None):
        return self.approve(self.ask(finding))

    def work(self, **changes):
        execute_due(pace(**changes))

    def repair(self, finding=None):
        execution = self.approved(finding)
        self.work()
        return self.again(execution)

    def again(self, execution):
        return Execution.objects.select_related("plan", "request").get(pk=execution.pk)
