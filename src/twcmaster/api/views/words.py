"""The state in sentences: what is, then why. `code` stays the same for programs and translations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twcmaster.api.schemas import state as shown
from twcmaster.api.schemas.state import Sentence
from twcmaster.control.flow import Flow, origin
from twcmaster.control.ledger import has_car, is_drawing
from twcmaster.control.phrases import kilowatts
from twcmaster.control.remedies import remedy
from twcmaster.model.plan import Offer, Plan, Reason
from twcmaster.model.world import Activity, Presence, WallConnector, World

#: From this share on, power counts as coming from there alone.
_ALL = 0.95
_SOME = 0.05


def sentence(reason: Reason) -> Sentence:
    """A reason of the plan, as a sentence of its own."""
    return Sentence(code=reason.code, text=reason.text)


def why(reason: Reason) -> shown.Reason:
    """A reason of the plan, with what would help against it."""
    return shown.Reason(code=reason.code, text=reason.text, remedy=remedy(reason))


def connector_state(connector: WallConnector, offer: Offer | None, now: float) -> Sentence:
    """What one connector does, in words."""
    silent_s = 0.0 if connector.heard_at is None else now - connector.heard_at
    if connector.presence is Presence.LINKING:
        return Sentence(code="linking", text="Found; waiting for its first answer")
    if connector.presence is Presence.SILENT:
        return Sentence(code="silent", text=f"No answer for {silent_s:.0f} s; its last limit stands")
    if connector.presence is Presence.LOST:
        return Sentence(code="lost", text=f"No answer for {silent_s:.0f} s. Check its power and the bus cable")
    if connector.duplicate:
        return Sentence(code="duplicate", text="Two connectors answer to this id: power-cycle one of them")
    if connector.activity is Activity.ERROR:
        return Sentence(code="error", text="The connector reports a fault: look at its lights")
    return _working(connector, offer)


def _working(connector: WallConnector, offer: Offer | None) -> Sentence:
    if is_drawing(connector):
        return Sentence(code="charging", text=f"Charging at {connector.actual_a or 0:.1f} A")
    if connector.activity is Activity.CHARGING:
        return Sentence(code="charging", text="Charging, next to nothing flows")
    if connector.activity is Activity.STARTING:
        return Sentence(code="starting", text="Starting")
    if not has_car(connector):
        return Sentence(code="no_car", text="No car" if connector.plugged is False else "No car, or it sleeps")
    if offer is not None and offer.amps == 0:
        reason = offer.limits[0] if offer.limits else offer.wish
        text = reason.text if reason.text.startswith("Waiting") else f"Waiting. {reason.text}"
        return Sentence(code="waiting", text=text)
    return Sentence(code="car_idle", text="Car plugged in; it does not ask for power")


def site_status(world: World, plan: Plan, flow: Flow) -> Sentence:
    """One sentence for the whole site, the most important thing first."""
    if plan.alarms:
        return Sentence(code="alarm", text=plan.alarms[0].text)
    if not world.connectors:
        text = "No wall connector has been heard yet. Check its power, the bus wires and the rotary switch (F)"
        return Sentence(code="no_connectors", text=text)
    charging = [c for c in world.connectors if is_drawing(c)]
    if charging:
        return _charging(len(charging), flow)
    if not any(c.presence is Presence.ONLINE for c in world.connectors):
        return Sentence(code="no_answer", text="No wall connector answers. Check their power and the bus cable")
    return _idle(world, plan)


def _charging(cars: int, flow: Flow) -> Sentence:
    power = kilowatts(flow.cars_w or 0.0)
    whose = "" if cars == 1 else f"{cars} cars "
    source = origin(flow)
    if source is None:
        return Sentence(code="charging", text=f"Charging {whose}with {power}")
    if source.solar >= _ALL:
        return Sentence(code="charging_solar", text=f"Charging {whose}with {power} of sun")
    if source.solar < _SOME:
        return Sentence(code="charging_grid", text=f"Charging {whose}with {power}, without sun")
    return Sentence(code="charging_mixed", text=f"Charging {whose}with {power}, {source.solar:.0%} of it sun")


def _idle(world: World, plan: Plan) -> Sentence:
    offers = {offer.key: offer for offer in plan.offers}
    waiting = [c for c in world.connectors if has_car(c) and c.key in offers and offers[c.key].amps == 0]
    if waiting:
        offer = offers[waiting[0].key]
        return sentence(offer.limits[0] if offer.limits else offer.wish)
    if any(has_car(c) for c in world.connectors):
        return Sentence(code="car_idle", text="Nothing charges: the car does not ask for power")
    return Sentence(code="no_car", text="Nothing charges: no car")


def findings(health: Mapping[str, object], connectors: Sequence[WallConnector]) -> list[Sentence]:
    """What a bus sounds like, as a wiring check for people, most telling first. Never empty."""
    found = list(_complaints(health, connectors))
    return found or [Sentence(code="fine", text="The line is clean and every connector answers")]


def _complaints(health: Mapping[str, object], connectors: Sequence[WallConnector]) -> list[Sentence]:
    received, damaged = _count(health, "frames_received"), _count(health, "frames_damaged")
    if not health.get("connected"):
        text = "No connection to the adapter. Check that it is plugged in and that its name in the config is right"
        return [Sentence(code="no_adapter", text=text)]
    told: list[Sentence] = []
    if health.get("second_master"):
        text = "Another master speaks on this bus: set every connector's rotary switch to F, and unplug other masters"
        told.append(Sentence(code="second_master", text=text))
    if _count(health, "bytes_received") == 0:
        text = "Silence. Check the connectors' power, both bus wires, and that their rotary switches stand at F"
        return [*told, Sentence(code="silence", text=text)]
    if received == 0 and _only_own(health):
        text = "Only our own frames come back: the adapter works, but no connector is heard. Check wires and switch (F)"
        return [*told, Sentence(code="echo_only", text=text)]
    if received == 0:
        text = "Noise, but no message. Swap the two bus wires (D+ and D-), and check speed and termination"
        return [*told, Sentence(code="noise", text=text)]
    if damaged > max(_COLLISIONS, received * _NOISY):
        share = damaged / (received + damaged)
        text = f"{share:.0%} of the frames are damaged. Check termination (120 ohm at both ends) and cable routing"
        told.append(Sentence(code="noisy", text=text))
    told += [_unheard(c) for c in connectors if c.presence in (Presence.SILENT, Presence.LOST)]
    if not connectors:
        told.append(Sentence(code="no_connectors", text="Messages are heard, but no connector asks for a master yet"))
    return told


_NOISY = 0.02
#: Connectors that look for a master at the same time talk into each other; that says nothing of the wiring.
_COLLISIONS = 25


def _unheard(connector: WallConnector) -> Sentence:
    return Sentence(code="unheard", text=f"{connector.name} does not answer: check its power and its bus wires")


def _only_own(health: Mapping[str, object]) -> bool:
    return _count(health, "echoes") > 0


def _count(health: Mapping[str, object], key: str) -> int:
    value = health.get(key)
    return int(value) if isinstance(value, int | float) else 0
