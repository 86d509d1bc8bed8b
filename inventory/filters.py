"""Narrowing resources: one set of filters for the page and the API."""

from ipaddress import ip_address

import django_filters
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from inventory.models import Resource, Shard
from inventory.selectors import in_view
from inventory.states import ShardState
from network.canonical import TYPES

_LONGEST = 200
_HOLDS = (
    "SELECT id FROM inventory_resource WHERE type IN ('ec2.vpc', 'ec2.subnet')"
    " AND deleted_at IS NULL AND family((config->>'CidrBlock')::inet) = family(%s::inet)"
    " AND (config->>'CidrBlock')::inet >>= %s::inet"
)
_HAS = ("PrivateIpAddress", "PublicIp", "PublicIpAddress")


class ResourceFilter(django_filters.FilterSet):
    """Every filter is optional; deleted resources show only when asked for."""

    q = django_filters.CharFilter(method="filter_text", label="Text")
    type = django_filters.ChoiceFilter(choices=[(name, name) for name in TYPES], label="Type")
    account = django_filters.CharFilter(field_name="account__account_id", label="Account")
    region = django_filters.CharFilter(field_name="region", label="Region")
    vpc = django_filters.CharFilter(field_name="vpc_id", label="VPC")
    tag = django_filters.CharFilter(method="filter_tag", label="Tag")
    source = django_filters.NumberFilter(method="filter_source", label="Source (an import's id)")
    deleted = django_filters.BooleanFilter(
        field_name="deleted_at", lookup_expr="isnull", exclude=True, label="Deleted"
    )

    class Meta:
        model = Resource
        fields: tuple[str, ...] = ()

    def filter_queryset(self, queryset: QuerySet[Resource]) -> QuerySet[Resource]:
        """As asked; without a word on it: of connected organisations, and not deleted."""
        found: QuerySet[Resource] = super().filter_queryset(queryset)
        found = found.filter(in_view(self.form.cleaned_data.get("source"), path="source"))
        if self.form.cleaned_data.get("deleted") is None:
            found = found.filter(deleted_at=None)
        return found

    def filter_source(self, rows: QuerySet[Resource], name: str, value: int) -> QuerySet[Resource]:
        """Applied with its default, to all at once."""
        return rows

    def filter_text(self, rows: QuerySet[Resource], name: str, value: str) -> QuerySet[Resource]:
        """Id or name contain the text; an address finds what has it and what its range lies in."""
        text = value.strip().replace("\x00", "")[:_LONGEST]
        if not text:
            return rows
        try:
            address = str(ip_address(text))
        except ValueError:
            return rows.filter(Q(rid__icontains=text) | Q(name__icontains=text))
        has = Q()
        for field in _HAS:
            has |= Q(**{f"config__{field}": address})
        return rows.filter(has | Q(pk__in=RawSQL(_HOLDS, [address, address])))  # noqa: S611 - a constant with parameters

    def filter_tag(self, rows: QuerySet[Resource], name: str, value: str) -> QuerySet[Resource]:
        """`key=value`, or `key` for any value."""
        key, equals, wanted = value.strip().replace("\x00", "")[:_LONGEST].partition("=")
        if not key:
            return rows
        if equals:
            return rows.filter(tags__contains={key.strip(): wanted.strip()})
        return rows.filter(tags__has_key=key.strip())


class ShardFilter(django_filters.FilterSet):
    """Which listings, by account, region, collector and state."""

    account = django_filters.CharFilter(field_name="account__account_id", label="Account")
    region = django_filters.CharFilter(field_name="region", label="Region")
    collector = django_filters.ChoiceFilter(
        choices=[(name, name) for name in TYPES], label="Collector"
    )
    state = django_filters.ChoiceFilter(choices=ShardState.choices, label="State")

    class Meta:
        model = Shard
        fields: tuple[str, ...] = ()
