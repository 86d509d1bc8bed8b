"""Estates as they would be after a change."""

from collections.abc import Sequence

from network.estate import Estate
from network.records import Record


def what_if(
    estate: Estate, replaced: Sequence[Record] = (), removed: Sequence[tuple[str, str]] = ()
) -> Estate:
    """The estate with records added or replaced and others (type, id) removed.

    The original is untouched; what no change concerns is shared, so the cost follows the change
    and not the estate. An id that is not there is removed already.
    """
    return estate.changed(replaced, removed)
