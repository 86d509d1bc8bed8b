"""How loud a finding is, as values; equal to those the findings store."""

from enum import StrEnum


class Severity(StrEnum):
    """From loudest to quietest."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is critical."""
        return _ORDER.index(self)

    @property
    def raised(self) -> "Severity":
        """One step louder, if there is one."""
        return _ORDER[max(self.rank - 1, 0)]

    @property
    def lowered(self) -> "Severity":
        """One step quieter, down to low: a failing rule is never mere information."""
        return _ORDER[max(min(self.rank + 1, 3), self.rank)]


_ORDER = list(Severity)
