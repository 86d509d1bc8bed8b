"""Checking one finding again on request: a filtered read of its resource, then its evaluation."""

from datetime import datetime

from findings import storing
from findings.evaluation import evaluate_dirty, evaluate_scope
from findings.models import Finding
from inventory.aws import AwsError
from inventory.refresh import refresh
from inventory.states import SourceKind

_GROUP, _GROUP_RULE = "ec2.security-group", "ec2.security-group-rule"


def recheck(finding_id: int, *, now: datetime) -> bool:
    """Read the resource (a group with its rules) through the inventory's own way, then judge.

    A read that AWS refuses changes nothing and is told in the timeline. An import has nothing to
    read again: it is judged by the rules of today. Returns whether this call judged it.
    """
    finding = Finding.objects.select_related("resource__account__source").get(pk=finding_id)
    account = finding.resource.account
    if account.source.kind == SourceKind.LIVE and not account.paused:
        try:
            _read_again(finding, now=now)
        except AwsError as error:
            storing.event(finding, "recheck-failed", at=now, note=str(error)).save()
    evaluate_dirty()
    return evaluate_scope(account.source_id, account.pk, finding.resource.region)


def _read_again(finding: Finding, *, now: datetime) -> None:
    resource = finding.resource
    account, region = resource.account, resource.region
    refresh(account, region=region, type=resource.type, ids=[resource.rid], now=now)
    if resource.type == _GROUP:
        refresh(account, region=region, type=_GROUP_RULE, parent_ids=[resource.rid], now=now)
