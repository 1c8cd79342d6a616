"""A simulated week of the production graph with its stores and three watchers: what it writes, and whether it grows.

python -m benchmarks.week            seven days, about ten minutes
python -m benchmarks.week 1          one day

Everything that a daemon keeps in memory or on disk takes part, under virtual time. Bytes are counted by the kernel:
`written` are whole blocks towards the disk (0 where the folder lies in memory), `asked` what the program handed over.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import linear_regression

from benchmarks.processes import rss_kb
from twcmaster import app
from twcmaster.api.encoder import StateEncoder
from twcmaster.api.ports import Facade
from twcmaster.config.load import parse
from twcmaster.config.meters import MeterSection
from twcmaster.config.schema import Config
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.model.ports import Link, Meter
from twcmaster.serving.facade import facade
from twcmaster.serving.site import Site
from twcmaster.serving.stores import Stores
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.demo_house import demo_plan
from twcmaster.sim.site import VirtualSite

CONFIG = """
[[circuit]]
name = "garage"
limit_a = 40
[[bus]]
name = "garage"
link = "/dev/null"
circuit = "garage"
[[meter]]
name = "grid"
role = "grid"
kind = "constant"
power_w = 0
[[meter]]
name = "roof"
role = "pv"
kind = "constant"
power_w = 0
[control]
mode = "solar_min"
[prices]
currency = "EUR"
grid_per_kwh = 0.3
"""
MIDNIGHT = datetime(2026, 6, 15, tzinfo=UTC)
HOUR_S, DAY_H = 3600.0, 24
WATCHERS = 3


@dataclass(frozen=True, slots=True)
class Hour:
    """What was there at the end of an hour."""

    rss_mb: float
    written: int
    asked: int
    history_bytes: int


def clock() -> datetime:
    """The wall clock of virtual time."""
    return MIDNIGHT + timedelta(seconds=asyncio.get_running_loop().time())


def this_hour(folder: Path) -> Hour:
    """Now."""
    gc.collect()
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    history = sum(path.stat().st_size for path in folder.glob("history.db"))
    return Hour(rss_kb(os.getpid()) / 1000, int(counts["write_bytes"]), int(counts["wchar"]), history)


async def live(days: float, folder: Path, seen: Callable[[Hour], None]) -> None:
    """The days, hour by hour."""
    loop = asyncio.get_running_loop()
    virtual = VirtualSite(demo_plan(start_s=0.0))
    site = Site(folder, clock)
    stores = Stores(site)
    await stores.accounts.load()
    given = facade(site, stores, None, loop.time)
    stop = asyncio.Event()
    options = _options(virtual, site, stop)
    running = [asyncio.ensure_future(work) for work in (site.run(parse(CONFIG), options, stop, _none), stores.run())]
    running += [asyncio.ensure_future(_watch(given)) for _ in range(WATCHERS)]
    for _ in range(int(days * DAY_H)):
        await asyncio.sleep(HOUR_S)
        for task in running:
            assert not task.done(), task
        seen(this_hour(folder))
    stop.set()
    await running[0]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await stores.close()


def _options(
    virtual: VirtualSite, site: Site, stop: asyncio.Event
) -> Callable[[asyncio.Event, Callable[[app.Graph], None]], app.Options]:
    def link_of(url: str, check: Checker, refusal: Refusal) -> Link:
        return site.tapped(url, GuardedLink(virtual.memory_link("garage"), check, refusal))

    def meter_of(section: MeterSection, _clock: Callable[[], datetime]) -> Meter:
        return virtual.meter(section.role, section.every_s, sees_cars=section.includes_charger)

    def options(_: asyncio.Event, take: Callable[[app.Graph], None]) -> app.Options:
        def companions(graph: app.Graph) -> list[Callable[[], Coroutine[None, None, None]]]:
            take(graph)
            return []

        return app.Options(site.state_dir, link_of, meter_of, clock, companions, stop, site.hub, pick_sign=lambda: 0x77)

    return options


def _none() -> Config:
    raise AssertionError("nobody changes the config")


async def _watch(given: Facade) -> None:
    """A page that is open: takes a state a second."""
    encoder = StateEncoder(given)
    async for _ in given.live.watch():
        encoder.newest()
        await asyncio.sleep(1)


def main() -> None:
    """Live the week and print it, day by day."""
    days = float(sys.argv[1]) if len(sys.argv) > 1 else 7.0
    hours: list[Hour] = []
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="twc-") as folder:
        hours.append(this_hour(Path(folder)))

        def seen(hour: Hour) -> None:
            hours.append(hour)
            if len(hours) % DAY_H == 1:
                _print_day(hours)

        run_virtual(live(days, Path(folder), seen))
    print(f"{days:g} days in {time.perf_counter() - begin:.0f} s")
    warm = hours[DAY_H:] if len(hours) > 2 * DAY_H else hours[DAY_H // 4 :]
    slope = linear_regression(range(len(warm)), [hour.rss_mb for hour in warm]).slope
    print(f"memory after the first day: {slope:+.4f} MB per hour")


def _print_day(hours: list[Hour]) -> None:
    before, now = hours[-DAY_H - 1], hours[-1]
    written, asked = (now.written - before.written) / 1e6, (now.asked - before.asked) / 1e6
    size, day = now.history_bytes / 1e6, len(hours) // DAY_H
    print(
        f"day {day}: {now.rss_mb:.1f} MB, {written:.1f} MB written ({asked:.1f} asked), history {size:.1f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
