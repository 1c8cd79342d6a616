"""What a controller that knew the future would have reached: the reference for every figure about following the sun.

Value = surplus charged - grid energy imported because of charging - a price for every closing of a contactor.

The clairvoyant car takes any whole number of amps from its minimum to its maximum, or nothing; it follows at once
and only pays for closing. So each second has two states, off and on, and in "on" the best amps depend on that second
alone: one pass of dynamic programming over the two states is exact. A real car ramps, lags and must rest between
clicks, so this is an upper bound that nobody can reach entirely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CLICK_WH = 10.0
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class IdealCar:
    """Everything that charges, as one car. `watts_per_amp` is volts times the phases in use."""

    watts_per_amp: float = 240.0
    minimum_a: int = 6
    maximum_a: int = 32


@dataclass(frozen=True, slots=True)
class Score:
    """What came of a stretch, in watt-hours."""

    surplus_wh: float
    charged_wh: float
    imported_wh: float
    closings: int
    click_wh: float = CLICK_WH

    @property
    def from_sun_wh(self) -> float:
        """Surplus that went into cars."""
        return self.charged_wh - self.imported_wh

    @property
    def value_wh(self) -> float:
        """The objective."""
        return self.from_sun_wh - self.imported_wh - self.click_wh * self.closings


@dataclass(frozen=True, slots=True)
class Optimum:
    """The best that was possible, and the amps that reach it."""

    score: Score
    amps: tuple[int, ...]


def score(
    net_w: Sequence[float], cars_w: Sequence[float], closings: int, step_s: float = 1.0, click_wh: float = CLICK_WH
) -> Score:
    """The score of a charging curve. `net_w` is sun less house, `cars_w` what the cars took, one value per step."""
    hours = step_s / 3600
    charged = sum(cars_w) * hours
    imported = sum(_caused_w(net, cars) for net, cars in zip(net_w, cars_w, strict=True)) * hours
    return Score(sum(max(0.0, net) for net in net_w) * hours, charged, imported, closings, click_wh)


def _caused_w(net_w: float, cars_w: float) -> float:
    """Grid power that is imported because the cars charge, and would not be otherwise."""
    return cars_w - min(cars_w, max(0.0, net_w))


def best(
    net_w: Sequence[float],
    car: IdealCar,
    step_s: float = 1.0,
    click_wh: float = CLICK_WH,
    present: Sequence[bool] | None = None,
) -> Optimum:
    """The best schedule for `net_w` watts per step. `present` says when there is a car at all (always)."""
    hours = step_s / 3600
    here = present if present is not None else [True] * len(net_w)
    amps = [_best_amps(net, car) if there else 0 for net, there in zip(net_w, here, strict=True)]
    gains = [_gain_w(net, a * car.watts_per_amp) * hours if a else _NEVER for net, a in zip(net_w, amps, strict=True)]
    on = _when_on(gains, click_wh)
    chosen = tuple(a if charging else 0 for a, charging in zip(amps, on, strict=True))
    closings = sum(charging and not before for before, charging in zip([False, *on], on, strict=False))
    return Optimum(score(net_w, [a * car.watts_per_amp for a in chosen], closings, step_s, click_wh), chosen)


def _best_amps(net_w: float, car: IdealCar) -> int:
    """The whole amps that give the most while charging: those nearest to the surplus."""
    return min(car.maximum_a, max(car.minimum_a, round(net_w / car.watts_per_amp)))


def _gain_w(net_w: float, cars_w: float) -> float:
    return cars_w - 2 * _caused_w(net_w, cars_w)


def _when_on(gains_wh: Sequence[float], click_wh: float) -> list[bool]:
    """Viterbi over off and on: a step on gains, a change to on costs a click, a change to off nothing."""
    best_off, best_on = 0.0, _NEVER
    came_on, stayed_on = bytearray(len(gains_wh)), bytearray(len(gains_wh))
    for step, gain in enumerate(gains_wh):
        off = max(best_off, best_on)
        stayed_on[step] = best_on > best_off
        came_on[step] = best_on >= best_off - click_wh
        best_off, best_on = off, max(best_on, best_off - click_wh) + gain
    return _trace_back(best_on > best_off, came_on, stayed_on)


def _trace_back(last_on: bool, came_on: bytearray, stayed_on: bytearray) -> list[bool]:  # noqa: FBT001 - a state
    on, states = last_on, []
    for step in reversed(range(len(came_on))):
        states.append(on)
        on = bool(came_on[step]) if on else bool(stayed_on[step])
    return states[::-1]
