import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from findings import dirty, locks
from findings.dirty import Place
from findings.evaluation import evaluate_dirty, evaluate_scope
from findings.models import EvaluationScope, Finding, Tally, Verdict
from inventory.models import Change
from inventory.states import ShardState
from tests import factories
from tests.factories import NOW, REGION

SSH = "sg-ingress-ssh-from-internet"


@pytest.fixture
def account(db):
    return factories.make_account()


@pytest.fixture
def network(account):
    return factories.make_network(account)


def judge(account):
    assert evaluate_scope(account.source_id, account.pk, REGION)


@pytest.mark.django_db
def test_an_open_group_becomes_a_finding_that_names_the_deciding_rule(account, network):
    judge(account)
    finding = Finding.objects.get(code=SSH)
    assert finding.resource == network["group"]
    assert [item["rule_id"] for item in finding.evidence["items"]] == ["sgr-sg-1"]
    assert "web" in finding.evidence["summary"]
    tally = Tally.objects.get(rule=SSH)
    assert (tally.passed, tally.failed, tally.unknown) == (0, 1, 0)


@pytest.mark.django_db
def test_a_rule_that_went_resolves_the_finding_and_the_tally_counts_a_pass(account, network):
    judge(account)
    factories.delete_resource(network["rule"])
    judge(account)
    assert Finding.objects.get(code=SSH).detection == "resolved"
    tally = Tally.objects.get(rule=SSH)
    assert (tally.passed, tally.failed, tally.passing) == (1, 0, [network["group"].pk])
    assert not Verdict.objects.filter(rule=SSH).exists()


@pytest.mark.django_db
def test_a_denied_listing_resolves_nothing_and_says_since_when(account, network):
    judge(account)
    denied = NOW + timedelta(hours=1)
    factories.set_shard(
        account,
        "ec2.security-group-rule",
        ShardState.DENIED,
        at=denied,
        missing_permission="ec2:DescribeSecurityGroupRules",
    )
    judge(account)
    finding = Finding.objects.get(code=SSH)
    assert (finding.detection, finding.not_assessed_since) == ("failing", denied)
    factories.delete_resource(network["rule"], at=denied)
    judge(account)
    finding.refresh_from_db()
    assert (finding.detection, finding.not_assessed_since) == ("failing", denied)
    unknown = Verdict.objects.get(rule=SSH)
    assert unknown.verdict == "unknown"
    assert any("ec2.security-group-rule" in name for name in unknown.missing)
    assert Tally.objects.get(rule=SSH).unknown == 1


@pytest.mark.django_db
def test_what_was_denied_and_is_read_again_is_resolved_by_evidence(account, network):
    judge(account)
    factories.set_shard(account, "ec2.security-group-rule", ShardState.DENIED)
    factories.delete_resource(network["rule"])
    judge(account)
    factories.set_shard(account, "ec2.security-group-rule", ShardState.OK)
    judge(account)
    finding = Finding.objects.get(code=SSH)
    assert (finding.detection, finding.not_assessed_since) == ("resolved", None)


@pytest.mark.django_db
def test_a_deleted_group_takes_its_findings_and_verdicts_with_it(account, network):
    judge(account)
    factories.delete_resource(network["rule"])
    factories.delete_resource(network["group"])
    judge(account)
    assert Finding.objects.get(code=SSH).detection == "gone"
    assert not Verdict.objects.filter(resource=network["group"]).exists()


@pytest.mark.django_db
def test_judging_again_what_did_not_change_writes_no_row(account, network):
    judge(account)
    before = (
        set(Tally.objects.values_list("pk", "generation", "at")),
        set(Verdict.objects.values_list("pk", "at")),
        Finding.objects.get(code=SSH).events.count(),
    )
    judge(account)
    assert before == (
        set(Tally.objects.values_list("pk", "generation", "at")),
        set(Verdict.objects.values_list("pk", "at")),
        Finding.objects.get(code=SSH).events.count(),
    )
    assert EvaluationScope.objects.get().evaluated == 2


@pytest.mark.django_db
def test_an_import_is_judged_like_any_other_source():
    source = factories.make_source(kind="import")
    account = factories.make_account(source)
    factories.make_network(account)
    judge(account)
    assert Finding.objects.filter(code=SSH, resource__source=source).exists()


@pytest.mark.django_db
def test_findings_of_one_account_are_not_touched_by_another_one(account, network):
    judge(account)
    other = factories.make_account(account.source)
    factories.make_network(other, vpc="vpc-2", group="sg-2", open_ssh=False)
    judge(other)
    assert Finding.objects.get(code=SSH).detection == "failing"
    assert Tally.objects.get(account=other, rule=SSH).passed == 1


@pytest.mark.django_db
def test_a_change_on_one_side_of_a_peering_makes_the_other_side_dirty(account):
    other = factories.make_account(account.source)
    far = "us-east-1"
    factories.make_resource(
        "ec2.vpc-peering-connection",
        {
            "VpcPeeringConnectionId": "pcx-1",
            "RequesterVpcInfo": {"OwnerId": account.account_id, "Region": REGION, "VpcId": "vpc-1"},
            "AccepterVpcInfo": {"OwnerId": other.account_id, "Region": far, "VpcId": "vpc-2"},
            "Status": {"Code": "active"},
            "Tags": [],
        },
        account=account,
    )
    Change.objects.all().delete()
    factories.make_resource("ec2.vpc", factories.raw_vpc("vpc-2"), account=other, region=far)
    dirty.mark_changed(list(Change.objects.all()))
    marked = set(EvaluationScope.objects.values_list("account", "region"))
    assert marked == {(account.pk, REGION), (other.pk, far)}


@pytest.mark.django_db
def test_an_empty_region_is_settled_without_a_look(account):
    dirty.mark([Place(account.pk, "eu-west-3")], now=timezone.now())
    assert dirty.waiting() == []
    scope = EvaluationScope.objects.get()
    assert scope.evaluated == scope.marked == 1


@pytest.mark.django_db
def test_a_mark_that_arrives_while_a_scope_is_judged_leaves_it_dirty(account, network):
    place = Place(account.pk, REGION)
    dirty.mark([place], now=NOW)
    (scope,) = dirty.waiting()
    dirty.mark([place], now=NOW)
    dirty.done(scope.pk, generation=scope.marked, at=NOW)
    assert [left.marked for left in dirty.waiting()] == [2]


@pytest.mark.django_db(transaction=True)
def test_the_change_log_is_followed_until_nothing_is_dirty():
    account = factories.make_account()
    network = factories.make_network(account)
    assert evaluate_dirty() == 1
    assert Finding.objects.get(code=SSH).detection == "failing"
    factories.delete_resource(network["rule"])
    assert evaluate_dirty() == 1
    assert Finding.objects.get(code=SSH).detection == "resolved"
    assert evaluate_dirty() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_each_finding_once():
    account = factories.make_account()
    for number in range(5):
        factories.make_network(account, vpc=f"vpc-{number}", group=f"sg-{number}")
    errors, start = [], threading.Barrier(4)

    def work():
        try:
            start.wait()
            evaluate_dirty()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    evaluate_dirty()
    findings = Finding.objects.filter(code=SSH)
    assert findings.count() == 5
    assert {finding.events.count() for finding in findings} == {1}
    assert not EvaluationScope.objects.exclude(evaluated=1).exists()


@pytest.mark.django_db(transaction=True)
def test_a_scope_that_another_worker_holds_is_left_to_it_and_stays_dirty():
    account = factories.make_account()
    factories.make_network(account)
    dirty.mark([Place(account.pk, REGION)], now=NOW)
    scope = EvaluationScope.objects.get()
    taken, release, seen = threading.Event(), threading.Event(), []

    def hold():
        with locks.only_one(locks.EVALUATION, scope.pk) as held:
            seen.append(held)
            taken.set()
            release.wait(10)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert taken.wait(10)
    assert evaluate_scope(account.source_id, account.pk, REGION) is False
    release.set()
    thread.join()
    assert seen == [True]
    assert [left.pk for left in dirty.waiting()] == [scope.pk]
    assert evaluate_scope(account.source_id, account.pk, REGION) is True


@pytest.mark.django_db
def test_a_change_of_a_shared_vpc_makes_its_participants_dirty(account, network):
    participant = factories.make_account(account.source)
    factories.make_resource(
        "ec2.security-group", factories.raw_group("sg-9", vpc="vpc-1"), account=participant
    )
    Change.objects.all().delete()
    factories.log_change(network["vpc"], "U")
    dirty.mark_changed(list(Change.objects.all()))
    marked = set(EvaluationScope.objects.values_list("account", flat=True))
    assert marked == {account.pk, participant.pk}
