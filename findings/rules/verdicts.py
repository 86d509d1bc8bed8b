"""What a rule says of one resource, with the evidence it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from network.records import ShardKey


class Outcome(StrEnum):
    """`unknown`: the inventory cannot tell."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not-applicable"


class Weight(StrEnum):
    """What exposure does to the severity of a failing rule."""

    RAISED = "raised"
    AS_DECLARED = "as-declared"
    LOWERED = "lowered"


Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`items` name what decides, each with the id AWS gives it; `facts` are whatever else counts.

    `weight` and `why` say how the declared severity is to change and the reason in words.
    """

    outcome: Outcome
    summary: str = ""
    items: tuple[Evidence, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[ShardKey, ...] = ()
    weight: Weight = Weight.AS_DECLARED
    why: str = ""

    @classmethod
    def passing(cls, summary: str = "", **facts: Any) -> "Verdict":
        """All is well, as far as this rule goes."""
        return cls(Outcome.PASS, summary, facts=facts) if summary or facts else _PASSING

    @classmethod
    def failing(
        cls,
        items: Sequence[Evidence] = (),
        *,
        summary: str,
        weight: Weight = Weight.AS_DECLARED,
        why: str = "",
        **facts: Any,
    ) -> "Verdict":
        """Something is wrong: `summary` is one sentence with real names."""
        return cls(Outcome.FAIL, summary, tuple(items), facts, weight=weight, why=why)

    @classmethod
    def not_applicable(cls, why: str) -> "Verdict":
        """The rule has nothing to say of this resource, in words."""
        return cls(Outcome.NOT_APPLICABLE, why)

    @classmethod
    def unknown(cls, why: str, missing: Sequence[ShardKey] = ()) -> "Verdict":
        """The inventory does not hold what the rule needs; the listings that would, if known."""
        return cls(Outcome.UNKNOWN, why, missing=tuple(missing))

    @property
    def evidence(self) -> Evidence:
        """The form findings store."""
        return {"summary": self.summary, "items": list(self.items), "facts": dict(self.facts)}


_PASSING = Verdict(Outcome.PASS)
