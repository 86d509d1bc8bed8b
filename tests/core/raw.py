"""Full raw descriptions of each type, written after the EC2 API's output shapes."""

from typing import Any

EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "ec2.vpc": [
        {
            "VpcId": "vpc-0a",
            "OwnerId": "111111111111",
            "CidrBlock": "10.0.0.0/16",
            "CidrBlockAssociationSet": [
                {
                    "AssociationId": "a-1",
                    "CidrBlock": "10.0.0.0/16",
                    "CidrBlockState": {"State": "associated"},
                },
                {
                    "AssociationId": "a-2",
                    "CidrBlock": "10.5.0.0/16",
                    "CidrBlockState": {"State": "disassociated"},
                },
            ],
            "Ipv6CidrBlockAssociationSet": [
                {
                    "AssociationId": "a-3",
                    "Ipv6CidrBlock": "2600:1f18:0::/56",
                    "Ipv6CidrBlockState": {"State": "associated"},
                }
            ],
            "DhcpOptionsId": "dopt-1",
            "InstanceTenancy": "default",
            "IsDefault": False,
            "State": "available",
            "Tags": [{"Key": "Name", "Value": "core"}, {"Key": "env", "Value": "prod"}],
        }
    ],
    "ec2.subnet": [
        {
            "SubnetId": "subnet-0a",
            "VpcId": "vpc-0a",
            "OwnerId": "111111111111",
            "CidrBlock": "10.0.1.0/24",
            "AvailabilityZone": "eu-west-1a",
            "AvailabilityZoneId": "euw1-az1",
            "MapPublicIpOnLaunch": True,
            "AssignIpv6AddressOnCreation": False,
            "DefaultForAz": False,
            "AvailableIpAddressCount": 250,
            "State": "available",
            "Tags": [],
        }
    ],
    "ec2.route-table": [
        {
            "RouteTableId": "rtb-0a",
            "VpcId": "vpc-0a",
            "OwnerId": "111111111111",
            "Associations": [
                {"Main": False, "RouteTableAssociationId": "rtbassoc-1", "SubnetId": "subnet-0b"},
                {"Main": False, "RouteTableAssociationId": "rtbassoc-2", "SubnetId": "subnet-0a"},
            ],
            "PropagatingVgws": [{"GatewayId": "vgw-1"}],
            "Routes": [
                {
                    "DestinationCidrBlock": "10.0.0.0/16",
                    "GatewayId": "local",
                    "Origin": "CreateRouteTable",
                    "State": "active",
                },
                {
                    "DestinationCidrBlock": "0.0.0.0/0",
                    "GatewayId": "igw-1",
                    "Origin": "CreateRoute",
                    "State": "active",
                },
                {
                    "DestinationIpv6CidrBlock": "::/0",
                    "GatewayId": "igw-1",
                    "Origin": "CreateRoute",
                    "State": "active",
                },
                {
                    "DestinationCidrBlock": "10.9.0.0/16",
                    "VpcPeeringConnectionId": "pcx-1",
                    "Origin": "CreateRoute",
                },
                {
                    "DestinationCidrBlock": "172.16.0.0/16",
                    "GatewayId": "vgw-1",
                    "Origin": "EnableVgwRoutePropagation",
                },
                {
                    "DestinationPrefixListId": "pl-1",
                    "GatewayId": "vpce-1",
                    "Origin": "CreateRoute",
                    "State": "active",
                },
            ],
            "Tags": [],
        }
    ],
    "ec2.network-acl": [
        {
            "NetworkAclId": "acl-0a",
            "VpcId": "vpc-0a",
            "OwnerId": "111111111111",
            "IsDefault": False,
            "Associations": [
                {
                    "NetworkAclAssociationId": "aclassoc-1",
                    "NetworkAclId": "acl-0a",
                    "SubnetId": "subnet-0a",
                }
            ],
            "Entries": [
                {
                    "RuleNumber": 100,
                    "Egress": False,
                    "RuleAction": "allow",
                    "Protocol": "6",
                    "PortRange": {"From": 443, "To": 443},
                    "CidrBlock": "0.0.0.0/0",
                },
                {
                    "RuleNumber": 110,
                    "Egress": False,
                    "RuleAction": "deny",
                    "Protocol": "-1",
                    "Ipv6CidrBlock": "::/0",
                },
                {
                    "RuleNumber": 120,
                    "Egress": True,
                    "RuleAction": "allow",
                    "Protocol": "1",
                    "IcmpTypeCode": {"Type": -1, "Code": -1},
                    "CidrBlock": "0.0.0.0/0",
                },
                {
                    "RuleNumber": 32767,
                    "Egress": False,
                    "RuleAction": "deny",
                    "Protocol": "-1",
                    "CidrBlock": "0.0.0.0/0",
                },
                {
                    "RuleNumber": 32768,
                    "Egress": False,
                    "RuleAction": "deny",
                    "Protocol": "-1",
                    "Ipv6CidrBlock": "::/0",
                },
            ],
            "Tags": [{"Key": "Name", "Value": "web"}],
        }
    ],
    "ec2.security-group": [
        {
            "GroupId": "sg-0a",
            "GroupName": "web",
            "Description": "front",
            "OwnerId": "111111111111",
            "VpcId": "vpc-0a",
            "SecurityGroupArn": "arn:aws:ec2:eu-west-1:111111111111:security-group/sg-0a",
            "IpPermissions": [{"IpProtocol": "-1"}],
            "IpPermissionsEgress": [],
            "Tags": [{"Key": "tier", "Value": "web"}],
        }
    ],
    "ec2.security-group-rule": [
        {
            "SecurityGroupRuleId": "sgr-0a",
            "SecurityGroupRuleArn": "arn:aws:ec2:eu-west-1:111111111111:security-group-rule/sgr-0a",
            "GroupId": "sg-0a",
            "GroupOwnerId": "111111111111",
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "CidrIpv4": "0.0.0.0/0",
            "Description": "",
            "Tags": [],
        },
        {
            "SecurityGroupRuleId": "sgr-0b",
            "GroupId": "sg-0a",
            "GroupOwnerId": "111111111111",
            "IsEgress": True,
            "IpProtocol": "-1",
            "FromPort": -1,
            "ToPort": -1,
            "ReferencedGroupInfo": {
                "GroupId": "sg-0b",
                "UserId": "222222222222",
                "VpcPeeringConnectionId": "pcx-1",
                "PeeringStatus": "active",
            },
        },
    ],
    "ec2.network-interface": [
        {
            "NetworkInterfaceId": "eni-0a",
            "VpcId": "vpc-0a",
            "SubnetId": "subnet-0a",
            "OwnerId": "111111111111",
            "AvailabilityZone": "eu-west-1a",
            "Association": {"PublicIp": "52.1.2.3", "IpOwnerId": "amazon", "PublicDnsName": "x"},
            "Attachment": {
                "AttachTime": "2026-01-01T00:00:00Z",
                "AttachmentId": "eni-attach-1",
                "DeviceIndex": 0,
                "InstanceId": "i-0a",
                "Status": "attached",
                "DeleteOnTermination": True,
            },
            "Description": "",
            "Groups": [
                {"GroupId": "sg-0b", "GroupName": "b"},
                {"GroupId": "sg-0a", "GroupName": "a"},
            ],
            "InterfaceType": "interface",
            "Ipv6Addresses": [{"Ipv6Address": "2600:1F18:0:0::5"}],
            "MacAddress": "02:00:00:00:00:01",
            "PrivateIpAddress": "10.0.1.5",
            "PrivateIpAddresses": [
                {"Primary": True, "PrivateIpAddress": "10.0.1.5"},
                {
                    "Primary": False,
                    "PrivateIpAddress": "10.0.1.6",
                    "Association": {"PublicIp": "52.1.2.4"},
                },
            ],
            "RequesterManaged": False,
            "SourceDestCheck": True,
            "Status": "in-use",
            "TagSet": [{"Key": "Name", "Value": "web-1"}],
        }
    ],
    "ec2.internet-gateway": [
        {
            "InternetGatewayId": "igw-1",
            "OwnerId": "111111111111",
            "Attachments": [{"State": "available", "VpcId": "vpc-0a"}],
            "Tags": [],
        }
    ],
    "ec2.nat-gateway": [
        {
            "NatGatewayId": "nat-1",
            "VpcId": "vpc-0a",
            "SubnetId": "subnet-0a",
            "ConnectivityType": "public",
            "CreateTime": "2026-01-01T00:00:00Z",
            "State": "available",
            "NatGatewayAddresses": [
                {
                    "AllocationId": "eipalloc-1",
                    "NetworkInterfaceId": "eni-1",
                    "PrivateIp": "10.0.1.9",
                    "PublicIp": "52.1.2.5",
                    "IsPrimary": True,
                    "Status": "succeeded",
                }
            ],
            "Tags": [],
        }
    ],
    "ec2.address": [
        {
            "AllocationId": "eipalloc-1",
            "AssociationId": "eipassoc-1",
            "Domain": "vpc",
            "NetworkInterfaceId": "eni-1",
            "NetworkInterfaceOwnerId": "111111111111",
            "PrivateIpAddress": "10.0.1.9",
            "PublicIp": "52.1.2.5",
            "PublicIpv4Pool": "amazon",
            "NetworkBorderGroup": "eu-west-1",
        },
        {"PublicIp": "52.9.9.9", "Domain": "standard"},
    ],
    "ec2.vpc-endpoint": [
        {
            "VpcEndpointId": "vpce-1",
            "VpcEndpointType": "Gateway",
            "VpcId": "vpc-0a",
            "ServiceName": "com.amazonaws.eu-west-1.s3",
            "State": "available",
            "OwnerId": "111111111111",
            "PolicyDocument": '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}',
            "RouteTableIds": ["rtb-0b", "rtb-0a"],
            "SubnetIds": [],
            "Groups": [],
            "PrivateDnsEnabled": False,
            "RequesterManaged": False,
            "NetworkInterfaceIds": [],
            "CreationTimestamp": "2026-01-01T00:00:00Z",
            "Tags": [],
        }
    ],
    "ec2.instance": [
        {
            "InstanceId": "i-0a",
            "VpcId": "vpc-0a",
            "SubnetId": "subnet-0a",
            "ImageId": "ami-1",
            "InstanceType": "t3.micro",
            "KeyName": "ops",
            "LaunchTime": "2026-01-01T00:00:00Z",
            "State": {"Code": 16, "Name": "running"},
            "StateTransitionReason": "",
            "PublicIpAddress": "52.1.2.3",
            "PrivateIpAddress": "10.0.1.5",
            "SecurityGroups": [
                {"GroupId": "sg-0b", "GroupName": "b"},
                {"GroupId": "sg-0a", "GroupName": "a"},
            ],
            "NetworkInterfaces": [
                {
                    "NetworkInterfaceId": "eni-0a",
                    "Groups": [{"GroupId": "sg-0a", "GroupName": "a"}],
                    "Attachment": {"AttachTime": "2026-01-01T00:00:00Z", "DeviceIndex": 0},
                }
            ],
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/xvda",
                    "Ebs": {"VolumeId": "vol-1", "AttachTime": "2026-01-01T00:00:00Z"},
                }
            ],
            "MetadataOptions": {
                "State": "applied",
                "HttpTokens": "optional",
                "HttpPutResponseHopLimit": 1,
                "HttpEndpoint": "enabled",
            },
            "SourceDestCheck": True,
            "Tags": [
                {"Key": "Name", "Value": "web-1"},
                {"Key": "aws:autoscaling:groupName", "Value": "web"},
            ],
        }
    ],
    "ec2.flow-log": [
        {
            "FlowLogId": "fl-1",
            "ResourceId": "vpc-0a",
            "TrafficType": "ALL",
            "LogDestinationType": "s3",
            "LogDestination": "arn:aws:s3:::logs",
            "LogFormat": "${version}",
            "MaxAggregationInterval": 600,
            "FlowLogStatus": "ACTIVE",
            "DeliverLogsStatus": "SUCCESS",
            "CreationTime": "2026-01-01T00:00:00Z",
            "Tags": [],
        }
    ],
    "ec2.managed-prefix-list": [
        {
            "PrefixListId": "pl-1",
            "PrefixListName": "offices",
            "OwnerId": "111111111111",
            "AddressFamily": "IPv4",
            "MaxEntries": 10,
            "Version": 3,
            "State": "modify-complete",
            "Entries": [
                {"Cidr": "198.51.100.7/24", "Description": "b"},
                {"Cidr": "192.0.2.0/24", "Description": "a"},
            ],
        },
        {
            "PrefixListId": "pl-2",
            "PrefixListName": "com.amazonaws.eu-west-1.s3",
            "Cidrs": ["52.218.0.0/17", "3.5.64.0/21"],
        },
    ],
    "ec2.vpc-peering-connection": [
        {
            "VpcPeeringConnectionId": "pcx-1",
            "RequesterVpcInfo": {
                "OwnerId": "111111111111",
                "VpcId": "vpc-0a",
                "Region": "eu-west-1",
                "CidrBlock": "10.0.0.0/16",
                "CidrBlockSet": [{"CidrBlock": "10.0.0.0/16"}],
            },
            "AccepterVpcInfo": {
                "OwnerId": "222222222222",
                "VpcId": "vpc-0b",
                "Region": "eu-west-1",
                "CidrBlock": "10.9.0.0/16",
            },
            "Status": {"Code": "active", "Message": "Active"},
            "ExpirationTime": "2026-01-01T00:00:00Z",
        }
    ],
}

VOLATILE = {
    "ec2.subnet": ("AvailableIpAddressCount",),
    "ec2.security-group": ("IpPermissions", "IpPermissionsEgress"),
    "ec2.network-interface": ("Attachment.AttachTime",),
    "ec2.nat-gateway": ("CreateTime",),
    "ec2.vpc-endpoint": ("CreationTimestamp", "LastError"),
    "ec2.instance": (
        "LaunchTime",
        "StateTransitionReason",
        "NetworkInterfaces.Attachment.AttachTime",
        "BlockDeviceMappings.Ebs.AttachTime",
    ),
    "ec2.flow-log": ("CreationTime",),
    "ec2.vpc-peering-connection": ("ExpirationTime",),
}
