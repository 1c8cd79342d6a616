"""Save power: signals from outside to use less, turned into limits. They only ever tighten.

A signal counts for all cars together behind its circuit, or of the whole site. Watts become amps by the connector
behind it that draws the most watts for an amp, so the sum of watts stays below what was asked whoever draws them.
A car that cannot be stopped goes on at its minimum; the decision says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from twcmaster.control import phrases
from twcmaster.control.allocate import Constraint
from twcmaster.model.plan import Reason
from twcmaster.model.settings import SaveKind, SavePower
from twcmaster.model.site import Site
from twcmaster.model.world import WallConnector, World


def constraints(world: World) -> tuple[Constraint, ...]:
    """One limit for each signal that is in force and has connectors behind it, with the full amps it allows."""
    found = (_constraint(world, signal) for signal in world.settings.save_power if in_force(signal, world.clock))
    return tuple(constraint for constraint in found if constraint is not None)


def in_force(signal: SavePower, clock: datetime) -> bool:
    """Whether the signal has not run out."""
    return signal.until is None or signal.until > clock


def _constraint(world: World, signal: SavePower) -> Constraint | None:
    members = [c for c in world.connectors if _behind(world.site, c, signal.circuit)]
    if not members:
        return None
    name = f"save_power:{signal.circuit or ''}:{signal.source}"
    reason = Reason("save_power", _say(signal, world.clock))
    return Constraint(name, _limit_a(world.site, members, signal), frozenset(c.key for c in members), reason)


def _behind(site: Site, connector: WallConnector, circuit: str | None) -> bool:
    return circuit is None or any(circuit == above.name for above in site.path(connector.circuit))


def _limit_a(site: Site, members: Sequence[WallConnector], signal: SavePower) -> float:
    match signal.kind:
        case SaveKind.OFF:
            return 0.0
        case SaveKind.AMPS:
            return signal.value
        case SaveKind.WATTS:
            return signal.value / max(site.circuits[c.circuit].volts * max(1, len(c.phases)) for c in members)


def _say(signal: SavePower, clock: datetime) -> str:
    asked = {SaveKind.OFF: "no charging", SaveKind.AMPS: f"{signal.value:g} A at most"}
    told = "Saving power: " + asked.get(signal.kind, f"{phrases.kilowatts(signal.value)} at most")
    if signal.circuit is not None:
        told += f" behind {signal.circuit}"
    if signal.until is not None:
        told += f" until {phrases.moment(signal.until, clock)}"
    return told + (f" (asked by {signal.source})" if signal.source else "")
