"""Route tables and what they make of subnets and peerings."""

from collections.abc import Sequence

from findings.rules import evidence
from findings.rules.registry import Scope, rule
from findings.rules.settings import Settings
from findings.rules.severity import Severity
from findings.rules.verdicts import Evidence, Verdict, Weight
from network import addresses, exposure
from network.addresses import Addresses
from network.estate import Estate
from network.shapes import Peering, PeeringSide, Route, RouteTable

_TABLE = "ec2.route-table"


@rule(
    "route-blackhole",
    "Route leads nowhere",
    resource=_TABLE,
    severity=Severity.LOW,
    scope=Scope.RESOURCE,
)
def blackhole(table: RouteTable, estate: Estate, settings: Settings) -> Verdict:
    """The target is gone, and the route still wins: traffic is dropped, and who makes a new target
    with the same id gets it.
    """
    dead = [route for route in table.routes if route.state == "blackhole"]
    if not dead:
        return Verdict.passing()
    places = ", ".join(route.destination for route in dead)
    used = estate.subnets_routed_by(table)
    why = "" if used or not _complete(table, estate) else "no subnet uses this table"
    return Verdict.failing(
        [evidence.of_route(table, route) for route in dead],
        summary=f"{table.label} routes {places} to targets that are gone.",
        why=why,
        subnets=[subnet.id for subnet in used],
    )


def _complete(table: RouteTable, estate: Estate) -> bool:
    return estate.complete("ec2.subnet", near=table.record)


@rule(
    "route-main-table-to-internet",
    "Main route table leads to the Internet",
    resource=_TABLE,
    severity=Severity.MEDIUM,
    scope=Scope.VPC,
)
def main_to_internet(table: RouteTable, estate: Estate, settings: Settings) -> Verdict:
    """Every new subnet starts on the main table: with this route it is public from birth."""
    if not table.main:
        return Verdict.not_applicable("not the main table of its VPC")
    if not exposure.routed_to_internet(table, estate):
        return Verdict.passing()
    routes = [route for route in table.routes if route.to_internet]
    used = estate.subnets_routed_by(table)
    weight, why = Weight.AS_DECLARED, f"{len(used)} subnets use it"
    if not used and _complete(table, estate):
        weight, why = Weight.LOWERED, "no subnet uses it so far"
    return Verdict.failing(
        [evidence.of_route(table, route) for route in routes],
        summary=f"The main table {table.label} of {table.vpc_id} leads to {routes[0].target}; {why}.",
        weight=weight,
        why=why,
        subnets=[subnet.id for subnet in used],
    )


@rule(
    "vpc-peering-routes-least-access",
    "Peering is routed to a whole VPC",
    resource="ec2.vpc-peering-connection",
    severity=Severity.MEDIUM,
    scope=Scope.NETWORK_DOMAIN,
    aliases=("prowler:vpc_peering_routing_tables_with_least_privilege",),
)
def peering_least_access(peering: Peering, estate: Estate, settings: Settings) -> Verdict:
    """A route to all of a peer's range joins two networks; the subnets that talk are enough.

    Both directions count, with every range of either VPC. Tables of an account that is not in
    this inventory are its owner's to judge.
    """
    if peering.status != "active":
        return Verdict.not_applicable(f"the connection is {peering.status or 'not active'}")
    items: list[Evidence] = []
    outside: list[str] = []
    for near, far in (
        (peering.requester, peering.accepter),
        (peering.accepter, peering.requester),
    ):
        if near.account not in estate.accounts:
            outside.append(near.account)
            continue
        region = near.region or peering.record.region
        estate.note(near.account, region, _TABLE)
        estate.note(near.account, region, "ec2.vpc")
        items += _whole(near, far, peering, estate)
    if items:
        tables = ", ".join(sorted({each["resource"] for each in items}))
        return Verdict.failing(
            items,
            summary=f"{tables} routes the whole of a peer VPC through {peering.label}.",
            requester=peering.requester.vpc_id,
            accepter=peering.accepter.vpc_id,
            outside=outside,
        )
    if not peering.requester.cidrs or not peering.accepter.cidrs:
        return Verdict.unknown("AWS did not say the ranges of both VPCs")
    return Verdict.passing(outside=outside) if outside else Verdict.passing()


def _whole(near: PeeringSide, far: PeeringSide, peering: Peering, estate: Estate) -> list[Evidence]:
    """Routes of one side that cover a whole range of the other, alone or together."""
    items: list[Evidence] = []
    for table in estate.route_tables(near.vpc_id):
        routes = [route for route in table.routes if route.target == peering.id]
        covered = [(route, _destinations(route, table, estate)) for route in routes]
        for cidr in far.cidrs:
            items += [
                evidence.of_route(table, route) for route in _covering(addresses.of(cidr), covered)
            ]
    unique = {(each["resource"], each["rule_id"]): each for each in items}
    return [unique[key] for key in sorted(unique)]


def _covering(whole: Addresses, routes: Sequence[tuple[Route, Addresses]]) -> list[Route]:
    alone = [route for route, held in routes if held.holds(whole)]
    if alone:
        return alone
    together = [(route, held) for route, held in routes if held & whole]
    if addresses.union(held for _, held in together).holds(whole):
        return [route for route, _ in together]
    return []


def _destinations(route: Route, table: RouteTable, estate: Estate) -> Addresses:
    if not route.is_prefix_list:
        return addresses.of(route.destination) if "/" in route.destination else addresses.NOTHING
    listed = estate.prefix_list(route.destination, near=table.record)
    return addresses.of_all((listed.cidrs if listed else None) or ())
