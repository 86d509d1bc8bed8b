"""What the browser looks at: an organisation with something of everything, made without AWS."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from compliance.services import keep_scores
from drift import compare
from drift.models import Baseline
from drift.services import capture
from findings.models import Finding
from findings.services import acknowledge_all, evaluate_scope
from identity.models import User
from inventory.models import Account, Resource
from inventory.states import ConnectionState
from remediation import approvals, plans
from remediation.models import Execution, Request
from tests import factories

SSH = "sg-ingress-ssh-from-internet"


@dataclass
class Scene:
    """The people and the rows that pages are opened for."""

    analyst: User
    manager: User
    admin: User
    account: Account
    group: Resource
    finding: Finding
    drift: Finding
    baseline: Baseline
    pending: Request
    execution: Execution


def make_scene() -> Scene:
    """Four accounts; one with open SSH, a baseline and drift, one denied in part, one refused."""
    now = timezone.now()
    at = now - timedelta(minutes=7)
    source = factories.make_source(
        name="Example organisation", management_account="111111111111", created_at=at
    )
    production, staging, sandbox = (
        factories.make_account(
            source, name=name, unit_path=f"/Root/Workloads/{unit}", last_scan_at=at
        )
        for name, unit in (
            ("production", "Production"),
            ("staging", "Staging"),
            ("sandbox-of-the-data-science-team", "Sandbox"),
        )
    )
    factories.make_account(
        source,
        name="acquired-company",
        unit_path="/Root/Suspects",
        connection=ConnectionState.DENIED,
        connection_error="AccessDenied: not authorized to perform sts:AssumeRole",
        enabled_regions=[],
    )
    people = {
        role: factories.make_user(role, username=role, password="a-password", last_login=at)
        for role in ("analyst", "manager", "admin")
    }
    admin = people["admin"]
    network = _network(production, "prod", at=at)
    _network(staging, "staging", at=at)
    factories.make_shards(sandbox, at=at)
    for kind in ("ec2.instance", "ec2.flow-log"):
        factories.set_shard(
            sandbox,
            kind,
            "denied",
            at=at,
            error_code="UnauthorizedOperation",
            error="You are not authorized to perform this operation.",
            missing_permission="ec2:DescribeInstances",
        )
    version = capture(network["vpc"].pk, actor=admin, now=at, name="Shop network")
    factories.make_resource(
        "ec2.security-group-rule",
        factories.raw_rule(
            "sgr-0added", group=network["group"].rid, ports=(3389, 3389), description="just for now"
        ),
        account=production,
        at=now,
    )
    compare.mark([version.baseline_id])
    compare.compare_dirty()
    for account in (production, staging, sandbox):
        evaluate_scope(source.pk, account.pk, factories.REGION)
    for days in (6, 5, 4, 3, 2, 1, 0):
        keep_scores(source.pk, now=now - timedelta(days=days))
    finding = Finding.objects.get(code=SSH, resource=network["group"])
    other = Finding.objects.get(code=SSH, resource__account=staging)
    acknowledge_all([finding.pk], actor=people["analyst"], now=now, reason="Looking into it")
    return Scene(
        **people,
        account=production,
        group=network["group"],
        finding=finding,
        drift=Finding.objects.filter(kind="drift").latest("pk"),
        baseline=version.baseline,
        pending=_ask(finding, people["analyst"], now=now),
        execution=_repaired(other, people["analyst"], admin, now=now),
    )


def _network(account: Account, name: str, *, at: datetime) -> dict[str, Resource]:
    factories.make_shards(account, at=at)
    tags = [{"Key": "Name", "Value": f"{name}-bastion"}, {"Key": "owner", "Value": "platform"}]
    vpc, group = f"vpc-0{name}", f"sg-0{name}"
    return {
        "vpc": factories.make_resource(
            "ec2.vpc",
            factories.raw_vpc(vpc, Tags=[{"Key": "Name", "Value": f"{name}-main"}]),
            account=account,
            at=at,
        ),
        "group": factories.make_resource(
            "ec2.security-group",
            factories.raw_group(group, vpc=vpc, name=f"{name}-bastion", Tags=tags),
            account=account,
            at=at,
        ),
        "rule": factories.make_resource(
            "ec2.security-group-rule",
            factories.raw_rule(f"sgr-0{name}", group=group, description="debug access"),
            account=account,
            at=at,
        ),
    }


def _ask(finding: Finding, analyst: User, *, now: datetime) -> Request:
    prepared = plans.plan_for(finding)
    return approvals.request_repair(
        prepared,
        actor=analyst,
        reason="The incident is over; nobody needs this door.",
        shown_hash=prepared.hash,
        now=now,
    )


def _repaired(finding: Finding, analyst: User, admin: User, *, now: datetime) -> Execution:
    request = _ask(finding, analyst, now=now)
    execution = approvals.approve(request.pk, actor=admin, posted_hash=request.plan.hash, now=now)
    execution.state = "verified"
    execution.started_at = now - timedelta(seconds=5)
    execution.verified_at = execution.finished_at = now - timedelta(seconds=1)
    execution.save()
    return execution
