"""What a measurement is, and how its value stands against its target."""

import operator
from typing import NotRequired, TypedDict

_TESTS = {"<=": operator.le, ">=": operator.ge, "==": operator.eq}


class Measurement(TypedDict):
    """One number: `target` is words, as "<= 10" or ">= 600", or empty where nothing was promised."""

    name: str
    value: float
    unit: str
    target: NotRequired[str]
    conditions: NotRequired[str]


def verdict(measurement: Measurement) -> str:
    """`reached`, `missed`, or nothing where there is no target."""
    target = measurement.get("target", "")
    if not target:
        return ""
    word, _, bound = target.partition(" ")
    return "reached" if _TESTS[word](measurement["value"], float(bound)) else "missed"
