"""Traces of power over a day: synthetic sun and house with one-second structure."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from twcmaster.sim.daytime import DAY_S

_SECONDS = int(DAY_S)
SUNRISE_S = 6 * 3600
SUNSET_S = 20 * 3600
#: Light reflected by the edge of a cloud adds up to this share just before the shadow.
EDGE_GAIN = 0.15
#: From one simulated second to another, nothing is known between them.
Gap = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Trace:
    """Watts, one value per second from midnight; between two seconds a straight line; the day repeats."""

    watts: array[float]

    def at(self, day_s: float) -> float:
        """Watts at a simulated second."""
        watts = self.watts
        length = len(watts)
        whole = int(day_s)
        first = watts[whole % length]
        return first + (watts[(whole + 1) % length] - first) * (day_s - whole)

    @property
    def energy_kwh(self) -> float:
        """Over the whole trace."""
        return sum(self.watts) / 3.6e6


@dataclass(frozen=True, slots=True)
class Day:
    """Generation and house load (without cars) of one day."""

    pv: Trace
    load: Trace
    #: There is no sun in them.
    gaps: tuple[Gap, ...] = ()


def constant(watts: float) -> Trace:
    """The same all day."""
    return Trace(array("f", [watts]) * _SECONDS)


def clear_sky(peak_w: float, sunrise_s: int = SUNRISE_S, sunset_s: int = SUNSET_S) -> Trace:
    """A cloudless day: a smooth hill between sunrise and sunset."""
    length_s = sunset_s - sunrise_s
    watts = array("f", bytes(4 * _SECONDS))
    for second in range(sunrise_s, sunset_s):
        watts[second] = peak_w * math.sin(math.pi * (second - sunrise_s) / length_s) ** 1.3
    return Trace(watts)


@dataclass(frozen=True, slots=True)
class Clouds:
    """How clouds pass: mean lengths of sun and shade, and how slowly the light changes between them."""

    sunny_s: float = 150.0
    cloudy_s: float = 90.0
    edge_s: float = 6.0


#: Fair-weather clouds.
FAIR = Clouds()


def broken_clouds(peak_w: float, rng: random.Random, clouds: Clouds = FAIR) -> Trace:
    """Clouds pass one by one: shadows of chance length and depth, edges of seconds, a gleam before each."""
    sky = clear_sky(peak_w).watts
    watts = array("f", bytes(4 * _SECONDS))
    share = 1.0
    for second, goal in enumerate(_shadows(rng, clouds.sunny_s, clouds.cloudy_s)):
        share += (goal - share) / clouds.edge_s
        watts[second] = max(0.0, sky[second] * (share + rng.gauss(0.0, 0.004)))
    return Trace(watts)


def _shadows(rng: random.Random, sunny_s: float, cloudy_s: float) -> array[float]:
    """Share of the clear sky's light that is heading for, second by second."""
    goals = array("f")
    while len(goals) < _SECONDS:
        goals.extend([1.0] * int(rng.expovariate(1 / sunny_s) + 4))
        goals.extend([1.0 + rng.random() * EDGE_GAIN] * rng.randrange(3, 9))
        goals.extend([rng.uniform(0.15, 0.55)] * int(rng.expovariate(1 / cloudy_s) + 8))
    return goals[:_SECONDS]


def steps(levels_w: tuple[float, ...], rng: random.Random, least_s: int = 60, most_s: int = 900) -> Trace:
    """Jumps between given levels at chance times: the hardest thing to follow."""
    watts = array("f")
    level_w = levels_w[0]
    while len(watts) < _SECONDS:
        watts.extend([level_w] * rng.randrange(least_s, most_s))
        level_w = rng.choice([other for other in levels_w if other != level_w] or list(levels_w))
    return Trace(watts[:_SECONDS])


def household(rng: random.Random, base_w: float = 250.0) -> Trace:
    """A house: something always on, a fridge that cycles, kettles and hobs at meal times, a washing machine."""
    watts = array("f", [base_w]) * _SECONDS
    second = rng.randrange(1800)
    while second < _SECONDS:
        _add(watts, second, 900, 110.0)
        second += 900 + rng.randrange(1500, 2400)
    for meal_s in (7 * 3600, 12 * 3600, 18 * 3600 + 1800):
        _add(watts, meal_s + rng.randrange(-1200, 1200), rng.randrange(120, 240), 2100.0)
        for _ in range(rng.randrange(4, 14)):
            _add(watts, meal_s + rng.randrange(2400), rng.randrange(20, 90), rng.choice((900.0, 1400.0, 1800.0)))
    wash_s = rng.randrange(9 * 3600, 19 * 3600)
    _add(watts, wash_s + 300, 1200, 2000.0)
    _add(watts, wash_s + 1500, 3600, 250.0)
    _add(watts, 18 * 3600 + rng.randrange(1800), 4 * 3600, 320.0)
    return Trace(watts)


def _add(watts: array[float], start_s: int, length_s: int, power_w: float) -> None:
    for second in range(max(0, start_s), min(_SECONDS, start_s + length_s)):
        watts[second] += power_w


def in_turn(traces: Sequence[Trace]) -> Trace:
    """One after the other."""
    return Trace(array("f", chain.from_iterable(trace.watts for trace in traces)))


def averaged(trace: Trace, width_s: float) -> Trace:
    """As a meter shows it that averages over the last `width_s`."""
    width = max(1, round(width_s))
    sums = list(accumulate(trace.watts[-width:] + trace.watts, initial=0.0))
    return Trace(
        array("f", ((after - before) / width for before, after in zip(sums[1:], sums[width + 1 :], strict=False)))
    )
