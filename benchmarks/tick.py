"""One control decision: milliseconds of CPU, on worlds that the production graph has met.

python -m benchmarks.tick
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from unittest import mock

from benchmarks.solar_trial import Setup, run
from twcmaster.control.decide import decide
from twcmaster.control.memory import Memory
from twcmaster.model.plan import Plan
from twcmaster.model.world import World
from twcmaster.runtime import controller
from twcmaster.sim.traces import cloudy

LENGTH_S = 900
ROUNDS = 5


def lines() -> Iterator[str]:
    """Three connectors under passing clouds, and the same with fixed amps."""
    for mode in ("solar", "fixed"):
        met = _worlds_met(mode)
        milliseconds = sorted(1000 * min(_cpu_s(*one) for _ in range(ROUNDS)) for one in met)
        yield (
            f"control tick, 3 connectors, mode {mode}: median {median(milliseconds):.2f} ms, "
            f"p99 {milliseconds[len(milliseconds) * 99 // 100]:.2f} ms of CPU ({len(met)} decisions)"
        )


def _worlds_met(mode: str) -> list[tuple[World, Memory]]:
    met: list[tuple[World, Memory]] = []

    def noted(world: World, memory: Memory) -> tuple[Plan, Memory]:
        met.append((world, memory))
        return decide(world, memory)

    with mock.patch.object(controller, "decide", noted):
        run(cloudy(1, LENGTH_S), Setup(2.0, 3, 2, mode=mode, limit_a=40.0))
    return met


def _cpu_s(world: World, memory: Memory) -> float:
    begin = time.process_time()
    decide(world, memory)
    return time.process_time() - begin


def main() -> None:
    """Print it."""
    for line in lines():
        print(line, flush=True)


if __name__ == "__main__":
    main()
