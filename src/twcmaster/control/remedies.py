"""What would have to change for a connector to get more, for each reason that a plan may give."""

from __future__ import annotations

from collections.abc import Mapping

from twcmaster.model.plan import Reason

_REMEDIES: Mapping[str, str] = {
    "no_wish": "Set a mode, or charge now.",
    "standing_off": "Set another mode, or charge now.",
    "standing_fixed": "Set more amps, or charge now.",
    "schedule_off": "Charge now, or change the schedule.",
    "schedule_fixed": "Charge now, or change the schedule.",
    "charge_now": "Nothing: this asks for all there is.",
    "charge_now_amps": "Charge now with more amps, or without a number of amps.",
    "solar": "More sun, or charge now.",
    "solar_min": "More sun, or charge now.",
    "solar_wait": "More sun, or charge now.",
    "solar_soon": "Half a minute, or charge now.",
    "solar_turn": "More sun, or charge now; its turn comes by itself.",
    "solar_blind": "A meter that answers, or charge now.",
    "save_power": "The end of the save-power signal.",
    "circuit": "Less drawn by others on this circuit; its limit is a fact of the installation.",
    "connector_limit": "Nothing: this is all that the unit and its wires carry.",
    "car_limit": "The car: its own charging current, its charger or a cold battery sets this.",
    "car_idle": "The car: wake it, raise its charge limit or end its own schedule.",
    "no_car": "A car.",
    "making_room": "A few seconds.",
    "contactor_rest": "A minute.",
    "cannot_stop": "Nothing: it gets more than was asked for.",
    "unheard": "An answer from the connector: check its power and the bus wires.",
    "duplicate": "Switch one of the two off and on, so that it picks another id.",
    "fuse": "Less drawn by the house.",
    "fuse_blind": "A grid meter that answers: check its network and its power.",
    "peak_blind": "A grid meter that answers: check its network and its power.",
    "peak": "Less drawn by the house, or the next quarter of an hour.",
    "peak_rest": "A few minutes.",
}


def remedy(reason: Reason) -> str | None:
    """What would help against this reason; None for reasons that this table does not know."""
    return _REMEDIES.get(reason.code)
