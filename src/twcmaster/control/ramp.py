"""From where the offers are to where they should be, without ever passing through an overload.

Lower first, wait, then raise: a lower offer counts for others only once the unit has confirmed it and its draw has come
down (the ledger knows); a raise is cut to the room that is left when everybody draws all that it still may.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor

from twcmaster.control.allocate import EPSILON_A, Constraint
from twcmaster.control.memory import Held
from twcmaster.model.world import Presence, WallConnector

#: Cars follow a new limit within a few seconds; raising more often only makes them hunt.
RAISE_SPACING_S = 5.0


def next_offers(
    connectors: Sequence[WallConnector],
    held: Mapping[str, Held],
    targets: Mapping[str, int],
    may_draw_a: Mapping[str, float],
    constraints: Sequence[Constraint],
    now: float,
) -> dict[str, int]:
    """Whole amps to tell each connector now. `may_draw_a` holds every member of every constraint."""
    offers = {c.key: _lowered(c, targets[c.key], held[c.key]) for c in connectors}
    loads = {key: max(amps, float(offers.get(key, 0))) for key, amps in may_draw_a.items()}
    for connector in connectors:
        key = connector.key
        if targets[key] <= offers[key] or not _may_rise(connector, held[key], now):
            continue
        raised = min(targets[key], _highest(key, loads, constraints))
        if raised > offers[key] and raised >= connector.minimum_a:
            offers[key] = raised
            loads[key] = max(loads[key], float(raised))
    return offers


def _lowered(connector: WallConnector, target: int, held: Held) -> int:
    """The target or what is offered already, whichever is less: nothing where the config now asks for more."""
    lower = min(target, held.offer_a)
    return lower if lower >= connector.minimum_a else 0


def _may_rise(connector: WallConnector, held: Held, now: float) -> bool:
    if connector.presence is not Presence.ONLINE or connector.duplicate:
        return False
    return held.offer_a == 0 or now - held.offered_at >= RAISE_SPACING_S


def _highest(key: str, loads: Mapping[str, float], constraints: Sequence[Constraint]) -> int:
    """The highest offer for `key` with which no constraint can be exceeded, whatever the others still may draw."""
    room = min(
        (
            (constraint.limit_a - constraint.load(loads)) / constraint.weight(key) + loads[key]
            for constraint in constraints
            if key in constraint.members
        ),
        default=float("inf"),
    )
    return floor(max(0.0, min(room, 1e6)) + EPSILON_A)
