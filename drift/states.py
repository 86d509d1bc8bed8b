"""How far the product may go for a baseline. Pure."""

from enum import StrEnum


class TrustLevel(StrEnum):
    """Each step trusts the product with more; what repairs by itself needs two admins."""

    OBSERVE = "observe"
    SUGGEST = "suggest"
    APPROVE = "approve"
    ADD_BACK = "add-back"
    AUTO = "auto"

    @property
    def rank(self) -> int:
        """0 trusts least."""
        return list(TrustLevel).index(self)

    @property
    def acts_alone(self) -> bool:
        """Whether repairs run without a person deciding on each."""
        return self.rank >= TrustLevel.ADD_BACK.rank

    @property
    def label(self) -> str:
        """The level and what it means."""
        return _LABELS[self.value]


_LABELS = {
    "observe": "Observe: show drift",
    "suggest": "Suggest: plan repairs",
    "approve": "Approve: a person decides on each repair",
    "add-back": "Add back: restore what was removed by itself",
    "auto": "Automatic: repair within the limits",
}


def choices(levels: type[TrustLevel]) -> list[tuple[str, str]]:
    """Pairs for a model field or a form."""
    return [(level.value, level.label) for level in levels]
