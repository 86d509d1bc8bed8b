"""The roles that we tell people to make: current, and exactly enough."""

from dataclasses import replace

import pytest
import yaml

from cspm.management.commands.aws_roles import FOLDER, templates
from inventory import scanning, services
from inventory.collectors import COLLECTORS, ORGANISATION_ACTIONS
from inventory.models import Shard


def document(name, policy=0):
    role = yaml.safe_load(templates()[name])["Resources"]["Role"]["Properties"]
    return role["Policies"][policy]["PolicyDocument"]


def actions(policy):
    found = set()
    for statement in policy["Statement"]:
        given = statement["Action"]
        found.update([given] if isinstance(given, str) else given)
    return found


@pytest.mark.parametrize("name", ["read-role.yaml", "remediation-role.yaml"])
def test_the_files_are_current(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == templates()[name], (
        "run manage.py aws_roles"
    )


def test_the_reading_role_may_list_and_nothing_else():
    given = actions(document("read-role.yaml"))
    for collector in COLLECTORS.values():
        assert set(collector.iam_actions) <= given
    assert all(action.partition(":")[2].startswith(("Describe", "Get")) for action in given)
    text = templates()["read-role.yaml"]
    assert all(action in text for action in ORGANISATION_ACTIONS)


def test_every_write_is_confined_to_groups_and_their_rules():
    for statement in document("remediation-role.yaml")["Statement"]:
        if all(":Describe" in action for action in statement["Action"]):
            continue
        for resource in statement["Resource"]:
            assert resource["Fn::Sub"].endswith((":security-group/*", ":security-group-rule/*"))


def test_both_roles_ask_for_the_external_id():
    for name in templates():
        role = yaml.safe_load(templates()[name])["Resources"]["Role"]["Properties"]
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            assert statement["Condition"]["StringEquals"] == {
                "sts:ExternalId": {"Ref": "ExternalId"}
            }


@pytest.mark.django_db
def test_the_reading_role_is_enough_for_a_whole_scan(lab, production):
    key = (production.account_id, lab.connection["read_role"])
    role = lab.directory.roles[key]
    lab.directory.roles[key] = replace(role, policies=[document("read-role.yaml")])
    try:
        services.start_scan(production.source_id, accounts=[production.pk], actor=None)
        while scanning.run_next():
            pass
    finally:
        lab.directory.roles[key] = role
    assert set(Shard.objects.values_list("state", flat=True)) == {"ok"}
    assert not Shard.objects.exclude(missing_permission="").exists()
