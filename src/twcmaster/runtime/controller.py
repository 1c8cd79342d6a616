"""The control loop: build the world, decide, hand out offers, tell the hub. About once a second, sooner on news."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from twcmaster.control.decide import decide
from twcmaster.control.memory import Memory
from twcmaster.model.site import Site
from twcmaster.model.world import World
from twcmaster.runtime.bus import Bus
from twcmaster.runtime.hub import Hub

TICK_S = 1.0
#: News may come in bursts; one decision serves them all.
SOONEST_S = 0.1
#: Ten decisions may fail to come before the bus falls back by itself.
LEASE_S = 10.0


class Controller:
    """Runs decisions over all buses of the site. `world_of` adds what is not on a bus: wishes, meters, settings."""

    def __init__(
        self,
        site: Site,
        buses: Sequence[Bus],
        hub: Hub,
        clock: Callable[[], datetime],
        world_of: Callable[[World], World],
    ) -> None:
        self._site = site
        self._buses = buses
        self._hub = hub
        self._clock = clock
        self._world_of = world_of
        self._news = asyncio.Event()
        self._alarms: dict[str, str] = {}
        self.memory = Memory()

    def wake(self) -> None:
        """Something changed: decide again soon."""
        self._news.set()

    async def run(self) -> None:
        """Decide until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            self._news.clear()
            self.tick(started)
            await asyncio.sleep(SOONEST_S)
            rest_s = started + TICK_S - loop.time()
            if rest_s > 0:
                await self._news_or(rest_s)

    async def _news_or(self, rest_s: float) -> None:
        timer = asyncio.get_running_loop().call_later(rest_s, self._news.set)
        try:
            await self._news.wait()
        finally:
            timer.cancel()

    def tick(self, now: float) -> None:
        """One decision."""
        connectors = tuple(view for bus in self._buses for view in bus.connectors())
        world = self._world_of(World(now, self._clock(), self._site, connectors))
        plan, self.memory = decide(world, self.memory)
        for bus in self._buses:
            bus.apply(plan.offers, now + LEASE_S)
        self._tell_alarms({alarm.code + alarm.text[:24]: alarm.text for alarm in plan.alarms})
        self._hub.publish(world, plan, {bus.facts.name: bus.health() for bus in self._buses})

    def _tell_alarms(self, alarms: dict[str, str]) -> None:
        for key, text in alarms.items():
            if key not in self._alarms:
                self._hub.notice("warning", "control", text)
        self._alarms = alarms
