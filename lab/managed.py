"""Network interfaces that AWS services own: NAT gateways, endpoints, load balancers, databases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from moto.moto_api._internal import mock_random

from lab.clock import CLOCK


@dataclass(frozen=True, slots=True)
class Kind:
    """How DescribeNetworkInterfaces shows a service's interface."""

    interface_type: str
    requester: str
    attachment_owner: str
    device_index: int = 1


NAT = Kind("nat_gateway", "amazon-aws", "amazon-aws")
ENDPOINT = Kind("vpc_endpoint", "amazon-aws", "amazon-aws")
LOAD_BALANCER = Kind("interface", "amazon-elb", "amazon-elb")
NETWORK_LOAD_BALANCER = Kind("network_load_balancer", "amazon-elb", "amazon-elb")
DATABASE = Kind("interface", "amazon-rds", "amazon-rds")
FUNCTION = Kind("lambda", "amazon-lambda", "amazon-lambda")
TRANSIT_GATEWAY = Kind("transit_gateway", "amazon-aws", "amazon-aws")


def adopt(eni: Any, kind: Kind, *, description: str, groups: Sequence[Any] = ()) -> Any:
    """Make `eni` one that a service requested: its owner may see it and not change it."""
    eni.interface_type = kind.interface_type
    eni.requester_managed = True
    eni.requester_id = kind.requester
    eni.description = description
    eni.status = "in-use"
    eni._group_set = list(groups)
    eni.lab_attachment = {
        "AttachmentId": f"eni-attach-{mock_random.getrandbits(68):017x}",
        "AttachTime": CLOCK.now(),
        "DeleteOnTermination": False,
        "DeviceIndex": kind.device_index,
        "InstanceOwnerId": kind.attachment_owner,
        "Status": "attached",
    }
    place(eni)
    return eni


def place(eni: Any, wanted: str = "") -> None:
    """Give `eni` a free address of its subnet, the named one if there is one."""
    if wanted:
        eni.subnet.request_ip(wanted, instance=eni)
        address = wanted
    else:
        address = eni.subnet.get_available_subnet_ip(instance=eni)
    eni.private_ip_address = address
    eni.private_ip_addresses = [{"Primary": True, "PrivateIpAddress": address}]
    vpc = eni.ec2_backend.get_vpc(eni.subnet.vpc_id)
    if vpc.enable_dns_hostnames:
        region = eni.ec2_backend.region_name
        zone = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
        eni.private_dns_name = f"ip-{address.replace('.', '-')}.{zone}"
        eni.private_ip_addresses[0]["PrivateDnsName"] = eni.private_dns_name


def create(
    backend: Any,
    *,
    subnet_id: str,
    kind: Kind,
    description: str,
    group_ids: Sequence[str] = (),
    public: bool = False,
) -> Any:
    """A service's interface in a subnet, with a public address where the service has one."""
    eni = backend.create_network_interface(
        subnet_id, "", group_ids=list(group_ids), public_ip_auto_assign=public
    )
    groups = [backend.get_security_group_from_id(group_id) for group_id in group_ids]
    return adopt(eni, kind, description=description, groups=groups)
