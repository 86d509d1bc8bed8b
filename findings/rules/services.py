"""Services that do not belong on the Internet, by the ports they listen on by default.

Port numbers: IANA Service Name and Port Number Registry and the services' own documentation.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """One service and where it listens."""

    name: str
    protocol: str
    low: int
    high: int

    @property
    def ports(self) -> str:
        """`tcp/22`, `tcp/5900-5910`."""
        span = str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        return f"{self.protocol}/{span}"


def _services(name: str, *places: str) -> tuple[Service, ...]:
    found = []
    for place in places:
        protocol, _, span = place.partition("/")
        low, _, high = span.partition("-")
        found.append(Service(name, protocol, int(low), int(high or low)))
    return tuple(found)


SSH = _services("SSH", "tcp/22")
RDP = _services("RDP", "tcp/3389", "udp/3389")
CIFS = _services("CIFS", "tcp/445", "tcp/139", "udp/137-138")

DATABASES = (
    *_services("MySQL", "tcp/3306"),
    *_services("PostgreSQL", "tcp/5432"),
    *_services("SQL Server", "tcp/1433-1434", "udp/1434"),
    *_services("Oracle", "tcp/1521", "tcp/2483-2484"),
    *_services("MongoDB", "tcp/27017-27019"),
    *_services("Redis", "tcp/6379"),
    *_services("Memcached", "tcp/11211", "udp/11211"),
    *_services("Cassandra", "tcp/7000-7001", "tcp/7199", "tcp/9042", "tcp/9160", "tcp/61621"),
    *_services("Elasticsearch", "tcp/9200", "tcp/9300"),
    *_services("Db2", "tcp/50000"),
    *_services("Redshift", "tcp/5439"),
    *_services("CouchDB", "tcp/5984"),
    *_services("Neo4j", "tcp/7473-7474", "tcp/7687"),
    *_services("SQL Server Analysis Services", "tcp/2382-2383"),
)

UNENCRYPTED = (
    *_services("FTP", "tcp/20-21"),
    *_services("Telnet", "tcp/23"),
    *_services("TFTP", "udp/69"),
    *_services("POP3", "tcp/110"),
    *_services("IMAP", "tcp/143"),
    *_services("SNMP", "udp/161"),
    *_services("LDAP", "tcp/389"),
    *_services("rsh and rlogin", "tcp/512-514"),
    *_services("rsync", "tcp/873"),
)

CONTROL_PLANES = (
    *_services("VNC", "tcp/5500", "tcp/5800", "tcp/5900-5910"),
    *_services("WinRM", "tcp/5985-5986"),
    *_services("Docker", "tcp/2375-2376"),
    *_services("Kubernetes", "tcp/6443", "tcp/10250", "tcp/10255"),
    *_services("etcd", "tcp/2379-2380"),
    *_services("Kafka", "tcp/9092-9094"),
    *_services("ZooKeeper", "tcp/2181"),
    *_services("Kibana", "tcp/5601"),
    *_services("Salt", "tcp/4505-4506"),
    *_services("Hadoop", "tcp/8088", "tcp/9870", "tcp/50070"),
    *_services("RPC and NetBIOS", "tcp/135", "tcp/137-138"),
    *_services("Kerberos", "tcp/88", "tcp/464", "tcp/749"),
    *_services("NFS", "tcp/111", "tcp/2049"),
    *_services("LDAPS", "tcp/636"),
)
