"""The main fuse: what the house leaves of each phase is all that cars may use, whatever anybody wishes.

House current on a phase is what the grid meter shows less what cars drew at that moment. It counts as a limit at once
when it rises; when it falls, the cars get the room back slowly, so that a thermostat does not pull them up and down.
A meter that is stale or does not answer is the worst case: only the buses' fallback amps remain.

A one-phase car on a three-phase unit counts on its one phase, once its unit has measured that it uses no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from twcmaster.control.allocate import Constraint
from twcmaster.control.balance import Balance, CarDraw, cars_at
from twcmaster.control.rhythm import FIRST, is_fresh
from twcmaster.control.trail import ZERO, Span
from twcmaster.model.energy import FuseFacts, ReadingView
from twcmaster.model.plan import Alarm, Reason
from twcmaster.model.reading import Reading
from twcmaster.model.world import WallConnector, World

#: Houses flicker: this much of the fuse is never given to cars.
HEADROOM_A = 1.0
#: After the house took room away, cars get more only when it has been calm for this long, and then this fast.
CALM_S = 30.0
FLICKER_A = 0.5
REGAIN_A_PER_S = 0.2


@dataclass(frozen=True, slots=True)
class Guard:
    """What is remembered of the fuse."""

    at: float | None = None
    taken_at: float = 0.0
    #: Per phase: current of the house as last understood, what cars may use together, when that was last lowered.
    house_a: Mapping[int, float] = field(default_factory=dict)
    cars_a: Mapping[int, float] = field(default_factory=dict)
    lowered_at: Mapping[int, float] = field(default_factory=dict)
    #: Why nothing is known of the fuse now; empty: it is.
    problem: str = ""


def watch(
    world: World,
    balance: Balance,
    draws: Mapping[str, CarDraw],
    used: Mapping[str, tuple[int, ...]],
    guard: Guard,
) -> Guard:
    """The guard after the newest reading. `used` names the site's phases that each connector's car may load."""
    fuse = world.site.energy.fuse
    if fuse is None:
        return guard
    view = world.readings.get(fuse.meter)
    reading = None if view is None else view.reading
    if view is None or reading is None:
        return Guard(problem=f"Meter {fuse.meter} has not told anything yet")
    # By the pace that was configured: a meter that stumbles often must not be believed for longer.
    if not is_fresh(FIRST, view, world.now):
        return Guard(problem=f"Meter {fuse.meter} is silent for {view.age_s(world.now):.0f} s")
    import_a = _import_a(fuse, reading)
    if import_a is None:
        return Guard(problem=f"Meter {fuse.meter} tells neither amps nor watts")
    cars = cars_at(balance, draws, reading.taken_at) if _shows_cars(view, balance) else {}
    guard = _understand(guard, import_a, _by_phase(fuse, cars, used), reading.taken_at)
    return _limit(guard, fuse, world.now)


def _shows_cars(view: ReadingView, balance: Balance) -> bool:
    """Whether cars may be taken out of its readings. Where the readings themselves speak against it they are not."""
    contradicted = balance.lag is not None and balance.lag.contradicted
    return view.facts.includes_charger and not contradicted


def phases_used(fuse: FuseFacts, connector: WallConnector, conductors: tuple[int, ...] | None) -> tuple[int, ...]:
    """The fuse's phases that a connector's car may load: all it is wired to, or those that its unit saw in use."""
    wired = connector.phases
    if conductors is not None and max(conductors) < len(wired):
        wired = tuple(wired[index] for index in conductors)
    shared = tuple(phase for phase in wired if phase in fuse.phases)
    return shared or fuse.phases


def constraints(
    world: World, guard: Guard, used: Mapping[str, tuple[int, ...]], fallback_a: Mapping[str, float]
) -> tuple[Constraint, ...]:
    """One limit for each phase of the fuse that cars may load."""
    fuse = world.site.energy.fuse
    if fuse is None:
        return ()
    found = []
    for phase in fuse.phases:
        members = frozenset(key for key, phases in used.items() if phase in phases)
        if not members:
            continue
        where = f" on L{phase}" if len(fuse.phases) > 1 else ""
        if guard.problem:
            limit = sum(fallback_a[key] for key in members)
            reason = Reason("fuse_blind", f"Main fuse: {guard.problem}; {limit:g} A until it answers")
        else:
            limit = guard.cars_a.get(phase, 0.0)
            text = f"Main fuse: the house leaves {limit:.0f} of {fuse.fuse_a:g} A{where}"
            reason = Reason("fuse", text)
        found.append(Constraint(f"fuse{where}", limit, members, reason))
    return tuple(found)


def alarms(world: World, guard: Guard) -> tuple[Alarm, ...]:
    """What a person should know of the fuse."""
    fuse = world.site.energy.fuse
    if fuse is None or (guard.at is None and not guard.problem):
        return ()
    if guard.problem:
        return (Alarm("fuse_blind", f"The main fuse is not watched: {guard.problem}. Cars get fallback amps only"),)
    over = [phase for phase, amps in guard.house_a.items() if amps > fuse.fuse_a]
    text = f"The house alone draws more than the main fuse of {fuse.fuse_a:g} A carries"
    return (Alarm("fuse_over", text),) if over else ()


def _import_a(fuse: FuseFacts, reading: Reading) -> dict[int, float] | None:
    """Import on each phase: as measured; where no phase is ever measured, the watts spread evenly.

    A phase that is not told now, but by its kind of meter, is taken to carry all watts that the others do not. It is
    never taken to export: many ammeters do not tell the direction.
    """
    total_a = None if reading.power_w is None else reading.power_w / fuse.volts
    if reading.phase_a is None:
        return None if total_a is None else dict.fromkeys(fuse.phases, total_a / len(fuse.phases))
    told = {phase: amps for phase in fuse.phases if (amps := reading.phase_a[phase - 1]) is not None}
    if len(told) == len(fuse.phases):
        return told
    if total_a is None:
        return None
    rest_a = max(0.0, total_a - sum(told.values()))
    return {phase: told.get(phase, rest_a) for phase in fuse.phases}


def _by_phase(fuse: FuseFacts, cars: Mapping[str, Span], used: Mapping[str, tuple[int, ...]]) -> dict[int, Span]:
    totals = dict.fromkeys(fuse.phases, ZERO)
    for key, amps in cars.items():
        for phase in used.get(key, fuse.phases):
            totals[phase] = totals[phase].plus(amps)
    return totals


def _understand(guard: Guard, import_a: Mapping[int, float], cars: Mapping[int, Span], taken_at: float) -> Guard:
    """Current of the house on each phase. Where the cars' draw is open it moves no further than it must."""
    house = {}
    for phase, amps in import_a.items():
        left = Span(amps - cars[phase].high, amps - cars[phase].likely, amps - cars[phase].low)
        before = guard.house_a.get(phase)
        house[phase] = left.high if before is None else left.nearest(before)
    return replace(guard, house_a=house, taken_at=taken_at, problem="")


def _limit(guard: Guard, fuse: FuseFacts, now: float) -> Guard:
    elapsed_s = 0.0 if guard.at is None else max(0.0, now - guard.at)
    limits, lowered = {}, dict(guard.lowered_at)
    for phase, house_a in guard.house_a.items():
        left_a = max(0.0, fuse.fuse_a - HEADROOM_A - house_a)
        before_a = guard.cars_a.get(phase, left_a)
        calm = now - lowered.get(phase, now - CALM_S) >= CALM_S
        if left_a < before_a - FLICKER_A or (not calm and left_a <= before_a + FLICKER_A):
            # Lowered just now, or the house is back at what it took then: the calm begins when that ends.
            lowered[phase] = now
        if left_a <= before_a:
            limits[phase] = left_a
        else:
            limits[phase] = min(left_a, before_a + REGAIN_A_PER_S * elapsed_s) if calm else before_a
    return replace(guard, at=now, cars_a=limits, lowered_at=lowered)
