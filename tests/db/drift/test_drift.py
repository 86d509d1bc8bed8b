from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from drift import canon, compare, selectors, services
from drift.models import Baseline
from drift.states import TrustLevel
from findings.evaluation import evaluate_scope
from findings.models import Finding
from findings.states import Kind
from identity.models import AuditEvent
from identity.problems import DomainError
from inventory.models import Change
from inventory.states import ShardState
from tests import factories
from tests.factories import NOW, REGION

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def account():
    return factories.make_account()


@pytest.fixture
def network(account):
    return factories.make_network(account, open_ssh=False)


@pytest.fixture
def analyst():
    return factories.make_user("analyst")


@pytest.fixture
def baseline(network, analyst):
    return services.capture(network["vpc"].pk, actor=analyst, now=NOW).baseline


def add_rule(account, **more):
    raw = factories.raw_rule("sgr-new", group="sg-1", **more)
    return factories.make_resource("ec2.security-group-rule", raw, account=account, at=NOW + HOUR)


def look(baseline):
    compare.mark([baseline.pk])
    assert compare.compare_baseline(baseline.pk)
    baseline.refresh_from_db()
    return list(selectors.drifts_of(baseline))


def test_a_captured_vpc_holds_what_belongs_to_it_and_differs_in_nothing(baseline, network):
    version = baseline.versions.get()
    assert version.number == 1
    assert {entry["id"] for entry in version.entries} == {"vpc-1", "sg-1", "sgr-sg-1"}
    assert look(baseline) == []
    assert AuditEvent.objects.filter(action="baseline.captured").count() == 1


def test_an_added_rule_is_drift_on_its_group_with_before_and_after(account, network, baseline):
    add_rule(account, description="debug")
    (found,) = look(baseline)
    assert (found.kind, found.code) == (Kind.DRIFT, "drift-sg-rule-added")
    assert found.resource == network["group"]
    assert len(found.discriminator) == 32
    evidence = Finding.objects.get(pk=found.pk).evidence
    assert evidence["before"] is None
    assert evidence["after"]["Description"] == "debug"
    assert evidence["rule_ids"] == ["sgr-new"]
    assert (evidence["baseline"], evidence["version"]) == (baseline.pk, 1)
    assert evidence["class"] == "security"
    assert evidence["first_observed"] == (NOW + HOUR).isoformat()
    assert "0.0.0.0/0" in evidence["summary"]
    assert baseline.open_drifts == 1


def test_drift_that_is_undone_is_resolved_by_evidence(account, baseline):
    rule = add_rule(account)
    (found,) = look(baseline)
    factories.delete_resource(rule)
    assert look(baseline) == []
    found.refresh_from_db()
    assert found.detection == "resolved"


def test_a_removed_rule_is_availability_drift_with_what_it_was(network, baseline):
    factories.delete_resource(network["rule"], at=NOW + HOUR)
    (found,) = look(baseline)
    assert found.code == "drift-sg-rule-removed"
    evidence = Finding.objects.get(pk=found.pk).evidence
    assert (evidence["after"], evidence["before"]["CidrIpv4"]) == (None, "10.0.0.0/8")
    assert (evidence["class"], evidence["rule_ids"]) == ("availability", [])
    assert evidence["first_observed"] == (NOW + HOUR).isoformat()


def test_a_rule_written_again_under_a_new_id_is_no_drift(account, network, baseline):
    factories.delete_resource(network["rule"])
    raw = factories.raw_rule("sgr-again", ports=(443, 443), cidr="10.0.0.0/8")
    factories.make_resource("ec2.security-group-rule", raw, account=account)
    assert look(baseline) == []


def test_a_listing_that_cannot_be_relied_on_never_yields_removed(account, network, baseline):
    factories.set_shard(account, "ec2.security-group-rule", ShardState.DENIED)
    factories.delete_resource(network["rule"])
    assert look(baseline) == []
    assert any("ec2.security-group-rule" in text for text in baseline.unknown_shards)
    factories.set_shard(account, "ec2.security-group-rule", ShardState.OK)
    assert [row.code for row in look(baseline)] == ["drift-sg-rule-removed"]


def test_a_denied_listing_resolves_no_drift_and_says_since_when(account, baseline):
    rule = add_rule(account)
    (found,) = look(baseline)
    denied = NOW + 2 * HOUR
    factories.set_shard(account, "ec2.security-group-rule", ShardState.DENIED, at=denied)
    look(baseline)
    found.refresh_from_db()
    assert (found.detection, found.not_assessed_since) == ("failing", denied)
    factories.delete_resource(rule)
    look(baseline)
    found.refresh_from_db()
    assert (found.detection, found.not_assessed_since) == ("failing", denied)


def test_a_deleted_group_is_told_once(network, baseline):
    factories.delete_resource(network["rule"])
    factories.delete_resource(network["group"])
    (found,) = look(baseline)
    assert (found.code, found.resource) == ("drift-resource-removed", network["group"])


def test_a_lost_tag_is_management_drift(network, account):
    factories.change_resource(
        network["group"], factories.raw_group(Tags=[{"Key": "Owner", "Value": "net"}])
    )
    user = factories.make_user("analyst")
    baseline = services.capture(network["vpc"].pk, actor=user, now=NOW).baseline
    factories.change_resource(network["group"], factories.raw_group())
    (found,) = look(baseline)
    evidence = Finding.objects.get(pk=found.pk).evidence
    assert (evidence["class"], evidence["fields"]) == ("management", ["Tags.Owner"])


def test_capturing_is_refused_while_a_composing_listing_is_not_good(account, network, analyst):
    factories.set_shard(
        account,
        "ec2.network-acl",
        ShardState.DENIED,
        missing_permission="ec2:DescribeNetworkAcls",
    )
    with pytest.raises(DomainError, match=r"ec2.network-acl .*ec2:DescribeNetworkAcls"):
        services.capture(network["vpc"].pk, actor=analyst, now=NOW)
    assert not Baseline.objects.exists()


def test_capturing_again_needs_a_reason_and_settles_the_drift(account, network, baseline, analyst):
    add_rule(account)
    look(baseline)
    with pytest.raises(DomainError, match="reason"):
        services.capture(network["vpc"].pk, actor=analyst, now=NOW)
    version = services.capture(network["vpc"].pk, actor=analyst, now=NOW, reason="agreed")
    assert version.number == 2
    assert look(baseline) == []
    assert Finding.objects.get(kind=Kind.DRIFT).detection == "resolved"


def test_a_new_canonical_form_is_no_drift(baseline):
    version = baseline.versions.get()
    for entry in version.entries:
        entry["config"] = {"Written": "in an older form"}
    version.canon_version = canon.VERSION - 1
    version.save()
    assert look(baseline) == []
    version.refresh_from_db()
    assert version.canon_version == canon.VERSION


def test_judging_rules_leaves_drift_alone_and_the_other_way_round(account, baseline):
    add_rule(account)
    look(baseline)
    evaluate_scope(account.source_id, account.pk, REGION)
    look(baseline)
    kinds = Finding.objects.filter(detection="failing").values_list("kind", flat=True)
    assert {Kind.DRIFT, Kind.MISCONFIGURATION} <= set(kinds)
    assert Finding.objects.filter(kind=Kind.DRIFT, detection="failing").count() == 1


def test_a_change_marks_the_baselines_of_its_place_only(account, baseline):
    other = factories.make_account(account.source)
    factories.make_network(other, vpc="vpc-2", group="sg-2")
    Change.objects.all().delete()
    Baseline.objects.update(marked=0, compared=0)
    factories.set_shard(other, "ec2.security-group-rule", ShardState.DENIED)
    compare.mark_changed(list(Change.objects.all()))
    assert Baseline.objects.get().marked == 0
    add_rule(account)
    compare.mark_changed(list(Change.objects.all()))
    assert Baseline.objects.get().marked == 1


def test_what_repairs_by_itself_needs_two_admins_and_lowering_one(baseline):
    one, two = factories.make_user("admin"), factories.make_user("admin")
    services.ask_trust(baseline.pk, level=TrustLevel.AUTO, actor=one, now=NOW, reason="trusted")
    baseline.refresh_from_db()
    assert (baseline.trust_level, baseline.pending_level) == ("observe", "auto")
    with pytest.raises(DomainError, match="Another admin"):
        services.confirm_trust(baseline.pk, actor=one, now=NOW)
    with pytest.raises(DomainError, match="older than a day"):
        services.confirm_trust(baseline.pk, actor=two, now=NOW + timedelta(days=2))
    services.confirm_trust(baseline.pk, actor=two, now=NOW + HOUR)
    baseline.refresh_from_db()
    assert (baseline.trust_level, baseline.auto_asked_by, baseline.auto_confirmed_by) == (
        "auto",
        one,
        two,
    )
    services.ask_trust(baseline.pk, level=TrustLevel.OBSERVE, actor=one, now=NOW)
    baseline.refresh_from_db()
    assert (baseline.trust_level, baseline.auto_confirmed_by) == ("observe", None)
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"baseline.trust-asked", "baseline.trust-confirmed", "baseline.trust-set"} <= actions


def test_levels_where_a_person_decides_are_set_at_once(baseline):
    admin = factories.make_user("admin")
    services.ask_trust(baseline.pk, level=TrustLevel.APPROVE, actor=admin, now=NOW)
    assert Baseline.objects.get().trust_level == "approve"


def test_a_question_can_be_withdrawn(baseline):
    one, two = factories.make_user("admin"), factories.make_user("admin")
    services.ask_trust(baseline.pk, level=TrustLevel.AUTO, actor=one, now=NOW, reason="x")
    services.ask_trust(baseline.pk, level=TrustLevel.OBSERVE, actor=two, now=NOW)
    with pytest.raises(DomainError, match="Nobody asked"):
        services.confirm_trust(baseline.pk, actor=two, now=NOW)


@pytest.mark.parametrize("level", ["auto", "add-back"])
def test_the_database_itself_refuses_one_admin_alone(baseline, level):
    admin = factories.make_user("admin")
    with pytest.raises(IntegrityError, match="auto_needs_two_admins"), transaction.atomic():
        Baseline.objects.update(trust_level=level, auto_asked_by=admin, auto_confirmed_by=admin)


def test_a_baseline_that_repairs_by_itself_is_captured_again_by_admins_only(
    account, network, baseline, analyst
):
    one, two = factories.make_user("admin"), factories.make_user("admin")
    services.ask_trust(baseline.pk, level=TrustLevel.AUTO, actor=one, now=NOW, reason="x")
    services.confirm_trust(baseline.pk, actor=two, now=NOW)
    with pytest.raises(DomainError, match="admin"):
        services.capture(network["vpc"].pk, actor=analyst, now=NOW, reason="mine")
    assert services.capture(network["vpc"].pk, actor=one, now=NOW, reason="ours").number == 2


@pytest.mark.parametrize(("settle", "age"), [(-1, 900), (30, 10), (4_000, 900), (900, 900)])
def test_limits_that_make_no_sense_are_refused(baseline, settle, age):
    with pytest.raises(DomainError):
        services.set_limits(
            baseline.pk,
            settle_seconds=settle,
            max_age_seconds=age,
            actor=factories.make_user("admin"),
            now=NOW,
        )


def test_the_baseline_of_a_rule_is_that_of_its_group_s_vpc(network, baseline):
    for row in network.values():
        assert selectors.covering(row.pk) == baseline
    assert selectors.covering(0) is None


def test_a_shared_gateway_that_moved_is_told_by_both_without_a_quarrel(account, analyst):
    first = factories.make_network(account, vpc="vpc-1", group="sg-1")
    second = factories.make_network(account, vpc="vpc-2", group="sg-2")

    def attached(vpc):
        return {
            "InternetGatewayId": "igw-1",
            "Attachments": [{"VpcId": vpc, "State": "available"}],
            "Tags": [],
        }

    gateway = factories.make_resource("ec2.internet-gateway", attached("vpc-1"), account=account)
    one = services.capture(first["vpc"].pk, actor=analyst, now=NOW).baseline
    two = services.capture(second["vpc"].pk, actor=analyst, now=NOW).baseline
    factories.change_resource(gateway, attached("vpc-2"))
    for _ in range(2):
        assert [row.code for row in look(one)] == ["drift-resource-removed"]
        assert [row.code for row in look(two)] == ["drift-resource-added"]
    assert Finding.objects.filter(kind=Kind.DRIFT, times_reopened__gt=0).count() == 0
