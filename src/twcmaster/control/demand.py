"""Who wants power: a unit tells little of its car, so wanting is partly found out by trial.

* A car that draws wants what it draws, and more as long as it takes all it is offered. One that leaves part of its
  offer unused for a while is capped a little above its draw (`cap_a`), so that the rest serves others; the cap goes as
  soon as the car reaches for it, and is forgotten now and then.
* A unit whose state says that a car is waiting or starting wants its minimum at once.
* A car that is offered amps and takes none for `TRIAL_S` does not want any: full, asleep or scheduled. It rests, and is
  tried again when its state changes and every `RETRY_S`.
* Protocol 1 has no plug state, and a car that arrives while 0 A is offered may show nothing. Such a unit is offered its
  minimum whenever nobody else needs it, and is tried for `PROBE_S` every `PROBE_EVERY_S` when others use everything;
  once it has shown an arrival by itself, only every `RETRY_S`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from math import ceil

from twcmaster.model.world import Activity, Presence, WallConnector

TRIAL_S = 60.0
RETRY_S = 900.0
PROBE_S = 15.0
PROBE_EVERY_S = 120.0
#: A car needs this long after a new limit before what it leaves unused says anything.
SETTLED_S = 20.0
UNUSED_A = 1.5
HEADROOM_A = 0.7
TAKES_ALL_A = 0.6
FORGET_CAP_S = 600.0
DRAWING_A = 1.0


class Want(Enum):
    """How much a connector is known to want power."""

    UNHEARD = "unheard"
    NOTHING = "nothing"
    #: Nothing shows a car, but one may be there: only what all others leave unused.
    LEFTOVER = "leftover"
    TRIAL = "trial"
    POWER = "power"


@dataclass(frozen=True, slots=True)
class Demand:
    """What is remembered of one connector's demand."""

    want: Want = Want.UNHEARD
    since: float = 0.0
    activity: Activity | None = None
    plugged: bool | None = None
    #: Since when it has been offered at least its minimum without drawing (None: it is not).
    unused_since: float | None = None
    #: The unit has shown an arriving car while it was offered nothing: it need not be probed often.
    shows_arrivals: bool = False
    #: No demand before this time unless its state changes.
    rest_until: float = 0.0
    cap_a: int | None = None
    cap_at: float = 0.0
    under_since: float | None = None


def observe(connector: WallConnector, demand: Demand, offer_a: int, offered_at: float, now: float) -> Demand:
    """The demand after the newest answer of the unit. `offer_a` has stood since `offered_at`."""
    if connector.presence is not Presence.ONLINE or connector.activity is None:
        return demand if demand.want is Want.UNHEARD else replace(demand, want=Want.UNHEARD, since=now)
    demand = _wake(connector, demand, offer_a)
    demand = _time_unused(connector, demand, offer_a, now)
    demand = _learn_cap(connector, demand, offer_a, offered_at, now)
    want = _want(connector, demand, now)
    return demand if want is demand.want else replace(demand, want=want, since=now)


def _wake(connector: WallConnector, demand: Demand, offer_a: int) -> Demand:
    """A change of state or plug ends a rest: something happened at the car."""
    if connector.activity is demand.activity and connector.plugged == demand.plugged:
        return demand
    stirred = connector.activity in (Activity.WAITING, Activity.STARTING, Activity.CHARGING)
    arrived = demand.activity is Activity.READY and connector.activity is not Activity.READY
    plugged_in = connector.plugged is True and demand.plugged is not True
    left = connector.activity is Activity.READY
    if stirred or arrived or plugged_in:
        demand = replace(demand, rest_until=0.0, unused_since=None)
    if arrived and offer_a == 0:
        demand = replace(demand, shows_arrivals=True)
    if left:
        demand = replace(demand, cap_a=None, under_since=None)
    return replace(demand, activity=connector.activity, plugged=connector.plugged)


def _time_unused(connector: WallConnector, demand: Demand, offer_a: int, now: float) -> Demand:
    drawing = (connector.actual_a or 0.0) >= DRAWING_A
    if drawing or offer_a < connector.minimum_a:
        return demand if demand.unused_since is None else replace(demand, unused_since=None)
    if demand.unused_since is None:
        return replace(demand, unused_since=now)
    absent = not car_shows(connector)
    if now - demand.unused_since < (PROBE_S if absent else TRIAL_S):
        return demand
    rest_s = PROBE_EVERY_S if absent and not demand.shows_arrivals else RETRY_S
    return replace(demand, unused_since=now, rest_until=now + rest_s)


def car_shows(connector: WallConnector) -> bool:
    """Whether the unit shows in any way that a car is there."""
    return connector.plugged is True or connector.activity is not Activity.READY


def _want(connector: WallConnector, demand: Demand, now: float) -> Want:
    if (connector.actual_a or 0.0) >= DRAWING_A:
        return Want.POWER
    if connector.activity is Activity.ERROR or connector.plugged is False:
        return Want.NOTHING
    if not car_shows(connector):
        # Protocol 2 shows an arriving car and then asks for its limit; only protocol 1 needs probing.
        if connector.protocol != 1:
            return Want.NOTHING
        return Want.TRIAL if now >= demand.rest_until else Want.LEFTOVER
    return Want.TRIAL if now >= demand.rest_until else Want.NOTHING


def _learn_cap(connector: WallConnector, demand: Demand, offer_a: int, offered_at: float, now: float) -> Demand:
    actual = connector.actual_a or 0.0
    if actual < DRAWING_A:
        return demand if demand.under_since is None else replace(demand, under_since=None)
    if demand.cap_a is not None and (actual > demand.cap_a - TAKES_ALL_A or now - demand.cap_at > FORGET_CAP_S):
        demand = replace(demand, cap_a=None, under_since=None)
    unused = offer_a - actual
    if unused < UNUSED_A or now - offered_at < SETTLED_S:
        return demand if demand.under_since is None else replace(demand, under_since=None)
    if demand.under_since is None:
        return replace(demand, under_since=now)
    if now - demand.under_since < SETTLED_S:
        return demand
    cap = max(connector.minimum_a, ceil(actual + HEADROOM_A))
    return replace(demand, cap_a=cap, cap_at=now, under_since=None)
