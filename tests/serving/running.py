"""A site as the daemon runs it, on a virtual wall connector with a car, in virtual or real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from twcmaster import app
from twcmaster.api.ports import Facade
from twcmaster.config.load import load
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.model.ports import Link
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.serving.facade import facade
from twcmaster.serving.site import Site
from twcmaster.serving.stores import Stores
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan

GARAGE = """\
# Our house
[[circuit]]
name = "garage"
limit_a = 40  # wires for 50

[[bus]]
name = "garage"
link = "/dev/null"
circuit = "garage"

[control]
mode = "fixed"
amps = 20
"""
START = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
UNIT = UnitPlan(ConnectorSettings(0x1839, sign=0x52), CarSpec(battery_kwh=200.0, soc_percent=10.0))


class House:
    """The config file, the site that runs on it, and what really flows."""

    def __init__(self, folder: Path, toml: str | None, start: datetime) -> None:
        self._start = start
        self.config = folder / "site.toml"
        if toml is not None:
            self.config.write_text(toml, encoding="utf-8")
        self.virtual = VirtualSite(SitePlan((BusPlan("garage", (UNIT,)),)))
        # Threads ask for the time, too.
        self._now = asyncio.get_running_loop().time
        self._begun = self._now()
        self.site = Site(folder / "state", self.clock)
        self.stop = asyncio.Event()
        #: Every graph that there has been.
        self.graphs: list[app.Graph] = []

    def clock(self) -> datetime:
        return self._start + timedelta(seconds=self._now() - self._begun)

    async def run(self) -> None:
        config = load(self.config) if self.config.exists() else None
        await self.site.run(config, self._options, self.stop, lambda: load(self.config))

    def _options(self, ending: asyncio.Event, take: Callable[[app.Graph], None]) -> app.Options:
        def companions(graph: app.Graph) -> list[Callable[[], Coroutine[None, None, None]]]:
            self.graphs.append(graph)
            take(graph)
            return []

        return app.Options(
            self.site.state_dir, self._link, clock=self.clock, companions=companions, stop=ending, hub=self.site.hub
        )

    def _link(self, url: str, check: Checker, refused: Refusal) -> Link:
        return self.site.tapped(url, GuardedLink(self.virtual.memory_link("garage"), check, refused))

    def plug_in(self) -> None:
        car = self.virtual.units[0].car
        assert car is not None
        car.plug_in(self._now())

    def drawn_a(self) -> float:
        return self.virtual.sample().units[0].draw_a

    def closings(self) -> int:
        return self.virtual.units[0].connector.session.contactor.closings

    def told(self, level: str, words: str) -> int:
        """How often people were told this."""
        return sum(notice.level == level and words in notice.text for notice in self.site.hub.notices)

    async def until(self, holds: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait for something, but not for ever."""
        async with asyncio.timeout(seconds):
            while not holds():  # noqa: ASYNC110 - what cars and wires do sets no event
                await asyncio.sleep(0.05)

    async def charging(self) -> None:
        """Plug the car in and wait until it draws what was asked for."""
        self.plug_in()
        await self.until(lambda: self.drawn_a() > 19, 60)


@asynccontextmanager
async def running(folder: Path, toml: str | None = GARAGE, start: datetime = START) -> AsyncIterator[House]:
    """The site alone. When the block ends, it is stopped; its errors are raised."""
    house = House(folder, toml, start)
    task = asyncio.ensure_future(house.run())
    try:
        yield house
    finally:
        house.stop.set()
        await task


@dataclass(frozen=True)
class Kept:
    """What stands beside a site: its stores, and all that the API is given."""

    stores: Stores
    facade: Facade


@asynccontextmanager
async def keeping(house: House) -> AsyncIterator[Kept]:
    """History, accounts, setup and backup of a running site, without the web server."""
    stores = Stores(house.site)
    await stores.accounts.load()
    task = asyncio.ensure_future(stores.run())
    try:
        yield Kept(stores, facade(house.site, stores, house.config, asyncio.get_running_loop().time))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await stores.close()
