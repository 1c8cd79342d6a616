"""Stretches of a day with one-second structure to try a controller on: a 7 kW roof over a house that lives.

clear    a smooth hill and a house
steps    jumps of about 1 kW at chance times
cloudy   clouds that pass like a switch: sharp edges, chance lengths and depths, now and then a long one
"""

from __future__ import annotations

import random
from array import array
from dataclasses import dataclass

from twcmaster.sim.daytime import DAY_S
from twcmaster.sim.sun import Day, Trace, clear_sky

PEAK_W = 7000.0
_SECONDS = int(DAY_S)
_NOON_S = 12 * 3600


@dataclass(frozen=True, slots=True)
class Clouds:
    """How clouds pass: mean lengths of sun and shade, and the share of light that is left in the shade."""

    sunny_s: float = 150.0
    shady_s: float = 90.0
    shade: tuple[float, float] = (0.22, 0.6)
    #: Chance that a shade is five times as long.
    long_chance: float = 0.08


#: Fair-weather clouds: most shades still feed a car's minimum in part.
BROKEN = Clouds()
#: Thick clouds: most shades leave nothing worth charging for.
DARK = Clouds(shade=(0.08, 0.3))
#: Long spells of both.
SLOW = Clouds(sunny_s=500.0, shady_s=400.0, shade=(0.08, 0.4), long_chance=0.0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a day, with a name to report it under."""

    name: str
    day: Day
    start_s: int = 0
    length_s: int = _SECONDS

    def net_w(self) -> list[float]:
        """Sun less house for each second: what is there for cars, below zero when the house needs the grid."""
        seconds = range(self.start_s, self.start_s + self.length_s)
        return [self.day.pv.at(second) - self.day.load.at(second) for second in seconds]


def clear(seed: int, length_s: int = 7200) -> Stretch:
    """Around noon without a cloud."""
    return _around_noon(f"clear {seed}", clear_sky(PEAK_W), seed, length_s)


def steps(seed: int, length_s: int = 7200, step_w: float = 1000.0, least_s: int = 60, most_s: int = 180) -> Stretch:
    """A roof that jumps up and down by `step_w`."""
    rng = random.Random(f"{seed} steps")
    watts = array("f")
    level = rng.randrange(3, 7)
    while len(watts) < _SECONDS:
        watts.extend([level * step_w] * rng.randrange(least_s, most_s))
        level = min(7, level + 1) if level <= 2 or rng.random() < 0.5 else level - 1
    return _around_noon(f"steps {seed}", Trace(watts[:_SECONDS]), seed, length_s)


def cloudy(seed: int, length_s: int = 7200, clouds: Clouds = BROKEN, name: str = "cloudy") -> Stretch:
    """Broken clouds: sun and shade of chance length, edges of one to four seconds."""
    rng = random.Random(f"{seed} {name}")
    sky = clear_sky(PEAK_W).watts
    watts = array("f", bytes(4 * _SECONDS))
    share = 1.0
    for second, (goal, edge_s) in enumerate(_passing(rng, clouds)):
        share += (goal - share) / edge_s
        watts[second] = max(0.0, sky[second] * (share + rng.gauss(0.0, 0.006)))
    return _around_noon(f"{name} {seed}", Trace(watts), seed, length_s)


def _passing(rng: random.Random, clouds: Clouds) -> list[tuple[float, float]]:
    """Share of the clear sky's light that is heading for and the sharpness of the edge, second by second."""
    goals: list[tuple[float, float]] = []
    while len(goals) < _SECONDS:
        edge_s = rng.uniform(1.0, 4.0)
        goals.extend([(rng.uniform(0.9, 1.1), edge_s)] * (5 + int(rng.expovariate(1 / clouds.sunny_s))))
        longer = 5.0 if rng.random() < clouds.long_chance else 1.0
        shade = rng.uniform(*clouds.shade)
        goals.extend([(shade, edge_s)] * (8 + int(longer * rng.expovariate(1 / clouds.shady_s))))
    return goals[:_SECONDS]


def _around_noon(name: str, pv: Trace, seed: int, length_s: int) -> Stretch:
    return Stretch(name, Day(pv, _home(seed)), _NOON_S - length_s // 2, length_s)


def _home(seed: int) -> Trace:
    """0.4 to 1 kW that wanders, and a kettle now and then."""
    rng = random.Random(f"{seed} home")
    watts = array("f")
    level_w = rng.uniform(400.0, 1000.0)
    while len(watts) < _SECONDS:
        level_w = min(1000.0, max(400.0, level_w + rng.uniform(-200.0, 200.0)))
        watts.extend(level_w + rng.gauss(0.0, 15.0) for _ in range(rng.randrange(120, 600)))
    second = 0
    while second < _SECONDS:
        second += int(rng.expovariate(1 / 1500.0))
        for at in range(second, min(_SECONDS, second + rng.randrange(60, 180))):
            watts[at] += 2000.0
        second += 180
    return Trace(watts[:_SECONDS])
