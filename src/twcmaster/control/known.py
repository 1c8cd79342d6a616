"""What a command is checked against: which connectors, circuits and meters there are, and what they carry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twcmaster.model.commands import CommandRefused
from twcmaster.model.reading import MeterRole
from twcmaster.model.settings import SITE
from twcmaster.model.site import Circuit, Site
from twcmaster.model.world import WallConnector


@dataclass(frozen=True, slots=True)
class Range:
    """Amps that make sense for one scope."""

    minimum_a: float
    limit_a: float
    #: What sets the limit, in words.
    because: str


@dataclass(frozen=True, slots=True)
class Known:
    """Connectors by key with their name and range, the site's range, the names of circuits, and what meters tell."""

    connectors: Mapping[str, tuple[str, Range]]
    site: Range
    circuits: tuple[str, ...]
    #: Whether a meter tells what the sun leaves over.
    surplus: bool

    def range_of(self, scope: str) -> Range | None:
        """The amps that make sense for a scope; None when its connector has not been heard since the start."""
        if scope == SITE:
            return self.site
        found = self.connectors.get(scope)
        return None if found is None else found[1]

    def scope(self, asked: str, more: Iterable[str] = ()) -> str:
        """The scope that a person means: "site", a connector's key, its four hex digits or its name.

        `more` are keys that are fine too, of connectors that are not there now. Raises CommandRefused.
        """
        if asked == SITE or asked in self.connectors or asked in more:
            return asked
        wanted = asked.strip().casefold()
        names = {key: (key.casefold(), key.rpartition("/")[2].casefold(), name.casefold()) for key, name in self._names}
        meant = [key for key in names if wanted in names[key]]
        if len(meant) == 1:
            return meant[0]
        if meant:
            raise CommandRefused(f'"{asked}" could be {" or ".join(meant)}. Say which.')
        raise CommandRefused(f'There is no connector "{asked}". {self._there_are()}')

    @property
    def _names(self) -> tuple[tuple[str, str], ...]:
        return tuple((key, name) for key, (name, _) in sorted(self.connectors.items()))

    def _there_are(self) -> str:
        if not self.connectors:
            return 'No connector has been heard yet; "site" stands for all of them.'
        told = (key if key.endswith(f"/{name}") else f"{key} ({name})" for key, name in self._names)
        return f'There are {", ".join(told)}, and "site" for all of them.'


def known_of(site: Site, connectors: Iterable[WallConnector]) -> Known:
    """The facts of the config and of the connectors heard so far."""
    seen = tuple(connectors)
    found = {
        f"{bus.name}/{facts.unit_id:04X}": (facts.name, Range(bus.minimum_a, facts.limit_a, "its wires carry"))
        for bus in site.buses.values()
        for facts in bus.connectors.values()
    }
    for connector in seen:
        carried = Range(connector.minimum_a, connector.limit_a, "the unit and its wires carry")
        found[connector.key] = (connector.name, carried)
    minimum_a = min((entry.minimum_a for _, entry in found.values()), default=_least_minimum_a(site))
    whole = Range(minimum_a, _site_limit_a(site, seen), "the circuits carry")
    return Known(found, whole, tuple(site.circuits), surplus=_tells_surplus(site))


def _tells_surplus(site: Site) -> bool:
    return any(meter.role in (MeterRole.GRID, MeterRole.PV) for meter in site.energy.meters.values())


def _least_minimum_a(site: Site) -> float:
    return min((bus.minimum_a for bus in site.buses.values()), default=0.0)


def _site_limit_a(site: Site, connectors: tuple[WallConnector, ...]) -> float:
    """The most that all connectors together can be offered, summed over connectors as budgets are."""
    return sum(_root_limit_a(site, root, connectors) for root in site.circuits.values() if root.parent is None)


def _root_limit_a(site: Site, root: Circuit, connectors: tuple[WallConnector, ...]) -> float:
    """Connectors on different phases of one circuit each get its limit."""
    behind = [set(c.phases) for c in connectors if root in site.path(c.circuit)]
    load_all = bool(behind) and all(phases >= set(root.phases) for phases in behind)
    return root.limit_a if load_all else root.limit_a * len(root.phases)
