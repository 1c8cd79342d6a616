"""The production graph in virtual time over a virtual site: what `twcmaster simulate` and the benchmarks run.

Nothing of the program is replaced but the ends: the links lead to virtual lines, the meters into the virtual house,
the clock is the loop's. Every second of it is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta

from twcmaster import app
from twcmaster.config.meters import MeterSection
from twcmaster.config.schema import Config
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.model.ports import Link, Meter
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.recording import Recording
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import SitePlan

#: Units link and cars show themselves before the part that counts begins.
SETTLE_S = 60
#: Always the same, so that equal trials run equally.
SIGN = 0x77
_PROGRESS_S = 600


def _as_built(site: VirtualSite, graph: app.Graph) -> None:
    """Change nothing."""


def _unheard(share: float) -> None:
    """Tell nobody how far it is."""


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
    prepare: Callable[[VirtualSite, app.Graph], None] = _as_built


def simulate(trial: Trial, progress: Callable[[float], None] = _unheard) -> Recording:
    """Run a trial to its end. `progress` hears the share done, 0 to 1."""
    return run_virtual(_run(trial, progress))


async def _run(trial: Trial, progress: Callable[[float], None]) -> Recording:
    site = VirtualSite(trial.site)
    recording = Recording(trial.site.start_s + trial.settle_s * trial.site.speed, trial.site.speed)
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
        return GuardedLink(site.memory_link(bus_of[url]), check, refusal)

    def meter_of(section: MeterSection, _clock: Callable[[], datetime]) -> Meter:
        return site.meter(section.role, section.every_s, trial.meter_delay_s, sees_cars=section.includes_charger)

    return app.Options(
        link_of=link_of,
        meter_of=meter_of,
        clock=lambda: midnight + timedelta(seconds=site.clock.day_s(loop.time())),
        companions=companions,
        stop=stop,
        pick_sign=lambda: SIGN,
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
