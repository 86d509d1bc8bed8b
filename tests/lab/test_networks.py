"""The other network calls answer as AWS's do."""

import ipaddress

import pytest

from .errors import refused

IMAGE = {
    "ImageId": "ami-0c1a7f89451184c8b",
    "InstanceType": "t3.nano",
    "MinCount": 1,
    "MaxCount": 1,
}


@pytest.fixture
def subnets(developer):
    found = developer.describe_subnets(Filters=[{"Name": "tag-key", "Values": ["Tier"]}])
    return {
        tag["Value"]: subnet
        for subnet in found["Subnets"]
        for tag in subnet["Tags"]
        if tag["Key"] == "Tier"
    }


def inside(address, subnet):
    network = ipaddress.ip_network(subnet["CidrBlock"])
    return ipaddress.ip_address(address) in list(network)[4:-1]


def test_seventeen_regions_are_enabled_and_others_must_be_asked_for(product):
    reader = product.acting()
    usual = reader.describe_regions()["Regions"]
    every = reader.describe_regions(AllRegions=True)["Regions"]
    assert len(usual) == 17
    assert {r["OptInStatus"] for r in usual} == {"opt-in-not-required"}
    assert len(every) > 25
    assert sum(r["OptInStatus"] == "not-opted-in" for r in every) == len(every) - 17
    status = [{"Name": "opt-in-status", "Values": ["opt-in-not-required", "opted-in"]}]
    assert reader.describe_regions(AllRegions=True, Filters=status)["Regions"] == usual


def test_a_region_that_is_not_enabled_knows_nobody(product):
    assert refused(product.acting(region="me-south-1").describe_vpcs) == "AuthFailure"
    assert (
        refused(product.client("sts", "me-south-1").get_caller_identity) == "InvalidClientTokenId"
    )


def test_a_region_without_anything_answers_with_nothing(product):
    reader = product.acting(region="sa-east-1")
    assert reader.describe_vpcs()["Vpcs"] == []
    assert reader.describe_security_groups()["SecurityGroups"] == []


def test_a_new_acl_denies_everything(developer, vpc):
    acl = developer.create_network_acl(VpcId=vpc)["NetworkAcl"]
    assert [(e["RuleNumber"], e["RuleAction"], e["Egress"]) for e in acl["Entries"]] == [
        (32767, "deny", True),
        (32767, "deny", False),
    ]
    six = developer.create_vpc(CidrBlock="10.66.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    acl = developer.create_network_acl(VpcId=six["VpcId"])["NetworkAcl"]
    assert sorted(e["RuleNumber"] for e in acl["Entries"]) == [32767, 32767, 32768, 32768]


def test_acl_entries_are_added_replaced_and_removed(developer, vpc):
    acl = developer.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 7, "Egress": False}
    first = {"Protocol": "6", "RuleAction": "allow", "CidrBlock": "10.1.1.1/8"}
    ports = {"PortRange": {"From": 22, "To": 23}}
    developer.create_network_acl_entry(**entry, **first, **ports)
    assert refused(developer.create_network_acl_entry, **entry, **first, **ports) == (
        "NetworkAclEntryAlreadyExists"
    )
    icmp = {"Protocol": "1", "RuleAction": "deny", "CidrBlock": "0.0.0.0/0"}
    developer.replace_network_acl_entry(**entry, **icmp, IcmpTypeCode={"Type": 8, "Code": -1})
    shown = developer.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
    (found,) = [e for e in shown if e["RuleNumber"] == 7]
    assert found["IcmpTypeCode"] == {"Type": 8, "Code": -1}
    assert found["RuleAction"] == "deny"
    developer.delete_network_acl_entry(**entry)
    gone = "InvalidNetworkAclEntry.NotFound"
    assert refused(developer.delete_network_acl_entry, **entry) == gone
    assert refused(developer.replace_network_acl_entry, **entry, **first, **ports) == gone


def test_an_instance_shows_its_groups_and_follows_its_interface(developer, subnets, group):
    interface = {
        "DeviceIndex": 0,
        "SubnetId": subnets["public"]["SubnetId"],
        "Groups": [group],
        "AssociatePublicIpAddress": True,
    }
    made = developer.run_instances(**IMAGE, NetworkInterfaces=[interface])["Instances"][0]
    assert [g["GroupId"] for g in made["SecurityGroups"]] == [group]
    assert ipaddress.ip_address(made["PublicIpAddress"]).is_global
    assert inside(made["PrivateIpAddress"], subnets["public"])
    eni = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
    developer.modify_network_interface_attribute(
        NetworkInterfaceId=eni, SourceDestCheck={"Value": False}
    )
    other = developer.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}])[
        "SecurityGroups"
    ][0]["GroupId"]
    developer.modify_instance_attribute(InstanceId=made["InstanceId"], Groups=[other])
    now = developer.describe_instances(InstanceIds=[made["InstanceId"]])["Reservations"][0]
    assert now["Instances"][0]["SourceDestCheck"] is False
    assert [g["GroupId"] for g in now["Instances"][0]["SecurityGroups"]] == [other]
    shown = developer.describe_network_interfaces(NetworkInterfaceIds=[eni])["NetworkInterfaces"][0]
    assert [g["GroupId"] for g in shown["Groups"]] == [other]
    assert shown["RequesterManaged"] is False
    assert shown["PrivateIpAddresses"][0]["Association"]["PublicIp"] == made["PublicIpAddress"]


def test_a_subnet_gives_no_public_addresses_until_told_to(developer, vpc):
    made = developer.create_subnet(VpcId=vpc, CidrBlock="10.20.99.0/24")["Subnet"]
    assert made["MapPublicIpOnLaunch"] is False
    assert made["DefaultForAz"] is False


def test_a_nat_gateway_has_an_interface_in_its_subnet_and_leaves_a_blackhole(
    developer, vpc, subnets
):
    subnet = subnets["public"]
    address = developer.allocate_address(Domain="vpc")
    assert ipaddress.ip_address(address["PublicIp"]).is_global
    made = developer.create_nat_gateway(
        SubnetId=subnet["SubnetId"], AllocationId=address["AllocationId"]
    )["NatGateway"]
    (shown,) = made["NatGatewayAddresses"]
    assert inside(shown["PrivateIp"], subnet)
    eni = developer.describe_network_interfaces(NetworkInterfaceIds=[shown["NetworkInterfaceId"]])[
        "NetworkInterfaces"
    ][0]
    assert (eni["InterfaceType"], eni["RequesterManaged"]) == ("nat_gateway", True)
    assert eni["Association"]["PublicIp"] == address["PublicIp"]
    assert eni["PrivateIpAddress"] == shown["PrivateIp"]
    table = developer.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    developer.create_route(
        RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=made["NatGatewayId"]
    )
    assert states(developer, table) == ["active", "active"]
    developer.delete_nat_gateway(NatGatewayId=made["NatGatewayId"])
    assert states(developer, table) == ["active", "blackhole"]
    eni_ids = [
        e["NetworkInterfaceId"]
        for e in developer.describe_network_interfaces()["NetworkInterfaces"]
    ]
    assert shown["NetworkInterfaceId"] not in eni_ids


def states(client, table):
    routes = client.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
    return [route["State"] for route in routes]


def test_a_detached_gateway_leaves_a_blackhole(developer):
    vpc = developer.create_vpc(CidrBlock="10.67.0.0/16")["Vpc"]["VpcId"]
    gateway = developer.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    developer.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = developer.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    developer.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    developer.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    assert states(developer, table) == ["active", "blackhole"]


def test_endpoints_name_their_type_and_have_interfaces(developer, vpc, subnets, group):
    tables = [t["RouteTableId"] for t in developer.describe_route_tables()["RouteTables"]][:1]
    gateway = developer.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.eu-central-1.dynamodb", RouteTableIds=tables
    )["VpcEndpoint"]
    assert gateway["VpcEndpointType"] == "Gateway"
    endpoint = developer.create_vpc_endpoint(
        VpcId=vpc,
        VpcEndpointType="Interface",
        ServiceName="com.amazonaws.eu-central-1.ssm",
        SubnetIds=[subnets["private"]["SubnetId"]],
        SecurityGroupIds=[group],
    )["VpcEndpoint"]
    eni = developer.describe_network_interfaces(
        NetworkInterfaceIds=endpoint["NetworkInterfaceIds"]
    )["NetworkInterfaces"][0]
    assert (eni["InterfaceType"], eni["RequesterManaged"]) == ("vpc_endpoint", True)
    assert [g["GroupId"] for g in eni["Groups"]] == [group]
    assert inside(eni["PrivateIpAddress"], subnets["private"])
    assert refused(developer.delete_security_group, GroupId=group) == "DependencyViolation"


def test_a_prefix_list_has_versions_and_keeps_its_name(developer):
    made = developer.create_managed_prefix_list(
        PrefixListName="list", AddressFamily="IPv4", MaxEntries=5, Entries=[{"Cidr": "10.0.0.0/8"}]
    )["PrefixList"]
    call = {"PrefixListId": made["PrefixListId"], "AddEntries": [{"Cidr": "10.9.0.0/16"}]}
    developer.modify_managed_prefix_list(**call, CurrentVersion=1)
    assert (
        refused(developer.modify_managed_prefix_list, **call, CurrentVersion=1)
        == "PrefixListVersionMismatch"
    )
    shown = developer.describe_managed_prefix_lists(PrefixListIds=[made["PrefixListId"]])
    assert (shown["PrefixLists"][0]["PrefixListName"], shown["PrefixLists"][0]["Version"]) == (
        "list",
        2,
    )
    entries = developer.get_managed_prefix_list_entries(PrefixListId=made["PrefixListId"])
    assert [e["Cidr"] for e in entries["Entries"]] == ["10.0.0.0/8", "10.9.0.0/16"]


def test_peering_joins_two_accounts(lab, developer, vpc):
    other = lab.client("ec2", "security")
    peer = other.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    made = developer.create_vpc_peering_connection(
        VpcId=vpc, PeerVpcId=peer, PeerOwnerId=lab.accounts["security"]
    )["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    other.accept_vpc_peering_connection(VpcPeeringConnectionId=made)
    for client in (developer, other):
        (shown,) = client.describe_vpc_peering_connections(VpcPeeringConnectionIds=[made])[
            "VpcPeeringConnections"
        ]
        assert shown["Status"]["Code"] == "active"


def test_what_the_lab_cannot_do_it_says(developer):
    assert developer.describe_ipams()["Ipams"] == []
    assert refused(developer.create_ipam) == "InvalidAction"
    filters = [{"Name": "no-such-filter", "Values": ["x"]}]
    code = refused(developer.describe_security_group_rules, Filters=filters)
    assert code == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("action", "parameter", "unknown", "code"),
    [
        ("describe_vpcs", "VpcIds", "vpc", "InvalidVpcID.NotFound"),
        ("describe_subnets", "SubnetIds", "subnet", "InvalidSubnetID.NotFound"),
        ("describe_route_tables", "RouteTableIds", "rtb", "InvalidRouteTableID.NotFound"),
        ("describe_network_acls", "NetworkAclIds", "acl", "InvalidNetworkAclID.NotFound"),
        ("describe_security_groups", "GroupIds", "sg", "InvalidGroup.NotFound"),
        ("describe_nat_gateways", "NatGatewayIds", "nat", "NatGatewayNotFound"),
        ("describe_addresses", "AllocationIds", "eipalloc", "InvalidAllocationID.NotFound"),
        ("describe_vpc_endpoints", "VpcEndpointIds", "vpce", "InvalidVpcEndpointId.NotFound"),
        ("describe_instances", "InstanceIds", "i", "InvalidInstanceID.NotFound"),
        ("describe_flow_logs", "FlowLogIds", "fl", "InvalidFlowLogId.NotFound"),
        (
            "describe_internet_gateways",
            "InternetGatewayIds",
            "igw",
            "InvalidInternetGatewayID.NotFound",
        ),
        (
            "describe_network_interfaces",
            "NetworkInterfaceIds",
            "eni",
            "InvalidNetworkInterfaceID.NotFound",
        ),
        ("describe_managed_prefix_lists", "PrefixListIds", "pl", "InvalidPrefixListID.NotFound"),
        (
            "describe_vpc_peering_connections",
            "VpcPeeringConnectionIds",
            "pcx",
            "InvalidVpcPeeringConnectionID.NotFound",
        ),
    ],
)
def test_an_unknown_id_is_named(product, action, parameter, unknown, code):
    call = getattr(product.acting(), action)
    assert refused(call, **{parameter: [f"{unknown}-0123456789abcdef0"]}) == code


def test_filters_select_and_unknown_ones_are_refused(developer, vpc):
    acls = developer.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    one = acls["NetworkAcls"][0]["NetworkAclId"]
    by_id = [{"Name": "network-acl-id", "Values": [one]}]
    assert [
        a["NetworkAclId"] for a in developer.describe_network_acls(Filters=by_id)["NetworkAcls"]
    ] == [one]
    wild = [{"Name": "prefix-list-name", "Values": ["com.amazonaws.*.s3"]}]
    lists = developer.describe_managed_prefix_lists(Filters=wild)["PrefixLists"]
    assert [p["PrefixListName"] for p in lists] == ["com.amazonaws.eu-central-1.s3"]
    none = [{"Name": "requester-vpc-info.vpc-id", "Values": ["vpc-0"]}]
    answer = developer.describe_vpc_peering_connections(Filters=none)
    assert answer["VpcPeeringConnections"] == []
    odd = [{"Name": "colour", "Values": ["red"]}]
    assert refused(developer.describe_nat_gateways, Filters=odd) == "InvalidParameterValue"
