"""Whether one car more or less pays, given what the weather tends to do.

The sum is that of the optimum that knows the day (`sim/optimum.py`), with chances in place of knowledge. What a car
brings during the next step is known: what it takes of the sun less what it imports. From then on a closed contactor is
worth at least nothing, because it can be opened for nothing, and at most a click, because an open one can be closed
for that. Looking further ahead means doing this sum again and again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from twcmaster.control.weather import LEVELS_W, STEP_S, Weather, expected, level_of

#: What lies further ahead than this hardly counts.
AHEAD_S = 3600.0
#: Looks ahead for a new question; the answer hardly changes after that.
SWEEPS = 40
_FADES = exp(-STEP_S / AHEAD_S)
_STEP_H = STEP_S / 3600


@dataclass(frozen=True, slots=True)
class Range:
    """What some cars together take of the sun at least and at most, while they charge."""

    least_w: float = 0.0
    most_w: float = 0.0

    def worth_w(self, surplus_w: float) -> float:
        """What these cars make of the surplus: what they take of it, less what they import."""
        surplus_w = max(0.0, surplus_w)
        return 2 * surplus_w - self.least_w if surplus_w < self.least_w else min(surplus_w, self.most_w)


@dataclass(frozen=True, slots=True)
class OneMore:
    """The question: cars without one of them, and with it, and what it is worth besides that it charges too."""

    without: Range
    with_it: Range
    extra_w: float
    click_wh: float

    def brings_wh(self, surplus_w: float) -> float:
        """What it brings in one step at this surplus."""
        return (self.with_it.worth_w(surplus_w) - self.without.worth_w(surplus_w) + self.extra_w) * _STEP_H


@dataclass(frozen=True, slots=True)
class Prospect:
    """The answer: what it is worth, after the next step, that the contactor is closed; for each level of surplus."""

    question: OneMore
    brings_wh: tuple[float, ...]
    ahead_wh: tuple[float, ...]
    #: The look at the weather that it was worked out with.
    at: float

    def worth_wh(self, surplus_w: float) -> float:
        """What a closed contactor is worth now: below nothing it should open, above a click it should close."""
        return self.question.brings_wh(surplus_w) + self.ahead_wh[level_of(surplus_w)]


def foresee(weather: Weather, before: Prospect | None, question: OneMore) -> Prospect:
    """The answer under the newest weather; that to the same question is taken one step further with each look."""
    if before is None or before.question != question:
        brings = tuple(question.brings_wh(level_w) for level_w in LEVELS_W)
        before = Prospect(question, brings, (0.0,) * len(LEVELS_W), weather.at)
        sweeps = SWEEPS
    else:
        sweeps = int(before.at != weather.at)
    ahead = before.ahead_wh
    for _ in range(sweeps):
        ahead = _one_step_further(weather, question, before.brings_wh, ahead)
    return before if not sweeps else Prospect(question, before.brings_wh, ahead, weather.at)


def _one_step_further(
    weather: Weather, question: OneMore, brings_wh: tuple[float, ...], ahead_wh: tuple[float, ...]
) -> tuple[float, ...]:
    closed_wh = [
        _FADES * min(max(0.0, brings + ahead), question.click_wh)
        for brings, ahead in zip(brings_wh, ahead_wh, strict=True)
    ]
    return expected(weather, closed_wh)
