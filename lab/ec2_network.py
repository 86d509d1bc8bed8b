"""EC2's other network calls, where moto answers otherwise than AWS."""

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.responses import EC2Response

from lab import group_rules, managed, regions
from lab.errors import AwsError
from lab.policy import matches


class Networks(EC2Response):
    """Regions, network ACLs, interfaces, NAT gateways, endpoints."""

    params: dict[str, Any]

    def describe_regions(self) -> ActionResult:
        """List the regions this account may use, or all of them."""
        wanted = self.params.get("RegionNames", [])
        for name in wanted:
            if name not in regions.ALL:
                raise AwsError("InvalidParameterValue", f"Invalid region name: {name}")
        rows = regions.described(wanted, every=bool(self.params.get("AllRegions")))
        keys = {
            "endpoint": "Endpoint",
            "opt-in-status": "OptInStatus",
            "region-name": "RegionName",
        }
        for name, values in self._filters_from_querystring().items():
            if name not in keys:
                raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
            rows = [r for r in rows if any(matches(value, r[keys[name]]) for value in values)]
        return ActionResult({"Regions": rows})

    def create_vpc(self) -> ActionResult:
        """Create a VPC; with IPv6 its default ACL admits IPv6 too."""
        result = super().create_vpc()
        vpc = _made(result, "Vpc")
        if vpc.get_cidr_block_association_set(ipv6=True):
            for acl in self.ec2_backend.network_acls.values():
                if acl.vpc_id == vpc.id:
                    for egress in (True, False):
                        self._entry(acl.id, 101, "allow", egress=egress, ipv6="::/0")
                        self._entry(acl.id, 32768, "deny", egress=egress, ipv6="::/0")
        return result

    def create_subnet(self) -> ActionResult:
        """Create a subnet that gives out no public addresses until told to."""
        result = super().create_subnet()
        subnet = _made(result, "Subnet")
        subnet.default_for_az = False
        subnet.map_public_ip_on_launch = False
        return result

    def create_network_acl(self) -> ActionResult:
        """Create an ACL that denies everything, as AWS does."""
        result = super().create_network_acl()
        acl = _made(result, "NetworkAcl")
        vpc = self.ec2_backend.get_vpc(acl.vpc_id)
        for egress in (True, False):
            self._entry(acl.id, 32767, "deny", egress=egress, ipv4="0.0.0.0/0")
            if vpc.get_cidr_block_association_set(ipv6=True):
                self._entry(acl.id, 32768, "deny", egress=egress, ipv6="::/0")
        return result

    def create_network_acl_entry(self) -> ActionResult:
        """Add an entry under a number that is free."""
        self._given_entry()
        return EmptyResult()

    def replace_network_acl_entry(self) -> ActionResult:
        """Replace the entry of a number that exists."""
        self._remove_entry()
        self._given_entry()
        return EmptyResult()

    def delete_network_acl_entry(self) -> ActionResult:
        """Remove the entry of a number that exists."""
        self._remove_entry()
        return EmptyResult()

    def create_network_interface(self) -> ActionResult:
        """Create an interface with a free address of its subnet."""
        result = super().create_network_interface()
        eni = _made(result, "NetworkInterface")
        if not self.params.get("PrivateIpAddresses"):
            managed.place(eni, self.params.get("PrivateIpAddress", ""))
        return result

    def modify_network_interface_attribute(self) -> ActionResult:
        """Change groups, description or the source/destination check; the instance follows."""
        eni = self._interface(self.params["NetworkInterfaceId"])
        for group_id in self.params.get("Groups", []):
            if self.ec2_backend.get_security_group_from_id(group_id) is None:
                raise group_rules.not_found(group_id)
        result = super().modify_network_interface_attribute()
        if eni.instance is not None and eni.device_index == 0:
            eni.instance.source_dest_check = eni.source_dest_check
        return result

    def modify_instance_attribute(self) -> ActionResult:
        """Change an instance; its first interface follows."""
        instance = self.ec2_backend.get_instance(self.params["InstanceId"])
        if "Groups" in self.params:
            groups = []
            for group_id in self.params["Groups"]:
                group = self.ec2_backend.get_security_group_from_id(group_id)
                if group is None:
                    raise group_rules.not_found(group_id)
                groups.append(group)
            instance.nics[0]._group_set = groups
            return EmptyResult()
        if "SourceDestCheck" in self.params:
            check = self.params["SourceDestCheck"].get("Value") is True
            instance.source_dest_check = check
            instance.nics[0].source_dest_check = check
            return EmptyResult()
        return super().modify_instance_attribute()

    def create_nat_gateway(self) -> ActionResult:
        """Create a NAT gateway whose interface lies in its subnet."""
        result = super().create_nat_gateway()
        gateway = _made(result, "NatGateway")
        eni = gateway._eni
        managed.adopt(eni, managed.NAT, description=f"Interface for NAT Gateway {gateway.id}")
        gateway.private_ip = eni.private_ip_address
        gateway.address_set[0]["privateIp"] = eni.private_ip_address
        return result

    def delete_nat_gateway(self) -> ActionResult:
        """Remove a NAT gateway and its interface; routes to it become blackholes."""
        gateway = self.ec2_backend.nat_gateways.get(self.params["NatGatewayId"])
        if gateway is None:
            raise AwsError(
                "NatGatewayNotFound", f"The Nat Gateway {self.params['NatGatewayId']} was not found"
            )
        result = super().delete_nat_gateway()
        for address in self.ec2_backend.addresses:
            if address.eni is gateway._eni:
                address.eni = address.association_id = None
        self.ec2_backend.enis.pop(gateway._eni.id, None)
        return result

    def create_vpc_endpoint(self) -> ActionResult:
        """Create a gateway endpoint, or an interface endpoint with its interfaces."""
        kind = self.params.setdefault("VpcEndpointType", "Gateway")
        result = super().create_vpc_endpoint()
        endpoint = _made(result, "VpcEndpoint")
        if kind == "Interface":
            groups = [
                self.ec2_backend.get_security_group_from_id(group_id)
                for group_id in endpoint.security_group_ids
            ] or [self.ec2_backend.get_default_security_group(endpoint.vpc_id)]
            endpoint.security_group_ids = [group.id for group in groups]
            for eni_id in endpoint.network_interface_ids:
                managed.adopt(
                    self._interface(eni_id),
                    managed.ENDPOINT,
                    description=f"VPC Endpoint Interface {endpoint.id}",
                    groups=groups,
                )
        return result

    def modify_managed_prefix_list(self) -> ActionResult:
        """Change entries; a call without a name keeps the name."""
        found = self.ec2_backend.managed_prefix_lists.get(self.params["PrefixListId"])
        if found is None:
            raise AwsError(
                "InvalidPrefixListID.NotFound",
                f"The prefix list ID '{self.params['PrefixListId']}' does not exist",
            )
        given = self.params.get("CurrentVersion")
        if given is not None and int(given) != found.version:
            raise AwsError("PrefixListVersionMismatch", "The prefix list has the wrong version")
        self.params.setdefault("PrefixListName", found.prefix_list_name)
        return super().modify_managed_prefix_list()

    def delete_managed_prefix_list(self) -> ActionResult:
        """Remove a prefix list at once: reads must not change what the next read says."""
        result = super().delete_managed_prefix_list()
        self.ec2_backend.managed_prefix_lists.pop(self.params["PrefixListId"], None)
        return result

    def _interface(self, eni_id: str) -> Any:
        return self.ec2_backend.get_network_interface(eni_id)

    def _given_entry(self) -> None:
        icmp = self.params.get("IcmpTypeCode") or {}
        ports = self.params.get("PortRange") or {}
        cidr, cidr6 = self.params.get("CidrBlock"), self.params.get("Ipv6CidrBlock")
        self.ec2_backend.create_network_acl_entry(
            network_acl_id=self.params["NetworkAclId"],
            rule_number=self.params["RuleNumber"],
            protocol=self.params["Protocol"],
            rule_action=self.params["RuleAction"],
            egress=self.params["Egress"],
            cidr_block=group_rules.network(cidr, 4) if cidr else None,
            icmp_code=icmp.get("Code"),
            icmp_type=icmp.get("Type"),
            port_range_from=ports.get("From"),
            port_range_to=ports.get("To"),
            ipv6_cidr_block=group_rules.network(cidr6, 6) if cidr6 else None,
        )

    def _entry(
        self, acl_id: str, number: int, action: str, *, egress: bool, ipv4: str = "", ipv6: str = ""
    ) -> None:
        self.ec2_backend.create_network_acl_entry(
            network_acl_id=acl_id,
            rule_number=number,
            protocol="-1",
            rule_action=action,
            egress=egress,
            cidr_block=ipv4 or None,
            icmp_code=None,
            icmp_type=None,
            port_range_from=None,
            port_range_to=None,
            ipv6_cidr_block=ipv6 or None,
        )

    def _remove_entry(self) -> None:
        acl = self.ec2_backend.get_network_acl(self.params["NetworkAclId"])
        number, egress = self.params["RuleNumber"], self.params["Egress"]
        for entry in acl.network_acl_entries:
            if entry.rule_number == number and entry.egress == egress:
                acl.network_acl_entries.remove(entry)
                return
        direction = "egress" if egress else "ingress"
        raise AwsError(
            "InvalidNetworkAclEntry.NotFound",
            f"The {direction} entry with rule number {number} does not exist in {acl.id}",
        )


def _made(result: ActionResult, name: str) -> Any:
    """The object moto made: its answers hold it until they are serialised."""
    value: Any = result.result
    return value[name]
