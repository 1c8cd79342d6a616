"""The production graph on two buses of one circuit in a metered house, under virtual time: what really flows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.runtime.house_under_test import steps
from twcmaster.app import Graph, Options
from twcmaster.config.load import parse
from twcmaster.control.memory import Memory
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.endpoints import MemoryLink
from twcmaster.sim.house import SimMeter
from twcmaster.sim.site import UnitSample, VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan
from twcmaster.sim.sun import Day, constant

#: What the house draws in watts, from each second on.
House = Sequence[tuple[float, float]]

START = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
VOLTS = 240.0

CIRCUIT = """
[[circuit]]
name = "main"
limit_a = 40
[control]
mode = "fixed"
amps = 80
"""
WIDE = CIRCUIT.replace("limit_a = 40", "limit_a = 80")


def bus(name: str, more: str = "") -> str:
    return f'[[bus]]\nname = "{name}"\nlink = "/dev/{name}"\ncircuit = "main"\nconnector_limit_a = 32\n{more}\n'


def fuse(fuse_a: float) -> str:
    meter = '[[meter]]\nname = "grid"\nkind = "constant"\nrole = "grid"\npower_w = 0\nevery_s = 2\n'
    return f'{meter}[fuse]\nmeter = "grid"\nfuse_a = {fuse_a}\n'


def unit(unit_id: int, protocol: int = 2, **more: Any) -> UnitPlan:
    return UnitPlan(ConnectorSettings(unit_id, **{"sign": unit_id & 0xFF, "protocol": protocol, **more}), CarSpec())


LEFT, RIGHT = BusPlan("left", (unit(0x1111),)), BusPlan("right", (unit(0x2222),))


class BusesUnderTest:
    """A virtual site with every car plugged in, and the graph on it, which may be replaced by another."""

    def __init__(
        self, buses: Sequence[BusPlan], config: str, house_w: Sequence[tuple[float, float]], folder: Path | None
    ):
        day = Day(constant(0.0), steps(*house_w))
        self.site = VirtualSite(SitePlan(tuple(buses), day=day, seed=1))
        self.links: dict[str, MemoryLink] = {}
        self.drawn_a: list[float] = []
        self.grid_a: list[float] = []
        self.options = Options(folder, self._link, self._meter, self._clock, pick_sign=lambda: 7)
        self._begin(config, Memory())

    def _begin(self, config: str, memory: Memory) -> None:
        self.options = replace(self.options, stop=asyncio.Event(), memory=memory)
        self.graph = Graph(parse(config), self.options)
        self.running = asyncio.ensure_future(self.graph.run())

    async def restart(self, config: str, *, remembering: bool = False) -> None:
        """As after kill and start, or, `remembering`, as when the config has changed under the running program."""
        self.options.stop.set()
        await self.running
        self._begin(config, self.graph.controller.memory if remembering else Memory())

    def _clock(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def _meter(self, section: Any, _clock: Callable[[], datetime]) -> SimMeter:
        return self.site.meter(section.role, section.every_s, sees_cars=section.includes_charger)

    def _link(self, url: str, check: Checker, refused: Refusal) -> GuardedLink:
        name = url.rpartition("/")[2]
        self.links[name] = self.site.memory_link(name)
        return GuardedLink(self.links[name], check, refused)

    def mute(self, bus: str, seat: int = 0) -> None:
        """It hears us, we do not hear it."""
        self.site.lines[bus].seats[seat].mute = True

    def samples(self) -> Sequence[UnitSample]:
        return self.site.sample().units

    def offers(self) -> dict[str, int]:
        newest = self.graph.hub.newest
        assert newest is not None
        return {offer.key: offer.amps for offer in newest.plan.offers}

    def told(self, text: str) -> bool:
        return any(text in notice.text for notice in self.graph.hub.notices)

    def look(self) -> None:
        sample = self.site.sample()
        self.drawn_a.append(sum(one.draw_a for one in sample.units))
        self.grid_a.append(sample.balance.grid_w / VOLTS)

    def seconds_over(self, amps: float, since_s: int = 0) -> int:
        """Seconds in which all cars together drew more than that."""
        return sum(drawn > amps + 0.5 for drawn in self.drawn_a[since_s:])


Step = Callable[[BusesUnderTest], Awaitable[None] | None]


def play(
    buses: Sequence[BusPlan],
    config: str,
    script: Mapping[int, Step],
    seconds: int,
    house_w: House = ((0.0, 0.0),),
    folder: Path | None = None,
) -> BusesUnderTest:
    """Run it second by second with things happening at given ones."""

    async def main() -> BusesUnderTest:
        test = BusesUnderTest(buses, config, house_w, folder)
        for one in test.site.units:
            assert one.car is not None
            one.car.plug_in(0.0, 40.0)
        for second in range(seconds):
            await asyncio.sleep(second - asyncio.get_running_loop().time())
            assert not test.running.done(), test.running.exception()
            outcome = script[second](test) if second in script else None
            if outcome is not None:
                await outcome
            test.look()
        test.options.stop.set()
        await test.running
        return test

    return run_virtual(main())
