"""One site that goes on when its config changes: what outlives a graph, and the graph of the moment.

Hub, history, accounts and web server live as long as the program. The graph (buses, controller, meters) is built from
the config and built anew when that changes; connectors hold their last limit for the second that it takes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from twcmaster import app
from twcmaster.config.problems import ConfigError
from twcmaster.config.schema import Config
from twcmaster.config.web import WebSection
from twcmaster.control.memory import Memory
from twcmaster.links.guard import GuardedLink
from twcmaster.model.ports import Link
from twcmaster.model.unit_facts import UnitFacts
from twcmaster.runtime.frame_log import FrameLog, TappedLink
from twcmaster.runtime.hub import Hub
from twcmaster.runtime.unit_facts import unit_facts


class Site:
    """`state_dir` holds history and accounts; `speed` is that of the clock, for demonstrations."""

    def __init__(self, state_dir: Path, clock: Callable[[], datetime], speed: float = 1.0) -> None:
        self.state_dir = state_dir
        self.speed = speed
        self.run_id = secrets.token_hex(3)
        self.hub = Hub(clock)
        self.graph: app.Graph | None = None
        #: True: there is no config yet, and the page is to make one.
        self.unconfigured = False
        #: The `[web]` section in force; before there is a graph, that of a new installation.
        self.web = WebSection()
        self.frames: dict[str, FrameLog] = {}
        #: Set by whoever has changed the config file.
        self.restart = asyncio.Event()
        #: Set, and replaced, whenever there is another graph or `[web]` section.
        self.changed = asyncio.Event()
        self._clock = clock
        self._memory = Memory()

    def clock(self) -> datetime:
        """The wall clock, in the site's zone as soon as there is a site."""
        return self._clock() if self.graph is None else self.graph.clock()

    def notice_for(self, where: str) -> Callable[[str, str], None]:
        """A way to tell people something about `where`."""
        return app.notice_for(self.hub, where)

    def tapped(self, url: str, link: GuardedLink) -> Link:
        """A link whose frames people can look at."""
        return TappedLink(link, self.frames.setdefault(url, FrameLog()))

    async def run(
        self,
        config: Config | None,
        options_of: Callable[[asyncio.Event, Callable[[app.Graph], None]], app.Options],
        stop: asyncio.Event,
        reload: Callable[[], Config],
    ) -> None:
        """Run the graph of `config` until `stop` is set.

        Each time `restart` is set, the config is read again. What differs is begun anew: the web server alone when only
        `[web]` does, nothing when the new config is broken. Without a config: wait for the first one. Errors of vital
        parts are raised.
        """
        while not stop.is_set():
            self.unconfigured = config is None
            turn = _Turn(config)
            async with _ended_by(self._until_another(turn, reload), stop, turn.ending):
                if config is None:
                    await turn.ending.wait()
                else:
                    await self._run_graph(config, options_of(turn.ending, self._take))
            config = turn.config

    async def _until_another(self, turn: _Turn, reload: Callable[[], Config]) -> None:
        """Until the config asks for another graph than that of this turn."""
        while True:
            await self.restart.wait()
            self.restart.clear()
            fresh = await self._reloaded(turn.config, reload)
            before, turn.config = turn.config, fresh
            if fresh is None:
                continue
            if before is None or replace(fresh, web=before.web) != before:
                return
            self._change(fresh.web)

    async def _run_graph(self, config: Config, options: app.Options) -> None:
        try:
            await app.run(config, replace(options, memory=self._memory))
        finally:
            if self.graph is not None:
                self._memory = self.graph.controller.memory
            self.graph = None

    def _take(self, graph: app.Graph) -> None:
        self.graph = graph
        self._change(graph.config.web)

    def _change(self, web: WebSection) -> None:
        self.web = web
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def _reloaded(self, config: Config | None, reload: Callable[[], Config]) -> Config | None:
        try:
            return await asyncio.to_thread(reload)
        except ConfigError as error:
            self.notice_for("config")("error", f"The changed config cannot be used, the old one stays: {error}")
            return config

    def units(self) -> dict[str, UnitFacts]:
        """What connectors have told of themselves, by key."""
        found: dict[str, UnitFacts] = {}
        for bus in self.graph.buses.values() if self.graph else ():
            found.update(unit_facts(bus))
        return found


@dataclass(slots=True)
class _Turn:
    """One graph's life: its config, or what the file has come to say since; set `ending` to end it."""

    config: Config | None
    ending: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def _ended_by(
    until: Coroutine[Any, Any, None], stop: asyncio.Event, ending: asyncio.Event
) -> AsyncIterator[None]:
    """While inside, `ending` is set when `until` ends, whose error is raised, or `stop` is set."""

    async def follow(awaited: Coroutine[Any, Any, Any]) -> None:
        try:
            await awaited
        finally:
            ending.set()

    tasks = [asyncio.ensure_future(follow(awaited)) for awaited in (until, stop.wait())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
