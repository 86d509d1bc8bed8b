"""Typed views of canonical configurations: each parses the part that judging needs.

A view never fails on an absent field: what AWS did not say is `None`, and whoever judges decides
what that means. Every view has its `record`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from network.durables import TARGETS
from network.records import Record
from network.shaping import DESTINATIONS


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What all views share."""

    record: Record

    @property
    def id(self) -> str:
        """AWS's id."""
        return self.record.id

    @property
    def name(self) -> str:
        """The name people gave it, or an empty text."""
        return str(self.record.tags.get("Name", ""))

    @property
    def label(self) -> str:
        """Name and id for a sentence."""
        return f"{self.name} ({self.id})" if self.name else self.id

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags as a mapping."""
        return self.record.tags

    def text(self, field: str) -> str:
        """A field as text, empty when absent."""
        value = self.record.config.get(field)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True, eq=False)
class Vpc(View):
    """Its ranges are those in use now."""

    cidrs: tuple[str, ...]
    is_default: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Subnet(View):
    """`public_ip_on_launch` is `None` when the answer did not say."""

    vpc_id: str
    cidrs: tuple[str, ...]
    public_ip_on_launch: bool | None
    ipv6_on_creation: bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """`destination` is a CIDR or a prefix list's id; `target` an id, `local`, or empty."""

    destination: str
    target: str
    state: str
    origin: str

    @property
    def is_prefix_list(self) -> bool:
        """Whether the destination is a list of ranges kept elsewhere."""
        return self.destination.startswith("pl-")

    @property
    def to_internet(self) -> bool:
        """Whether it leads to an Internet gateway that works: the way in as well as out."""
        return self.target.startswith("igw-") and self.state != "blackhole"


@dataclass(frozen=True, slots=True, eq=False)
class RouteTable(View):
    """Explicit associations only; who uses it by being main, the estate knows."""

    vpc_id: str
    main: bool
    subnet_ids: tuple[str, ...]
    gateway_ids: tuple[str, ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AclEntry:
    """`low` and `high` are ports of tcp and udp; `kind` and `code` of ICMP, `None` for any."""

    number: int
    egress: bool
    allow: bool
    protocol: str
    cidr: str
    low: int = 0
    high: int = 65_535
    kind: int | None = None
    code: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class NetworkAcl(View):
    """Entries by direction and number, as AWS judges them."""

    vpc_id: str
    is_default: bool
    entries: tuple[AclEntry, ...]
    subnet_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SecurityGroup(View):
    """Only itself: its rules are records of their own."""

    vpc_id: str
    group_name: str
    description: str

    @property
    def name(self) -> str:
        """Its group name; the tag `Name` is a label on top."""
        return self.group_name

    @property
    def is_default(self) -> bool:
        """AWS reserves this name for the group every VPC is born with."""
        return self.group_name == "default"


@dataclass(frozen=True, slots=True, eq=False)
class GroupRule(View):
    """One rule: exactly one of `cidr`, `prefix_list_id` and `peer_group_id` is set.

    `low` and `high` are ports of tcp and udp, type and code of ICMP (`None`: any), else `None`.
    """

    group_id: str
    egress: bool
    protocol: str
    low: int | None
    high: int | None
    cidr: str
    prefix_list_id: str
    peer_group_id: str
    peer_account: str
    peering_id: str
    peering_status: str
    description: str

    def admits(self, protocol: str, port: int) -> bool:
        """Whether it concerns this port of tcp or udp; sources apart."""
        if self.protocol == "-1":
            return True
        if self.protocol != protocol or self.low is None or self.high is None:
            return False
        return self.low <= port <= self.high

    @property
    def ports(self) -> str:
        """`22`, `8000-8080`, `all`, or ICMP's type and code in words."""
        if self.protocol in ("icmp", "icmpv6"):
            if self.low is None:
                return "all"
            return f"type {self.low}" + (f" code {self.high}" if self.high is not None else "")
        if self.low is None or (self.low, self.high) == (0, 65_535):
            return "all"
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    @property
    def peer(self) -> str:
        """The other side as AWS writes it."""
        return self.cidr or self.prefix_list_id or self.peer_group_id


@dataclass(frozen=True, slots=True, eq=False)
class NetworkInterface(View):
    """An interface with the addresses the Internet could know it by."""

    vpc_id: str
    subnet_id: str
    group_ids: tuple[str, ...]
    private_ips: tuple[str, ...]
    public_ips: tuple[str, ...]
    ipv6s: tuple[str, ...]
    attached: bool
    instance_id: str
    requester: str
    kind: str
    description: str
    source_dest_check: bool | None

    @property
    def carrier(self) -> str:
        """What hangs on it, for a sentence."""
        return self.instance_id or self.description or self.kind or "nothing"


@dataclass(frozen=True, slots=True, eq=False)
class Instance(View):
    """`http_tokens` and `http_endpoint` are empty when the answer did not say."""

    vpc_id: str
    subnet_id: str
    state: str
    public_ip: str
    group_ids: tuple[str, ...]
    interface_ids: tuple[str, ...]
    http_tokens: str
    http_endpoint: str
    source_dest_check: bool | None

    @property
    def gone(self) -> bool:
        """Terminated instances stay in listings for about an hour."""
        return self.state in ("terminated", "shutting-down")


@dataclass(frozen=True, slots=True, eq=False)
class InternetGateway(View):
    """With the VPCs it is attached to."""

    vpc_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NatGateway(View):
    """A public one has addresses of its own."""

    vpc_id: str
    subnet_id: str
    public: bool
    state: str
    public_ips: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ElasticAddress(View):
    """`used` also when AWS manages it for a service."""

    public_ip: str
    interface_id: str
    instance_id: str
    used: bool


@dataclass(frozen=True, slots=True, eq=False)
class VpcEndpoint(View):
    """Interface and gateway endpoints alike."""

    vpc_id: str
    kind: str
    service: str
    policy: Any
    group_ids: tuple[str, ...]
    subnet_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FlowLog(View):
    """`watches` is a VPC, a subnet or an interface."""

    watches: str
    traffic: str
    active: bool
    delivering: bool


@dataclass(frozen=True, slots=True, eq=False)
class PrefixList(View):
    """`cidrs` is `None` when the entries were not read: unknown, not empty."""

    list_name: str
    cidrs: tuple[str, ...] | None

    @property
    def name(self) -> str:
        """The list's own name."""
        return self.list_name


@dataclass(frozen=True, slots=True, eq=False)
class PeeringSide:
    """One VPC of a peering connection, as the connection describes it."""

    account: str
    vpc_id: str
    region: str
    cidrs: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Peering(View):
    """Ranges are there only while it is active."""

    status: str
    requester: PeeringSide
    accepter: PeeringSide


def route(raw: Mapping[str, Any]) -> Route:
    """One route of a table."""
    return Route(
        destination=next((str(raw[key]) for key in DESTINATIONS if raw.get(key)), ""),
        target=next((str(raw[key]) for key in (*TARGETS, "InstanceId") if raw.get(key)), ""),
        state=str(raw.get("State", "")),
        origin=str(raw.get("Origin", "")),
    )
