"""Framework files: complete, and wrong ones named by file, line and field."""

import pytest

from compliance.frameworks import FOLDER, FrameworkError, frameworks, parse

GOOD = """\
id: small
title: Small
version: "1"
publisher: Us
sections:
  - id: "1"
    title: One
    controls:
      - {id: "1.1", title: First, rules: [rule-a]}
      - {id: "1.2", title: Second, waits_for: No data.}
      - {id: "1.3", title: Third, out_of_scope: Other}
"""


def read(text):
    return parse(text, name="small.yaml", rules={"rule-a"})


def test_a_good_file_becomes_a_framework():
    framework = read(GOOD)
    assert framework.name == "Small 1"
    assert [control.id for control in framework.controls()] == ["1.1", "1.2", "1.3"]
    assert framework.rules() == {"rule-a"}
    assert [control.in_scope for control in framework.controls()] == [True, True, False]
    assert framework.control("1.2").waits_for == "No data."
    assert framework.control("9") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rules: [rule-a]", "rules: [rule-b]", "small.yaml:9: rules: 'rule-b' is no rule's id"),
        ("rules: [rule-a]", "rules: []", "small.yaml:9: rules: is empty"),
        ("rules: [rule-a]", "rules: rule-a", "small.yaml:9: rules: must be a list"),
        ("rules: [rule-a]", "rule: [rule-a]", "small.yaml:9: rule: is no field here"),
        (", rules: [rule-a]", "", "small.yaml:9: 1.1: needs exactly one of"),
        ("waits_for: No data.", "waits_for: ''", "small.yaml:10: waits_for: is empty"),
        ('id: "1.2"', "id: 1.2", "small.yaml:10: id: must be text; quote numbers"),
        ('id: "1.2"', 'id: "1.1"', "small.yaml:10: id: control 1.1 stands twice"),
        ("title: Third", "title: Third, title: Again", "small.yaml:11: title: stands twice"),
        ("publisher: Us\n", "", "small.yaml:1: publisher: is missing"),
        (
            "out_of_scope: Other",
            "out_of_scope: Other, rules: [rule-a]",
            "has rules and out_of_scope",
        ),
        ("    controls:", "    controls: 3\n    other:", "other: is no field here"),
        ("title: One", "title: [", "small.yaml:"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line_and_field(old, new, message):
    assert old in GOOD
    with pytest.raises(FrameworkError) as refused:
        read(GOOD.replace(old, new))
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["", "- a list\n", "just text\n"])
def test_a_file_of_another_shape_is_refused(text):
    with pytest.raises(FrameworkError, match=r"small\.yaml:1: "):
        read(text)


def test_every_shipped_framework_loads_and_names_existing_rules():
    assert set(frameworks()) == {path.stem for path in FOLDER.glob("*.yaml")}


def test_cis_5_has_all_its_controls_and_judges_the_network_part():
    cis = frameworks()["cis-aws-foundations-5.0"]
    controls = {control.id: control for control in cis.controls()}
    assert len(controls) == 63
    judged = {number for number, control in controls.items() if control.rules}
    assert judged == {"3.7", "5.1.2", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7"}
    waiting = {number for number, control in controls.items() if control.waits_for}
    assert waiting == {"2.2.3", "3.3", "4.10", "4.11", "4.12", "4.13", "4.14"}


def test_the_two_address_families_are_judged_by_different_rules():
    cis = frameworks()["cis-aws-foundations-5.0"]
    assert set(cis.control("5.3").rules).isdisjoint(cis.control("5.4").rules)
