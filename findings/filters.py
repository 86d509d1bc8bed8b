"""Narrowing findings: one set of filters for the pages, the exports and the API."""

from collections.abc import Mapping
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from findings.models import Finding
from findings.rules import RULES
from findings.states import Detection, Kind, Severity, Triage, choices
from inventory.selectors import in_view

_LONGEST_TEXT = 200


class FindingFilter(django_filters.FilterSet):
    """Every filter is optional; severities may be given several times."""

    severity = django_filters.MultipleChoiceFilter(choices=choices(Severity))
    kind = django_filters.ChoiceFilter(choices=choices(Kind), empty_label="Any kind")
    rule = django_filters.CharFilter(field_name="code", label="Rule")
    triage = django_filters.ChoiceFilter(choices=choices(Triage), empty_label="Any triage")
    detection = django_filters.ChoiceFilter(choices=choices(Detection), empty_label="Any state")
    account = django_filters.CharFilter(field_name="resource__account__account_id")
    region = django_filters.CharFilter(field_name="resource__region")
    resource = django_filters.NumberFilter(field_name="resource_id", label="Resource")
    source = django_filters.NumberFilter(method="filter_source", label="Source (an import's id)")
    not_assessed = django_filters.BooleanFilter(
        field_name="not_assessed_since", lookup_expr="isnull", exclude=True, label="Not assessed"
    )
    q = django_filters.CharFilter(method="filter_text", label="Text")

    class Meta:
        model = Finding
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: QuerySet[Finding]) -> QuerySet[Finding]:
        """As asked; without a source or a resource, of connected organisations only."""
        found: QuerySet[Finding] = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        if asked.get("source") is None and asked.get("resource") is not None:
            return found
        return found.filter(in_view(asked.get("source"), path="resource__source"))

    def filter_source(self, rows: QuerySet[Finding], name: str, value: int) -> QuerySet[Finding]:
        """Applied with its default, to all at once."""
        return rows

    def filter_text(self, rows: QuerySet[Finding], name: str, value: str) -> QuerySet[Finding]:
        """Title, rule, resource id or resource name contain the text."""
        text = value.strip().replace("\x00", "")[:_LONGEST_TEXT]
        if not text:
            return rows
        return rows.filter(
            Q(title__icontains=text)
            | Q(code__icontains=text)
            | Q(resource__rid__icontains=text)
            | Q(resource__name__icontains=text)
        )


def rule_title(code: str) -> str:
    """What a rule, or a kind of drift, is called."""
    if code in RULES:
        return RULES[code].title
    return DRIFT_TITLES.get(code, code)


DRIFT_TITLES: Mapping[str, str] = {
    "drift-sg-rule-added": "Rule added to a security group since its baseline",
    "drift-sg-rule-removed": "Rule removed from a security group since its baseline",
    "drift-resource-added": "Resource added since the baseline",
    "drift-resource-removed": "Resource removed since the baseline",
    "drift-resource-changed": "Resource changed since the baseline",
}
_DRIFT_RATIONALE = (
    "The approved baseline says otherwise. A change that nobody approved may open access, cut off"
    " something in use, or be the first trace of an intrusion."
)


def rule_rationale(code: str) -> str:
    """Why a rule, or a kind of drift, matters."""
    if code in RULES:
        return RULES[code].rationale
    return _DRIFT_RATIONALE if code in DRIFT_TITLES else ""


def rule_options() -> list[tuple[str, str]]:
    """Every rule and kind of drift as (code, title), by title."""
    titles: dict[str, Any] = {code: rule.title for code, rule in RULES.items()}
    return sorted((titles | dict(DRIFT_TITLES)).items(), key=lambda item: item[1])
