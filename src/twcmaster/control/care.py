"""Contactor care: contactors are mechanical, and a car may fault when its supply comes and goes."""

from __future__ import annotations

from twcmaster.control.memory import Held

MINIMUM_ON_S = 60.0
MINIMUM_OFF_S = 60.0


def must_stay_on(held: Held, now: float) -> bool:
    """Whether a car has been charging for less than the minimum time."""
    return held.charging_since is not None and held.offer_a > 0 and now - held.charging_since < MINIMUM_ON_S


def rest_left_s(held: Held, now: float) -> float:
    """How much longer a contactor that was opened must stay open; 0: it may close."""
    if held.offer_a or held.withdrawn_at is None:
        return 0.0
    return max(0.0, MINIMUM_OFF_S - (now - held.withdrawn_at))
