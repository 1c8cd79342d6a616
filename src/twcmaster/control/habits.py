"""What a car is like, learned while it charges: how many phases it uses, and how far it stays below its offer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from twcmaster.model.world import WallConnector

#: Measured per-phase amps say something from here on; a phase counts as used from this share of the largest.
TELLING_A = 3.0
USED_SHARE = 0.4
#: A car has followed a new offer after this long; then what is missing is its habit.
FOLLOWED_S = 6.0
#: More than this left unused is no habit but a limit of the car (see demand.py).
MOST_BELOW_A = 1.5
LEARN_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of the car at one connector."""

    #: Which of the unit's L1, L2, L3 (0, 1, 2) carry current; None: not seen yet.
    conductors: tuple[int, ...] | None = None
    below_a: float = 0.0
    heard_at: float = 0.0


def observe(connector: WallConnector, habits: Habits, offer_a: int, offered_at: float, now: float) -> Habits:
    """The habits after the newest answer."""
    if connector.plugged is False:
        return habits if habits == Habits() else Habits()
    if connector.heard_at is None or connector.heard_at == habits.heard_at:
        return habits
    actual_a = connector.actual_a or 0.0
    conductors = _in_use(connector) or habits.conductors
    if actual_a < connector.minimum_a / 2 or offer_a < connector.minimum_a or now - offered_at < FOLLOWED_S:
        return replace(habits, conductors=conductors)
    below = min(MOST_BELOW_A, max(-MOST_BELOW_A, offer_a - actual_a))
    return Habits(conductors, habits.below_a + (below - habits.below_a) * LEARN_SHARE, connector.heard_at)


def _in_use(connector: WallConnector) -> tuple[int, ...] | None:
    """The conductors that carry current now, where the unit measures them."""
    if connector.phase_a is None or max(connector.phase_a) < TELLING_A:
        return None
    least_a = USED_SHARE * max(connector.phase_a)
    return tuple(index for index, amps in enumerate(connector.phase_a) if amps >= least_a)
