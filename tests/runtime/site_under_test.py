"""The production graph on a virtual site, under virtual time: the harness of the runtime tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta

from twcmaster.app import Graph, Options
from twcmaster.config.load import parse
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.endpoints import MemoryLink
from twcmaster.sim.faults import NO_FAULTS, Faults
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan

GARAGE = """
[[circuit]]
name = "garage"
limit_a = 40
[[bus]]
name = "garage"
link = "/dev/null"
circuit = "garage"
[control]
mode = "fixed"
amps = 40
"""
START = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)


def unit(unit_id: int, protocol: int = 2, car: CarSpec | None = None) -> UnitPlan:
    return UnitPlan(ConnectorSettings(unit_id, sign=unit_id & 0xFF, protocol=protocol), car or CarSpec())


class SiteUnderTest:
    """A virtual site, the graph on it, and a stopwatch on what really flows."""

    def __init__(self, units: tuple[UnitPlan, ...], config: str, faults: Faults, seed: int) -> None:
        self.site = VirtualSite(SitePlan((BusPlan("garage", units, faults),), seed=seed))
        self.links: list[MemoryLink] = []
        self.options = Options(link_of=self._link, clock=self._clock, pick_sign=lambda: 7)
        self.graph = Graph(parse(config), self.options)
        self.over_amp_s = 0.0
        self.limit_a = self.graph.site.circuits["garage"].limit_a

    def _clock(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def _link(self, url: str, check: Checker, refused: Refusal) -> GuardedLink:
        self.links.append(self.site.memory_link("garage"))
        return GuardedLink(self.links[-1], check, refused)

    def plug_in(self, index: int, used_kwh: float = 20.0) -> None:
        car = self.site.units[index].car
        assert car is not None
        car.plug_in(asyncio.get_running_loop().time(), used_kwh)

    def drawn(self) -> tuple[float, ...]:
        return tuple(round(sample.draw_a, 1) for sample in self.site.sample().units)

    def offers(self) -> dict[str, int]:
        newest = self.graph.hub.newest
        assert newest is not None
        return {offer.key.removeprefix("garage/"): offer.amps for offer in newest.plan.offers}

    def told(self, text: str) -> bool:
        return any(text in notice.text for notice in self.graph.hub.notices)

    async def measure(self) -> None:
        while True:
            units = self.site.sample().units
            over = max(sum(u.draw_a for u in units), sum(u.pilot_a for u in units if u.plugged)) - self.limit_a
            self.over_amp_s += max(0.0, over) * 0.1
            await asyncio.sleep(0.1)


Step = Callable[[SiteUnderTest], Awaitable[None] | None]


def play(
    units: tuple[UnitPlan, ...],
    script: Mapping[float, Step],
    config: str = GARAGE,
    faults: Faults = NO_FAULTS,
    seed: int = 1,
) -> SiteUnderTest:
    """Run the site with things happening at given seconds; it ends with the last of them."""

    async def main() -> SiteUnderTest:
        test = SiteUnderTest(units, config, faults, seed)
        tasks = [asyncio.ensure_future(test.measure()), asyncio.ensure_future(test.graph.run())]
        begun = asyncio.get_running_loop().time()
        for second, step in sorted(script.items()):
            await asyncio.sleep(begun + second - asyncio.get_running_loop().time())
            assert not tasks[1].done(), tasks[1].exception()
            outcome = step(test)
            if outcome is not None:
                await outcome
        test.options.stop.set()
        await tasks[1]
        tasks[0].cancel()
        return test

    return run_virtual(main())
