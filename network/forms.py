"""One entry for each type of resource: which fields are known, which are noise, which are secret.

Field lists follow the EC2 API's output shapes. A field that stands in none of the lists is kept,
reported as unknown, and takes no part in what baselines compare until a later version knows it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from network import durables, shaping

Config = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """How one type becomes canonical.

    `known` and `volatile` name fields, nested ones as `Routes[].State`. `lists` are present even
    when AWS leaves them out; `objects`
    hold an object here and something else in other types. `secrets` are removed at any depth before anything is kept.
    `version` grows with every change of meaning, so that stored rows are made anew.
    """

    id: str
    known: frozenset[str]
    durable: Callable[[Config], Config]
    owner: str = "OwnerId"
    parent: str = ""
    name: str = ""
    volatile: frozenset[str] = frozenset()
    lists: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    shape: Callable[[Config, str], None] = shaping.leave
    nested: Mapping[str, frozenset[str]] = field(default_factory=dict)
    version: int = 1


def _fields(names: str) -> frozenset[str]:
    return frozenset(names.split())


_ADDRESS_PARTS = _fields("Association Primary PrivateDnsName PrivateIpAddress")

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "ec2.vpc": Form(
            id="VpcId",
            known=_fields(
                "VpcId OwnerId CidrBlock CidrBlockAssociationSet Ipv6CidrBlockAssociationSet"
                " DhcpOptionsId InstanceTenancy IsDefault State Tags BlockPublicAccessStates"
                " EncryptionControl EnableDnsSupport EnableDnsHostnames"
            ),
            lists=("CidrBlockAssociationSet", "Ipv6CidrBlockAssociationSet"),
            durable=durables.vpc,
        ),
        "ec2.subnet": Form(
            id="SubnetId",
            known=_fields(
                "SubnetId OwnerId VpcId CidrBlock Ipv6CidrBlockAssociationSet AvailabilityZone"
                " AvailabilityZoneId MapPublicIpOnLaunch AssignIpv6AddressOnCreation DefaultForAz"
                " EnableDns64 Ipv6Native PrivateDnsNameOptionsOnLaunch State Tags SubnetArn"
                " MapCustomerOwnedIpOnLaunch CustomerOwnedIpv4Pool OutpostArn Type"
                " EnableLniAtDeviceIndex BlockPublicAccessStates"
            ),
            volatile=_fields("AvailableIpAddressCount"),
            lists=("Ipv6CidrBlockAssociationSet",),
            durable=durables.subnet,
        ),
        "ec2.route-table": Form(
            id="RouteTableId",
            known=_fields("RouteTableId OwnerId VpcId Routes Associations PropagatingVgws Tags"),
            lists=("Routes", "Associations", "PropagatingVgws"),
            shape=shaping.route_table,
            nested={
                "Routes": _fields(
                    "DestinationCidrBlock DestinationIpv6CidrBlock DestinationPrefixListId"
                    " EgressOnlyInternetGatewayId GatewayId InstanceId InstanceOwnerId NatGatewayId"
                    " TransitGatewayId LocalGatewayId CarrierGatewayId NetworkInterfaceId Origin"
                    " State VpcPeeringConnectionId CoreNetworkArn OdbNetworkArn IpAddress"
                    " VpcEndpointId"
                ),
                "Associations": _fields(
                    "Main RouteTableAssociationId RouteTableId SubnetId GatewayId AssociationState"
                    " PublicIpv4Pool"
                ),
            },
            durable=durables.route_table,
        ),
        "ec2.network-acl": Form(
            id="NetworkAclId",
            known=_fields("NetworkAclId OwnerId VpcId IsDefault Entries Associations Tags"),
            lists=("Entries", "Associations"),
            shape=shaping.network_acl,
            nested={
                "Entries": _fields(
                    "CidrBlock Ipv6CidrBlock Egress IcmpTypeCode PortRange Protocol RuleAction"
                    " RuleNumber"
                ),
                "Associations": _fields("NetworkAclAssociationId NetworkAclId SubnetId"),
            },
            durable=durables.network_acl,
        ),
        "ec2.security-group": Form(
            id="GroupId",
            name="GroupName",
            known=_fields("GroupId OwnerId VpcId GroupName Description Tags SecurityGroupArn"),
            # The rules are rows of their own, with ids and tags that this listing lacks.
            volatile=_fields("IpPermissions IpPermissionsEgress"),
            durable=durables.security_group,
        ),
        "ec2.security-group-rule": Form(
            id="SecurityGroupRuleId",
            owner="GroupOwnerId",
            parent="GroupId",
            known=_fields(
                "SecurityGroupRuleId GroupId GroupOwnerId IsEgress IpProtocol FromPort ToPort"
                " CidrIpv4 CidrIpv6 PrefixListId ReferencedGroupInfo Description Tags"
            ),
            volatile=_fields("SecurityGroupRuleArn"),
            shape=shaping.group_rule,
            nested={
                "ReferencedGroupInfo": _fields(
                    "GroupId PeeringStatus UserId VpcId VpcPeeringConnectionId"
                )
            },
            durable=durables.group_rule,
        ),
        "ec2.network-interface": Form(
            id="NetworkInterfaceId",
            known=_fields(
                "NetworkInterfaceId OwnerId VpcId SubnetId AvailabilityZone AvailabilityZoneId"
                " Association Attachment Description Groups InterfaceType Ipv6Addresses"
                " Ipv6Address Ipv4Prefixes Ipv6Prefixes MacAddress PrivateDnsName PublicDnsName"
                " PrivateIpAddress PrivateIpAddresses RequesterId RequesterManaged"
                " SourceDestCheck Status Tags OutpostArn DenyAllIgwTraffic Ipv6Native Operator"
                " ConnectionTrackingConfiguration PublicIpDnsNameOptions AssociatedSubnets"
            ),
            volatile=_fields("Attachment.AttachTime"),
            lists=("Groups", "Ipv6Addresses", "PrivateIpAddresses"),
            shape=shaping.interface,
            nested={"PrivateIpAddresses": _ADDRESS_PARTS},
            durable=durables.interface,
        ),
        "ec2.internet-gateway": Form(
            id="InternetGatewayId",
            known=_fields("InternetGatewayId OwnerId Attachments Tags"),
            lists=("Attachments",),
            durable=durables.internet_gateway,
        ),
        "ec2.nat-gateway": Form(
            id="NatGatewayId",
            known=_fields(
                "NatGatewayId VpcId SubnetId ConnectivityType NatGatewayAddresses State"
                " FailureCode FailureMessage Tags AvailabilityMode AutoScalingIps"
                " AutoProvisionZones AttachedAppliances RouteTableId"
            ),
            volatile=_fields("CreateTime DeleteTime ProvisionedBandwidth"),
            lists=("NatGatewayAddresses",),
            durable=durables.nat_gateway,
        ),
        "ec2.address": Form(
            id="AllocationId",
            known=_fields(
                "AllocationId AssociationId Domain InstanceId NetworkInterfaceId"
                " NetworkInterfaceOwnerId PrivateIpAddress PublicIp PublicIpv4Pool"
                " NetworkBorderGroup CustomerOwnedIp CustomerOwnedIpv4Pool CarrierIp SubnetId"
                " ServiceManaged Tags"
            ),
            shape=shaping.elastic_address,
            durable=durables.elastic_address,
        ),
        "ec2.vpc-endpoint": Form(
            id="VpcEndpointId",
            known=_fields(
                "VpcEndpointId OwnerId VpcId VpcEndpointType ServiceName State PolicyDocument"
                " RouteTableIds SubnetIds Groups IpAddressType DnsOptions PrivateDnsEnabled"
                " RequesterManaged NetworkInterfaceIds DnsEntries Ipv4Prefixes Ipv6Prefixes Tags"
                " ServiceNetworkArn ResourceConfigurationArn ServiceRegion PayerResponsibilities"
                " FailureReason"
            ),
            volatile=_fields("CreationTimestamp LastError"),
            lists=("RouteTableIds", "SubnetIds", "Groups", "NetworkInterfaceIds"),
            shape=shaping.endpoint,
            durable=durables.endpoint,
        ),
        "ec2.instance": Form(
            id="InstanceId",
            known=_fields(
                "InstanceId OwnerId VpcId SubnetId AmiLaunchIndex Architecture"
                " BlockDeviceMappings EbsOptimized EnaSupport Hypervisor IamInstanceProfile"
                " ImageId InstanceType InstanceLifecycle KernelId KeyName MetadataOptions"
                " Monitoring NetworkInterfaces OutpostArn Placement Platform PlatformDetails"
                " PrivateDnsName PrivateDnsNameOptions PrivateIpAddress ProductCodes"
                " PublicDnsName PublicIpAddress RamdiskId RootDeviceName RootDeviceType"
                " SecurityGroups SourceDestCheck SpotInstanceRequestId SriovNetSupport State"
                " Tags VirtualizationType CpuOptions CapacityBlockId CapacityReservationId"
                " CapacityReservationSpecification ElasticGpuAssociations"
                " ElasticInferenceAcceleratorAssociations HibernationOptions Licenses"
                " EnclaveOptions BootMode CurrentInstanceBootMode UsageOperation Ipv6Address"
                " TpmSupport MaintenanceOptions NetworkPerformanceOptions Operator"
                " SecondaryInterfaces"
            ),
            volatile=_fields(
                "LaunchTime StateTransitionReason StateReason UsageOperationUpdateTime ClientToken"
                " NetworkInterfaces.Attachment.AttachTime BlockDeviceMappings.Ebs.AttachTime"
            ),
            lists=("NetworkInterfaces", "SecurityGroups"),
            objects=("State",),
            # Never asked for; should an answer or a file hold it, it goes no further.
            secrets=("UserData", "PasswordData"),
            durable=durables.instance,
        ),
        "ec2.flow-log": Form(
            id="FlowLogId",
            known=_fields(
                "FlowLogId ResourceId TrafficType LogDestinationType LogDestination LogGroupName"
                " LogFormat MaxAggregationInterval FlowLogStatus DeliverLogsStatus"
                " DeliverLogsPermissionArn DeliverCrossAccountRole DestinationOptions Tags"
                " TagFieldSpecifications"
            ),
            volatile=_fields("CreationTime DeliverLogsErrorMessage"),
            durable=durables.flow_log,
        ),
        "ec2.managed-prefix-list": Form(
            id="PrefixListId",
            name="PrefixListName",
            known=_fields(
                "PrefixListId OwnerId PrefixListName PrefixListArn AddressFamily MaxEntries"
                " Version State StateMessage Entries Tags IpamPrefixListResolverTargetId"
                " IpamPrefixListResolverSyncEnabled"
            ),
            shape=shaping.prefix_list,
            nested={"Entries": _fields("Cidr Description")},
            durable=durables.prefix_list,
        ),
        "ec2.vpc-peering-connection": Form(
            id="VpcPeeringConnectionId",
            owner="RequesterVpcInfo.OwnerId",
            known=_fields(
                "VpcPeeringConnectionId RequesterVpcInfo AccepterVpcInfo Status Tags"
                " MultipathResilienceStatus"
            ),
            volatile=_fields("ExpirationTime"),
            objects=("Status",),
            durable=durables.peering,
        ),
    }
)
