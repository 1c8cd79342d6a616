"""What of one instant goes into the history, and how instants become minutes. Pure: no clock, no disk.

A value holds from one instant to the next; means are weighted by that time. What is not known has no weight, so that
an unknown never counts as zero.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan

from twcmaster.control.cost import price_per_kwh
from twcmaster.control.expiry import drawn_w
from twcmaster.control.flow import flow, origin
from twcmaster.control.ledger import drawn_a
from twcmaster.model.history import Step
from twcmaster.model.plan import Plan
from twcmaster.model.world import World

FINE_PER_MINUTE = Step.MINUTE // Step.FINE
#: Of one connector more; more than this many are not kept apart.
MOST_CONNECTORS = 60

Values = Mapping[str, float | None]


def values_of(world: World, plan: Plan) -> dict[str, float | None]:
    """Every column of one instant."""
    now = flow(world)
    source = origin(now)
    cars_w = now.cars_w or 0.0
    grid_w = now.grid_w
    values: dict[str, float | None] = {
        "solar_w": now.solar_w,
        "grid_w": grid_w,
        "house_w": now.house_w,
        "battery_w": now.battery_w,
        "battery_percent": now.battery_percent,
        "cars_w": now.cars_w,
        "import_w": None if grid_w is None else max(grid_w, 0.0),
        "export_w": None if grid_w is None else max(-grid_w, 0.0),
        "cars_solar_w": _share(cars_w, source.solar if source else None, grid_w),
        "cars_grid_w": _share(cars_w, source.grid if source else None, grid_w),
        "cars_battery_w": _share(cars_w, source.battery if source else None, grid_w),
        "cost_per_h": _per_hour(now.cars_w, price_per_kwh(world, source)),
    }
    offered = {offer.key: offer.amps for offer in plan.offers}
    for connector in world.connectors[:MOST_CONNECTORS]:
        known = connector.actual_a is not None
        values[f"{connector.key}:power_w"] = drawn_w(world.site, connector) if known else None
        values[f"{connector.key}:offered_a"] = offered.get(connector.key)
        values[f"{connector.key}:drawn_a"] = drawn_a(connector) if known else None
    return values


def _share(cars_w: float, share: float | None, grid_w: float | None) -> float | None:
    if share is not None:
        return cars_w * share
    return 0.0 if cars_w <= 0 and grid_w is not None else None


def _per_hour(watts: float | None, price_per_kwh: float | None) -> float | None:
    return None if watts is None or price_per_kwh is None else watts / 1000 * price_per_kwh


@dataclass(frozen=True, slots=True)
class Minute:
    """A finished minute. `fine` has FINE_PER_MINUTE numbers for each column, NaN for what is not known."""

    at_s: int
    columns: tuple[str, ...]
    covered_s: float
    mean: array[float]
    fine: array[float]


@dataclass(slots=True)
class _Sums:
    """Of one column: value x seconds, and seconds, for each ten seconds of a minute."""

    value_s: list[float]
    weight_s: list[float]


class Minutes:
    """Collects instants into minutes by the wall clock."""

    def __init__(self) -> None:
        self._at_s: int | None = None
        self._covered_s = 0.0
        self._sums: dict[str, _Sums] = {}

    def add(self, epoch_s: float, held_s: float, values: Values) -> Minute | None:
        """Note values that held for `held_s` up to `epoch_s`; the minute before, when this begins another."""
        at_s = int(epoch_s // Step.MINUTE) * Step.MINUTE
        finished = self.finish() if self._at_s is not None and at_s != self._at_s else None
        self._at_s = at_s
        self._covered_s += held_s
        slot = int((epoch_s - at_s) // Step.FINE)
        for name, value in values.items():
            if value is None:
                continue
            sums = self._sums.get(name)
            if sums is None:
                sums = self._sums[name] = _Sums([0.0] * FINE_PER_MINUTE, [0.0] * FINE_PER_MINUTE)
            sums.value_s[slot] += value * held_s
            sums.weight_s[slot] += held_s
        return finished

    def finish(self) -> Minute | None:
        """What there is of the present minute; begins another."""
        at_s, covered_s, sums = self._at_s, self._covered_s, self._sums
        self._at_s, self._covered_s, self._sums = None, 0.0, {}
        if at_s is None or covered_s <= 0:
            return None
        columns = tuple(sums)
        mean, fine = array("f"), array("f")
        for name in columns:
            value_s, weight_s = sums[name].value_s, sums[name].weight_s
            mean.append(_mean(sum(value_s), sum(weight_s)))
            fine.extend(_mean(value, weight) for value, weight in zip(value_s, weight_s, strict=True))
        return Minute(at_s, columns, min(covered_s, float(Step.MINUTE)), mean, fine)


def _mean(value_s: float, weight_s: float) -> float:
    return value_s / weight_s if weight_s > 0 else nan
