"""What the demo remembers: yesterday and this morning, lived through by the program itself in virtual time.

Nothing is made up: the production graph drives the demo's connectors through the demo's weather, and the history store
keeps what it saw. It takes some seconds of computing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from twcmaster import app
from twcmaster.config.schema import Config
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.model.commands import SetSchedule
from twcmaster.model.settings import Mode, Window
from twcmaster.runtime.unit_facts import unit_facts
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.demo_house import demo_plan
from twcmaster.sim.house import HomeBattery
from twcmaster.sim.site import VirtualSite
from twcmaster.store.history import History

#: The pace of the demo itself: decisions keep real time, so another pace would be another day.
PACE = 60.0
#: So much of it is written at a time: a write each minute would wear out a memory card.
KEEP_EVERY_S = 6 * 3600.0
#: Until then every connector has answered.
FOUND_AFTER_S = 10.0
#: What people have asked for: nothing but sun for this house, and for the commuter a little at night.
_EVERY_DAY = frozenset(range(7))
EVENING = Window("", _EVERY_DAY, time(19), time(6, 30), Mode.OFF)
COMMUTER = "garage/1839"
NIGHT = Window("", _EVERY_DAY, time(1), time(3, 30), Mode.FIXED, 10.0)


@dataclass(frozen=True, slots=True)
class Past:
    """From the first midnight to `until_s` simulated seconds later; everything is kept in `folder`."""

    config: Config
    folder: Path
    midnight: datetime
    until_s: float
    seed: int = 1
    battery: HomeBattery | None = None


def live_through(past: Past) -> None:
    """Live it, in virtual time."""
    run_virtual(_live(past))


async def _live(past: Past) -> None:
    site = VirtualSite(demo_plan(past.seed, PACE, 0.0, past.battery))
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def clock() -> datetime:
        return past.midnight + timedelta(seconds=site.clock.day_s(loop.time()))

    def link_of(_url: str, check: Checker, refusal: Refusal) -> GuardedLink:
        return GuardedLink(site.memory_link(past.config.bus[0].name), check, refusal)

    def companions(graph: app.Graph) -> list[Callable[[], Coroutine[None, None, None]]]:
        return [lambda: _wish(graph), lambda: _remember(graph, site, past, stop)]

    options = app.Options(
        state_dir=past.folder,
        link_of=link_of,
        meter_of=lambda section, _: site.meter(section.role, section.every_s),
        clock=clock,
        companions=companions,
        stop=stop,
    )
    await app.run(past.config, options)


async def _wish(graph: app.Graph) -> None:
    await asyncio.sleep(FOUND_AFTER_S)
    await graph.wishes.command(SetSchedule((EVENING,)), "demo")
    await graph.wishes.command(SetSchedule((NIGHT,), COMMUTER), "demo")


async def _remember(graph: app.Graph, site: VirtualSite, past: Past, stop: asyncio.Event) -> None:
    """Until the past is over."""
    loop = asyncio.get_running_loop()
    history = History(past.folder / "history.db", graph.clock, graph.notice_for("history"), PACE)
    await history.load(loop.time())
    keep_at_s = KEEP_EVERY_S
    async for snapshot in graph.hub.watch():
        history.see(snapshot.world, snapshot.plan, _vins(graph))
        day_s = site.clock.day_s(loop.time())
        if day_s >= min(keep_at_s, past.until_s):
            await history.close()
            keep_at_s += KEEP_EVERY_S
        if day_s >= past.until_s:
            stop.set()
            return


def _vins(graph: app.Graph) -> dict[str, str | None]:
    return {key: facts.vin for bus in graph.buses.values() for key, facts in unit_facts(bus).items()}
