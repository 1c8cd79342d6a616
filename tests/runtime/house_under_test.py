"""The production graph in virtual time on a virtual house with meters: what really flows, second by second."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from twcmaster.app import Graph, Options
from twcmaster.config.load import parse
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.house import SimMeter
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import SitePlan
from twcmaster.sim.sun import Trace

MIDNIGHT = datetime(2026, 6, 21, tzinfo=UTC)

#: The meter of a config section in a virtual house, as it really is.
MeterOf = Callable[[VirtualSite, Any], SimMeter]


def honest(site: VirtualSite, section: Any) -> SimMeter:
    """As the config says."""
    return site.meter(section.role, section.every_s, sees_cars=section.includes_charger)


def steps(*changes: tuple[float, float]) -> Trace:
    """Watts from each second on, given as (second, watts)."""
    watts = array("f")
    for (start_s, power_w), (end_s, _) in zip(changes, [*changes[1:], (86_400.0, 0.0)], strict=True):
        watts.extend([power_w] * int(end_s - start_s))
    return Trace(watts)


@dataclass
class Lived:
    """One entry for each second."""

    graph: Graph
    grid_w: list[float] = field(default_factory=list)
    battery_w: list[float] = field(default_factory=list)
    soc: list[float | None] = field(default_factory=list)
    cars_a: list[tuple[float, ...]] = field(default_factory=list)
    phase_a: list[tuple[float, float, float]] = field(default_factory=list)
    delay_s: list[float | None] = field(default_factory=list)

    @property
    def told(self) -> str:
        return "\n".join(notice.text for notice in self.graph.hub.notices)

    def note(self, site: VirtualSite) -> None:
        sample = site.sample()
        balance = sample.balance
        self.grid_w.append(balance.grid_w)
        self.battery_w.append(balance.battery_w)
        self.soc.append(None if site.house.battery is None else site.house.battery.soc_percent)
        self.cars_a.append(tuple(unit.draw_a for unit in sample.units))
        self.phase_a.append(site.house.phase_a(balance))
        lag = self.graph.controller.memory.balance.lag
        self.delay_s.append(None if lag is None else lag.chosen.delay_s)


def live(config: str, plan: SitePlan, seconds: int, meter_of: MeterOf = honest) -> Lived:
    """Run it with every car plugged in from the start."""
    return run_virtual(_live(config, plan, seconds, meter_of))


async def _live(config: str, plan: SitePlan, seconds: int, meter_of: MeterOf) -> Lived:
    loop = asyncio.get_running_loop()
    site = VirtualSite(plan)

    def link_of(_url: str, check: Checker, refused: Refusal) -> GuardedLink:
        return GuardedLink(site.memory_link(plan.buses[0].name), check, refused)

    options = Options(
        link_of=link_of,
        meter_of=lambda section, _clock: meter_of(site, section),
        clock=lambda: MIDNIGHT + timedelta(seconds=site.clock.day_s(loop.time())),
        pick_sign=lambda: 7,
    )
    lived = Lived(Graph(parse(config), options))
    running = asyncio.ensure_future(lived.graph.run())
    for car in site.cars.values():
        car.plug_in(loop.time(), 30.0)
    for second in range(seconds):
        await asyncio.sleep(second - loop.time())
        assert not running.done(), running.exception()
        lived.note(site)
    options.stop.set()
    await running
    return lived


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
