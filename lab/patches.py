"""What is changed inside moto itself, once: time, addresses, tags, default VPCs, read-only views.

Everything that can be corrected in an answer is corrected there (`lab.ec2`); this module holds
what has to change at the source.
"""

import sys
from typing import Any

from moto.core.base_backend import BackendDict
from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.models.elastic_network_interfaces import Attachment, NetworkInterface
from moto.ec2.models.route_tables import Route
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnectionBackend
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix
from moto.moto_api._internal import mock_random
from moto.organizations.models import organizations_backends
from moto.organizations.utils import PAGINATION_MODEL

from lab.clock import CLOCK

_seed: list[int] = [0]
_default_vpcs: set[tuple[str, str]] = set()
_original_init = EC2Backend.__init__


def default_vpcs(places: set[tuple[str, str]]) -> None:
    """Where a default VPC exists; elsewhere regions begin empty."""
    _default_vpcs.clear()
    _default_vpcs.update(places)


def reset(seed: int) -> None:
    """Forget every account; ids follow from `seed`."""
    _seed[0] = seed
    _default_vpcs.clear()
    known: list[Any] = BackendDict.__dict__["_instances"]
    for backend in known:
        backend.clear()
    known.clear()
    VPCPeeringConnectionBackend.vpc_pcx_refs.clear()
    organizations_backends.master_accounts.clear()
    mock_random.seed(f"{seed}:start")


def existing() -> list[tuple[str, str]]:
    """The account-regions that anybody has called so far."""
    return [(account, region) for account, regions in ec2_backends.items() for region in regions]


def _seeded_init(self: Any, region_name: str, account_id: str) -> None:
    """A region is made at its first call, whenever that is: its own ids must not depend on it."""
    state = mock_random.getstate()
    mock_random.seed(f"{_seed[0]}:{account_id}:{region_name}")
    _original_init(self, region_name, account_id)
    mock_random.setstate(state)
    if (account_id, region_name) not in _default_vpcs:
        for place in (self.vpcs, self.subnets, self.network_acls, self.route_tables):
            place.clear()
        self.groups.clear()
        self.tags.clear()


def _public_ip() -> str:
    """An address AWS really hands out: moto's are loopback and documentation ranges at times."""
    return f"3.{mock_random.randint(120, 127)}.{mock_random.randint(0, 255)}.{mock_random.randint(1, 254)}"


def _tags(self: Any) -> list[dict[str, str]]:
    """Moto looks through all tags of the region for each resource."""
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(self.id) or "", "")
    return [
        {"key": key, "value": value, "resource_id": self.id, "resource_type": kind}
        for key, value in sorted(self.ec2_backend.tags.get(self.id, {}).items())
    ]


def _rule_description(self: Any) -> str | None:
    """Moto keeps descriptions of address rules only."""
    own: str | None = self.__dict__.get("lab_description")
    return own or None


def _group_set(self: Any) -> list[Any]:
    """Moto returns a set here, in an order that changes from run to run."""
    return list(self._group_set)


def _attachment(self: Any) -> Any:
    """Interfaces of managed services are attached to no instance of ours."""
    managed = self.__dict__.get("lab_attachment")
    if managed is not None:
        return managed
    return Attachment(self) if self.attachment_id else None


class _Permission:
    """One IpPermission of DescribeSecurityGroups, with descriptions of every kind of source."""

    def __init__(self, rule: Any) -> None:
        self.from_port = rule.from_port
        self.to_port = rule.to_port
        self.ip_protocol = rule.ip_protocol
        self.ip_ranges: list[dict[str, str]] = []
        self.ipv6_ranges: list[dict[str, str]] = []
        self.user_id_group_pairs: list[dict[str, str]] = []
        self.prefix_list_ids: list[dict[str, str]] = []

    def add(self, rule: Any) -> None:
        described = {"Description": rule.description} if rule.description else {}
        if rule.cidr_ipv4:
            self.ip_ranges.append({"CidrIp": rule.cidr_ipv4, **described})
        elif rule.cidr_ipv6:
            self.ipv6_ranges.append({"CidrIpv6": rule.cidr_ipv6, **described})
        elif rule.prefix_list_id:
            self.prefix_list_ids.append({"PrefixListId": rule.prefix_list_id, **described})
        else:
            self.user_id_group_pairs.append({**rule.source_group, **described})


def _permissions(_: Any, rules: list[Any]) -> list[_Permission]:
    grouped: dict[tuple[Any, ...], _Permission] = {}
    for rule in rules:
        key = (rule.ip_protocol, rule.from_port, rule.to_port)
        grouped.setdefault(key, _Permission(rule)).add(rule)
    return list(grouped.values())


def _route_state(self: Any) -> str:
    """Moto's routes stay active whatever becomes of their target."""
    table = self.route_table
    gateway = self.gateway
    gone = (
        (self.nat_gateway is not None and self.nat_gateway.state == "deleted")
        or (self.vpc_pcx is not None and self.vpc_pcx.status["Code"] != "active")
        or (self.interface is not None and self.interface.id not in table.ec2_backend.enis)
        or (self.instance is not None and self.instance.state == "terminated")
        or (self.transit_gateway is not None and self.transit_gateway.state == "deleted")
        or (
            str(getattr(gateway, "id", "")).startswith("igw-")
            and (gateway.vpc is None or gateway.vpc.id != table.vpc_id)
        )
    )
    return "blackhole" if gone else "active"


def hold_clocks() -> None:
    """Let the services imported so far read the lab's clock."""
    for name, module in list(sys.modules.items()):
        if (name.startswith("moto.") and name.endswith(("models", "resources"))) or name.startswith(
            "moto.ec2.models"
        ):
            _patch_clock(module)


def correct_services() -> None:
    """Correct the services imported since the last time."""
    hold_clocks()
    functions = sys.modules.get("moto.awslambda.models")
    if functions is not None:
        functions.__dict__["LambdaFunction"].vpc_config = property(_function_vpc)


def _function_vpc(self: Any) -> dict[str, Any] | None:
    """Moto shows the same VPC for every function."""
    given: dict[str, Any] | None = self._vpc_config
    if not given or not given.get("SubnetIds"):
        return None
    backend = ec2_backends[self.account_id][self.region]
    return {**given, "VpcId": backend.get_subnet(given["SubnetIds"][0]).vpc_id}


def _patch_clock(module: Any) -> None:
    if "utcnow" in module.__dict__:
        module.__dict__["utcnow"] = CLOCK.now


def _apply() -> None:
    hold_clocks()
    PAGINATION_MODEL["list_accounts"] |= {"limit_default": 20, "unique_attribute": "Id"}
    sys.modules["moto.ec2.models.elastic_ip_addresses"].__dict__["random_ip"] = _public_ip
    interfaces = sys.modules["moto.ec2.models.elastic_network_interfaces"]
    interfaces.__dict__["random_public_ip"] = _public_ip
    changes: list[tuple[type, str, Any]] = [
        (EC2Backend, "__init__", _seeded_init),
        (TaggedEC2Resource, "get_tags", _tags),
        (SecurityGroupRule, "description", property(_rule_description)),
        (SecurityGroup, "_flattened_rules", _permissions),
        (NetworkInterface, "group_set", property(_group_set)),
        (Route, "state", property(_route_state)),
        (NetworkInterface, "attachment", property(_attachment)),
    ]
    for owner, name, replacement in changes:
        setattr(owner, name, replacement)


_apply()
