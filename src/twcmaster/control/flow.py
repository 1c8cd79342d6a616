"""Where the house's power comes from and goes, from whatever meters there are: for people, pages and the history.

Decisions do their own, more careful sums (they must know how old the draw was when a meter was read). What is not
measured and does not follow from what is measured stays None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from twcmaster.control.expiry import drawn_w
from twcmaster.model.energy import ReadingView
from twcmaster.model.reading import MeterRole
from twcmaster.model.world import World

#: A reading is shown as "now" until it is this many intervals old, and at least this many seconds.
FRESH_INTERVALS = 3.0
FRESH_S = 10.0


@dataclass(frozen=True, slots=True)
class Flow:
    """Watts now. Import (grid) and discharge (battery) positive; `house_w` is without the cars."""

    solar_w: float | None
    grid_w: float | None
    house_w: float | None
    battery_w: float | None
    battery_percent: float | None
    cars_w: float | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Shares of the cars' power by source, adding up to 1."""

    solar: float
    grid: float
    battery: float


def flow(world: World) -> Flow:
    """The power through the house at this instant."""
    cars_w = _cars_w(world)
    solar_w = _total(world, MeterRole.PV)
    battery_w = _total(world, MeterRole.BATTERY)
    grid_w = _with_cars(world, MeterRole.GRID, cars_w)
    return Flow(
        solar_w,
        grid_w,
        _house_w(world, cars_w, grid_w, solar_w, battery_w),
        battery_w,
        _battery_percent(world),
        cars_w,
    )


def _cars_w(world: World) -> float | None:
    """What all cars draw, as far as connectors tell; None when none does."""
    told = [c for c in world.connectors if c.actual_a is not None]
    return sum(drawn_w(world.site, c) for c in told) if told else None


def origin(now: Flow) -> Origin | None:
    """Where the cars' power comes from; None: no meter tells. The sun feeds the house first, then the cars."""
    cars_w, grid_w = now.cars_w, now.grid_w
    if cars_w is None or cars_w <= 0 or grid_w is None:
        return None
    from_grid = min(max(grid_w, 0.0), cars_w) / cars_w
    from_battery = min(max(now.battery_w or 0.0, 0.0) / cars_w, 1 - from_grid)
    return Origin(1 - from_grid - from_battery, from_grid, from_battery)


def fresh(view: ReadingView, now: float) -> bool:
    """Whether a reading is young enough to be shown as the present."""
    age_s = view.age_s(now)
    return age_s is not None and age_s <= max(FRESH_S, FRESH_INTERVALS * view.facts.every_s)


def _of_role(world: World, role: MeterRole) -> list[ReadingView]:
    return [view for view in world.readings.values() if view.facts.role is role]


def _total(world: World, role: MeterRole) -> float | None:
    """The sum over the meters of one role; None when there are none or one of them does not tell."""
    views = _of_role(world, role)
    return _sum(view.reading.power_w if view.reading and fresh(view, world.now) else None for view in views)


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    told = [value for value in known if value is not None]
    return sum(told) if told and len(told) == len(known) else None


def _sees_cars(world: World, role: MeterRole) -> bool:
    return any(view.facts.includes_charger for view in _of_role(world, role))


def _with_cars(world: World, role: MeterRole, cars_w: float | None) -> float | None:
    """A meter's power with the cars' in it, whether it sees them or not."""
    total_w = _total(world, role)
    if total_w is None or _sees_cars(world, role):
        return total_w
    return total_w + (cars_w or 0.0)


def _house_w(
    world: World, cars_w: float | None, grid_w: float | None, solar_w: float | None, battery_w: float | None
) -> float | None:
    measured_w = _total(world, MeterRole.HOUSE)
    if measured_w is not None:
        return measured_w - (cars_w or 0.0) if _sees_cars(world, MeterRole.HOUSE) else measured_w
    if grid_w is None or (solar_w is None and _of_role(world, MeterRole.PV)):
        return None
    if battery_w is None and _of_role(world, MeterRole.BATTERY):
        return None
    return grid_w + (solar_w or 0.0) + (battery_w or 0.0) - (cars_w or 0.0)


def _battery_percent(world: World) -> float | None:
    for view in _of_role(world, MeterRole.BATTERY):
        if view.reading is not None and fresh(view, world.now) and view.reading.soc_percent is not None:
            return view.reading.soc_percent
    return None
