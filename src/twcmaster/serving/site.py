"""One site that goes on when its config changes: what outlives a graph, and the graph of the moment.

Hub, history, accounts and web server live as long as the program. The graph (buses, controller, meters) is built from
the config and built anew when that changes; connectors hold their last limit for the second that it takes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from twcmaster import app
from twcmaster.config.problems import ConfigError
from twcmaster.config.schema import Config
from twcmaster.config.web import WebSection
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
        #: The `[web]` section of the newest graph; before there is one, that of a new installation.
        self.web = WebSection()
        self.frames: dict[str, FrameLog] = {}
        #: Set by whoever has changed the config file.
        self.restart = asyncio.Event()
        #: Set, and replaced, whenever there is another graph.
        self.changed = asyncio.Event()
        self._clock = clock

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
        """Run the graph of `config` until `stop` is set; a new graph of a reloaded config each time `restart` is set.

        Without a config: wait for the first one. Errors of vital parts are raised.
        """
        while not stop.is_set():
            self.unconfigured = config is None
            self.restart.clear()
            async with _either(stop, self.restart) as ending:
                if config is None:
                    await ending.wait()
                else:
                    await self._run_graph(config, options_of(ending, self._take))
            if not stop.is_set():
                config = self._reloaded(config, reload)

    async def _run_graph(self, config: Config, options: app.Options) -> None:
        try:
            await app.run(config, options)
        finally:
            self.graph = None

    def _take(self, graph: app.Graph) -> None:
        self.graph, self.web = graph, graph.config.web
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def _reloaded(self, config: Config | None, reload: Callable[[], Config]) -> Config | None:
        try:
            return reload()
        except ConfigError as error:
            self.notice_for("config")("error", f"The changed config cannot be used, the old one stays: {error}")
            return config

    def units(self) -> dict[str, UnitFacts]:
        """What connectors have told of themselves, by key."""
        found: dict[str, UnitFacts] = {}
        for bus in self.graph.buses.values() if self.graph else ():
            found.update(unit_facts(bus))
        return found


@asynccontextmanager
async def _either(*events: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """An event that is set when one of them is."""
    either = asyncio.Event()

    async def follow(event: asyncio.Event) -> None:
        await event.wait()
        either.set()

    tasks = [asyncio.ensure_future(follow(event)) for event in events]
    try:
        yield either
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
