"""What an organisation may set about the rules; the defaults suit one that has set nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """Parameters of rules. All values are hashable, so that what they lead to can be remembered.

    `internet_share`: sources count as the Internet from this part of the public addresses of a
    family on. An eighth is more than any cloud provider or carrier announces, so an allow-list
    of partners never reaches it, and `0.0.0.0/1` + `128.0.0.0/1`, each half, and a prefix list
    of such pieces all do.
    """

    internet_share: float = 0.125
    allowed_ports: tuple[int, ...] = (80, 443)
    admin_ports: tuple[int, ...] = (22, 3389)
    trusted_networks: tuple[str, ...] = ()
    widest_public_ipv4: int = 16
    widest_public_ipv6: int = 32
    mandatory_tags: tuple[str, ...] = ()
    tier_tags: tuple[str, ...] = ("tier", "network-tier", "subnet-tier", "subnet-type", "network")
    private_tiers: tuple[str, ...] = ("data", "database", "db", "private", "internal", "isolated")
    flow_log_traffic: tuple[str, ...] = ("ALL", "REJECT")

    def tier(self, *tags: Mapping[str, Any]) -> str:
        """The private tier that tags name, or an empty text; keys and values in any case."""
        for each in tags:
            for key, value in sorted(each.items()):
                if key.lower() in self.tier_tags and str(value).lower() in self.private_tiers:
                    return str(value)
        return ""


DEFAULTS = Settings()
