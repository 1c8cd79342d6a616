"""The control loop: build the world, decide, hand out offers, tell the hub. On news, and at least every few seconds.

News is what a decision would see differently: a meter's reading, a connector that answers something else than before,
a person's wish, a link that comes or goes. Where nothing changes there is nothing to decide, and a small machine rests.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from twcmaster.control.decide import decide
from twcmaster.control.memory import Memory
from twcmaster.model.plan import Offer
from twcmaster.model.site import Site
from twcmaster.model.world import World
from twcmaster.runtime.bus import Bus
from twcmaster.runtime.hub import Hub

#: Delays and energies are weighed by the time that has passed; this is how coarsely when nothing else happens.
QUIET_S = 3.0
#: News may come in bursts; one decision serves them all.
SOONEST_S = 0.1
#: Three decisions may fail to come before the bus falls back by itself.
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
        self._soonest_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due: asyncio.Future[None] | None = None
        self._alarms: dict[str, str] = {}
        self.memory = Memory()

    def wake(self) -> None:
        """Something changed: decide again soon."""
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._soonest_at)
        if self._timer is not None and self._timer.when() > at:
            self._timer.cancel()
            self._timer = loop.call_at(at, self._fall_due)

    async def run(self) -> None:
        """Decide until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            self._soonest_at = started + SOONEST_S
            self.tick(started)
            await self._pause_until(started + QUIET_S)

    async def _pause_until(self, at: float) -> None:
        """One timer and no more: this runs for years on small machines."""
        loop = asyncio.get_running_loop()
        self._due = loop.create_future()
        self._timer = loop.call_at(at, self._fall_due)
        try:
            await self._due
        finally:
            self._timer.cancel()
            self._timer = None

    def _fall_due(self) -> None:
        if self._due is not None and not self._due.done():
            self._due.set_result(None)

    def tick(self, now: float) -> None:
        """One decision."""
        connectors = tuple(view for bus in self._buses for view in bus.connectors())
        world = self._world_of(World(now, self._clock(), self._site, connectors))
        plan, self.memory = decide(world, self.memory)
        offers: dict[str, list[Offer]] = {}
        for offer in plan.offers:
            offers.setdefault(offer.key.partition("/")[0], []).append(offer)
        for bus in self._buses:
            bus.decided()
            bus.apply(offers.get(bus.facts.name, ()), now + LEASE_S)
        self._tell_alarms({alarm.code + alarm.text[:24]: alarm.text for alarm in plan.alarms})
        self._hub.publish(world, plan, {bus.facts.name: bus.health() for bus in self._buses})

    def _tell_alarms(self, alarms: dict[str, str]) -> None:
        for key, text in alarms.items():
            if key not in self._alarms:
                self._hub.notice("warning", "control", text)
        self._alarms = alarms
