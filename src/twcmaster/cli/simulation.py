"""The production graph in virtual time over a virtual site: what `twcmaster simulate` and the benchmarks run.

Nothing of the program is replaced but the ends: the links lead to virtual lines, the meters into the virtual house,
the clock is the loop's. Every second of it is kept.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from twcmaster import app
from twcmaster.config.meters import MeterSection
from twcmaster.config.schema import Config
from twcmaster.links.guard import Checker, Refusal
from twcmaster.model.ports import Link, Meter
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.daytime import DAY_S
from twcmaster.sim.optimum import Score, score
from twcmaster.sim.site import SiteSample, VirtualSite
from twcmaster.sim.site_plan import SitePlan

#: Units link and cars show themselves before the part that counts begins.
SETTLE_S = 60
_PROGRESS_S = 600


@dataclass(slots=True)
class Recording:
    """One value per second of what happened."""

    start_s: float
    pv_w: array[float] = field(default_factory=lambda: array("f"))
    load_w: array[float] = field(default_factory=lambda: array("f"))
    cars_w: array[float] = field(default_factory=lambda: array("f"))
    battery_w: array[float] = field(default_factory=lambda: array("f"))
    #: Import on the worst phase, and for each unit the amps drawn and the limit it holds.
    worst_phase_a: array[float] = field(default_factory=lambda: array("f"))
    draw_a: dict[str, array[float]] = field(default_factory=dict)
    limit_a: dict[str, array[float]] = field(default_factory=dict)
    present: bytearray = field(default_factory=bytearray)
    closings: int = 0
    notices: list[str] = field(default_factory=list)

    def add(self, sample: SiteSample, phase_a: tuple[float, float, float]) -> None:
        """One second more."""
        balance = sample.balance
        self.pv_w.append(balance.pv_w)
        self.load_w.append(balance.load_w)
        self.cars_w.append(balance.cars_w)
        self.battery_w.append(balance.battery_w)
        self.worst_phase_a.append(max(phase_a))
        for unit in sample.units:
            key = f"{unit.bus}/{unit.unit_id:04X}"
            self.draw_a.setdefault(key, array("f")).append(unit.draw_a)
            self.limit_a.setdefault(key, array("f")).append(unit.limit_a)
        self.present.append(any(unit.plugged for unit in sample.units))

    def net_w(self) -> list[float]:
        """Sun less house, second by second."""
        return [pv - load for pv, load in zip(self.pv_w, self.load_w, strict=True)]

    def score(self) -> Score:
        """How well the sun was followed."""
        return score(self.net_w(), self.cars_w, self.closings)


@dataclass(frozen=True, slots=True)
class Trial:
    """What to run: a config, the world it meets, and for how long from `site.start_s` on."""

    config: Config
    site: SitePlan
    length_s: float
    date: datetime
    #: The time that a measurement needs before it can be read, for each meter.
    meter_delay_s: float = 0.0
    settle_s: int = SETTLE_S
    #: Called once everything is built, to plug in cars by hand or to plan disturbances.
    prepare: Callable[[VirtualSite, app.Graph], None] = lambda site, graph: None


def simulate(trial: Trial, progress: Callable[[float], None] = lambda share: None) -> Recording:
    """Run a trial to its end. `progress` hears the share done, 0 to 1."""
    return run_virtual(_run(trial, progress))


async def _run(trial: Trial, progress: Callable[[float], None]) -> Recording:
    site = VirtualSite(trial.site)
    recording = Recording(trial.site.start_s + trial.settle_s)
    stop = asyncio.Event()

    def companions(graph: app.Graph) -> list[Callable[[], Coroutine[None, None, None]]]:
        trial.prepare(site, graph)
        return [lambda: _record(trial, site, graph, recording, stop, progress)]

    await app.run(trial.config, _options(trial, site, companions, stop))
    return recording


def _options(
    trial: Trial,
    site: VirtualSite,
    companions: Callable[[app.Graph], list[Callable[[], Coroutine[None, None, None]]]],
    stop: asyncio.Event,
) -> app.Options:
    loop = asyncio.get_running_loop()
    bus_of = {section.link: section.name for section in trial.config.bus}
    midnight = trial.date.replace(hour=0, minute=0, second=0, microsecond=0)

    def link_of(url: str, check: Checker, refusal: Refusal) -> Link:
        return site.memory_link(bus_of[url])

    def meter_of(section: MeterSection, clock: Callable[[], datetime]) -> Meter:
        return site.meter(
            section.role, section.every_s, trial.meter_delay_s, sees_cars=section.includes_charger
        )

    return app.Options(
        link_of=link_of,
        meter_of=meter_of,
        clock=lambda: midnight + timedelta(seconds=site.clock.day_s(loop.time())),
        companions=companions,
        stop=stop,
    )


async def _record(
    trial: Trial,
    site: VirtualSite,
    graph: app.Graph,
    recording: Recording,
    stop: asyncio.Event,
    progress: Callable[[float], None],
) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time() + trial.settle_s
    await asyncio.sleep(trial.settle_s)
    seconds = int(trial.length_s)
    for second in range(seconds):
        sample = site.sample()
        recording.add(sample, site.house.phase_a(sample.balance))
        if second % _PROGRESS_S == 0:
            progress(second / seconds)
        await asyncio.sleep(begin + second + 1 - loop.time())
    recording.closings = sum(unit.contactor_closings for unit in site.sample().units)
    recording.notices = [f"{notice.at:%H:%M:%S} {notice.where}: {notice.text}" for notice in graph.hub.notices]
    progress(1.0)
    stop.set()


def of_day(day_s: float) -> float:
    """A simulated second as second of its day."""
    return day_s % DAY_S
