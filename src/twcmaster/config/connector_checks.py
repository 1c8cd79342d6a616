"""What must fit together around `[[connector]]`: its bus, its circuit, its id, its amps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from twcmaster.config.problems import Problem, no_such
from twcmaster.config.schema import BusSection, CircuitSection, Config, ConnectorSection

#: The wire's design allows one master and three connectors on a bus.
CONNECTORS_PER_BUS = 3


def connector_problems(config: Config) -> Iterator[Problem]:
    """Every contradiction around connectors."""
    circuits = {circuit.name: circuit for circuit in config.circuit}
    buses = {bus.name: bus for bus in config.bus}
    for index, connector in enumerate(config.connector):
        path, bus = f"connector[{index}]", buses.get(connector.bus)
        if bus is None:
            yield no_such(f"{path}.bus", "bus", connector.bus, buses)
        if connector.circuit is not None and connector.circuit not in circuits:
            yield no_such(f"{path}.circuit", "circuit", connector.circuit, circuits)
        circuit = circuits.get(connector.circuit or (bus.circuit if bus else ""))
        yield from _phases(path, connector, circuit)
        if bus is not None:
            yield from _amps(path, connector, bus, circuit)
    yield from _ids(config, buses)
    yield from _names(config)
    yield from _too_many(config)


def _phases(path: str, connector: ConnectorSection, circuit: CircuitSection | None) -> Iterator[Problem]:
    if connector.phases is not None and circuit is not None and circuit.phases == 1 and len(connector.phases) > 1:
        yield Problem(f"{path}.phases", f'names {len(connector.phases)} phases, but circuit "{circuit.name}" has one.')
    if connector.phases is not None and len(set(connector.phases)) != len(connector.phases):
        yield Problem(f"{path}.phases", "names a phase twice.", "One for each of the unit's L1, L2 and L3.")


def _amps(path: str, connector: ConnectorSection, bus: BusSection, circuit: CircuitSection | None) -> Iterator[Problem]:
    limit_a = bus.connector_limit_a if connector.limit_a is None else connector.limit_a
    if limit_a > bus.connector_limit_a:
        # The bus would never offer more than its own limit, and amps reserved beyond it would lie idle.
        text = f'is {limit_a:g} A, above connector_limit_a of bus "{bus.name}", {bus.connector_limit_a:g} A.'
        yield Problem(f"{path}.limit_a", text, "Raise connector_limit_a there, or lower limit_a here.")
    if limit_a < bus.minimum_a:
        text = f'is {limit_a:g} A, but no car charges below minimum_a of bus "{bus.name}", {bus.minimum_a} A.'
        yield Problem(f"{path}.limit_a", text, "Raise it, or lower minimum_a (5 A is the least).")
    # A circuit that the whole bus hangs on is looked at there.
    if connector.circuit is not None and circuit is not None and circuit.limit_a < bus.minimum_a:
        text = f'"{circuit.name}" carries {circuit.limit_a:g} A, but no car charges below {bus.minimum_a} A.'
        yield Problem(f"{path}.circuit", text, "Name the circuit that feeds the connector, or raise its limit_a.")


def _ids(config: Config, buses: Mapping[str, BusSection]) -> Iterator[Problem]:
    seen: set[tuple[str, str]] = set()
    for index, connector in enumerate(config.connector):
        path, unit = f"connector[{index}].id", connector.id.upper()
        if (connector.bus, unit) in seen:
            yield Problem(path, f'"{connector.id}" is described twice.')
        seen.add((connector.bus, unit))
        bus = buses.get(connector.bus)
        if bus is not None and unit == bus.master_id.upper():
            text = f'"{connector.id}" is master_id of bus "{bus.name}": twcmaster itself speaks with it.'
            yield Problem(path, text, f'Give the bus another one, for example: master_id = "{_other_than(unit)}"')


def _other_than(unit: str) -> str:
    return "7777" if unit != "7777" else "7778"


def _names(config: Config) -> Iterator[Problem]:
    """Commands name connectors, so two cannot share a name; capitals do not tell them apart."""
    seen: dict[str, int] = {}
    for index, connector in enumerate(config.connector):
        name = connector.name.strip().casefold()
        if name and name in seen:
            text = f'"{connector.name}" is the name of connector[{seen[name]}] too.'
            yield Problem(f"connector[{index}].name", text, "Give each its own, so that commands can name it.")
        seen.setdefault(name, index)


def _too_many(config: Config) -> Iterator[Problem]:
    for bus, count in Counter(connector.bus for connector in config.connector).items():
        if count > CONNECTORS_PER_BUS:
            text = f'{count} of them are on bus "{bus}", but a bus has at most {CONNECTORS_PER_BUS}.'
            yield Problem("connector", text, "Remove those that are not there, or name their own bus.")
