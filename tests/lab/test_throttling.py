import pytest

from lab.errors import AwsError
from lab.server import Lab
from lab.throttling import Buckets

from .conftest import Product
from .errors import refused, status_of


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def spend(buckets, count, action="DescribeVpcs", params=None, *, account="1", read=True):
    """How many of `count` calls went through."""
    codes = [charged(buckets, account, action, params or {}, read) for _ in range(count)]
    assert set(codes) <= {None, ("RequestLimitExceeded", 503)}
    return codes.count(None)


def charged(buckets, account, action, params, read):
    try:
        buckets.charge(account, "eu-central-1", action, params, read=read)
    except AwsError as error:
        return error.code, error.status
    return None


@pytest.mark.parametrize(
    ("action", "params", "read", "size", "refill"),
    [
        ("DescribeVpcs", {}, True, 100, 20),
        ("DescribeInstances", {}, True, 50, 10),
        ("DescribeInstances", {"MaxResults": 1000}, True, 100, 20),
        ("DescribeInstances", {"Filters": [1]}, True, 100, 20),
        ("AuthorizeSecurityGroupIngress", {}, False, 50, 5),
        ("CreateTags", {}, False, 100, 10),
    ],
)
def test_a_bucket_has_its_size_and_its_refill(action, params, read, size, refill):
    clock = Clock()
    buckets = Buckets(clock)
    assert spend(buckets, 500, action, params, read=read) == size
    clock.now += 1
    assert spend(buckets, 500, action, params, read=read) == refill
    clock.now += 1000
    assert spend(buckets, 500, action, params, read=read) == size


def test_accounts_and_actions_do_not_share_a_bucket():
    buckets = Buckets(Clock())
    assert spend(buckets, 500) == 100
    assert spend(buckets, 500, account="2") == 100
    assert spend(buckets, 500, "DescribeSubnets") == 100


def test_a_client_that_asks_too_fast_is_told_so():
    with Lab(scenario="small", throttle=True) as lab:
        product = Product(lab)
        writer = product.acting(role="cspm-remediate")
        call = {"GroupId": "sg-00000000000000000", "IpPermissions": []}
        codes = [refused(writer.revoke_security_group_ingress, **call) for _ in range(70)]
        assert codes.count("RequestLimitExceeded") > 5
        assert status_of(writer.revoke_security_group_ingress, **call) == 503
        product.close()
