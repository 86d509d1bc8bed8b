"""Figures for Plotly, as plain JSON: {data, layout}; the page adds the colours of its theme."""

from collections.abc import Sequence
from typing import Any

from compliance.selectors import DayScore

_BANDS = (
    ("Met", "met", "good"),
    ("Waived", "waived", "low"),
    ("Not assessed", "not_assessed", "line"),
    ("Failed", "failed", "critical"),
)


def trend(days: Sequence[DayScore]) -> dict[str, Any]:
    """Controls in scope of each day as stacked bars; `meta` names the colour of a band."""
    dates = [each.day.isoformat() for each in days]
    return {
        "data": [
            {
                "type": "bar",
                "name": label,
                "x": dates,
                "y": [getattr(each, field) for each in days],
                "meta": colour,
            }
            for label, field, colour in _BANDS
        ],
        "layout": {
            "barmode": "stack",
            "xaxis": {"type": "date", "tickformat": "%d %b"},
            "yaxis": {"title": {"text": "Controls"}, "rangemode": "tozero"},
        },
    }
