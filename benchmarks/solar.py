"""Following the sun: the production graph in virtual time against the best that anybody could have done.

python -m benchmarks.solar                                everything, half an hour of CPU
python -m benchmarks.solar cloudy fuse                    only these
python -m benchmarks.solar --seeds 5 --jobs 2 cloudy      more traces, on two cores

cloudy, dark, slow, steps, clear    two hours of one-second traces (sim/traces.py), one for each seed
days        whole recorded days: TWCMASTER_CORPUS names the folder with days/*.csv
reaction    seconds from a step of 1 kW until the cars have made four fifths of it
fuse        seconds above the main fuse after the first reading that shows it
turns       two cars with power for one: closings per hour, and how the energy was shared
peak        closings and the worst quarter of an hour under a peak limit
tick        milliseconds of CPU for one decision with three connectors
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import mean, median

from benchmarks import solar_events, tick
from benchmarks.solar_trial import Setup, run
from twcmaster.sim.day_file import read_day
from twcmaster.sim.traces import BROKEN, DARK, SLOW, Stretch, clear, cloudy, steps

WEATHER: dict[str, Callable[[int], Stretch]] = {
    "cloudy": partial(cloudy, clouds=BROKEN),
    "dark": partial(cloudy, clouds=DARK, name="dark"),
    "slow": partial(cloudy, clouds=SLOW, name="slow"),
    "steps": steps,
    "clear": clear,
}
#: Every meter with one connector, and what three cars and protocol 2 change, under the clouds that matter most ...
CLOUDY_SETUPS = (
    *(Setup(every_s) for every_s in (1.0, 2.0, 5.0, 60.0)),
    Setup(900.0, delay_s=300.0),
    Setup(2.0, protocol=2),
    *(Setup(every_s, 3, protocol, limit_a=96.0) for every_s in (2.0, 60.0) for protocol in (1, 2)),
)
#: ... and a quick and a slow meter for the rest.
SETUPS = (Setup(2.0), Setup(60.0))
EVENTS = {"reaction": solar_events.reaction, "fuse": solar_events.fuse, "turns": solar_events.turns}
EVENTS |= {"peak": solar_events.peak, "tick": tick.lines}


@dataclass(frozen=True)
class Row:
    """One stretch under one setup."""

    share: float
    imported_wh: float
    closings: int
    best_imported_wh: float
    best_closings: int


def live(stretch: Stretch, setup: Setup) -> Row:
    """Run it, and its optimum."""
    result = run(stretch, setup)
    came, best = result.recording.score(), result.optimum.score
    return Row(result.share, came.imported_wh, came.closings, best.imported_wh, best.closings)


def recorded_days() -> list[Stretch]:
    """Every day of the corpus; none where there is no corpus."""
    folder = os.environ.get("TWCMASTER_CORPUS")
    files = sorted(Path(folder).glob("days/*.csv")) if folder else []
    return [Stretch(file.stem, read_day(file), 60, 86_280) for file in files]


def tracking(pool: ProcessPoolExecutor, name: str, stretches: Sequence[Stretch], setups: Sequence[Setup]) -> None:
    """One line for each setup: middle and worst share, and means of the rest."""
    for setup in setups:
        rows = list(pool.map(live, stretches, [setup] * len(stretches)))
        shares = [row.share for row in rows]
        print(
            f"{name:22} {setup!s:38} {median(shares):6.1%} {min(shares):6.1%}"
            f" {_mean(rows, 'imported_wh'):7.0f} {_mean(rows, 'best_imported_wh'):5.0f}"
            f" {_mean(rows, 'closings'):7.1f} {max(row.closings for row in rows):4}"
            f" {_mean(rows, 'best_closings'):5.1f}",
            flush=True,
        )


def _mean(rows: Sequence[Row], field: str) -> float:
    return float(mean(getattr(row, field) for row in rows))


HEADING = (
    f"{'':22} {'':38} {'of optimum':^13} {'import Wh':^13} {'closings':^18}\n"
    f"{'weather':22} {'meter, connectors':38} {'median':>6} {'worst':>6} {'mean':>7} {'best':>5}"
    f" {'mean':>7} {'most':>4} {'best':>5}"
)


def main() -> None:
    """Run what is named on the command line and print tables."""
    names = [*WEATHER, "days", *EVENTS]
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("name", nargs="*", help=f"of: {', '.join(names)}")
    options.add_argument("--seeds", type=int, default=3, help="traces of each weather (3)")
    options.add_argument("--jobs", type=int, default=1, help="processes (1)")
    given = options.parse_args()
    chosen = given.name or names
    if unknown := set(chosen) - set(names):
        options.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    logging.disable(logging.WARNING)
    with ProcessPoolExecutor(given.jobs) as pool:
        if {*WEATHER, "days"} & set(chosen):
            print(HEADING, flush=True)
        for name in (name for name in WEATHER if name in chosen):
            setups = CLOUDY_SETUPS if name == "cloudy" else SETUPS
            tracking(pool, name, [WEATHER[name](seed) for seed in range(1, given.seeds + 1)], setups)
        for day in recorded_days() if "days" in chosen else ():
            tracking(pool, day.name, [day], SETUPS)
    for line in _events(chosen):
        print(line, flush=True)


def _events(chosen: Sequence[str]) -> Iterator[str]:
    return chain.from_iterable(measure() for name, measure in EVENTS.items() if name in chosen)


if __name__ == "__main__":
    main()
