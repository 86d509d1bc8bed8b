"""The table of rules: metadata beside a pure function of one resource and its estate."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from inspect import cleandoc
from types import MappingProxyType
from typing import Any, TypeVar

from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Verdict
from network.estate import Estate
from network.shapes import View

V = TypeVar("V", bound=View)
Judge = Callable[[V, Estate, Settings], Verdict]


class Scope(StrEnum):
    """How far a rule looks: a change anywhere inside makes its verdicts due again."""

    RESOURCE = "resource"
    VPC = "vpc"
    ACCOUNT_REGION = "account-region"
    NETWORK_DOMAIN = "network-domain"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry. `parameters` name the fields of `Settings` that change its verdicts."""

    id: str
    title: str
    resources: tuple[str, ...]
    severity: Severity
    scope: Scope
    judge: Callable[[Any, Estate, Settings], Verdict]
    rationale: str
    action: str = ""
    aliases: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """The first (for most rules the only) type it judges."""
        return self.resources[0]

    @property
    def family(self) -> str:
        """The module it stands in."""
        return self.judge.__module__.rpartition(".")[2]


_rules: dict[str, Rule] = {}
RULES: Mapping[str, Rule] = MappingProxyType(_rules)


def rule(
    id: str,
    title: str,
    *,
    resource: str | tuple[str, ...],
    severity: Severity,
    scope: Scope,
    action: str = "",
    aliases: tuple[str, ...] = (),
    parameters: tuple[str, ...] = (),
) -> Callable[[Judge[V]], Judge[V]]:
    """Enter a function in the table; its docstring is the rationale people read.

    Raises `ValueError` when the id is taken or there is no rationale.
    """

    def enter(judge: Judge[V]) -> Judge[V]:
        if id in _rules:
            raise ValueError(f"two rules are called {id}")
        if not judge.__doc__:
            raise ValueError(f"{id} does not say why")
        _rules[id] = Rule(
            id=id,
            title=title,
            resources=(resource,) if isinstance(resource, str) else resource,
            severity=severity,
            scope=scope,
            judge=judge,
            rationale=cleandoc(judge.__doc__),
            action=action,
            aliases=aliases,
            parameters=parameters,
        )
        return judge

    return enter
