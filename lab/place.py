"""One account-region to build in: EC2 calls with tags, and ids back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from moto.logs.models import logs_backends

from lab import answers, ec2, managed
from lab.emulator import Emulator

Permission = dict[str, Any]


def tcp(
    low: int, *sources: str, high: int | None = None, text: str = "", protocol: str = "tcp"
) -> Permission:
    """A permission on ports; sources are CIDR blocks, group ids or prefix list ids."""
    return _permission(
        {"IpProtocol": protocol, "FromPort": low, "ToPort": high or low}, sources, text
    )


def everything(*sources: str, text: str = "") -> Permission:
    """A permission on all protocols and ports."""
    return _permission({"IpProtocol": "-1"}, sources, text)


def _permission(base: Permission, sources: Sequence[str], text: str) -> Permission:
    described = {"Description": text} if text else {}
    kinds = {
        "sg-": ("UserIdGroupPairs", "GroupId"),
        "pl-": ("PrefixListIds", "PrefixListId"),
    }
    found: Permission = dict(base)
    for source in sources:
        kind, key = kinds.get(
            source[:3],
            ("Ipv6Ranges", "CidrIpv6") if ":" in source else ("IpRanges", "CidrIp"),
        )
        found.setdefault(kind, []).append({key: source, **described})
    return found


@dataclass(slots=True)
class Place:
    """Builds in one account and region; `tags` go on everything."""

    emulator: Emulator
    account: str
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def call(self, action: str, **params: Any) -> dict[str, Any]:
        """One EC2 call."""
        return self.emulator.build(self.account, self.region, action, params)

    def tagged(self, kind: str, name: str, extra: Mapping[str, str] | None = None) -> list[Any]:
        """TagSpecifications for a new resource."""
        tags = {**self.tags, "Name": name, **(extra or {})}
        return [{"ResourceType": kind, "Tags": answers.tags_of(tags)}]

    @property
    def backend(self) -> Any:
        """Moto's state of this account-region."""
        return ec2.backend(self.account, self.region)

    def vpc(self, name: str, cidr: str, *, ipv6: bool = False) -> str:
        """A VPC with DNS names."""
        answer = self.call(
            "CreateVpc",
            CidrBlock=cidr,
            AmazonProvidedIpv6CidrBlock=ipv6,
            TagSpecifications=self.tagged("vpc", name),
        )
        vpc_id = str(answer["Vpc"]["VpcId"])
        self.call("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
        return vpc_id

    def subnet(
        self,
        vpc_id: str,
        name: str,
        cidr: str,
        *,
        zone: str,
        tier: str,
        public_ips: bool = False,
        ipv6: str = "",
    ) -> str:
        """A subnet of a tier (public, private, data)."""
        given = {"Ipv6CidrBlock": ipv6} if ipv6 else {}
        answer = self.call(
            "CreateSubnet",
            VpcId=vpc_id,
            CidrBlock=cidr,
            AvailabilityZone=f"{self.region}{zone}",
            TagSpecifications=self.tagged("subnet", name, {"Tier": tier}),
            **given,
        )
        subnet_id = str(answer["Subnet"]["SubnetId"])
        if public_ips:
            self.call(
                "ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True}
            )
        return subnet_id

    def internet_gateway(self, vpc_id: str, name: str) -> str:
        """An Internet gateway attached to a VPC."""
        made = self.call(
            "CreateInternetGateway", TagSpecifications=self.tagged("internet-gateway", name)
        )
        gateway = str(made["InternetGateway"]["InternetGatewayId"])
        self.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc_id)
        return gateway

    def nat_gateway(self, subnet_id: str, name: str) -> str:
        """A NAT gateway with an elastic IP."""
        made = self.call(
            "CreateNatGateway",
            SubnetId=subnet_id,
            AllocationId=self.address(f"{name}-ip"),
            TagSpecifications=self.tagged("natgateway", name),
        )
        return str(made["NatGateway"]["NatGatewayId"])

    def address(self, name: str) -> str:
        """An elastic IP; its allocation id."""
        made = self.call(
            "AllocateAddress", Domain="vpc", TagSpecifications=self.tagged("elastic-ip", name)
        )
        return str(made["AllocationId"])

    def route_table(
        self,
        vpc_id: str,
        name: str,
        subnets: Sequence[str],
        routes: Mapping[str, Mapping[str, str]],
    ) -> str:
        """A route table for subnets; routes by destination, such as {"0.0.0.0/0": {"GatewayId": …}}."""
        made = self.call(
            "CreateRouteTable", VpcId=vpc_id, TagSpecifications=self.tagged("route-table", name)
        )
        table = str(made["RouteTable"]["RouteTableId"])
        for subnet_id in subnets:
            self.call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet_id)
        for destination, target in routes.items():
            self.route(table, destination, **target)
        return table

    def route(self, table: str, destination: str, **target: str) -> None:
        """Add a route."""
        key = "DestinationIpv6CidrBlock" if ":" in destination else "DestinationCidrBlock"
        self.call("CreateRoute", RouteTableId=table, **{key: destination}, **target)

    def group(
        self,
        vpc_id: str,
        name: str,
        text: str,
        rules: Sequence[Permission] = (),
        *,
        rule_tags: Mapping[str, str] | None = None,
    ) -> str:
        """A security group with inbound rules."""
        made = self.call(
            "CreateSecurityGroup",
            VpcId=vpc_id,
            GroupName=name,
            Description=text,
            TagSpecifications=self.tagged("security-group", name),
        )
        group_id = str(made["GroupId"])
        self.admit(group_id, *rules, tags=rule_tags)
        return group_id

    def admit(
        self, group_id: str, *rules: Permission, tags: Mapping[str, str] | None = None
    ) -> None:
        """Add inbound rules."""
        if not rules:
            return
        given: dict[str, Any] = {}
        if tags:
            spec = {"ResourceType": "security-group-rule", "Tags": answers.tags_of(tags)}
            given["TagSpecifications"] = [spec]
        self.call(
            "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=list(rules), **given
        )

    def default_group(self, vpc_id: str, *, restrict: bool = True) -> str:
        """The VPC's default group, emptied of its rules when it restricts all traffic."""
        group_id = str(self.backend.get_default_security_group(vpc_id).id)
        if restrict:
            rules = self.call(
                "DescribeSecurityGroupRules", Filters=[{"Name": "group-id", "Values": [group_id]}]
            )["SecurityGroupRules"]
            for rule in rules:
                way = "Egress" if rule["IsEgress"] else "Ingress"
                self.call(
                    f"RevokeSecurityGroup{way}",
                    GroupId=group_id,
                    SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]],
                )
        return group_id

    def instance(
        self,
        subnet_id: str,
        name: str,
        groups: Sequence[str],
        *,
        public: bool = False,
        imds_v1: bool = False,
        size: str = "t3.small",
        ipv6: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """An instance with one interface."""
        interface: dict[str, Any] = {
            "DeviceIndex": 0,
            "SubnetId": subnet_id,
            "Groups": list(groups),
            "AssociatePublicIpAddress": public,
            "DeleteOnTermination": True,
        }
        given = {"Ipv6AddressCount": 1} if ipv6 else {}
        made = self.call(
            "RunInstances",
            ImageId="ami-0c1a7f89451184c8b",
            InstanceType=size,
            MinCount=1,
            MaxCount=1,
            NetworkInterfaces=[interface],
            MetadataOptions={"HttpTokens": "optional" if imds_v1 else "required"},
            TagSpecifications=self.tagged("instance", name, tags),
            **given,
        )
        return str(made["Instances"][0]["InstanceId"])

    def acl(
        self, vpc_id: str, name: str, subnets: Sequence[str], entries: Sequence[Mapping[str, Any]]
    ) -> str:
        """A network ACL on subnets; entries without Egress are inbound."""
        made = self.call(
            "CreateNetworkAcl", VpcId=vpc_id, TagSpecifications=self.tagged("network-acl", name)
        )
        acl_id = str(made["NetworkAcl"]["NetworkAclId"])
        for entry in entries:
            self.call("CreateNetworkAclEntry", NetworkAclId=acl_id, **{"Egress": False, **entry})
        for acl in list(self.backend.network_acls.values()):
            for association in list(acl.associations):
                if association.subnet_id in subnets and acl.id != acl_id:
                    self.call(
                        "ReplaceNetworkAclAssociation",
                        AssociationId=association.id,
                        NetworkAclId=acl_id,
                    )
        return acl_id

    def service_interface(
        self,
        kind: managed.Kind,
        subnet_id: str,
        description: str,
        groups: Sequence[str] = (),
        *,
        public: bool = False,
    ) -> str:
        """An interface that an AWS service owns."""
        with self.emulator.step():
            eni = managed.create(
                self.backend,
                subnet_id=subnet_id,
                kind=kind,
                description=description,
                group_ids=groups,
                public=public,
            )
        return str(eni.id)

    def flow_log(self, vpc_id: str, name: str) -> None:
        """All traffic of a VPC to CloudWatch Logs, into a group that exists: so it is delivered."""
        group = f"/vpc/flow/{name}"
        logs_backends[self.account][self.region].create_log_group(group, {})
        self.call(
            "CreateFlowLogs",
            ResourceIds=[vpc_id],
            ResourceType="VPC",
            TrafficType="ALL",
            LogGroupName=group,
            DeliverLogsPermissionArn=f"arn:aws:iam::{self.account}:role/flow-logs",
            MaxAggregationInterval=60,
            TagSpecifications=self.tagged("vpc-flow-log", name),
        )
