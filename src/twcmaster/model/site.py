"""Installation facts: circuits, buses, connectors. They come from the config file and never from people's wishes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twcmaster.model.energy import EnergyFacts

#: The phases that a conductor set may load: 1, 2, 3; or 0 alone: one phase, not said which.
Phases = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Circuit:
    """One breaker and its wires. Circuits nest: what flows in a child flows in its parent too."""

    name: str
    #: Continuous amps per phase conductor (breaker x 0.8 in North America).
    limit_a: float
    volts: float = 240.0
    phases: Phases = (1,)
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectorFacts:
    """What the config says of one wall connector."""

    unit_id: int
    name: str
    limit_a: float
    circuit: str
    #: Phases of the *site* that the unit's L1, L2, L3 are wired to.
    phases: Phases = (1,)


@dataclass(frozen=True, slots=True)
class BusFacts:
    """What the config says of one RS-485 bus; units that it does not name get `connector_limit_a` and `circuit`."""

    name: str
    circuit: str
    connector_limit_a: float
    minimum_a: int = 6
    fallback_a: int = 0
    allow_relay_commands: bool = False
    connectors: Mapping[int, ConnectorFacts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Site:
    """All facts of the installation."""

    name: str
    circuits: Mapping[str, Circuit]
    buses: Mapping[str, BusFacts]
    energy: EnergyFacts = field(default_factory=EnergyFacts)

    def path(self, circuit: str) -> tuple[Circuit, ...]:
        """The circuit and all its parents, innermost first."""
        chain = []
        name: str | None = circuit
        while name is not None:
            chain.append(self.circuits[name])
            name = self.circuits[name].parent
        return tuple(chain)
