"""The resources of a scope at one moment, indexed, and the shards they were read from.

An estate is a value: nothing changes it. While a `reading()` is open it notes which shards each
answer depends on, those that would have held what was not found included.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from network.parsing import PARSERS
from network.records import Record, ShardKey, ShardState, ShardStatus
from network.shapes import (
    FlowLog,
    GroupRule,
    Instance,
    NetworkAcl,
    NetworkInterface,
    Peering,
    PrefixList,
    RouteTable,
    SecurityGroup,
    Subnet,
    View,
    Vpc,
    VpcEndpoint,
)
from network.table import Table

V = TypeVar("V", bound=View)
T = TypeVar("T")
_OK = ShardStatus(ShardState.OK)
_NEVER = ShardStatus(ShardState.NEVER)


class Estate:
    """Indexed records. Without `shards` every listing counts as complete, as in an import.

    With `shards`, one that is not named was never read. The order of `records` is of no
    consequence; of two records of one object the owner's own listing wins.
    """

    def __init__(
        self,
        records: Iterable[Record],
        shards: Mapping[ShardKey, ShardStatus] | None = None,
        *,
        now: datetime | None = None,
    ) -> None:
        sorted_out: dict[str, list[Record]] = {}
        for record in records:
            sorted_out.setdefault(record.type, []).append(record)
        self._tables = {type_: Table.of(listed) for type_, listed in sorted_out.items()}
        self._views: dict[Record, View] = {}
        self._memory: dict[Hashable, tuple[Any, frozenset[ShardKey]]] = {}
        self._keys: dict[tuple[str, str, str], ShardKey] = {}
        self._read: set[ShardKey] | None = None
        self._accounts: frozenset[str] | None = None
        self.shards = shards
        self.now = now

    def changed(self, replaced: Sequence[Record], removed: Sequence[tuple[str, str]]) -> "Estate":
        """The estate as it would be; see `network.changes.what_if`."""
        other = Estate((), self.shards, now=self.now)
        other._views = self._views  # a view depends on its record alone
        other._tables = dict(self._tables)
        for type_ in {record.type for record in replaced} | {type_ for type_, _ in removed}:
            other._tables[type_] = other._tables.get(type_, Table.of(())).changed(
                [record for record in replaced if record.type == type_],
                {rid for gone, rid in removed if gone == type_},
            )
        return other

    # What was read -----------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[set[ShardKey]]:
        """Note the shards that answers depend on, until the block ends. Blocks may be nested."""
        outer, mine = self._read, set[ShardKey]()
        self._read = mine
        try:
            yield mine
        finally:
            self._read = outer
            if outer is not None:
                outer |= mine

    def note(self, account: str, region: str, type: str) -> None:
        """Say that an answer depends on a shard."""
        if self._read is not None:
            parts = (account, region, type)
            key = self._keys.get(parts)
            if key is None:
                key = self._keys[parts] = ShardKey(*parts)
            self._read.add(key)

    def status(self, key: ShardKey) -> ShardStatus:
        """How a shard stands."""
        return _OK if self.shards is None else self.shards.get(key, _NEVER)

    def complete(self, type: str, *, near: Record) -> bool:
        """Whether the listing of a type beside a record is good: only then is absence a fact.

        For a shared VPC the listing of its owner must be good as well.
        """
        places = {(near.observer or near.account, near.region), (near.account, near.region)}
        vpc = self.get("ec2.vpc", str(near.config.get("VpcId", "")), near=near)
        if vpc is not None:
            places.add((vpc.account, vpc.region))
        for account, region in places:
            self.note(account, region, type)
        return all(self.status(ShardKey(*place, type)).good for place in places)

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """`compute()` once for each key; its reads are noted each time."""
        known = self._memory.get(key)
        if known is None:
            with self.reading() as read:
                value = compute()
            self._memory[key] = (value, frozenset(read))
            return value
        if self._read is not None:
            self._read |= known[1]
        found: T = known[0]
        return found

    # Records and views -------------------------------------------------------------------------

    def records(self, type: str) -> Sequence[Record]:
        """All of a type, sorted by account, region and id. Notes nothing."""
        table = self._tables.get(type)
        return table.records if table else ()

    @property
    def types(self) -> list[str]:
        """The types there are records of."""
        return sorted(type_ for type_, table in self._tables.items() if len(table))

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts this estate speaks for: those asked, else those that own something."""
        if self._accounts is None:
            if self.shards is not None:
                self._accounts = frozenset(key.account for key in self.shards)
            else:
                tables = self._tables.values()
                self._accounts = frozenset(r.account for table in tables for r in table.records)
        return self._accounts

    def __len__(self) -> int:
        return sum(len(table) for table in self._tables.values())

    def view(self, record: Record) -> View:
        """The typed view of a record; made once."""
        view = self._views.get(record)
        if view is None:
            view = self._views[record] = PARSERS[record.type](record)
        return view

    def get(self, type: str, id: str, *, near: Record | None = None) -> Record | None:
        """The record with this id. A miss depends on the shard beside `near`, if given."""
        table = self._tables.get(type)
        found = table.by("id", id) if table and id else ()
        if found:
            record = found[0]
            self.note(record.observer or record.account, record.region, type)
            return record
        if near is not None:
            self.note(near.observer or near.account, near.region, type)
        return None

    def group(self, id: str, *, near: Record | None = None) -> SecurityGroup | None:
        """A security group."""
        return self._one(SecurityGroup, "ec2.security-group", id, near)

    def vpc(self, id: str, *, near: Record | None = None) -> Vpc | None:
        """A VPC."""
        return self._one(Vpc, "ec2.vpc", id, near)

    def subnet(self, id: str, *, near: Record | None = None) -> Subnet | None:
        """A subnet."""
        return self._one(Subnet, "ec2.subnet", id, near)

    def interface(self, id: str, *, near: Record | None = None) -> NetworkInterface | None:
        """A network interface."""
        return self._one(NetworkInterface, "ec2.network-interface", id, near)

    def instance(self, id: str, *, near: Record | None = None) -> Instance | None:
        """An instance."""
        return self._one(Instance, "ec2.instance", id, near)

    def prefix_list(self, id: str, *, near: Record | None = None) -> PrefixList | None:
        """A prefix list; one whose entries are unknown has `cidrs` None."""
        table = self._tables.get("ec2.managed-prefix-list")
        found = table.by("id", id) if table else ()
        if not found:
            return self._one(PrefixList, "ec2.managed-prefix-list", id, near)
        # AWS's own lists carry one id in every account: any listing that has the entries will do.
        views = [self._as(PrefixList, record) for record in found]
        best = next((view for view in views if view.cidrs is not None), views[0])
        self._note_record(best.record)
        return best

    def peering(self, id: str, *, near: Record | None = None) -> Peering | None:
        """A peering connection."""
        return self._one(Peering, "ec2.vpc-peering-connection", id, near)

    def endpoints(self, vpc_id: str, *, near: Record | None = None) -> list[VpcEndpoint]:
        """Endpoints of a VPC."""
        return self._of_vpc(VpcEndpoint, "ec2.vpc-endpoint", vpc_id, near)

    def subnets(self, vpc_id: str, *, near: Record | None = None) -> list[Subnet]:
        """Subnets of a VPC."""
        return self._of_vpc(Subnet, "ec2.subnet", vpc_id, near)

    def groups(self, vpc_id: str, *, near: Record | None = None) -> list[SecurityGroup]:
        """Security groups of a VPC."""
        return self._of_vpc(SecurityGroup, "ec2.security-group", vpc_id, near)

    def route_tables(self, vpc_id: str, *, near: Record | None = None) -> list[RouteTable]:
        """Route tables of a VPC."""
        return self._of_vpc(RouteTable, "ec2.route-table", vpc_id, near)

    def network_acls(self, vpc_id: str, *, near: Record | None = None) -> list[NetworkAcl]:
        """Network ACLs of a VPC."""
        return self._of_vpc(NetworkAcl, "ec2.network-acl", vpc_id, near)

    def interfaces(self, vpc_id: str, *, near: Record | None = None) -> list[NetworkInterface]:
        """Interfaces in a VPC, those of participants included where they were read."""
        return self._of_vpc(NetworkInterface, "ec2.network-interface", vpc_id, near)

    def flow_logs(self, watched: str, *, near: Record) -> list[FlowLog]:
        """Flow logs of a VPC, a subnet or an interface (`near` is its record)."""
        self.note(near.observer or near.account, near.region, "ec2.flow-log")
        return self._by(FlowLog, "ec2.flow-log", "watched", watched)

    # What belongs together ---------------------------------------------------------------------

    def rules_of(self, group_id: str) -> list[GroupRule]:
        """The rules of a group, both directions, sorted by rule id."""
        group = self.get("ec2.security-group", group_id)
        if group is not None:
            self.note(group.observer or group.account, group.region, "ec2.security-group-rule")
        return self._by(GroupRule, "ec2.security-group-rule", "group", group_id)

    def rules_referencing(self, group_id: str) -> list[GroupRule]:
        """Rules of any group, itself included, whose peer is this group; both directions."""
        group = self.get("ec2.security-group", group_id)
        if group is not None:
            self.note(group.observer or group.account, group.region, "ec2.security-group-rule")
        return self._by(GroupRule, "ec2.security-group-rule", "peer", group_id)

    def groups_referencing(self, group_id: str) -> list[SecurityGroup]:
        """Groups with a rule whose peer is this group, itself left out."""
        rules = {rule.group_id: rule for rule in self.rules_referencing(group_id)}
        near = self.get("ec2.security-group", group_id)
        found = (self.group(id_, near=near) for id_ in sorted(rules) if id_ != group_id)
        return [group for group in found if group is not None]

    def interfaces_with(self, group_id: str) -> list[NetworkInterface]:
        """Interfaces that carry a group, whether attached to something or not."""
        group = self.group(group_id)
        if group is not None:
            record = group.record
            self.note(record.observer or record.account, record.region, "ec2.network-interface")
            self._note_vpc(group.vpc_id, "ec2.network-interface", record)
        return self._by(NetworkInterface, "ec2.network-interface", "group", group_id)

    def interfaces_of(self, instance: Instance) -> list[NetworkInterface]:
        """All interfaces of an instance, not the primary one alone."""
        record = instance.record
        self.note(record.observer or record.account, record.region, "ec2.network-interface")
        return self._by(NetworkInterface, "ec2.network-interface", "instance", instance.id)

    def route_table_of(self, subnet_id: str) -> RouteTable | None:
        """The table that routes a subnet: its own, else the main one of its VPC.

        `None` when neither was read (Amazon VPC User Guide, Route tables).
        """
        subnet = self.subnet(subnet_id)
        if subnet is None:
            return None
        self.note(subnet.record.account, subnet.record.region, "ec2.route-table")
        explicit = self._by(RouteTable, "ec2.route-table", "subnet", subnet_id)
        if explicit:
            return explicit[0]
        tables = self._by(RouteTable, "ec2.route-table", "vpc", subnet.vpc_id)
        return next((table for table in tables if table.main), None)

    def subnets_routed_by(self, table: RouteTable) -> list[Subnet]:
        """The subnets a table is effective for: its own and, if main, those without one."""
        return [
            subnet
            for subnet in self._of_vpc(Subnet, "ec2.subnet", table.vpc_id, table.record)
            if (effective := self.route_table_of(subnet.id)) and effective.id == table.id
        ]

    def acl_of(self, subnet_id: str) -> NetworkAcl | None:
        """The ACL of a subnet: the one associated, else the default of its VPC."""
        subnet = self.subnet(subnet_id)
        if subnet is None:
            return None
        self.note(subnet.record.account, subnet.record.region, "ec2.network-acl")
        explicit = self._by(NetworkAcl, "ec2.network-acl", "subnet", subnet_id)
        if explicit:
            return explicit[0]
        acls = self._by(NetworkAcl, "ec2.network-acl", "vpc", subnet.vpc_id)
        return next((acl for acl in acls if acl.is_default), None)

    # Inside ------------------------------------------------------------------------------------

    def _note_record(self, record: Record) -> None:
        self.note(record.observer or record.account, record.region, record.type)

    def _note_vpc(self, vpc_id: str, type_: str, near: Record | None) -> None:
        """The listing of a type in the account that owns a VPC, and beside `near`."""
        vpc = self.get("ec2.vpc", vpc_id, near=near)
        for record in (vpc, near):
            if record is not None:
                self.note(record.account, record.region, type_)

    def _as(self, view: type[V], record: Record) -> V:
        found = self.view(record)
        if not isinstance(found, view):
            raise TypeError(f"{record.type} is no {view.__name__}")
        return found

    def _one(self, view: type[V], type_: str, id_: str, near: Record | None) -> V | None:
        record = self.get(type_, id_, near=near)
        return None if record is None else self._as(view, record)

    def _by(self, view: type[V], type_: str, index: str, key: str) -> list[V]:
        table = self._tables.get(type_)
        if table is None or not key:
            return []
        return [self._as(view, record) for record in table.by(index, key)]

    def _of_vpc(self, view: type[V], type_: str, vpc_id: str, near: Record | None) -> list[V]:
        self._note_vpc(vpc_id, type_, near)
        return self._by(view, type_, "vpc", vpc_id)
