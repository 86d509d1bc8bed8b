"""A lab with a state folder is the same after a restart, changes and all."""

import json

import pytest

from lab.server import Lab, LabError

PERMISSION = {"IpProtocol": "tcp", "FromPort": 8443, "ToPort": 8443}


@pytest.fixture
def state(tmp_path):
    return tmp_path / "lab"


def small(state):
    return Lab(scenario="small", state=state, throttle=False)


def bastion(client):
    found = client.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["bastion"]}])
    return found["SecurityGroups"][0]["GroupId"]


def change(lab):
    client = lab.client("ec2")
    group = bastion(client)
    rules = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    (ssh,) = [r for r in rules["SecurityGroupRules"] if not r["IsEgress"]]
    client.revoke_security_group_ingress(
        GroupId=group, SecurityGroupRuleIds=[ssh["SecurityGroupRuleId"]]
    )
    client.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{**PERMISSION, "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "d"}]}],
        TagSpecifications=[
            {"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "b"}]}
        ],
    )
    vpc = client.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = client.describe_subnets()["Subnets"][0]["SubnetId"]
    address = client.allocate_address(Domain="vpc")["AllocationId"]
    client.create_nat_gateway(SubnetId=subnet, AllocationId=address)
    client.run_instances(
        ImageId="ami-1", InstanceType="t3.nano", MinCount=1, MaxCount=1, SubnetId=subnet
    )
    lab.client("ec2", "security", "us-east-1").create_vpc(CidrBlock="10.1.0.0/16")
    peer = lab.client("ec2", "security").create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    client.create_vpc_peering_connection(
        VpcId=vpc, PeerVpcId=peer, PeerOwnerId=lab.accounts["security"]
    )
    return ssh["SecurityGroupRuleId"]


def test_changes_survive_with_their_ids_addresses_and_moments(state, capfd):
    with small(state) as lab:
        revoked = change(lab)
        before, keys = lab.truth(), lab.connection
    with small(state) as lab:
        assert lab.truth() == before
        assert {k: v for k, v in lab.connection.items() if k != "endpoint"} == {
            k: v for k, v in keys.items() if k != "endpoint"
        }
        rules = lab.truth()[lab.accounts["production"], "eu-central-1", "ec2.security-group-rule"]
        assert revoked not in rules
        lab.client("ec2").create_vpc(CidrBlock="10.3.0.0/16")
        before = lab.truth()
    with small(state) as lab:
        assert lab.truth() == before
    assert capfd.readouterr().err == ""


def test_reads_between_changes_do_not_change_ids(tmp_path):
    def after(reads, state):
        with small(state) as lab:
            for region in ("eu-west-1", "us-east-1")[:reads]:
                lab.client("ec2", "production", region).describe_vpcs()
            made = lab.client("ec2").create_vpc(CidrBlock="10.3.0.0/16")
            return made["Vpc"]["VpcId"]

    assert after(0, tmp_path / "a") == after(2, tmp_path / "b")


def test_a_refused_change_is_not_kept(state):
    with small(state) as lab:
        client = lab.client("ec2")
        with pytest.raises(client.exceptions.ClientError):
            client.create_vpc(CidrBlock="10.0.0.0/8")
        client.describe_vpcs()
    assert (state / "journal.jsonl").read_text() == ""


def test_a_damaged_last_line_is_skipped_and_named(state, capfd):
    with small(state) as lab:
        made = lab.client("ec2").create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
        lab.client("ec2").create_vpc(CidrBlock="10.4.0.0/16")
    journal = state / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-30])
    with small(state) as lab:
        vpcs = lab.truth()[lab.accounts["production"], "eu-central-1", "ec2.vpc"]
        assert made in vpcs
        assert len(vpcs) == 2
        lab.client("ec2").create_vpc(CidrBlock="10.5.0.0/16")
        before = lab.truth()
    assert "last line is damaged" in capfd.readouterr().err
    with small(state) as lab:
        assert lab.truth() == before


def test_damage_in_the_middle_stops_the_start(state):
    with small(state) as lab:
        lab.client("ec2").create_vpc(CidrBlock="10.3.0.0/16")
        lab.client("ec2").create_vpc(CidrBlock="10.4.0.0/16")
    journal = state / "journal.jsonl"
    first, second = journal.read_text().splitlines()
    journal.write_text(first[:-20] + "\n" + second + "\n")
    with pytest.raises(LabError, match="line 1 is damaged"):
        small(state).start()


def test_a_folder_of_another_seed_is_refused(state):
    with small(state):
        pass
    with pytest.raises(LabError, match="choose another folder"):
        Lab(scenario="small", state=state, seed=8).start()


def test_what_the_folder_holds_is_for_its_owner_only(state):
    with small(state) as lab:
        kept = json.loads((state / "lab.json").read_text())
        assert kept == lab.connection
    assert (state / "lab.json").stat().st_mode & 0o777 == 0o600
    assert (state / "journal.jsonl").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700


def test_a_second_lab_in_one_process_is_refused():
    second = Lab(scenario="small")
    with Lab(scenario="small"):
        with pytest.raises(LabError, match="another lab"):
            second.start()
        second.stop()
        with pytest.raises(LabError, match="another lab"):
            second.start()
    with second:
        assert second.truth()
