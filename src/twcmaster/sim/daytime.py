"""The simulated day: where the loop's clock stands in it, and how fast it passes.

Heartbeats always keep real time; what people wait for (sun, batteries, arrivals) may pass faster. Simulated seconds
count from the midnight before the start and go on past 86,400 on the following days.
"""

from __future__ import annotations

from dataclasses import dataclass

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class DayClock:
    """`starts_at` is a loop time, `start_s` the simulated second of the day that it stands for."""

    starts_at: float = 0.0
    start_s: float = 0.0
    speed: float = 1.0

    def day_s(self, now: float) -> float:
        """Simulated seconds since the first midnight."""
        return self.start_s + (now - self.starts_at) * self.speed

    def loop_time(self, day_s: float) -> float:
        """When the loop's clock will show that simulated second."""
        return self.starts_at + (day_s - self.start_s) / self.speed


def clock_text(day_s: float) -> str:
    """Hours and minutes of the day, for people."""
    minutes = int(day_s % DAY_S) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
