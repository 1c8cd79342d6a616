"""The peak limit: the mean import of each interval of the clock stays below a power that a tariff bills.

What is left of the interval's energy may be spent in the rest of it: plenty after a quiet start, less and less after a
busy one. Cars get what the house does not need of that. The end of an interval is no licence: never more than twice
the limit is given out, so that the next interval does not begin with a car far above it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil

from twcmaster.control.allocate import Constraint
from twcmaster.control.balance import Balance, CarDraw, cars_at
from twcmaster.control.rhythm import FIRST, is_fresh
from twcmaster.model.energy import PeakFacts
from twcmaster.model.plan import Reason
from twcmaster.model.world import World

#: What was saved in an interval is spent over at least this long: not in a burst at its end, for which cars would begin
#: only to be stopped by the next one.
SHORTEST_REST_S = 120.0
MOST_SHARE = 2.0
#: After the house has taken so much that a car had to stop, none begins for so long: kettles come and go.
REST_S = 300.0


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
    #: What each car that was offered amps could draw with one amp more than it drew, and when one was last stopped.
    needs_w: Mapping[str, float] = field(default_factory=dict)
    stopped_at: float = float("-inf")


def watch(world: World, balance: Balance, draws: Mapping[str, CarDraw], peak: Peak) -> Peak:
    """The memory after this instant."""
    facts = world.site.energy.peak
    if facts is None:
        return peak
    after = _spend(peak, facts, world)
    view = world.readings.get(facts.meter)
    if view is None or view.reading is None or view.reading.power_w is None:
        return replace(after, cars_w=None)
    if not is_fresh(balance.rhythms.get(facts.meter, FIRST), view, world.now):
        return replace(after, cars_w=None)
    seen_w = view.reading.power_w
    if view.facts.includes_charger:
        cars = cars_at(balance, draws, view.reading.taken_at)
        import_w, house_w = seen_w, seen_w - sum(span.likely * draws[key].watts_per_amp for key, span in cars.items())
    else:
        import_w, house_w = seen_w + sum(draw.watts for draw in draws.values()), seen_w
    left_w = max(0.0, _allowed_w(after, facts, world.clock) - house_w)
    after = replace(after, import_w=max(0.0, import_w), cars_w=left_w)
    return _note_stops(after, draws, left_w, world.now)


def _note_stops(peak: Peak, draws: Mapping[str, CarDraw], left_w: float, now: float) -> Peak:
    """Who stops while there is not enough stops for the limit; while there is, for another reason."""
    offered = {key: draw for key, draw in draws.items() if draw.offered_a > 0}
    stopped = any(key in draws and key not in offered for key in peak.needs_w)
    short = left_w < sum(peak.needs_w.values())
    needs_w = {key: (draw.amps + 1) * draw.watts_per_amp for key, draw in offered.items()}
    return replace(peak, needs_w=needs_w, stopped_at=now if stopped and short else peak.stopped_at)


def constraints(world: World, peak: Peak, draws: Mapping[str, CarDraw], fallback_a: float) -> tuple[Constraint, ...]:
    """The limit for all cars together; and none for those that would have to begin, where it is too early for that."""
    facts = world.site.energy.peak
    if facts is None or not draws:
        return ()
    per_amp = {key: draw.watts_per_amp for key, draw in draws.items()}
    unit = min(per_amp.values())
    weights = {key: watts / unit for key, watts in per_amp.items()}
    limit_kw = facts.limit_w / 1000
    if peak.cars_w is None:
        reason = Reason("peak_blind", f"Peak limit of {limit_kw:g} kW: its meter is silent")
        return (Constraint("peak", fallback_a, frozenset(per_amp), reason, weights),)
    reason = Reason("peak", f"Peak limit of {limit_kw:g} kW: {peak.cars_w / 1000:.1f} kW are left for cars now")
    limit = Constraint("peak", peak.cars_w / unit, frozenset(per_amp), reason, weights)
    waiting = frozenset(key for key, draw in draws.items() if draw.amps <= 0 and draw.offered_a <= 0)
    rest_s = REST_S - (world.now - peak.stopped_at)
    if rest_s <= 0 or not waiting:
        return (limit,)
    text = f"Peak limit of {limit_kw:g} kW: a car had to stop, none begins for {ceil(rest_s / 60)} min more"
    return (limit, Constraint("peak rest", 0.0, waiting, Reason("peak_rest", text)))


def _spend(peak: Peak, facts: PeakFacts, world: World) -> Peak:
    """Add up the import since the last look; a new interval starts at nothing, an unknown past as if spent evenly.

    Its past is unknown after a start, and where the clock has been set into the middle of another interval.
    """
    interval, into_s = _place(world.clock, facts.interval_s)
    elapsed_s = 0.0 if peak.at is None else max(0.0, world.now - peak.at)
    if interval != peak.interval:
        known_s = min(into_s, elapsed_s)
        spent = peak.import_w * known_s + facts.limit_w * (into_s - known_s)
    else:
        spent = peak.spent_ws + peak.import_w * elapsed_s
    return replace(peak, at=world.now, interval=interval, spent_ws=spent)


def _place(clock: datetime, interval_s: float) -> tuple[int, float]:
    """The number of the interval, and the seconds since its start on the site's own clock.

    Of the zone only what is no whole interval counts, so that an hour that comes twice has intervals of its own.
    """
    zone_s = (clock.utcoffset() or timedelta()).total_seconds() % interval_s
    number, into_s = divmod(clock.timestamp() + zone_s, interval_s)
    return int(number), into_s


def _allowed_w(peak: Peak, facts: PeakFacts, clock: datetime) -> float:
    """The limit, and what has been saved of it so far (or overspent) over the rest of the interval."""
    _, into_s = _place(clock, facts.interval_s)
    saved_ws = facts.limit_w * into_s - peak.spent_ws
    rest_s = facts.interval_s - into_s
    spread_s = max(rest_s, SHORTEST_REST_S if saved_ws > 0 else 1.0)
    return min(MOST_SHARE * facts.limit_w, max(0.0, facts.limit_w + saved_ws / spread_s))
