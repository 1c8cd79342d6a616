"""What a simulated day came to: energy, money, clicks, overload, and the best that was possible."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twcmaster.sim.optimum import Optimum, Score
from twcmaster.sim.recording import Recording


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for a kilowatt-hour from the grid, and to it."""

    grid: float = 0.30
    feed_in: float = 0.08


@dataclass(frozen=True, slots=True)
class Outcome:
    """One day under one config."""

    name: str
    config: str
    recording: Recording
    score: Score
    optimum: Optimum
    #: Amps above a limit at the worst second, each conductor's and the fuse's by name; 0 or less: never above.
    overload_a: Mapping[str, float]
    cost: float
    #: Watts of one amp of the optimum.
    watts_per_amp: float = 240.0

    @property
    def optimum_w(self) -> list[float]:
        """What the optimum charges with, step by step."""
        return [amps * self.watts_per_amp for amps in self.optimum.amps]

    @property
    def share_of_surplus(self) -> float:
        """Of the surplus that the optimum could use, how much went into cars."""
        usable = self.optimum.score.from_sun_wh
        return self.score.from_sun_wh / usable if usable else 1.0

    @property
    def share_of_optimum(self) -> float:
        """Value reached, as a share of the best possible; 1 when nothing was possible and nothing lost."""
        possible = self.optimum.score.value_wh
        if possible <= 0:
            return 1.0 if self.score.value_wh >= possible else 0.0
        return self.score.value_wh / possible

    @property
    def worst_overload_a(self) -> float:
        """Over all limits, never below 0."""
        return max((0.0, *self.overload_a.values()))


def cost_of(score: Score, prices: Prices) -> float:
    """What charging cost: energy imported for it, and feed-in that was forgone."""
    return (score.imported_wh * prices.grid + score.from_sun_wh * prices.feed_in) / 1000


def overload_a(recording: Recording, limits: Mapping[str, tuple[float, tuple[str, ...]]]) -> dict[str, float]:
    """How far the units on each conductor drew above its limit at the worst second. `limits`: amps and unit keys."""
    found = {}
    for name, (limit_a, keys) in limits.items():
        curves = [recording.draw_a[key] for key in keys if key in recording.draw_a]
        found[name] = max((sum(amps) for amps in zip(*curves, strict=True)), default=0.0) - limit_a
    return found
