"""Circuits as constraints: who loads which conductor of which breaker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twcmaster.control.allocate import Constraint
from twcmaster.model.plan import CircuitLoad, Reason
from twcmaster.model.site import Circuit, Site
from twcmaster.model.world import WallConnector


def conductors(site: Site, connectors: Iterable[WallConnector]) -> tuple[Constraint, ...]:
    """One constraint for each loaded conductor of each circuit, outermost circuits included, with the full limit.

    Conductors of one circuit that carry the same connectors are one constraint.
    """
    found: dict[tuple[str, frozenset[str]], Constraint] = {}
    members: dict[tuple[str, int], set[str]] = {}
    for connector in connectors:
        for circuit in site.path(connector.circuit):
            for phase in _loaded(circuit, connector):
                members.setdefault((circuit.name, phase), set()).add(connector.key)
    for (name, phase), keys in members.items():
        circuit = site.circuits[name]
        found.setdefault((name, frozenset(keys)), _conductor(circuit, phase, frozenset(keys)))
    return tuple(found.values())


def _loaded(circuit: Circuit, connector: WallConnector) -> tuple[int, ...]:
    """The circuit's phases that this connector loads; all of them when the wiring of the two does not match."""
    shared = tuple(phase for phase in connector.phases if phase in circuit.phases)
    return shared or circuit.phases


def _conductor(circuit: Circuit, phase: int, keys: frozenset[str]) -> Constraint:
    where = f" on L{phase}" if len(circuit.phases) > 1 else ""
    text = f"Circuit {circuit.name} carries {circuit.limit_a:g} A{where}"
    return Constraint(circuit.name, circuit.limit_a, keys, Reason("circuit", text))


def loads(
    constraints: Iterable[Constraint], may_draw_a: Mapping[str, float], drawn_a: Mapping[str, float]
) -> tuple[CircuitLoad, ...]:
    """The load of each circuit now, its worst conductor."""
    worst: dict[str, CircuitLoad] = {}
    for constraint in constraints:
        load = CircuitLoad(
            constraint.name,
            constraint.limit_a,
            may_draw_a=sum(may_draw_a[key] for key in constraint.members),
            drawn_a=sum(drawn_a[key] for key in constraint.members),
        )
        known = worst.get(load.name)
        if known is None or (load.may_draw_a, load.drawn_a) > (known.may_draw_a, known.drawn_a):
            worst[load.name] = load
    return tuple(worst.values())
