"""Why a connector gets no more, and what a person should look at."""

from __future__ import annotations

from collections.abc import Sequence

from twcmaster.control import care, demand, ledger
from twcmaster.control.allocate import Ask, Shares
from twcmaster.control.demand import Want
from twcmaster.control.memory import Held
from twcmaster.control.scene import Scene
from twcmaster.model.plan import Alarm, Offer, Reason
from twcmaster.model.world import Presence, WallConnector

#: How far a draw may be above its limit before a person should hear of it, and for how long.
DISOBEDIENT_A = 1.5

_NO_CAR = Reason("no_car", "No car")


def limits_of(
    scene: Scene, connector: WallConnector, ask: Ask | None, shares: Shares, amps: int, target: int
) -> tuple[Reason, ...]:
    """What keeps a connector from more than its offer, the most telling first."""
    limits = [constraint.reason for constraint in shares.bound_by.get(connector.key, ())]
    if ask is not None and (ask.leftover or not demand.car_shows(connector)):
        limits.insert(0, _NO_CAR)
    if ask is None:
        limits.extend(_why_no_ask(scene, connector))
    elif target >= ask.cap_a:
        limits.append(_why_capped(connector, scene.held[connector.key]))
    if amps < target:
        limits.insert(0, Reason("making_room", f"On the way to {target} A: waiting until others have come down"))
    if ask is not None and ask.unstoppable and target <= connector.minimum_a:
        text = f"Holding {connector.minimum_a} A: this connector cannot stop the car by itself"
        limits.insert(0, Reason("cannot_stop", text))
    return tuple(limits)


def _why_no_ask(scene: Scene, connector: WallConnector) -> tuple[Reason, ...]:
    """What else keeps a connector from taking part; nothing where it is the wish alone, which says so itself."""
    held, now = scene.held[connector.key], scene.world.now
    if connector.presence is not Presence.ONLINE:
        return (
            Reason("unheard", "No answer from this connector: its last offer stands unless a limit falls below it"),
        )
    if connector.duplicate:
        return (Reason("duplicate", "Two connectors answer to this id: power-cycle one of them"),)
    rest_s = care.rest_left_s(held, now)
    if rest_s:
        return (Reason("contactor_rest", f"Contactor rests for {rest_s:.0f} s more"),)
    if not ledger.has_car(connector):
        return (_NO_CAR,)
    if held.demand.want in (Want.NOTHING, Want.UNHEARD):
        return (Reason("car_idle", "The car does not ask for power: full, asleep or scheduled"),)
    return ()


def _why_capped(connector: WallConnector, held: Held) -> Reason:
    if held.demand.cap_a is not None and held.demand.cap_a < connector.limit_a:
        return Reason("car_limit", f"The car takes no more than {connector.actual_a or 0:.1f} A")
    return Reason("connector_limit", f"Unit and wires carry {connector.limit_a:g} A")


def alarms_of(scene: Scene, offers: Sequence[Offer]) -> tuple[Alarm, ...]:
    """Overloads that are being brought down, and cars that do not keep to their limit."""
    alarms = []
    in_force = {c.key: ledger.in_force_a(c, scene.held[c.key], scene.world.now) for c in scene.known}
    for constraint in scene.conductors:
        load = sum(in_force.get(key, 0.0) for key in constraint.members)
        if load > constraint.limit_a + DISOBEDIENT_A:
            text = f"{constraint.reason.text}, but its connectors may be drawing {load:.0f} A: bringing them down"
            alarms.append(Alarm("overload", text))
    names = {c.key: c for c in scene.known}
    for offer in offers:
        connector, held = names[offer.key], scene.held[offer.key]
        if held.excess_a > DISOBEDIENT_A and ledger.drawn_a(connector) > held.outstanding_a + DISOBEDIENT_A:
            text = f"{connector.name} draws {connector.actual_a:.1f} A although its limit is {held.outstanding_a:.0f} A"
            alarms.append(Alarm("disobedient", text))
    return tuple(alarms)
