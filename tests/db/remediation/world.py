"""A small world for repairs that needs no AWS: an open group, its finding, and three people."""

from datetime import timedelta

from django.utils import timezone

from findings.models import Finding
from findings.services import evaluate_scope
from remediation import approvals, plans
from tests import factories

SSH = "sg-ingress-ssh-from-internet"


class World:
    def __init__(self, **rule):
        self.now = timezone.now()
        self.account = factories.make_account(name="production")
        at = self.now - timedelta(minutes=5)
        factories.make_shards(self.account, at=at)
        self.vpc = factories.make_resource(
            "ec2.vpc", factories.raw_vpc(), account=self.account, at=at
        )
        self.group = factories.make_resource(
            "ec2.security-group", factories.raw_group(name="bastion"), account=self.account, at=at
        )
        self.rule = factories.make_resource(
            "ec2.security-group-rule",
            factories.raw_rule(description="debug access", **rule),
            account=self.account,
            at=at,
        )
        self.analyst = factories.make_user("analyst")
        self.admin = factories.make_user("admin")
        self.other_admin = factories.make_user("admin")
        self.manager = factories.make_user("manager")
        self.evaluate()

    def evaluate(self):
        evaluate_scope(self.account.source_id, self.account.pk, factories.REGION)

    @property
    def finding(self):
        return Finding.objects.select_related("resource__source", "resource__account").get(
            code=SSH, resource=self.group
        )

    def ask(self, *, actor=None, reason="incident is over", now=None):
        prepared = plans.plan_for(self.finding)
        return approvals.request_repair(
            prepared,
            actor=actor or self.analyst,
            reason=reason,
            shown_hash=prepared.hash,
            now=now or self.now,
        )

    def approve(self, request, *, actor=None, now=None):
        return approvals.approve(
            request.pk,
            actor=actor or self.admin,
            posted_hash=request.plan.hash,
            now=now or self.now,
        )
