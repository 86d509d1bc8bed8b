"""The pages of resources: finding them, and everything known of one."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from identity.http import Request
from inventory import selectors
from inventory.configdiff import Line, lines
from inventory.filters import ResourceFilter
from inventory.models import Resource, ResourceVersion
from inventory.relations import named_in
from inventory.states import ChangeOp
from network.canonical import TYPES

_PAGE = 50
_CAP = 10_000
_VERSIONS = 20
_RELATED = 200
_RULE = "ec2.security-group-rule"
_views_resources = permission_required("inventory.view_resource", raise_exception=True)


@require_safe
@_views_resources
def resource_list(request: Request) -> HttpResponse:
    """Resources by the filters in the address; each page costs the same at any depth."""
    visible = selectors.resources_visible_to(request.user)
    filtered = ResourceFilter(request.GET, queryset=visible)
    rows = filtered.qs if filtered.is_valid() else visible.none()
    after = request.GET.get("after", "")
    listed = rows.filter(pk__gt=int(after)) if _is_key(after) else rows
    found = list(listed.select_related("account").defer("config").order_by("pk")[: _PAGE + 1])
    context: dict[str, Any] = {
        "filter": filtered,
        "resources": found[:_PAGE],
        "after": found[_PAGE - 1].pk if len(found) > _PAGE else None,
        "count": rows.order_by()[: _CAP + 1].count(),
        "cap": _CAP,
        "narrowed": any(value for key, value in request.GET.items() if key != "after"),
    }
    narrow = bool(request.htmx) and not request.htmx.history_restore_request
    if not narrow:
        context |= _options(request)
    template = "inventory/_resources.html" if narrow else "inventory/resource_list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _options(request: Request) -> dict[str, Any]:
    source = selectors.asked_source(request.GET.get("source", ""))
    accounts = selectors.account_options(request.user, source=source)
    regions = {region for account in accounts for region in account["enabled_regions"]}
    return {
        "types": TYPES,
        "accounts": accounts,
        "regions": sorted(regions),
        "sources": list(selectors.sources_visible_to(request.user)),
    }


@dataclass(frozen=True, slots=True)
class GroupRule:
    """One rule of a group in words."""

    row: Resource
    direction: str
    protocol: str
    ports: str
    peer: str
    description: str

    @classmethod
    def of(cls, row: Resource) -> "GroupRule":
        """The words for a stored rule."""
        config = row.config
        low, high = config.get("FromPort"), config.get("ToPort")
        ports = "all" if low is None else str(low) if low == high else f"{low} to {high}"
        group = config.get("ReferencedGroupInfo") or {}
        peers = (config.get(key) for key in ("CidrIpv4", "CidrIpv6", "PrefixListId"))
        return cls(
            row,
            "out" if config.get("IsEgress") else "in",
            "all" if config.get("IpProtocol") == "-1" else str(config.get("IpProtocol")),
            ports,
            next((str(peer) for peer in peers if peer), "") or str(group.get("GroupId", "")),
            str(config.get("Description", "")),
        )


@dataclass(frozen=True, slots=True)
class Version:
    """A former configuration and what ended it."""

    row: ResourceVersion
    what: str
    lines: list[Line]


@require_safe
@_views_resources
def resource_detail(request: Request, pk: int) -> HttpResponse:
    """Configuration, relations, history, and the panels of what others know of it."""
    visible = selectors.resources_visible_to(request.user)
    resource = get_object_or_404(visible.select_related("account", "shard", "source"), pk=pk)
    beside = visible.filter(source=resource.source, deleted_at=None).select_related("account")
    children = list(
        beside.filter(parent_rid=resource.rid, region=resource.region).order_by("pk")[:_RELATED]
    )
    context = {
        "resource": resource,
        "account": resource.account,
        "shard": resource.shard,
        "config": json.dumps(resource.config, indent=2, sort_keys=True, ensure_ascii=False),
        "tags": sorted(resource.tags.items()),
        "related": _related(resource, beside),
        "children": children,
        "rules": [GroupRule.of(row) for row in children if row.type == _RULE],
        "contents": _contents(resource, beside),
        "versions": _versions(resource),
    }
    return render(request, "inventory/resource_detail.html", context)


def _related(resource: Resource, beside: QuerySet[Resource]) -> list[Resource]:
    """The resources that the configuration names."""
    ids = named_in(resource.config) - {resource.rid}
    rows = beside.filter(rid__in=sorted(ids)[:_RELATED]).exclude(pk=resource.pk)
    return list(rows.defer("config").order_by("type", "name", "pk")[:_RELATED])


def _contents(resource: Resource, beside: QuerySet[Resource]) -> list[tuple[str, int]]:
    """What a VPC holds, by type."""
    if resource.type != "ec2.vpc":
        return []
    inside = beside.filter(vpc_id=resource.rid, region=resource.region).exclude(pk=resource.pk)
    return list(inside.order_by("type").values_list("type").annotate(count=Count("pk")))


def _versions(resource: Resource) -> list[Version]:
    """Former configurations, newest first, each with what changed when it ended."""
    rows = list(resource.versions.order_by("-valid_to", "-pk")[:_VERSIONS])
    found = []
    following = resource.config
    for row in rows:
        gone = row.op == ChangeOp.DELETE
        found.append(
            Version(row, ChangeOp(row.op).label, [] if gone else lines(row.config, following))
        )
        following = row.config
    return found
