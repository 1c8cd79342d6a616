"""Wall connectors as the solar decision sees them: watts per amp, who follows the sun, and what is left for those."""

from __future__ import annotations

from collections.abc import Mapping

from twcmaster.control import care, ledger
from twcmaster.control.balance import CarDraw
from twcmaster.control.demand import Want, car_shows
from twcmaster.control.memory import Held
from twcmaster.control.modes import ModeWish
from twcmaster.control.sun import Runner
from twcmaster.model.settings import Mode
from twcmaster.model.world import Presence, WallConnector, World

SOLAR_MODES = (Mode.SOLAR, Mode.SOLAR_MIN)


def watts_per_amp(world: World, connector: WallConnector, held: Held) -> float:
    """Watts for one amp of its limit: the phases that its car uses, as measured, else those it is wired to."""
    phases = len(held.habits.conductors or connector.phases)
    return world.site.circuits[connector.circuit].volts * phases


def draws(world: World, held: Mapping[str, Held]) -> dict[str, CarDraw]:
    """What every car draws, for the balance."""
    found = {}
    for connector in world.connectors:
        own = held.get(connector.key)
        if own is not None and connector.heard_at is not None:
            found[connector.key] = _draw(world, connector, own, connector.heard_at)
    return found


def _draw(world: World, connector: WallConnector, held: Held, heard_at: float) -> CarDraw:
    gone = ledger.gone_for_good(connector, world.now)
    return CarDraw(
        world.now if gone else heard_at,
        0.0 if gone else ledger.drawn_a(connector),
        0.0 if gone else max(0.0, held.offer_a - held.habits.below_a),
        held.offered_at,
        watts_per_amp(world, connector, held),
        phases_known=held.habits.conductors is not None or len(connector.phases) == 1,
        silent=not gone and connector.presence is not Presence.ONLINE,
    )


def runners(
    world: World, held: Mapping[str, Held], wishes: Mapping[str, ModeWish], stuck: frozenset[str]
) -> list[Runner]:
    """The connectors whose wish follows the sun. `stuck` ones cannot be stopped."""
    known = {c.key: c for c in world.connectors}
    return [
        _runner(world, known[key], held[key], wish, stuck=key in stuck) for key, wish in wishes.items() if key in held
    ]


def _runner(world: World, connector: WallConnector, held: Held, wish: ModeWish, *, stuck: bool) -> Runner:
    per_amp = watts_per_amp(world, connector, held)
    online = connector.presence is Presence.ONLINE and not connector.duplicate
    capped = connector.limit_a if held.demand.cap_a is None else min(connector.limit_a, held.demand.cap_a)
    return Runner(
        connector.key,
        per_amp,
        connector.minimum_a,
        max(connector.minimum_a, int(capped)),
        tier=wish.tier,
        wants=stuck or (online and held.demand.want in (Want.POWER, Want.TRIAL)),
        shows=car_shows(connector),
        leftover=online and held.demand.want is Want.LEFTOVER,
        drawing_w=ledger.drawn_a(connector) * per_amp,
        charging=held.offer_a > 0 and ledger.is_drawing(connector),
        unused_w=held.habits.below_a * per_amp if ledger.is_drawing(connector) else 0.0,
        must_run=care.must_stay_on(held, world.now),
        must_rest=care.rest_left_s(held, world.now) > 0,
        always=stuck or wish.mode is Mode.SOLAR_MIN,
    )


def left_for_sun_w(surplus_w: float | None, draws: Mapping[str, CarDraw], runners: list[Runner]) -> float | None:
    """The surplus less what cars take that charge for another reason."""
    if surplus_w is None:
        return None
    on_sun = {runner.key for runner in runners}
    return surplus_w - sum(draw.watts for key, draw in draws.items() if key not in on_sun)
