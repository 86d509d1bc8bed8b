import json
from datetime import UTC, datetime, timedelta

import pytest

from lab.directory import Role

from .errors import refused


def test_the_product_enters_an_account_by_role_and_external_id(product, lab):
    keys = product.assume()
    assert keys["Expiration"] > datetime.now(UTC)
    identity = product.acting("sts", region="us-east-1").get_caller_identity()
    assert identity["Account"] == lab.accounts["production"]
    assert identity["Arn"].endswith(":assumed-role/cspm-read/test")


@pytest.mark.parametrize(
    "changes",
    [
        {"ExternalId": None},
        {"ExternalId": "wrong"},
        {"role": "no-such-role"},
        {"account": "999999999999"},
        {"RoleArn": "not:an:arn:at:all:really"},
        {"role": "developer"},
    ],
)
def test_a_wrong_or_missing_part_denies_the_role(product, changes):
    assert refused(product.assume, **changes) == "AccessDenied"


def test_a_trust_policy_that_names_someone_else_denies(product, lab):
    production = lab.accounts["production"]
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "sts:*",
            }
        ]
    }
    lab.directory.add_role(Role(production, "cspm-other", trust, []))
    assert refused(product.assume, role="cspm-other") == "AccessDenied"


def test_labels_on_a_session_need_the_trust_policys_permission(product, lab):
    production = lab.accounts["production"]
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": lab.directory.find(lab.connection["access_key_id"]).arn},
                "Action": "sts:AssumeRole",
            }
        ]
    }
    lab.directory.add_role(Role(production, "cspm-plain", trust, []))
    product.assume(role="cspm-plain")
    labels = {"SourceIdentity": "anna"}, {"Tags": [{"Key": "plan", "Value": "7"}]}
    for label in labels:
        assert refused(product.assume, role="cspm-plain", **label) == "AccessDenied"
        product.assume(**label)


def test_a_source_identity_stands_in_the_log_of_every_call(product, lab):
    product.acting(SourceIdentity="anna.admin", RoleSessionName="cspm-42").describe_vpcs()
    call = lab.calls[-1]
    assert (call.action, call.source_identity, call.session_name) == (
        "DescribeVpcs",
        "anna.admin",
        "cspm-42",
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Policy": json.dumps({"Statement": [], "Id": "x" * 2048})}, "PackedPolicyTooLarge"),
        ({"Policy": "{not json"}, "MalformedPolicyDocument"),
        ({"DurationSeconds": 7200}, "ValidationError"),
        ({"SourceIdentity": "white space"}, "ValidationError"),
        ({"RoleSessionName": "a/b"}, "ValidationError"),
    ],
)
def test_a_parameter_beyond_its_limits_is_refused(product, changes, code):
    assert refused(product.assume, **changes) == code


def test_a_chained_session_lasts_an_hour_at_most(product, lab):
    production = lab.accounts["production"]
    read = lab.directory.roles[production, "cspm-read"]
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": read.arn}, "Action": "sts:*"}]}
    lab.directory.add_role(Role(production, "second", trust, [], timedelta(hours=12)))
    read.policies.append({"Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]})
    try:
        sts = product.acting("sts", region="us-east-1")
        given = {
            "RoleArn": f"arn:aws:iam::{production}:role/second",
            "RoleSessionName": "again",
        }
        sts.assume_role(**given, DurationSeconds=3600)
        assert refused(sts.assume_role, **given, DurationSeconds=3601) == "ValidationError"
    finally:
        read.policies.pop()


def test_an_expired_session_says_so_in_each_services_words(product, lab):
    keys = product.assume("management")
    session = lab.directory.find(keys["AccessKeyId"])
    object.__setattr__(session, "expires", datetime.now(UTC) - timedelta(seconds=1))
    given = {
        "key": keys["AccessKeyId"],
        "secret": keys["SecretAccessKey"],
        "token": keys["SessionToken"],
    }
    assert refused(product.client("ec2", **given).describe_vpcs) == "RequestExpired"
    sts = product.client("sts", "us-east-1", **given)
    assert refused(sts.get_caller_identity) == "ExpiredToken"
    organizations = product.client("organizations", "us-east-1", **given)
    assert refused(organizations.list_accounts) == "ExpiredTokenException"


@pytest.mark.parametrize(
    ("service", "action", "code"),
    [
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("organizations", "list_accounts", "UnrecognizedClientException"),
    ],
)
def test_an_unknown_key_is_refused(product, service, action, code):
    client = product.client(service, "us-east-1", key="AKIAUNKNOWN000000000", secret="x")
    assert refused(getattr(client, action)) == code


def test_a_known_key_with_a_wrong_secret_or_token_is_refused(product):
    wrong_secret = product.client("sts", "us-east-1", secret="guessed")
    assert refused(wrong_secret.get_caller_identity) == "SignatureDoesNotMatch"
    keys = product.assume()
    stolen = {"key": keys["AccessKeyId"], "secret": keys["SecretAccessKey"]}
    assert refused(product.client("ec2", **stolen).describe_vpcs) == "AuthFailure"


def test_a_suspended_account_lets_nobody_in(product, lab):
    lab.directory.suspended = {lab.accounts["production"]}
    try:
        assert refused(product.assume) == "AccessDenied"
    finally:
        lab.directory.suspended = set()
