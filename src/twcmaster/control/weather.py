"""What the surplus tends to do next, learned from what it did.

The surplus is sorted into levels, and every few seconds it is counted how it has moved from one level to another. Old
counts fade; before there are any, it is taken to stay for a minute or so, to drift, and now and then to jump.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import mul

#: Where one level ends and the next begins, in watts: finest where a car's minimum (1.4 to 4.1 kW) is half fed.
EDGES_W = (200, 300, 420, 560, 720, 900, 1100, 1440, 1900, 2500, 3300, 4500, 6000, 8000, 11000)
LEVELS_W = (100.0, *((low + high) / 2 for low, high in pairwise(EDGES_W)), 13000.0)
#: Time from one look to the next; clouds take some seconds to come and go.
STEP_S = 10.0
#: Before a level has been seen, it is as if it had been seen this often: it mostly stayed, drifted or jumped.
BEFORE = 6.0
STAYED, DRIFTED = 0.80, 0.15
#: What each new count leaves of the older ones of its level: a quarter of an hour there is remembered.
KEPT = 0.99


def _unseen(level: int) -> tuple[float, ...]:
    count = len(LEVELS_W)
    row = [BEFORE * (1 - STAYED - DRIFTED) / count] * count
    row[level] += BEFORE * STAYED
    for near in {level - 1, level + 1} & set(range(count)):
        row[near] += BEFORE * DRIFTED / 2
    return tuple(row)


_UNSEEN = tuple(_unseen(level) for level in range(len(LEVELS_W)))


@dataclass(frozen=True, slots=True)
class Weather:
    """How often the surplus went from each level to each other, and where it was last."""

    moves: tuple[tuple[float, ...], ...] = _UNSEEN
    level: int | None = None
    at: float = 0.0


def level_of(surplus_w: float) -> int:
    """The level that a surplus belongs to."""
    return bisect(EDGES_W, surplus_w)


def look(weather: Weather, surplus_w: float, now: float) -> Weather:
    """The weather after a look at the surplus; the very same value when it is not time for one."""
    elapsed_s = now - weather.at
    if weather.level is not None and 0 <= elapsed_s < STEP_S:
        return weather
    level = level_of(surplus_w)
    if weather.level is None or not STEP_S <= elapsed_s < 2 * STEP_S:
        return replace(weather, level=level, at=now)
    moves = list(weather.moves)
    moves[weather.level] = _counted(moves[weather.level], _UNSEEN[weather.level], level)
    return Weather(tuple(moves), level, now)


def _counted(row: Sequence[float], unseen: Sequence[float], level: int) -> tuple[float, ...]:
    faded = [start + KEPT * (count - start) for count, start in zip(row, unseen, strict=True)]
    faded[level] += 1
    return tuple(faded)


def expected(weather: Weather, values: Sequence[float]) -> tuple[float, ...]:
    """What a quantity with these values at the levels is expected to be one step later, from each level."""
    return tuple(sum(map(mul, row, values)) / sum(row) for row in weather.moves)
