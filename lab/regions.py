"""Which regions exist and which of them every account may use without asking."""

from typing import Any

DEFAULT = (
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
)
OPT_IN = (
    "af-south-1",
    "ap-east-1",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-west-1",
    "eu-central-2",
    "eu-south-1",
    "eu-south-2",
    "il-central-1",
    "me-central-1",
    "me-south-1",
)
ALL = frozenset(DEFAULT) | frozenset(OPT_IN)


def described(
    wanted: list[str], *, every: bool, opted_in: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """The regions of a DescribeRegions answer; without `every` only the usable ones."""
    rows = []
    for name in sorted(ALL):
        status = "opt-in-not-required" if name in DEFAULT else "not-opted-in"
        if name in opted_in:
            status = "opted-in"
        if wanted and name not in wanted:
            continue
        if not wanted and not every and status == "not-opted-in":
            continue
        endpoint = f"ec2.{name}.amazonaws.com"
        rows.append({"RegionName": name, "Endpoint": endpoint, "OptInStatus": status})
    return rows


def usable(region: str, *, opted_in: frozenset[str] = frozenset()) -> bool:
    """Whether calls to `region` are answered for an account that opted into `opted_in`."""
    return region in DEFAULT or region in opted_in
