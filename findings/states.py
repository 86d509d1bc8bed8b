"""The two axes of a finding: detection (by evaluation only) and triage (by people only). Pure."""

from enum import StrEnum


class Word(StrEnum):
    """A stored value with a label for people."""

    @property
    def label(self) -> str:
        """The value as a word or two."""
        return _LABELS.get(self.value, self.value.replace("-", " ").capitalize())


class Kind(Word):
    """Where a finding comes from."""

    MISCONFIGURATION = "misconfiguration"
    EXPOSURE = "exposure"
    DRIFT = "drift"


class Severity(Word):
    """From loudest to quietest."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the loudest; for sorting."""
        return list(Severity).index(self)


class Detection(Word):
    """What the last evaluation saw. Nobody can set it by hand."""

    FAILING = "failing"
    RESOLVED = "resolved"
    GONE = "gone"


class Triage(Word):
    """What people made of it."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false-positive"


_LABELS = {"gone": "Resource gone", "accepted": "Risk accepted"}


def choices(words: type[Word]) -> list[tuple[str, str]]:
    """Pairs for a model field or a form."""
    return [(word.value, word.label) for word in words]
