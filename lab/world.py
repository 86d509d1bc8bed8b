"""What is built so far, by name: the ground that joins and misconfigurations are added to."""

from collections.abc import Mapping
from dataclasses import dataclass

from lab.application import Application
from lab.place import Place

EUROPE, AMERICA = "eu-central-1", "us-east-1"


@dataclass(slots=True)
class World:
    """Everything by name, for the parts that join and the parts that break."""

    places: Mapping[tuple[str, str], Place]
    apps: dict[str, Application]

    def place(self, account: str, region: str = EUROPE) -> Place:
        """The account-region to build in."""
        return self.places[account, region]
