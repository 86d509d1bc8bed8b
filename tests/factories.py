"""Rows for tests: a source, accounts, shards that are fresh, resources in canonical form, people.

Plain functions with keyword arguments. Resources go through `network.canonical`, as in the
product, from the JSON that `aws ec2 describe-*` prints.
"""

import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Group

from identity.models import User
from inventory.models import Account, Change, Resource, Shard, Source
from inventory.states import ChangeOp, ConnectionState, ShardState, SourceKind
from network import canonical

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
REGION = "eu-central-1"
_numbers = itertools.count(1)


def make_source(**fields: Any) -> Source:
    """A live organisation."""
    number = next(_numbers)
    return Source.objects.create(
        **{
            "kind": SourceKind.LIVE,
            "name": f"organisation-{number}",
            "role_name": "cspm-read",
            "remediation_role_name": "cspm-remediate",
            "external_id": "external",
            "created_at": NOW,
            **fields,
        }
    )


def make_account(source: Source | None = None, **fields: Any) -> Account:
    """A connected account of its own number, below /Root/Workloads."""
    number = next(_numbers)
    return Account.objects.create(
        source=source or make_source(),
        **{
            "account_id": f"{100_000_000_000 + number}",
            "name": f"account-{number}",
            "unit_path": "/Root/Workloads",
            "connection": ConnectionState.CONNECTED,
            "enabled_regions": [REGION],
            **fields,
        },
    )


def make_shards(
    account: Account,
    *,
    region: str = REGION,
    types: Iterable[str] = canonical.TYPES,
    state: str = ShardState.OK,
    at: datetime = NOW,
    **fields: Any,
) -> dict[str, Shard]:
    """One shard for each type, all in `state`; shards that exist already are set to it."""
    made = {}
    for name in types:
        shard, _ = Shard.objects.update_or_create(
            account=account,
            region=region,
            collector=name,
            defaults={
                "state": state,
                "state_since": at,
                "last_try_at": at,
                **({"last_ok_at": at} if state in (ShardState.OK, ShardState.SKIPPED) else {}),
                **fields,
            },
        )
        made[name] = shard
    return made


def make_resource(
    type: str,
    raw: Mapping[str, Any],
    *,
    account: Account,
    region: str = REGION,
    at: datetime = NOW,
    log: bool = True,
    **fields: Any,
) -> Resource:
    """A resource as the inventory would store it, in a fresh shard, with its line in the change log."""
    shard, _ = Shard.objects.get_or_create(
        account=account,
        region=region,
        collector=type,
        defaults={"state": ShardState.OK, "state_since": at, "last_ok_at": at, "last_try_at": at},
    )
    form = canonical.canonicalise(type, raw, account=account.account_id, region=region)
    resource = Resource.objects.create(
        source_id=account.source_id,
        account=account,
        shard=shard,
        owner_id=form.owner,
        region=region,
        type=type,
        rid=form.id,
        first_seen=at,
        changed_at=at,
        observed_at=at,
        **{**_columns(type, form), **fields},
    )
    if log:
        log_change(resource, ChangeOp.INSERT, at=at)
    return resource


def change_resource(resource: Resource, raw: Mapping[str, Any], *, at: datetime = NOW) -> Resource:
    """Give a resource another configuration, as a later complete answer would."""
    form = canonical.canonicalise(
        resource.type, raw, account=resource.account.account_id, region=resource.region
    )
    for name, value in _columns(resource.type, form).items():
        setattr(resource, name, value)
    resource.changed_at = resource.observed_at = at
    resource.deleted_at = None
    resource.save()
    log_change(resource, ChangeOp.UPDATE, at=at)
    return resource


def delete_resource(resource: Resource, *, at: datetime = NOW) -> Resource:
    """A complete answer no longer lists it."""
    resource.deleted_at = resource.changed_at = at
    resource.save()
    log_change(resource, ChangeOp.DELETE, at=at)
    return resource


def set_shard(
    account: Account,
    type: str,
    state: str,
    *,
    region: str = REGION,
    at: datetime = NOW,
    **fields: Any,
) -> Shard:
    """Put one shard into a state, with its line in the change log."""
    shard = make_shards(account, region=region, types=[type], state=state, at=at, **fields)[type]
    Change.objects.create(
        source_id=account.source_id,
        account=account,
        region=region,
        collector=type,
        op=ChangeOp.STATE,
        at=at,
    )
    return shard


def log_change(resource: Resource, op: str, *, at: datetime = NOW) -> Change:
    """One line of the change log."""
    return Change.objects.create(
        source_id=resource.source_id,
        account_id=resource.account_id,
        region=resource.region,
        collector=resource.type,
        resource_id=resource.pk,
        vpc_id=resource.vpc_id,
        op=op,
        at=at,
    )


def _columns(type: str, form: canonical.Canonical) -> dict[str, Any]:
    return {
        "name": form.name,
        "vpc_id": form.vpc_id,
        "parent_rid": form.parent,
        "tags": form.tags,
        "config": form.config,
        "canon_version": canonical.VERSIONS[type],
        "hash": canonical.fingerprint(form.config),
        "durable_hash": canonical.fingerprint(canonical.durable(type, form.config)),
        "unknown_fields": list(form.unknown_fields),
    }


def make_user(role: str = "", *, scopes: Iterable[str] = ("*",), **fields: Any) -> User:
    """A person with a role (`analyst`, `manager`, `admin`, or none) who sees every account."""
    user = User.objects.create_user(
        **{"username": f"{role or 'nobody'}-{next(_numbers)}", "password": None, **fields},
        scopes=list(scopes),
    )
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def raw_vpc(id: str = "vpc-1", *, cidr: str = "10.0.0.0/16", **more: Any) -> dict[str, Any]:
    """A VPC as AWS describes it."""
    return {
        "VpcId": id,
        "CidrBlock": cidr,
        "CidrBlockAssociationSet": [
            {
                "AssociationId": f"vpc-cidr-assoc-{id}",
                "CidrBlock": cidr,
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "State": "available",
        "InstanceTenancy": "default",
        "IsDefault": False,
        "Tags": [],
        **more,
    }


def raw_group(
    id: str = "sg-1", *, vpc: str = "vpc-1", name: str = "web", **more: Any
) -> dict[str, Any]:
    """A security group as AWS describes it, without rules."""
    return {
        "GroupId": id,
        "GroupName": name,
        "Description": name,
        "VpcId": vpc,
        "Tags": [],
        **more,
    }


def raw_rule(
    id: str = "sgr-1",
    *,
    group: str = "sg-1",
    egress: bool = False,
    protocol: str = "tcp",
    ports: tuple[int, int] = (22, 22),
    cidr: str = "0.0.0.0/0",
    description: str = "",
    **more: Any,
) -> dict[str, Any]:
    """A security group rule as AWS describes it; give another peer with `cidr=""`."""
    return {
        "SecurityGroupRuleId": id,
        "GroupId": group,
        "IsEgress": egress,
        "IpProtocol": protocol,
        "FromPort": ports[0],
        "ToPort": ports[1],
        **({("CidrIpv6" if ":" in cidr else "CidrIpv4"): cidr} if cidr else {}),
        **({"Description": description} if description else {}),
        "Tags": [],
        **more,
    }


def make_network(
    account: Account, *, vpc: str = "vpc-1", group: str = "sg-1", open_ssh: bool = True
) -> dict[str, Resource]:
    """A VPC with a group and one rule (SSH from anywhere, or HTTPS from inside); all shards fresh."""
    make_shards(account)
    ports, cidr = ((22, 22), "0.0.0.0/0") if open_ssh else ((443, 443), "10.0.0.0/8")
    return {
        "vpc": make_resource("ec2.vpc", raw_vpc(vpc), account=account),
        "group": make_resource("ec2.security-group", raw_group(group, vpc=vpc), account=account),
        "rule": make_resource(
            "ec2.security-group-rule",
            raw_rule(f"sgr-{group}", group=group, ports=ports, cidr=cidr),
            account=account,
        ),
    }
