"""The peak limit: the mean import of each interval of the clock stays below a power that a tariff bills.

What is left of the interval's energy may be spent in the rest of it: plenty after a quiet start, less and less after a
busy one. Cars get what the house does not need of that. The end of an interval is no licence: never more than twice
the limit is given out, so that the next interval does not begin with a car far above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from twcmaster.control.allocate import Constraint
from twcmaster.control.balance import Balance, CarDraw, cars_at
from twcmaster.control.rhythm import FIRST, is_fresh
from twcmaster.model.energy import PeakFacts
from twcmaster.model.plan import Reason
from twcmaster.model.world import World

#: The rest of an interval counts as at least this long: what is left is not spent in a burst at its end.
SHORTEST_REST_S = 20.0
MOST_SHARE = 2.0


@dataclass(frozen=True, slots=True)
class Peak:
    """What is remembered of the running interval."""

    at: float | None = None
    #: Number of the interval since 1970, and the energy imported in it so far.
    interval: int = -1
    spent_ws: float = 0.0
    import_w: float = 0.0
    #: What cars may take together now; None: not known, so as little as possible.
    cars_w: float | None = None


def watch(world: World, balance: Balance, draws: Mapping[str, CarDraw], peak: Peak) -> Peak:
    """The memory after this instant."""
    facts = world.site.energy.peak
    if facts is None:
        return peak
    peak = _spend(peak, facts, world)
    view = world.readings.get(facts.meter)
    if view is None or view.reading is None or view.reading.power_w is None:
        return replace(peak, cars_w=None)
    if not is_fresh(balance.rhythms.get(facts.meter, FIRST), view, world.now):
        return replace(peak, cars_w=None)
    import_w = view.reading.power_w
    cars = cars_at(balance, draws, view.reading.taken_at) if view.facts.includes_charger else {}
    house_w = import_w - sum(span.likely * draws[key].watts_per_amp for key, span in cars.items())
    return replace(peak, import_w=max(0.0, import_w), cars_w=max(0.0, _allowed_w(peak, facts, world.clock) - house_w))


def constraint(world: World, peak: Peak, draws: Mapping[str, CarDraw], fallback_a: float) -> Constraint | None:
    """The limit for all cars together."""
    facts = world.site.energy.peak
    if facts is None or not draws:
        return None
    per_amp = {key: draw.watts_per_amp for key, draw in draws.items()}
    unit = min(per_amp.values())
    weights = {key: watts / unit for key, watts in per_amp.items()}
    limit_kw = facts.limit_w / 1000
    if peak.cars_w is None:
        reason = Reason("peak_blind", f"Peak limit of {limit_kw:g} kW: its meter is silent")
        return Constraint("peak", fallback_a, frozenset(per_amp), reason, weights)
    text = f"Peak limit of {limit_kw:g} kW: {peak.cars_w / 1000:.1f} kW are left for cars now"
    return Constraint("peak", peak.cars_w / unit, frozenset(per_amp), Reason("peak", text), weights)


def _spend(peak: Peak, facts: PeakFacts, world: World) -> Peak:
    """Add up the import since the last look; a new interval starts at nothing, an unknown past as if spent evenly.

    Its past is unknown after a start, and where the clock has been set into the middle of another interval.
    """
    interval, into_s = divmod(world.clock.timestamp(), facts.interval_s)
    elapsed_s = 0.0 if peak.at is None else max(0.0, world.now - peak.at)
    if int(interval) != peak.interval:
        known_s = min(into_s, elapsed_s)
        spent = peak.import_w * known_s + facts.limit_w * (into_s - known_s)
    else:
        spent = peak.spent_ws + peak.import_w * elapsed_s
    return replace(peak, at=world.now, interval=int(interval), spent_ws=spent)


def _allowed_w(peak: Peak, facts: PeakFacts, clock: datetime) -> float:
    rest_s = max(SHORTEST_REST_S, facts.interval_s - clock.timestamp() % facts.interval_s)
    left_ws = facts.limit_w * facts.interval_s - peak.spent_ws
    return min(MOST_SHARE * facts.limit_w, max(0.0, left_ws / rest_s))
