"""Repairs of security groups: revoke what is open, revoke what was added, add back what is gone."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from network.changes import what_if
from network.estate import Estate
from network.records import Record
from network.shapes import SecurityGroup
from remediation.actions import content, rules
from remediation.actions.catalogue import Draft, Facts, NoPlanError, Step, Tier, action
from remediation.actions.judging import Spans, fails, newly_failing, risky_ports

Config = dict[str, Any]

REVOKES = ("ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress")
AUTHORIZES = (
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:CreateTags",
)
# Tags by which controllers and AWS services mark what they keep changing back.
_MANAGED = ("aws:cloudformation:", "elbv2.k8s.aws/", "kubernetes.io/cluster/", "FMManaged")
_PLANNED = "sgr-planned"
_MANAGED_TEXT = "elbv2.k8s.aws/targetGroupBinding=shared"


@action(
    "revoke-ingress-rule",
    "Revoke the rules that are open to the Internet",
    permissions=("ec2:RevokeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress",
                 "ec2:CreateTags"),
    reversible=True,
    tier=Tier.APPROVAL,
)  # fmt: skip
def revoke_ingress_rule(facts: Facts, estate: Estate) -> Draft:
    """Exactly the rules that the evidence names, by id, and of their ports only the risky ones.

    A range that admits more is split: what remains is authorised first, then the range revoked.
    """
    group, before = _group_of(facts, estate)
    named = _named_by_evidence(facts)
    offending = {id: before[id] for id in named if id in before and not before[id]["IsEgress"]}
    if not offending:
        raise NoPlanError(
            "The rules that the finding names are no longer in the group; scan again."
        )
    cut = risky_ports(facts)
    adds: list[Config] = []
    notes: list[str] = []
    person: list[str] = []
    for id, rule in offending.items():
        rest = _rest(rule, cut, taken=[*before.values(), *adds])
        adds += rest
        if rest:
            kept = ", ".join(f"{rule['IpProtocol']} {rules.ports(part)}" for part in rest)
            notes.append(f"{id} admits more than the risky ports; {kept} stay open as they are.")
        elif rules.covers_everything(rule):
            person.append(
                f"{id} admits {rules.words(rule)}: everything else it admitted ends with it,"
                " and which traffic that is nobody has recorded"
            )
    draft = _draft(
        facts,
        group,
        before,
        adds=adds,
        removes=offending,
        summary=_summary("Revoke", offending.values(), group),
        notes=notes,
    )
    rest_of = what_if(
        estate,
        [_record(facts, rule, number) for number, rule in enumerate(adds)],
        [(rules.RULE, id) for id in offending],
    )
    if fails(rest_of, facts):
        notes.append(
            "The finding would still fail afterwards: other rules of the group open the same."
        )
    if not adds and {id for id, rule in before.items() if not rule["IsEgress"]} <= set(offending):
        person.append("no ingress rule is left in the group afterwards")
    return _guarded(draft, group, offending, person)


@action(
    "revoke-added-rule",
    "Revoke a rule that was added after the baseline",
    permissions=REVOKES,
    reversible=True,
    tier=Tier.AUTO,
)
def revoke_added_rule(facts: Facts, estate: Estate) -> Draft:
    """The added rule by its id, in either direction, when it still says what the finding says."""
    group, before = _group_of(facts, estate)
    after = facts.evidence.get("after")
    named = {id: before[id] for id in facts.evidence.get("rule_ids", ()) if id in before}
    added = {id: rule for id, rule in named.items() if after is None or _same(rule, after)}
    if not added:
        raise NoPlanError("The added rule is no longer in the group as it was found; scan again.")
    draft = _draft(
        facts,
        group,
        before,
        adds=(),
        removes=added,
        summary=_summary("Revoke", added.values(), group),
        notes=[f"The baseline does not have {rules.words(rule)}." for rule in added.values()],
    )
    return _guarded(draft, group, added, [])


@action(
    "add-back-rule",
    "Add back a rule that the baseline has",
    permissions=AUTHORIZES,
    reversible=True,
    tier=Tier.AUTO,
)
def add_back_rule(facts: Facts, estate: Estate) -> Draft:
    """The baseline's rule with description and tags, unless having it would fail a rule of ours."""
    group, before = _group_of(facts, estate)
    wanted = facts.evidence.get("before")
    if not isinstance(wanted, dict) or "IpProtocol" not in wanted:
        raise NoPlanError("The finding does not hold the rule as the baseline has it.")
    rule: Config = {**wanted, "GroupId": group.id}
    if any(_same(rule, other) for other in before.values()):
        raise NoPlanError("The group has this rule again; scan again.")
    changed = what_if(estate, [_record(facts, rule)])
    if failing := newly_failing(changed, facts, rule_id=_PLANNED):
        raise NoPlanError(
            "The baseline's own rule would fail "
            + ", ".join(failing)
            + ". Whoever removed it may have been right: re-capture the baseline, or add the rule"
            " by hand."
        )
    return _guarded(
        _draft(
            facts,
            group,
            before,
            adds=[rule],
            removes={},
            summary=_summary("Add back", [rule], group),
            notes=["The rule gets a new id; description and tags are the baseline's."],
        ),
        group,
        {},
        [],
    )


def restore(
    facts: Facts,
    estate: Estate,
    *,
    back: dict[str, Config],
    away: Iterable[str],
    summary: str,
) -> Draft:
    """The rollback of an execution: the rules `back` (by their old ids) return, `away` go.

    What was removed returns with its description and tags and a new id. Raises `NoPlanError` when the
    group no longer looks as the repair left it, in what the rollback touches.
    """
    group, before = _group_of(facts, estate)
    gone = {id: before[id] for id in away if id in before}
    if missing := sorted(set(away) - set(gone)):
        raise NoPlanError(f"{', '.join(missing)}, which the repair added, is no longer there.")
    for id, rule in back.items():
        if any(_same(rule, other) for key, other in before.items() if key not in gone):
            raise NoPlanError(f"{id} was added again already: {rules.words(rule)}.")
    return _draft(
        facts,
        group,
        before,
        adds=list(back.values()),
        removes=gone,
        summary=summary,
        notes=["Restores exactly what the repair removed, description and tags included."],
        restores=back,
    )


def _group_of(facts: Facts, estate: Estate) -> tuple[SecurityGroup, dict[str, Config]]:
    """The group and the durable form of all its rules by id; `NoPlanError` if it is not to be touched."""
    group = estate.group(facts.resource)
    if group is None or facts.resource_type != rules.GROUP:
        raise NoPlanError("The security group is not in the inventory.")
    with estate.reading() as read:
        listed = estate.rules_of(group.id)
    for key in read:
        if not estate.status(key).good:
            raise NoPlanError(
                f"The inventory is not sure of the group's rules: {key} was not read."
            )
    if group.record.account != facts.account:
        raise NoPlanError(f"The group belongs to account {group.record.account}.")
    return group, {rule.id: content.rule_form(rule.record.config) for rule in listed}


def _named_by_evidence(facts: Facts) -> list[str]:
    items = facts.evidence.get("items", ())
    return list(
        dict.fromkeys(
            str(item["rule_id"])
            for item in items
            if item.get("rule_id")
            and item.get("resource", facts.resource) == facts.resource
            and str(item.get("direction", "ingress")).lower() == "ingress"
        )
    )


def _rest(rule: Config, cut: Spans, *, taken: Sequence[Config]) -> list[Config]:
    """What must be authorised before `rule` is revoked, so that only the risky ports close."""
    spans = cut.get(rule["IpProtocol"])
    if not spans or rules.covers_everything(rule):
        return []
    parts = rules.without_ports(rule, spans)
    return [part for part in parts if not any(_same(part, other) for other in taken)]


def _draft(
    facts: Facts,
    group: SecurityGroup,
    before: dict[str, Config],
    *,
    adds: Sequence[Config],
    removes: dict[str, Config],
    summary: str,
    notes: Sequence[str],
    restores: dict[str, Config] | None = None,
) -> Draft:
    """Adds first, then removals, one call for each direction; the inverse in reverse order."""
    place = {"account": facts.account, "region": facts.region}
    again = bool(restores)
    steps = [rules.authorize(rule, **place, purpose="", again=again) for rule in adds]
    for egress in (False, True):
        ids = sorted(id for id, rule in removes.items() if rule["IsEgress"] is egress)
        if ids:
            said = "; ".join(rules.words(removes[id]) for id in ids)
            steps.append(rules.revoke(ids, removes[ids[0]], **place, purpose=f"Revoke {said}"))
    inverse: list[Step] = [
        rules.authorize(removes[id], **place, purpose="", again=True) for id in sorted(removes)
    ]
    inverse += [rules.revoke_by_content(rule, **place) for rule in adds]
    state = content.state(content.group_form(group.record.config), before)
    return Draft(
        summary=summary,
        steps=tuple(steps),
        before=state,
        after=content.apply(state, content.numbered(steps)),
        inverse=tuple(inverse),
        notes=tuple(notes),
        restores=restores or {},
    )


def _guarded(
    draft: Draft,
    group: SecurityGroup,
    removes: dict[str, Config],
    person: Sequence[str],
) -> Draft:
    """The draft with reasons why a person must decide, if there are any."""
    reasons = list(person)
    managed = sorted(key for key in group.tags if key.startswith(_MANAGED))
    if managed:
        reasons.append(f"the group is managed by something else (tag {managed[0]})")
    if any(rule.get("Description") == _MANAGED_TEXT for rule in removes.values()):
        reasons.append("a Kubernetes controller manages this rule and would write it again")
    if not reasons:
        return draft
    said = "; ".join(reasons)
    return replace(draft, needs_person=f"{said[0].upper()}{said[1:]}.")


def _summary(verb: str, changed: Iterable[Config], group: SecurityGroup) -> str:
    said = [rules.words(rule) for rule in changed]
    more = f" and {len(said) - 1} more" if len(said) > 1 else ""
    return f"{verb} {said[0]}{more} on {group.label}"[:300]


def _same(left: Config, right: Config) -> bool:
    """Whether two durable rules admit the same: AWS takes no second one, whatever it says."""
    keys = ("GroupId", "IsEgress", "IpProtocol", "FromPort", "ToPort")
    return all(left.get(key) == right.get(key) for key in keys) and rules.peer(left) == rules.peer(
        right
    )


def _record(facts: Facts, rule: Config, number: int = 0) -> Record:
    """A rule that does not exist yet, as the estate would hold it."""
    id = f"{_PLANNED}-{number}" if number else _PLANNED
    config = {**rule, "SecurityGroupRuleId": id, "GroupOwnerId": facts.account}
    config.setdefault("Tags", {})
    return Record(rules.RULE, facts.account, facts.region, id, config)
