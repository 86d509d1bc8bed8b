"""The demo organisation holds what it promises: read from ground truth, never from the builder."""

import ipaddress
import time
from pathlib import Path

import pytest

from lab.misconfigured import MISCONFIGURATIONS
from lab.server import Lab

EUROPE, AMERICA = "eu-central-1", "us-east-1"


class View:
    """Ground truth of one organisation, by names."""

    def __init__(self, lab):
        self.lab = lab
        self.truth = lab.truth()

    def all(self, account, region, kind):
        return self.truth.get((self.lab.accounts[account], region, f"ec2.{kind}"), {})

    def named(self, account, region, kind, name):
        rows = self.all(account, region, kind).values()
        found = [r for r in rows if name in (r.get("GroupName"), tags(r).get("Name"))]
        assert len(found) == 1, (account, region, kind, name, len(found))
        return found[0]

    def ingress(self, account, region, group_name):
        group = self.named(account, region, "security-group", group_name)
        rules = self.all(account, region, "security-group-rule").values()
        return [r for r in rules if r["GroupId"] == group["GroupId"] and not r["IsEgress"]]

    def interfaces(self, account, region, group_name):
        group = self.named(account, region, "security-group", group_name)
        return [
            eni
            for eni in self.all(account, region, "network-interface").values()
            if group["GroupId"] in [g["GroupId"] for g in eni["Groups"]]
        ]

    def table_of(self, account, region, subnet_id):
        for table in self.all(account, region, "route-table").values():
            if subnet_id in [a.get("SubnetId") for a in table["Associations"]]:
                return table
        return None


def tags(row):
    return {t["Key"]: t["Value"] for t in row.get("Tags", row.get("TagSet", []))}


def shown(rules):
    return {
        (r["IpProtocol"], r["FromPort"], r["ToPort"], r.get("CidrIpv4") or r.get("CidrIpv6"))
        for r in rules
    }


@pytest.fixture(scope="module")
def view():
    with Lab(scenario="organisation", throttle=False) as lab:
        yield View(lab)


def ssh_open(view):
    (rule,) = view.ingress("production", EUROPE, "bastion")
    assert rule["Description"] == "debug access, remove after incident"
    assert tags(rule)["Ticket"] == "INC-4711"
    (eni,) = view.interfaces("production", EUROPE, "bastion")
    assert eni["Association"]["PublicIp"]
    (healthy,) = view.ingress("production", EUROPE, "bastion-office")
    office = view.all("production", EUROPE, "managed-prefix-list")[healthy["PrefixListId"]]
    assert "0.0.0.0/0" not in [e["Cidr"] for e in office["Entries"]]
    return shown([rule]) == {("tcp", 22, 22, "0.0.0.0/0")}


def rdp_open_ipv6(view):
    (eni,) = view.interfaces("staging", EUROPE, "windows-jump")
    assert eni["Ipv6Addresses"]
    return shown(view.ingress("staging", EUROPE, "windows-jump")) == {("tcp", 3389, 3389, "::/0")}


def database_open_in_halves(view):
    assert shown(view.ingress("sandbox", EUROPE, "mysql-private")) == {
        ("tcp", 3306, 3306, "10.0.0.0/8"),
        ("tcp", 3306, 3306, "172.16.0.0/12"),
    }
    return shown(view.ingress("sandbox", EUROPE, "mysql-halves")) == {
        ("tcp", 3306, 3306, "0.0.0.0/1"),
        ("tcp", 3306, 3306, "128.0.0.0/1"),
    }


def open_by_prefix_list(view):
    (rule,) = view.ingress("production", AMERICA, "partner-access")
    entries = view.all("production", AMERICA, "managed-prefix-list")[rule["PrefixListId"]][
        "Entries"
    ]
    return rule["FromPort"] == 22 and "0.0.0.0/0" in [e["Cidr"] for e in entries]


def all_traffic_open(view):
    return shown(view.ingress("sandbox", EUROPE, "anything-goes")) == {("-1", -1, -1, "0.0.0.0/0")}


def all_ports_open(view):
    return shown(view.ingress("sandbox", EUROPE, "all-tcp")) == {("tcp", 0, 65535, "0.0.0.0/0")}


def range_covers_ssh(view):
    assert shown(view.ingress("staging", EUROPE, "web-range")) == {("tcp", 8000, 8080, "0.0.0.0/0")}
    return shown(view.ingress("staging", EUROPE, "wide-range")) == {("tcp", 20, 8080, "0.0.0.0/0")}


def default_group_with_rules(view):
    healthy = [
        g
        for g in view.all("production", EUROPE, "security-group").values()
        if g["GroupName"] == "default"
    ]
    assert healthy
    assert all(not g["IpPermissions"] and not g["IpPermissionsEgress"] for g in healthy)
    default = view.named("sandbox", AMERICA, "security-group", "default")
    return bool(default["IpPermissions"]) and bool(default["IpPermissionsEgress"])


def unattached_open_group(view):
    assert view.interfaces("sandbox", EUROPE, "forgotten-debug") == []
    return ("tcp", 22, 22, "0.0.0.0/0") in shown(view.ingress("sandbox", EUROPE, "forgotten-debug"))


def database_open(view):
    subnet = view.named("data", EUROPE, "subnet", "warehouse-data-b")
    assert [e["SubnetId"] for e in view.interfaces("data", EUROPE, "warehouse-db-public")] == [
        subnet["SubnetId"]
    ]
    rules = view.ingress("data", EUROPE, "warehouse-db-public")
    return shown(rules) == {("tcp", 5432, 5432, "0.0.0.0/0")}


def first_verdict(acl, port):
    for entry in sorted(acl["Entries"], key=lambda e: e["RuleNumber"]):
        if entry["Egress"] or entry.get("CidrBlock") != "0.0.0.0/0":
            continue
        ports = entry.get("PortRange", {"From": 0, "To": 65535})
        if entry["Protocol"] in ("-1", "6") and ports["From"] <= port <= ports["To"]:
            return entry["RuleAction"]
    return "deny"


def acl_admits_administration(view):
    healthy = view.named("production", EUROPE, "network-acl", "billing-public")
    assert {first_verdict(healthy, port) for port in (22, 3389)} == {"deny"}
    assert first_verdict(healthy, 443) == "allow"
    acl = view.named("staging", EUROPE, "network-acl", "legacy-public")
    assert acl["Associations"]
    return {first_verdict(acl, port) for port in (22, 3389)} == {"allow"}


def data_subnet_with_internet_route(view):
    subnet = view.named("data", EUROPE, "subnet", "warehouse-data-b")["SubnetId"]
    healthy = view.named("data", EUROPE, "subnet", "warehouse-data-a")["SubnetId"]

    def leads_out(subnet_id):
        routes = view.table_of("data", EUROPE, subnet_id)["Routes"]
        return any(r.get("GatewayId", "").startswith("igw-") for r in routes)

    return leads_out(subnet) and not leads_out(healthy)


def blackhole_route(view):
    table = view.named("staging", AMERICA, "route-table", "load-test-old")
    return [r["State"] for r in table["Routes"]] == ["active", "blackhole"]


def peering_route_too_wide(view):
    table = view.named("production", EUROPE, "route-table", "shop-private-a")
    peerings = view.all("production", EUROPE, "vpc-peering-connection")
    wide = narrow = 0
    for route in table["Routes"]:
        if "VpcPeeringConnectionId" in route:
            peering = peerings[route["VpcPeeringConnectionId"]]
            whole = peering["AccepterVpcInfo"]["CidrBlock"] == route["DestinationCidrBlock"]
            wide, narrow = wide + whole, narrow + (not whole)
    return (wide, narrow) == (1, 1)


def data_subnet_gives_public_addresses(view):
    assert not view.named("production", AMERICA, "subnet", "shop-us-data-b")["MapPublicIpOnLaunch"]
    subnet = view.named("production", AMERICA, "subnet", "shop-us-data-a")
    return subnet["MapPublicIpOnLaunch"] and tags(subnet)["Tier"] == "data"


def instance_metadata_v1(view):
    healthy = view.named("staging", EUROPE, "instance", "batch-2")["MetadataOptions"]
    assert healthy["HttpTokens"] == "required"
    batch = view.named("staging", EUROPE, "instance", "batch-1")["MetadataOptions"]
    return (batch["HttpTokens"], batch["HttpEndpoint"]) == ("optional", "enabled")


def data_instance_with_public_address(view):
    instance = view.named("data", EUROPE, "instance", "warehouse-etl")
    subnet = view.all("data", EUROPE, "subnet")[instance["SubnetId"]]
    return tags(subnet)["Tier"] == "data" and bool(instance["PublicIpAddress"])


def logged(view, account, region):
    return {
        log["ResourceId"]
        for log in view.all(account, region, "flow-log").values()
        if log["DeliverLogsStatus"] == "SUCCESS"
    }


def vpc_without_flow_logs(view):
    shop = view.named("production", EUROPE, "vpc", "shop")["VpcId"]
    assert shop in logged(view, "production", EUROPE)
    vpc = view.named("sandbox", EUROPE, "vpc", "experiments")["VpcId"]
    return vpc not in logged(view, "sandbox", EUROPE)


def vpc_without_tags(view):
    mandatory = {"Environment", "Application", "Owner", "CostCenter", "DataClass"}
    assert mandatory <= set(tags(view.named("production", EUROPE, "vpc", "shop")))
    return not mandatory & set(tags(view.named("sandbox", EUROPE, "vpc", "scratch")))


def no_source_destination_check(view):
    router = view.named("sandbox", EUROPE, "instance", "homemade-router")
    assert view.named("sandbox", EUROPE, "instance", "prototype")["SourceDestCheck"] is True
    return router["SourceDestCheck"] is False


def gateway_on_isolated_vpc(view):
    vpc = view.named("security", EUROPE, "vpc", "audit")["VpcId"]
    gateway = view.named("security", EUROPE, "internet-gateway", "audit")
    routes = [
        route
        for table in view.all("security", EUROPE, "route-table").values()
        for route in table["Routes"]
    ]
    assert {r["GatewayId"] for r in routes} == {"local"}
    return [a["VpcId"] for a in gateway["Attachments"]] == [vpc]


def file_share_open(view):
    inside = shown(view.ingress("staging", AMERICA, "file-share-inside"))
    assert inside == {("tcp", 445, 445, "10.31.0.0/16")}
    return shown(view.ingress("staging", AMERICA, "file-share")) == {("tcp", 445, 445, "0.0.0.0/0")}


def address_unused(view):
    address = view.named("sandbox", EUROPE, "address", "left-over")
    return "AssociationId" not in address


PRESENT = {
    check.__name__.replace("_", "-"): check
    for check in (
        ssh_open,
        rdp_open_ipv6,
        database_open_in_halves,
        open_by_prefix_list,
        all_traffic_open,
        all_ports_open,
        range_covers_ssh,
        default_group_with_rules,
        unattached_open_group,
        database_open,
        acl_admits_administration,
        data_subnet_with_internet_route,
        blackhole_route,
        peering_route_too_wide,
        data_subnet_gives_public_addresses,
        instance_metadata_v1,
        data_instance_with_public_address,
        vpc_without_flow_logs,
        vpc_without_tags,
        no_source_destination_check,
        gateway_on_isolated_vpc,
        file_share_open,
        address_unused,
    )
}


@pytest.mark.parametrize("code", sorted(MISCONFIGURATIONS))
def test_every_misconfiguration_is_there_beside_a_healthy_one(view, code):
    assert PRESENT[code](view)


def test_no_check_is_left_without_a_misconfiguration():
    assert set(PRESENT) == set(MISCONFIGURATIONS)


def test_there_are_several_hundred_resources_in_two_regions(view):
    counted = sum(len(v) for (_, _, k), v in view.truth.items() if k != "ec2.managed-prefix-list")
    assert counted > 400
    regions = {
        region for (_, region, kind), rows in view.truth.items() if rows and kind == "ec2.vpc"
    }
    assert regions == {EUROPE, AMERICA}


def test_accounts_sit_in_nested_units_and_one_is_suspended(view):
    client = view.lab.client("organizations", "management", AMERICA)
    accounts = {a["Name"]: a for a in client.list_accounts()["Accounts"]}
    assert [n for n, a in accounts.items() if a["Status"] == "SUSPENDED"] == ["legacy"]
    assert len(accounts) == 9

    def unit_of(child):
        parent = client.list_parents(ChildId=child)["Parents"][0]["Id"]
        unit = client.describe_organizational_unit(OrganizationalUnitId=parent)
        return unit["OrganizationalUnit"]

    inner = unit_of(accounts["production"]["Id"])
    assert (inner["Name"], unit_of(inner["Id"])["Name"]) == ("Prod", "Workloads")


def test_managed_services_have_their_interfaces(view):
    shop = view.named("production", EUROPE, "vpc", "shop")["VpcId"]
    interfaces = [
        e
        for e in view.all("production", EUROPE, "network-interface").values()
        if e["VpcId"] == shop and e["RequesterManaged"]
    ]
    kinds = {(e["RequesterId"], e["InterfaceType"]) for e in interfaces}
    assert kinds == {
        ("amazon-elb", "interface"),
        ("amazon-rds", "interface"),
        ("amazon-lambda", "lambda"),
        ("amazon-aws", "nat_gateway"),
        ("amazon-aws", "vpc_endpoint"),
    }
    balancers = [e for e in interfaces if e["RequesterId"] == "amazon-elb"]
    assert all(e["Description"].startswith("ELB app/shop/") for e in balancers)
    assert all(e["Association"]["PublicIp"] and e["Groups"] for e in balancers)


def test_every_address_lies_in_its_subnet_and_is_used_once(view):
    for (account, region, kind), rows in view.truth.items():
        if kind != "ec2.network-interface":
            continue
        subnets = view.truth[account, region, "ec2.subnet"]
        used = [(e["SubnetId"], e["PrivateIpAddress"]) for e in rows.values()]
        assert len(used) == len(set(used))
        for subnet, address in used:
            network = ipaddress.ip_network(subnets[subnet]["CidrBlock"])
            assert ipaddress.ip_address(address) in list(network)[4:-1]
        for eni in rows.values():
            if "Association" in eni:
                assert ipaddress.ip_address(eni["Association"]["PublicIp"]).is_global


def test_services_answer_for_themselves(view):
    lab = view.lab
    balancers = lab.client("elbv2").describe_load_balancers()["LoadBalancers"]
    assert {b["LoadBalancerName"] for b in balancers} == {"shop", "billing"}
    databases = lab.client("rds").describe_db_instances()["DBInstances"]
    assert {d["DBInstanceIdentifier"] for d in databases} == {"shop", "billing"}
    functions = lab.client("lambda").list_functions()["Functions"]
    shop = view.named("production", EUROPE, "vpc", "shop")["VpcId"]
    vpcs = {f["FunctionName"]: f["VpcConfig"]["VpcId"] for f in functions}
    assert vpcs["shop-events"] == shop
    assert set(lab.client("dynamodb").list_tables()["TableNames"]) == {
        "shop-orders",
        "billing-orders",
    }


def test_a_default_vpc_exists_in_one_place_only(view):
    default = [
        (account, region)
        for (account, region, kind), rows in view.truth.items()
        if kind == "ec2.vpc" and any(r["IsDefault"] for r in rows.values())
    ]
    assert default == [(view.lab.accounts["sandbox"], AMERICA)]


def test_one_seed_makes_one_organisation_and_another_seed_another(view):
    before, accounts = view.truth, dict(view.lab.accounts)
    view.lab.stop()
    try:
        started = time.process_time()
        with Lab(scenario="organisation", throttle=False) as again:
            assert time.process_time() - started < 6
            assert again.truth() == before
            assert again.accounts == accounts
        with Lab(scenario="organisation", throttle=False, seed=8) as other:
            assert set(other.accounts.values()) != set(accounts.values())
    finally:
        view.lab.start()


def test_the_readme_lists_what_is_wrong():
    text = (Path(__file__).parents[2] / "lab" / "README.md").read_text()
    for code, place in MISCONFIGURATIONS.items():
        assert f"| `{code}` | {place[0]} | {place[1]} | `{place[2]}` | {place[3]} |" in text
