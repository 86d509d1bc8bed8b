"""Reading baselines, always through the user's scope."""

from typing import Any

from django.db.models import F, Func, IntegerField, QuerySet

from drift.models import Baseline, BaselineVersion
from drift.scope import VPC
from findings.models import Finding
from findings.states import Detection
from identity.models import User
from identity.scopes import account_filter
from inventory.models import Resource
from inventory.selectors import in_view

_SHOWN = ("type", "id", "name", "parent", "config")


def baselines_visible_to(user: User) -> QuerySet[Baseline]:
    """Baselines of VPCs in accounts of `user`'s scope."""
    return Baseline.objects.filter(account_filter(user, "vpc__account__")).select_related(
        "vpc", "vpc__account", "pending_by", "auto_asked_by", "auto_confirmed_by"
    )


def vpcs_visible_to(user: User) -> QuerySet[Resource]:
    """VPCs with their baseline if there is one, those with open drift first; imports do not drift."""
    return (
        Resource.objects.filter(account_filter(user, "account__"), type=VPC, deleted_at=None)
        .filter(in_view(None, path="source"))
        .select_related("account", "baseline")
        .defer("config", "tags")
        .order_by(F("baseline__open_drifts").desc(nulls_last=True), "name", "rid", "pk")
    )


def drifts_of(baseline: Baseline) -> QuerySet[Finding]:
    """The open drift findings of a baseline, loudest first."""
    return (
        Finding.objects.filter(scope_key=f"baseline:{baseline.pk}", detection=Detection.FAILING)
        .select_related("resource")
        .defer("resource__config")
        .order_by("severity_rank", "-failing_since", "pk")
    )


def baseline_of_resource(resource: Resource) -> Baseline | None:
    """The baseline whose VPC a resource is or lies in; a rule lies where its group does."""
    vpc_id = resource.rid if resource.type == VPC else resource.vpc_id
    if not vpc_id and resource.parent_rid:
        vpc_id = (
            Resource.objects.filter(
                source=resource.source_id, region=resource.region, rid=resource.parent_rid
            )
            .values_list("vpc_id", flat=True)
            .first()
            or ""
        )
    if not vpc_id:
        return None
    return (
        Baseline.objects.filter(
            vpc__source=resource.source_id, vpc__region=resource.region, vpc__rid=vpc_id
        )
        .select_related("vpc", "vpc__account")
        .first()
    )


def covering(resource_id: int) -> Baseline | None:
    """As `baseline_of_resource`, by primary key."""
    resource = Resource.objects.filter(pk=resource_id).first()
    return baseline_of_resource(resource) if resource else None


def entries_by_type(entries: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """A version's entries grouped for reading."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        groups.setdefault(entry["type"], []).append(entry)
    return sorted(groups.items())


def resources_seen_by(user: User) -> QuerySet[Resource]:
    """Resources of accounts in `user`'s scope, without their configuration."""
    return Resource.objects.filter(account_filter(user, "account__")).defer("config", "tags")


def _length(field: str) -> Func:
    return Func(F(field), function="jsonb_array_length", output_field=IntegerField())


def versions_of(baseline: Baseline) -> QuerySet[BaselineVersion]:
    """What was approved when by whom, newest first; without the entries."""
    return (
        baseline.versions.select_related("captured_by")
        .defer("entries")
        .annotate(elements=_length("entries"))
        .order_by("-number")
    )


def approved_entries(baseline: Baseline) -> list[dict[str, Any]]:
    """The entries of the latest version, each {type, id, name, parent, config}."""
    latest = baseline.versions.order_by("-number").first()
    kept = latest.entries if latest else []
    return [{name: entry[name] for name in _SHOWN} for entry in kept]
