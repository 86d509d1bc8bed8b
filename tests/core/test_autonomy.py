"""When the product may act by itself."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from drift.states import TrustLevel
from remediation.actions.autonomy import (
    HEALS_AN_HOUR,
    REPAIRS_AN_HOUR,
    TRIES,
    Course,
    Planned,
    Situation,
    judge,
    judge_plan,
)
from remediation.actions.catalogue import Tier

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def situation(**changes):
    return Situation(
        **{
            "action": "revoke-added-rule",
            "trust": TrustLevel.AUTO,
            "confirmed": True,
            "first_observed": NOW - timedelta(minutes=2),
            "earlier_look": NOW - timedelta(minutes=17),
            "settle": timedelta(seconds=30),
            "max_age": timedelta(minutes=15),
            "look_interval": timedelta(minutes=15),
            "now": NOW,
            **changes,
        }
    )


def test_a_young_addition_under_a_trusted_baseline_is_repaired():
    assert judge(situation()).course is Course.ACT


def test_each_limit_alone_stops_it():
    stops = {
        Course.WAIT: [{"stopped": "drill"}, {"settle": timedelta(minutes=3)}],
        Course.PERSON: [
            {"waived": True},
            {"held": "rolled back"},
            {"tries": TRIES},
            {"heals": HEALS_AN_HOUR},
            {"repairs": REPAIRS_AN_HOUR},
            {"earlier_look": None},
            {"earlier_look": NOW - timedelta(days=3)},
            {"first_observed": NOW - timedelta(minutes=16)},
            {"confirmed": False},
            {"action": "revoke-ingress-rule"},
        ],
        Course.WOULD: [{"trust": TrustLevel.ADD_BACK}, {"trust": TrustLevel.OBSERVE}],
    }
    for course, cases in stops.items():
        for case in cases:
            assert judge(situation(**case)).course is course, case


def test_adding_back_needs_less_trust_than_revoking():
    assert judge(situation(action="add-back-rule", trust=TrustLevel.ADD_BACK)).course is Course.ACT


@given(
    trust=st.sampled_from(TrustLevel),
    confirmed=st.booleans(),
    waived=st.booleans(),
    held=st.sampled_from(["", "held"]),
    heals=st.integers(0, 5),
    repairs=st.integers(0, 30),
    tries=st.integers(0, 5),
    age=st.integers(0, 4000),
)
def test_nothing_makes_it_act_while_the_kill_switch_is_thrown(age, **rest):
    found = judge(situation(stopped="thrown", first_observed=NOW - timedelta(seconds=age), **rest))
    assert found.course is not Course.ACT


@given(trust=st.sampled_from(TrustLevel), confirmed=st.booleans())
def test_it_acts_only_where_two_admins_trust_it_enough(trust, confirmed):
    acts = judge(situation(trust=trust, confirmed=confirmed)).course is Course.ACT
    assert acts == (trust is TrustLevel.AUTO and confirmed)


def test_a_plan_is_left_to_people_for_its_tier_its_warnings_and_its_unknowns():
    fine = Planned(Tier.AUTO, "", ("observed traffic",))
    tolerated = frozenset(["observed traffic"])
    assert judge_plan(fine, tolerated=tolerated).course is Course.ACT
    for planned in (
        Planned(Tier.APPROVAL, "", ()),
        Planned(Tier.AUTO, "managed by Kubernetes", ()),
        Planned(Tier.AUTO, "", ("ec2.network-interface in 1/eu",)),
    ):
        assert judge_plan(planned, tolerated=tolerated).course is Course.PERSON
