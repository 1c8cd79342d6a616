"""The solar decision with cars that obey: seconds pass one by one, contactors rest and stay closed for a minute.

Nothing else of the program is in here, so that a table of surplus over time shows what the decision alone makes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from twcmaster.control.care import MINIMUM_OFF_S, MINIMUM_ON_S
from twcmaster.control.solar import follow
from twcmaster.control.sun import Runner, Sun

VOLTS = 240.0
LEAST_A = 6
#: The least that one car takes while it charges.
LEAST_W = LEAST_A * VOLTS
TODAY = date(2026, 6, 21)


def car(key: str, most_a: int = 32, **more: object) -> Runner:
    """A connector whose car wants power."""
    return replace(Runner(key, VOLTS, LEAST_A, most_a, wants=True), **more)  # type: ignore[arg-type]


class FollowedSun:
    """Connectors that follow the sun, each drawing what it is given a second later."""

    def __init__(self, *cars: Runner) -> None:
        self.cars = {one.key: one for one in cars}
        self.sun = Sun()
        self.now = 1000.0
        self.day = TODAY
        #: When each contactor has closed, and when each has closed or opened last.
        self.closed_at: list[tuple[float, str]] = []
        self.moved_at: dict[str, float] = {}

    @property
    def running(self) -> list[str]:
        return list(self.sun.running)

    @property
    def amps(self) -> int:
        """What all of them may be offered together."""
        return round(self.sun.budget_w / VOLTS)

    def closings_within(self, seconds: float) -> int:
        """The most closings in any stretch of that length."""
        times = [at for at, _ in self.closed_at]
        return max((sum(begin <= at < begin + seconds for at in times) for begin in times), default=0)

    def shine(self, seconds: float, surplus_w: float | Callable[[FollowedSun], float] | None) -> None:
        """Let that much be left for cars for so long."""
        for _ in range(round(seconds)):
            self.now += 1.0
            left_w = surplus_w(self) if callable(surplus_w) else surplus_w
            before = set(self.running)
            self.sun = follow(self.sun, [self._seen(one) for one in self.cars.values()], left_w, self.now, self.day)
            for key in set(self.running) ^ before:
                self.moved_at[key] = self.now
                if key in self.running:
                    self.closed_at.append((self.now, key))

    def _seen(self, one: Runner) -> Runner:
        runs = one.key in self.running
        since_s = self.now - self.moved_at.get(one.key, -1e9)
        share_w = self.sun.budget_w / max(1, len(self.running))
        return replace(
            one,
            drawing_w=min(share_w, one.maximum_w) if runs else 0.0,
            charging=runs,
            must_run=runs and since_s < MINIMUM_ON_S,
            must_rest=not runs and since_s < MINIMUM_OFF_S,
        )
