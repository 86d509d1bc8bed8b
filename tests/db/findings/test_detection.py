from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Q

from findings.detection import Key, Observation, Seen, observe, settle
from findings.lifecycle import Action, Sight
from findings.models import Finding, FindingEvent, Waiver
from findings.services import decide, wake_due
from findings.states import Kind, Severity
from identity.models import AuditEvent
from identity.problems import DomainError
from tests import factories
from tests.factories import NOW

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def group():
    return factories.make_network(factories.make_account())["group"]


def seen(resource, **more):
    return Observation(
        **{
            "kind": Kind.MISCONFIGURATION,
            "code": "sg-ingress-ssh-from-internet",
            "resource_id": resource.pk,
            "discriminator": "",
            "title": "Security group opens SSH to the Internet",
            "severity": Severity.HIGH,
            "severity_reason": "",
            "evidence": {"summary": "web admits SSH from 0.0.0.0/0", "items": []},
            **more,
        }
    )


def judge_all(sight, since=None):
    return lambda key, deleted: Seen(sight, since)


def end(sight, *, at, since=None):
    return settle(Q(), kind=Kind.MISCONFIGURATION, judge=judge_all(sight, since), at=at)


def kinds(finding):
    return list(finding.events.order_by("id").values_list("kind", flat=True))


def test_a_failure_becomes_one_finding_however_often_it_is_seen(group, django_assert_num_queries):
    assert observe([seen(group)], at=NOW).opened == 1
    with django_assert_num_queries(4):  # savepoint, read, waivers, release
        assert observe([seen(group)], at=NOW + HOUR).total == 0
    finding = Finding.objects.get()
    assert (finding.detection, finding.triage) == ("failing", "new")
    assert (finding.first_seen, finding.failing_since) == (NOW, NOW)
    assert kinds(finding) == ["detected"]


def test_a_finding_is_resolved_by_evidence_and_comes_back_as_new(group):
    observe([seen(group)], at=NOW)
    finding = Finding.objects.get()
    user = factories.make_user("analyst")
    decide(finding.pk, Action.FALSE_POSITIVE, actor=user, now=NOW, reason="a lab")
    assert end(Sight.PASSING, at=NOW + HOUR).resolved == 1
    observe([seen(group)], at=NOW + 2 * HOUR)
    finding.refresh_from_db()
    assert (finding.detection, finding.triage, finding.times_reopened) == ("failing", "new", 1)
    assert (finding.failing_since, finding.resolved_at) == (NOW + 2 * HOUR, None)
    assert kinds(finding) == ["detected", "false-positive", "resolved", "regressed"]


def test_what_could_not_be_assessed_stays_failing_and_says_since_when(group):
    observe([seen(group)], at=NOW)
    assert end(Sight.UNKNOWN, at=NOW + 2 * HOUR, since=NOW + HOUR).not_assessed == 1
    assert end(Sight.UNKNOWN, at=NOW + 3 * HOUR).total == 0
    finding = Finding.objects.get()
    assert (finding.detection, finding.not_assessed_since) == ("failing", NOW + HOUR)
    observe([seen(group)], at=NOW + 4 * HOUR)
    finding.refresh_from_db()
    assert finding.not_assessed_since is None
    assert kinds(finding) == ["detected", "not-assessed", "assessed-again"]


def test_a_deleted_resource_takes_its_finding_with_it(group):
    observe([seen(group)], at=NOW)
    factories.delete_resource(group)
    judged = []

    def judge(key, deleted):
        judged.append((key, deleted))
        return Seen(Sight.GONE)

    settle(Q(), kind=Kind.MISCONFIGURATION, judge=judge, at=NOW + HOUR)
    assert judged == [(Key("sg-ingress-ssh-from-internet", group.pk, ""), True)]
    assert Finding.objects.get().detection == "gone"


def test_settling_one_kind_leaves_the_other_alone(group):
    observe([seen(group), seen(group, kind=Kind.DRIFT, code="drift-sg-rule-added")], at=NOW)
    end(Sight.PASSING, at=NOW + HOUR)
    assert Finding.objects.get(kind=Kind.DRIFT).detection == "failing"


def test_a_finding_that_got_worse_is_new_again(group):
    observe([seen(group, severity=Severity.LOW)], at=NOW)
    finding = Finding.objects.get()
    user = factories.make_user("analyst")
    decide(finding.pk, Action.SNOOZE, actor=user, now=NOW, until=NOW + HOUR)
    observe([seen(group, severity=Severity.CRITICAL)], at=NOW)
    finding.refresh_from_db()
    assert (finding.triage, finding.severity, finding.severity_rank) == ("new", "critical", 0)
    assert kinds(finding)[-1] == "severity"


def test_a_running_acceptance_survives_and_an_ended_one_does_not(group):
    observe([seen(group)], at=NOW)
    finding = Finding.objects.get()
    user = factories.make_user("analyst")
    decide(finding.pk, Action.ACCEPT, actor=user, now=NOW, reason="known", until=NOW + 3 * HOUR)
    end(Sight.PASSING, at=NOW + HOUR)
    observe([seen(group)], at=NOW + 2 * HOUR)
    finding.refresh_from_db()
    assert finding.triage == "accepted"
    assert wake_due(now=NOW + 2 * HOUR) == 0
    assert wake_due(now=NOW + 4 * HOUR) == 1
    assert wake_due(now=NOW + 4 * HOUR) == 0
    finding.refresh_from_db()
    assert finding.triage == "new"
    assert Waiver.objects.get().ended_at == NOW + 4 * HOUR


def test_accepting_names_who_why_and_until_when_in_waiver_timeline_and_audit(group):
    observe([seen(group)], at=NOW)
    finding = Finding.objects.get()
    user = factories.make_user("analyst")
    decide(finding.pk, Action.ACCEPT, actor=user, now=NOW, reason="known", until=NOW + HOUR)
    waiver = Waiver.objects.get()
    assert (waiver.granted_by, waiver.reason, waiver.until) == (user, "known", NOW + HOUR)
    event = finding.events.get(kind="accept")
    assert (event.actor, event.note) == (user, "known")
    audit = AuditEvent.objects.get(action="finding.accept")
    assert (audit.actor, audit.subject_id, audit.data["reason"]) == (user, str(finding.pk), "known")


def test_an_accepted_finding_can_be_accepted_again_only_after_reopening(group):
    observe([seen(group)], at=NOW)
    finding = Finding.objects.get()
    user = factories.make_user("analyst")
    accept = {"actor": user, "now": NOW, "reason": "known", "until": NOW + HOUR}
    decide(finding.pk, Action.ACCEPT, **accept)
    with pytest.raises(DomainError, match="reopen"):
        decide(finding.pk, Action.ACCEPT, **accept)
    decide(finding.pk, Action.REOPEN, actor=user, now=NOW)
    decide(finding.pk, Action.ACCEPT, **accept)
    assert Waiver.objects.filter(ended_at=None).count() == 1


def test_the_timeline_cannot_be_rewritten(group):
    observe([seen(group)], at=NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        FindingEvent.objects.update(note="nothing happened")
