"""Single events while the sun is followed: how fast the cars react, and how seldom contactors move."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.solar_trial import Setup, run
from twcmaster.sim.recording import Recording
from twcmaster.sim.sun import Day, Trace, constant
from twcmaster.sim.traces import Stretch

NOON_S = 12 * 3600
STEP_W = 1000.0
#: A step counts as followed when this share of it is made, and as missed after this long.
FOLLOWED_SHARE = 0.8
MISSED_S = 50
FUSE = """
[fuse]
meter = "grid"
fuse_a = 25
"""
PEAK = """
[peak]
meter = "grid"
limit_kw = 4
"""


def levels(first_w: float, changes: Sequence[tuple[int, float]]) -> Trace:
    """Watts that change at once at given seconds after noon."""
    watts = array("f", [first_w]) * 86_400
    for second, level_w in changes:
        watts[NOON_S + second :] = array("f", [level_w]) * (86_400 - NOON_S - second)
    return Trace(watts)


# ── reaction ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def reaction() -> Iterator[str]:
    """A roof that steps up and down by 1 kW every 61 to 67 seconds, at changing offsets to the meter."""
    times = [100 + 61 * index + index % 7 for index in range(100)]
    sun = levels(4000.0, [(at, 4000.0 if index % 2 else 5000.0) for index, at in enumerate(times)])
    stretch = Stretch("reaction", Day(sun, constant(500.0)), NOON_S, times[-1] + 60)
    for every_s in (1.0, 2.0, 5.0):
        for protocol in (1, 2):
            cars_w = run(stretch, Setup(every_s, protocol=protocol)).recording.cars_w
            up = [_followed_s(cars_w, at, 1.0) for at in times[::2]]
            down = [_followed_s(cars_w, at, -1.0) for at in times[1::2]]
            yield (
                f"reaction to 1 kW, {every_s:g} s meter, protocol {protocol}: "
                f"down median {median(down)} s, most {max(down)} s; up median {median(up)} s, most {max(up)} s"
            )


def _followed_s(cars_w: Sequence[float], at: int, sign: float) -> int:
    before_w = cars_w[at - 1]
    for seconds in range(MISSED_S):
        if sign * (cars_w[at + seconds] - before_w) >= FOLLOWED_SHARE * STEP_W:
            return seconds
    return MISSED_S


# ── the main fuse ────────────────────────────────────────────────────────────────────────────────────────────────────


def fuse() -> Iterator[str]:
    """House load that steps over the fuse while cars charge with all that it leaves."""
    times = list(range(150, 3600, 301))
    load = levels(1000.0, [(at + after, 5000.0 * (not after) + 1000.0) for at in times for after in (0, 60)])
    stretch = Stretch("fuse", Day(constant(0.0), load), NOON_S, times[-1] + 100)
    for connectors in (1, 3):
        for protocol in (1, 2):
            setup = Setup(2.0, connectors, protocol, mode="fixed", limit_a=96.0, more=FUSE)
            recording = run(stretch, setup).recording
            longest = max(_over_s(recording, at) for at in times)
            yield f"fuse of 25 A, {setup}: above it for {longest} s at most, {len(times)} steps"


def _over_s(recording: Recording, at: int) -> int:
    """Seconds above the fuse, counted from the first reading at or after the step: readings come every 2 s."""
    first = at + at % 2
    return sum(amps > 25 for amps in recording.worst_phase_a[first : first + 60])


# ── contactors ───────────────────────────────────────────────────────────────────────────────────────────────────────


def turns() -> Iterator[str]:
    """Six hours with power for one of two cars."""
    stretch = Stretch("turns", Day(constant(2600.0), constant(600.0)), 10 * 3600, 6 * 3600)
    for protocol in (1, 2):
        recording = run(stretch, Setup(2.0, 2, protocol)).recording
        kwh = " and ".join(f"{sum(amps) * 240 / 3.6e6:.1f}" for amps in recording.draw_a.values())
        hourly = most_closings_within(recording, 3600)
        yield f"turns, protocol {protocol}: at most {hourly} closings in an hour, {kwh} kWh in 6 h"


def most_closings_within(recording: Recording, seconds: int) -> int:
    """The most closings of all contactors in any stretch of that length, as seen by the draw."""
    times = [
        index
        for amps in recording.draw_a.values()
        for index in range(1, len(amps))
        if amps[index] >= 1.0 > amps[index - 1]
    ]
    return max((sum(first <= at < first + seconds for at in times) for first in times), default=0)


def peak() -> Iterator[str]:
    """A car at full power under a quarter-hour limit of 4 kW; the house takes 3.8 kW for the first part of each."""
    changes = [(at + after, 600.0 if after else 3800.0) for at in range(300, 7200, 900) for after in (0, 400)]
    stretch = Stretch("peak", Day(constant(0.0), levels(600.0, changes)), NOON_S, 7200)
    recording = run(stretch, Setup(2.0, mode="fixed", more=PEAK)).recording
    grid_w = [house + cars for house, cars in zip(recording.load_w, recording.cars_w, strict=True)]
    worst_w = max(sum(grid_w[at : at + 900]) / 900 for at in range(0, len(grid_w) - 899, 900))
    yield (
        f"peak limit of 4 kW: worst quarter of an hour {worst_w / 1000:.2f} kW, "
        f"{recording.closings} closings in 2 h, {recording.score().charged_wh / 1000:.1f} kWh charged"
    )
