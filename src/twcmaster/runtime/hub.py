"""The newest state for whoever wants to look: watchers read, nothing behind the hub can write upstream."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from twcmaster.model.plan import Plan
from twcmaster.model.world import World

#: Notices kept for people who look later.
KEPT_NOTICES = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened and that a person may want to know."""

    at: datetime
    level: str
    where: str
    text: str
    #: Counts the notices of this run, from 1.
    number: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One instant: what was known, what was decided, and the health of the buses."""

    number: int
    world: World
    plan: Plan
    #: Per bus: what `Bus.health` says.
    buses: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


class Hub:
    """Holds the newest snapshot and recent notices. A slow watcher misses old snapshots and delays nobody."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.newest: Snapshot | None = None
        self.notices: deque[Notice] = deque(maxlen=KEPT_NOTICES)
        self._changed = asyncio.Event()
        self._count = 0
        self._told = 0

    def publish(self, world: World, plan: Plan, buses: Mapping[str, Mapping[str, object]]) -> None:
        """Replace the newest snapshot."""
        self._count += 1
        self.newest = Snapshot(self._count, world, plan, buses)
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def notice(self, level: str, where: str, text: str) -> None:
        """Keep a notice."""
        self._told += 1
        self.notices.append(Notice(self._clock(), level, where, text, self._told))

    async def watch(self) -> AsyncIterator[Snapshot]:
        """The newest snapshot, again and again, whenever there is a newer one."""
        seen = 0
        while True:
            changed = self._changed
            newest = self.newest
            if newest is not None and newest.number != seen:
                seen = newest.number
                yield newest
            else:
                await changed.wait()
