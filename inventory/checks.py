"""The permission test: every action the product needs, tried once, with what AWS said."""

import json
from typing import Any

from django.utils import timezone

from inventory import access, aws
from inventory.aws import AwsError, Failure
from inventory.collectors import COLLECTORS
from inventory.discovery import enabled_regions
from inventory.models import Account
from inventory.reading import Place, read
from inventory.states import ConnectionState

_NOTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
)


def check_access(account: Account) -> list[dict[str, Any]]:
    """Try to enter by both roles and to list everything once; the account keeps the result.

    The remediation role is entered with a session policy that denies everything: the test shows
    that it can be assumed, and changes nothing.
    """
    checks = [*_reading(account), *_remediation(account)]
    entered = checks[0]
    account.access_checks = checks
    account.access_checked_at = account.connection_checked_at = timezone.now()
    if entered["ok"]:
        account.connection, account.connection_error = ConnectionState.CONNECTED, ""
    else:
        account.connection = ConnectionState.DENIED
        account.connection_error = entered["message"]
    account.save(
        update_fields=[
            "access_checks", "access_checked_at", "connection", "connection_error",
            "connection_checked_at",
        ]
    )  # fmt: skip
    return checks


def _reading(account: Account) -> list[dict[str, Any]]:
    try:
        access.forget(account)
        credentials = access.reader(account)
        regions, _ = enabled_regions(account, credentials)
    except AwsError as error:
        return [_failed("Assume the reading role", error)]
    region = aws.home_region() if aws.home_region() in regions else regions[0]
    place = Place(account.account_id, region, credentials)
    checks = [
        _passed("Assume the reading role", "sts:AssumeRole"),
        _passed("Find the enabled regions", "ec2:DescribeRegions"),
    ]
    for collector in COLLECTORS.values():
        try:
            read(collector, place, started=timezone.now(), filters=_none_of(collector.id_filter))
        except AwsError as error:
            checks.append(_failed(f"List {collector.type}", error))
        else:
            checks.append(_passed(f"List {collector.type}", collector.iam_actions[0]))
    return checks


def _none_of(name: str) -> dict[str, tuple[str, ...]]:
    """A filter that nothing passes: the permission counts, not the answer."""
    return {name: ("none",)}


def _remediation(account: Account) -> list[dict[str, Any]]:
    if not (account.remediation_role_arn or account.source.remediation_role_name):
        return []
    try:
        access.writer(
            account,
            session_policy=_NOTHING,
            source_identity="cspm-permission-test",
            session_name="cspm-permission-test",
        )
    except AwsError as error:
        return [_failed("Assume the remediation role", error)]
    return [_passed("Assume the remediation role", "sts:AssumeRole")]


def _passed(what: str, permission: str) -> dict[str, Any]:
    return {"what": what, "permission": permission, "ok": True, "message": ""}


def _failed(what: str, error: AwsError) -> dict[str, Any]:
    said = "denied" if error.failure is Failure.DENIED else error.code
    return {
        "what": what,
        "permission": error.permission,
        "ok": False,
        "message": f"{said}: {error.message}"[:500],
    }
