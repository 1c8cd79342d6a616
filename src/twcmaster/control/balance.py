"""How much sun is there for cars: generation less the house, from whatever meters there are.

    a grid meter                 cars - import
    generation and house meters  generation - (house - cars)
    a generation meter alone     generation - what the house is said to use

The cars' own draw is counted once, whichever meter sees it, and it is the draw *at the time of the reading*: a reading
that was taken before the cars followed our last offer is combined with what they drew before they followed. Where the
cars' answers leave their draw open at that moment, so is the surplus, and the estimate moves no further than it must.

A home battery hides surplus (it takes it) or fakes it (it gives): its power is taken out. Who comes first, it or the
cars, is decided by its state of charge, with hysteresis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from twcmaster.control import lag, trail
from twcmaster.control.lag import Lag
from twcmaster.control.rhythm import FIRST, Rhythm, is_fresh, listen
from twcmaster.control.trail import Span, Trail
from twcmaster.model.energy import BatteryFacts, ReadingView
from twcmaster.model.plan import Alarm
from twcmaster.model.reading import MeterRole
from twcmaster.model.world import World

#: A meter's clock and ours may differ by this much, and a measurement takes a moment.
SLACK_S = 0.3
#: For this long after an offer changed, the car may be about to move although its last answer does not show it yet.
MOVING_S = 8.0


@dataclass(frozen=True, slots=True)
class CarDraw:
    """What one connector's car draws, for the balance."""

    heard_at: float
    #: On each phase in use.
    amps: float
    #: What it would draw under its newest offer, and since when that stands.
    offered_a: float
    offered_at: float
    watts_per_amp: float
    #: Whether it is certain how many phases the car uses.
    phases_known: bool = True
    #: Its answers do not come: it may have stopped since the last one.
    silent: bool = False

    @property
    def watts(self) -> float:
        """Of all phases together."""
        return self.amps * self.watts_per_amp


@dataclass(frozen=True, slots=True)
class Balance:
    """What decisions remember of meters, and what they know of the surplus now."""

    rhythms: Mapping[str, Rhythm] = field(default_factory=dict)
    trails: Mapping[str, Trail] = field(default_factory=dict)
    lag: Lag | None = None
    #: Watts of an amp at each connector, and since when all of them are as they are.
    weights: Mapping[str, float] = field(default_factory=dict)
    weighed_at: float = 0.0
    #: Surplus for cars in watts, below zero when the house needs the grid; None: not known now.
    surplus_w: float | None = None
    #: When the reading behind it was taken, and the estimate before that reading.
    taken_at: float = 0.0
    before_w: float | None = None
    #: The usual time between two readings.
    interval_s: float = 0.0
    #: Why there is no surplus to go by, and what a person should look at.
    problem: str = ""
    battery_first: bool = False
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the meters say, before the cars' part."""

    watts: float
    taken_at: float
    sees_cars: bool
    interval_s: float


class _Unknown(Exception):
    """The surplus cannot be told now. The text says why."""


def observe(world: World, draws: Mapping[str, CarDraw], before: Balance) -> Balance:
    """The balance after the newest readings and answers."""
    rhythms = listen(before.rhythms, world.readings)
    keep_s = lag.keep_s(max(before.interval_s, 1.0))
    trails = {
        key: trail.extend(before.trails.get(key, ()), draw.heard_at, draw.amps, keep_s) for key, draw in draws.items()
    }
    after = replace(before, rhythms=rhythms, trails=trails, battery_first=_battery_first(world, before))
    after = _weighed(after, draws, world.now)
    try:
        outside = _outside(world, after)
    except _Unknown as problem:
        return replace(after, surplus_w=None, before_w=None, problem=str(problem))
    return _estimate(after, outside, draws)


def _weighed(balance: Balance, draws: Mapping[str, CarDraw], now: float) -> Balance:
    weights = {key: draw.watts_per_amp for key, draw in draws.items()}
    if weights == balance.weights:
        return balance
    changed = any(balance.weights.get(key, watts) != watts for key, watts in weights.items())
    return replace(balance, weights=weights, weighed_at=now if changed else balance.weighed_at)


def _estimate(balance: Balance, outside: _Outside, draws: Mapping[str, CarDraw]) -> Balance:
    known = balance.lag or lag.first(outside.interval_s, seen=outside.sees_cars)
    if outside.taken_at != balance.taken_at:
        if outside.taken_at - balance.weighed_at >= lag.looks_back_s(known):
            tracks = [(balance.trails[key], draw.watts_per_amp) for key, draw in draws.items()]
            sure = all(draw.phases_known or not _drew(balance.trails[key]) for key, draw in draws.items())
            known = lag.learn(known, tracks, outside.taken_at, -outside.watts, sure=sure)
        else:
            # Amps of before, taken for as many phases as the car uses now, would be false witnesses.
            known = replace(known, last=())
        balance = replace(balance, taken_at=outside.taken_at, before_w=balance.surplus_w)
    balance = replace(balance, lag=known)
    cars = trail.ZERO
    for key, part in cars_at(balance, draws, outside.taken_at).items():
        cars = cars.plus(part.times(draws[key].watts_per_amp))
    shifted = Span(outside.watts + cars.low, outside.watts + cars.likely, outside.watts + cars.high)
    surplus = shifted.likely if balance.before_w is None else shifted.nearest(balance.before_w)
    alarms = (_contradiction(known),) if known.contradicted else ()
    return replace(balance, surplus_w=surplus, interval_s=outside.interval_s, problem="", alarms=alarms)


def _drew(points: Trail) -> bool:
    return any(amps > 0.0 for _, amps in points)


def cars_at(balance: Balance, draws: Mapping[str, CarDraw], taken_at: float) -> dict[str, Span]:
    """Amps of each car that are in a reading taken at this time; nothing for a meter that does not see cars."""
    model = lag.PROMPT if balance.lag is None else balance.lag.chosen
    if not model.seen:
        return {}
    moment = taken_at - model.delay_s
    if model.window_s:
        means = {key: trail.mean(balance.trails[key], moment - model.window_s, moment) for key in draws}
        return {key: Span(0.0 if draws[key].silent else amps, amps, amps) for key, amps in means.items()}
    return {key: _one_car(balance.trails[key], draw, moment) for key, draw in draws.items()}


def _one_car(points: Trail, draw: CarDraw, moment: float) -> Span:
    span = trail.around(points, moment - SLACK_S, moment + SLACK_S)
    moving = draw.offered_at <= moment + SLACK_S < draw.offered_at + MOVING_S
    if moving and moment + SLACK_S > draw.heard_at:
        span = Span(min(span.low, draw.offered_a), span.likely, max(span.high, draw.offered_a))
    return replace(span, low=0.0) if draw.silent else span


def _contradiction(known: Lag) -> Alarm:
    seen = known.chosen.seen
    text = (
        "The meter does not move when the cars do, although it is said to include them: set includes_charger = false, "
        "or check where it is clamped"
        if seen
        else "The meter moves when the cars do, although it is said not to include them: set includes_charger = true"
    )
    return Alarm("meter_contradiction", text)


# ── what the meters say ──────────────────────────────────────────────────────────────────────────────────────────────


def _outside(world: World, balance: Balance) -> _Outside:
    """Generation less house less (where the meter sees them) cars. Raises _Unknown."""
    facts = world.site.energy
    roles = {meter.role for meter in facts.meters.values()}
    if MeterRole.GRID in roles:
        outside = _of_role(world, balance, MeterRole.GRID, -1.0)
    elif MeterRole.PV in roles:
        outside = _of_role(world, balance, MeterRole.PV, 1.0)
        if MeterRole.HOUSE in roles:
            outside = _added(outside, _of_role(world, balance, MeterRole.HOUSE, -1.0))
        else:
            outside = replace(outside, watts=outside.watts - facts.solar.house_w, sees_cars=False)
    else:
        raise _Unknown("No meter tells the surplus")
    hidden_w = _battery_w(world, balance, at_grid=MeterRole.GRID in roles)
    return replace(outside, watts=outside.watts + hidden_w + facts.solar.grid_target_w)


def _of_role(world: World, balance: Balance, role: MeterRole, sign: float) -> _Outside:
    views = [_fresh(world, balance, meter.name) for meter in world.site.energy.of_role(role)]
    watts = [view.reading.power_w for view in views if view.reading is not None and view.reading.power_w is not None]
    if len(watts) < len(views):
        raise _Unknown(f"The {role.value} meter tells no watts")
    taken = [view.reading.taken_at for view in views if view.reading is not None]
    interval = max(balance.rhythms[view.facts.name].usual_s(view.facts.every_s) for view in views)
    sees_cars = role is not MeterRole.PV and any(view.facts.includes_charger for view in views)
    return _Outside(sign * sum(watts), max(taken), sees_cars, interval)


def _added(sun: _Outside, house: _Outside) -> _Outside:
    """Two kinds of meters together: the house's time counts, because the cars are in there."""
    taken_at = house.taken_at if house.sees_cars else max(sun.taken_at, house.taken_at)
    return _Outside(sun.watts + house.watts, taken_at, house.sees_cars, max(sun.interval_s, house.interval_s))


def _fresh(world: World, balance: Balance, name: str) -> ReadingView:
    view = world.readings.get(name)
    if view is None or view.reading is None:
        raise _Unknown(
            f"Meter {name} has not told anything yet" + (f": {view.problem}" if view and view.problem else "")
        )
    if not is_fresh(balance.rhythms.get(name, FIRST), view, world.now):
        raise _Unknown(f"Meter {name} is silent for {view.age_s(world.now):.0f} s")
    return view


# ── a home battery ───────────────────────────────────────────────────────────────────────────────────────────────────


def _battery_first(world: World, before: Balance) -> bool:
    """Whether the home battery comes before cars now; as before while its state of charge is not known."""
    facts = world.site.energy.battery
    if facts is None:
        return False
    view = world.readings.get(facts.meter)
    soc = None if view is None or view.reading is None else view.reading.soc_percent
    if soc is None:
        return before.battery_first or before.taken_at == 0.0
    kept = facts.car_from_soc - (0.0 if before.battery_first else facts.hysteresis_soc)
    return soc < kept


def _battery_w(world: World, balance: Balance, *, at_grid: bool) -> float:
    """What the battery takes (or gives, negative) that a grid meter does not show as surplus, by who comes first."""
    facts = world.site.energy.battery
    if facts is None:
        return 0.0
    power_w: float | None = 0.0
    if at_grid:
        reading = _fresh(world, balance, facts.meter).reading
        power_w = None if reading is None else reading.power_w
    if power_w is None:
        raise _Unknown(f"Meter {facts.meter} does not tell what the battery does")
    return _hidden_w(facts, power_w, battery_first=balance.battery_first)


def _hidden_w(facts: BatteryFacts, power_w: float, *, battery_first: bool) -> float:
    """`power_w`: discharge positive."""
    given = 0.0 if facts.discharge_to_car else max(0.0, power_w)
    taken = max(0.0, -power_w)
    return taken - given - (facts.charge_w if battery_first else 0.0)
