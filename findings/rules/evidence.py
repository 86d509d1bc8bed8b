"""Evidence items: each names the resource and the very rule, entry or route that decides."""

from findings.rules.verdicts import Evidence
from network.estate import Estate
from network.normal import WITH_TYPES
from network.shapes import AclEntry, GroupRule, NetworkAcl, Route, RouteTable, View


def item(
    view: View,
    text: str,
    *,
    rule_id: str = "",
    direction: str = "",
    protocol: str = "",
    ports: str = "",
    sources: tuple[str, ...] = (),
) -> Evidence:
    """One item; absent parts are empty, never left out."""
    return {
        "resource": view.id,
        "resource_type": view.record.type,
        "rule_id": rule_id,
        "direction": direction,
        "protocol": protocol,
        "ports": ports,
        "sources": list(sources),
        "text": text,
    }


def traffic(protocol: str, ports: str) -> str:
    """`tcp/22`, `all traffic`, `icmp`."""
    if protocol == "-1":
        return "all traffic"
    name = protocol if not protocol.isdecimal() else f"protocol {protocol}"
    return name if ports == "all" and protocol not in ("tcp", "udp") else f"{name}/{ports}"


def of_rule(rule: GroupRule, estate: Estate) -> Evidence:
    """A security group rule, its prefix list by name and size."""
    peer = rule.peer
    if rule.prefix_list_id:
        listed = estate.prefix_list(rule.prefix_list_id, near=rule.record)
        ranges = listed.cidrs if listed and listed.cidrs is not None else ()
        peer += f" ({listed.name if listed else 'unknown'}, {len(ranges)} ranges)"
    way = "to" if rule.egress else "from"
    about = f", “{rule.description}”" if rule.description else ""
    return {
        "resource": rule.group_id,
        "resource_type": "ec2.security-group",
        "rule_id": rule.id,
        "direction": "egress" if rule.egress else "ingress",
        "protocol": rule.protocol,
        "ports": rule.ports,
        "sources": [rule.peer],
        "text": f"{rule.id} admits {traffic(rule.protocol, rule.ports)} {way} {peer}{about}",
    }


def entry_ports(entry: AclEntry) -> str:
    """Ports of an ACL entry, or its ICMP type and code."""
    if entry.protocol in WITH_TYPES:
        return "all" if entry.kind is None else f"type {entry.kind}"
    if entry.protocol not in ("tcp", "udp") or (entry.low, entry.high) == (0, 65_535):
        return "all"
    return str(entry.low) if entry.low == entry.high else f"{entry.low}-{entry.high}"


def of_entry(acl: NetworkAcl, entry: AclEntry) -> Evidence:
    """An ACL entry by its number."""
    verb = "allows" if entry.allow else "denies"
    way = "to" if entry.egress else "from"
    what = traffic(entry.protocol, entry_ports(entry))
    return item(
        acl,
        f"entry {entry.number} of {acl.label} {verb} {what} {way} {entry.cidr}",
        rule_id=str(entry.number),
        direction="egress" if entry.egress else "ingress",
        protocol=entry.protocol,
        ports=entry_ports(entry),
        sources=(entry.cidr,),
    )


def of_route(table: RouteTable, route: Route) -> Evidence:
    """A route by its destination."""
    return item(
        table,
        f"{table.label} routes {route.destination} to {route.target or 'nothing'}",
        rule_id=route.destination,
        sources=(route.destination,),
    )
