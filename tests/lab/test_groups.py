"""Security groups answer as AWS's do."""

import pytest

from .errors import refused

TAGS = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "Ticket", "Value": "INC-1"}]}]


def permission(low, *cidrs, high=None, protocol="tcp", text=None):
    described = {"Description": text} if text else {}
    return {
        "IpProtocol": protocol,
        "FromPort": low,
        "ToPort": high or low,
        "IpRanges": [{"CidrIp": cidr, **described} for cidr in cidrs],
    }


def rules_of(client, group, *, egress=False):
    found = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [rule for rule in found["SecurityGroupRules"] if rule["IsEgress"] is egress]


def test_authorizing_answers_with_every_rule_added(developer, group):
    answer = developer.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            permission(22, "10.0.0.0/8", "192.168.0.0/16", text="inside"),
            permission(80, "0.0.0.0/0", high=443),
            {"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "2001:DB8:0::/32"}]},
            {
                "IpProtocol": "tcp",
                "FromPort": 1,
                "ToPort": 2,
                "UserIdGroupPairs": [{"GroupId": group, "Description": "myself"}],
            },
        ],
        TagSpecifications=TAGS,
    )
    added = answer["SecurityGroupRules"]
    assert added == rules_of(developer, group)
    assert [r.get("CidrIpv4") or r.get("CidrIpv6") for r in added] == [
        "10.0.0.0/8",
        "192.168.0.0/16",
        "0.0.0.0/0",
        "2001:db8::/32",
        None,
    ]
    assert all(rule["Tags"] == TAGS[0]["Tags"] for rule in added)
    everything = added[3]
    assert (everything["IpProtocol"], everything["FromPort"], everything["ToPort"]) == (
        "-1",
        -1,
        -1,
    )
    pair = added[4]
    assert pair["Description"] == "myself"
    assert pair["ReferencedGroupInfo"]["GroupId"] == group


def test_both_views_of_a_group_say_the_same(developer, group):
    developer.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[permission(22, "10.0.0.0/8", text="inside"), permission(22, "0.0.0.0/0")],
    )
    view = developer.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert view["IpPermissions"] == [
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "IpRanges": [
                {"CidrIp": "10.0.0.0/8", "Description": "inside"},
                {"CidrIp": "0.0.0.0/0"},
            ],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
            "UserIdGroupPairs": [],
        }
    ]


def test_a_call_with_one_duplicate_adds_nothing(developer, group):
    developer.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission(22, "0.0.0.0/0")]
    )
    again = [permission(23, "0.0.0.0/0"), permission(22, "0.0.0.0/0", text="other words")]
    code = refused(developer.authorize_security_group_ingress, GroupId=group, IpPermissions=again)
    assert code == "InvalidPermission.Duplicate"
    assert len(rules_of(developer, group)) == 1


def test_revoking_by_id_answers_with_the_rules_removed(developer, group):
    added = developer.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[permission(22, "0.0.0.0/0", text="open"), permission(23, "0.0.0.0/0")],
        TagSpecifications=TAGS,
    )["SecurityGroupRules"]
    gone = added[0]["SecurityGroupRuleId"]
    answer = developer.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[gone])
    assert answer["Return"] is True
    assert answer["RevokedSecurityGroupRules"] == [
        {
            "SecurityGroupRuleId": gone,
            "GroupId": group,
            "IsEgress": False,
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "CidrIpv4": "0.0.0.0/0",
            "Description": "open",
        }
    ]
    left = [rule["SecurityGroupRuleId"] for rule in rules_of(developer, group)]
    assert left == [added[1]["SecurityGroupRuleId"]]


def test_revoking_what_is_not_there_names_the_reason_and_removes_nothing(developer, group):
    added = developer.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission(22, "0.0.0.0/0")]
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    revoke = developer.revoke_security_group_ingress
    unknown = "sgr-00000000000000000"
    assert (
        refused(revoke, GroupId=group, SecurityGroupRuleIds=[added, unknown])
        == "InvalidSecurityGroupRuleId.NotFound"
    )
    both = [permission(22, "0.0.0.0/0"), permission(99, "0.0.0.0/0")]
    assert refused(revoke, GroupId=group, IpPermissions=both) == "InvalidPermission.NotFound"
    assert refused(revoke, GroupId="sg-00000000000000000", IpPermissions=both) == (
        "InvalidGroup.NotFound"
    )
    assert len(rules_of(developer, group)) == 1
    assert (
        refused(developer.describe_security_group_rules, SecurityGroupRuleIds=[unknown])
        == "InvalidSecurityGroupRuleId.NotFound"
    )


def test_revoking_by_permission_needs_no_description(developer, group):
    developer.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission(22, "0.0.0.0/0", text="open")]
    )
    developer.revoke_security_group_ingress(
        GroupId=group, IpPermissions=[permission(22, "0.0.0.0/0")]
    )
    assert rules_of(developer, group) == []


def test_a_new_group_lets_everything_out_until_that_is_revoked(developer, group):
    (out,) = rules_of(developer, group, egress=True)
    assert (out["IpProtocol"], out["CidrIpv4"]) == ("-1", "0.0.0.0/0")
    answer = developer.revoke_security_group_egress(
        GroupId=group, SecurityGroupRuleIds=[out["SecurityGroupRuleId"]]
    )
    assert answer["RevokedSecurityGroupRules"][0]["IsEgress"] is True
    added = developer.authorize_security_group_egress(
        GroupId=group, IpPermissions=[permission(443, "10.0.0.0/8")]
    )
    assert rules_of(developer, group, egress=True) == added["SecurityGroupRules"]


def test_modifying_a_rule_keeps_its_id_and_its_tags(developer, group):
    rule = developer.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[permission(22, "0.0.0.0/0", text="open")],
        TagSpecifications=TAGS,
    )["SecurityGroupRules"][0]
    developer.modify_security_group_rules(
        GroupId=group,
        SecurityGroupRules=[
            {
                "SecurityGroupRuleId": rule["SecurityGroupRuleId"],
                "SecurityGroupRule": {
                    "IpProtocol": "tcp",
                    "FromPort": 22,
                    "ToPort": 22,
                    "CidrIpv4": "10.0.0.0/8",
                    "Description": "closed",
                },
            }
        ],
    )
    (now,) = rules_of(developer, group)
    assert now == {**rule, "CidrIpv4": "10.0.0.0/8", "Description": "closed"}


def test_descriptions_change_by_id_and_by_permission(developer, group):
    rule = developer.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission(22, "0.0.0.0/0", text="first")]
    )["SecurityGroupRules"][0]
    developer.update_security_group_rule_descriptions_ingress(
        GroupId=group, IpPermissions=[permission(22, "0.0.0.0/0", text="second")]
    )
    assert rules_of(developer, group) == [{**rule, "Description": "second"}]
    developer.update_security_group_rule_descriptions_ingress(
        GroupId=group,
        SecurityGroupRuleDescriptions=[
            {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "Description": "third"}
        ],
    )
    assert rules_of(developer, group) == [{**rule, "Description": "third"}]


def test_rules_are_tagged_after_they_were_made(developer, group):
    rule = developer.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[permission(22, "0.0.0.0/0")]
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    developer.create_tags(Resources=[rule], Tags=TAGS[0]["Tags"])
    assert rules_of(developer, group)[0]["Tags"] == TAGS[0]["Tags"]


def test_prefix_lists_admit_and_keep_their_description(developer, group):
    made = developer.create_managed_prefix_list(
        PrefixListName="offices",
        AddressFamily="IPv4",
        MaxEntries=5,
        Entries=[{"Cidr": "198.51.100.0/24"}],
    )["PrefixList"]["PrefixListId"]
    source = [{"PrefixListId": made, "Description": "offices"}]
    developer.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": source}
        ],
    )
    (rule,) = rules_of(developer, group)
    assert (rule["PrefixListId"], rule["Description"]) == (made, "offices")
    view = developer.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]
    assert view["IpPermissions"][0]["PrefixListIds"] == source


def test_a_group_in_use_cannot_be_deleted(developer, group, vpc):
    other = developer.create_security_group(GroupName="refers", Description="x", VpcId=vpc)[
        "GroupId"
    ]
    source = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    developer.authorize_security_group_ingress(GroupId=other, IpPermissions=source)
    delete = developer.delete_security_group
    assert refused(delete, GroupId=group) == "DependencyViolation"
    bastion = developer.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["bastion"]}]
    )["SecurityGroups"][0]["GroupId"]
    assert refused(delete, GroupId=bastion) == "DependencyViolation"
    delete(GroupId=other)
    delete(GroupId=group)
    assert refused(developer.describe_security_groups, GroupIds=[group]) == "InvalidGroup.NotFound"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (permission(22, "not-a-network"), "InvalidParameterValue"),
        (permission(70000, "0.0.0.0/0"), "InvalidParameterValue"),
        ({"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}, "InvalidParameterValue"),
        (
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-00000000000000000"}]},
            "InvalidGroup.NotFound",
        ),
        (
            {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-00000000000000000"}]},
            "InvalidPrefixListID.NotFound",
        ),
    ],
)
def test_a_permission_that_makes_no_sense_is_refused(developer, group, given, code):
    call = developer.authorize_security_group_ingress
    assert refused(call, GroupId=group, IpPermissions=[given]) == code


def test_protocols_have_one_name_and_networks_one_form(developer, group):
    developer.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            permission(22, "10.1.2.3/8", protocol="6"),
            {"IpProtocol": "50", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
            permission(-1, "10.0.0.0/8", high=-1, protocol="icmp"),
        ],
    )
    shown = [
        (r["IpProtocol"], r["FromPort"], r["ToPort"], r["CidrIpv4"])
        for r in rules_of(developer, group)
    ]
    assert shown == [
        ("tcp", 22, 22, "10.0.0.0/8"),
        ("50", -1, -1, "10.0.0.0/8"),
        ("icmp", -1, -1, "10.0.0.0/8"),
    ]
