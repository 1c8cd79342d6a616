"""What the API is given: the site through the eyes of `api.ports`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

from twcmaster.api.ports import Facade, Frame, NotPossible
from twcmaster.model.commands import Command
from twcmaster.model.settings import Settings
from twcmaster.model.unit_facts import UnitFacts
from twcmaster.protocol.allowlist import NotAllowed
from twcmaster.runtime.frame_log import FrameLog, LoggedFrame
from twcmaster.serving.backup import BackupDesk
from twcmaster.serving.setup import SetupDesk
from twcmaster.serving.site import Site
from twcmaster.serving.stores import Stores


def facade(site: Site, stores: Stores, path: Path | None, now: Callable[[], float]) -> Facade:
    """Everything that the API may see and do. `path`: the config file; `now`: the loop's clock."""
    setup = SetupDesk(path, site.clock, site.restart.set)
    return Facade(
        version=version("twcmaster"),
        run_id=site.run_id,
        clock=site.clock,
        now=now,
        live=site.hub,
        wishes=SiteWishes(site),
        buses=SiteBuses(site),
        history=stores.history,
        accounts=stores.accounts,
        setup=setup,
        backup=BackupDesk(site, stores.history, setup),
    )


class SiteWishes:
    """The wishes of the present graph."""

    def __init__(self, site: Site) -> None:
        self._site = site

    @property
    def settings(self) -> Settings:
        """Empty while there is no graph."""
        return Settings() if self._site.graph is None else self._site.graph.wishes.settings

    async def command(self, command: Command, who: str, version: int | None = None) -> Settings:
        """Raises CommandRefused, NotPossible, and OSError when it cannot be kept."""
        if self._site.graph is None:
            raise NotPossible("Nothing is being driven just now.", "Finish the setup, or wait for the restart.")
        return await self._site.graph.wishes.command(command, who, version)


class SiteBuses:
    """The buses of the present graph."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def names(self) -> Sequence[str]:
        graph = self._site.graph
        return () if graph is None else (*graph.buses, *graph.listeners)

    def health(self, bus: str) -> Mapping[str, object]:
        """Role, link, and every counter there is; empty for a bus that is not there."""
        graph = self._site.graph
        if graph is not None and bus in graph.buses:
            return {**graph.buses[bus].health(), "role": "master"}
        if graph is None or bus not in graph.listeners:
            return {}
        pump, line = graph.listeners[bus], self._log(bus).counters
        own = {"role": "listen", "link": pump.url, "connected": pump.connected, "reconnects": pump.reconnects}
        return own | {"frames_received": line.frames, "bytes_received": line.bytes, "frames_damaged": line.damaged}

    def units(self) -> Mapping[str, UnitFacts]:
        return self._site.units()

    def frames(self, bus: str) -> Sequence[Frame]:
        """The newest frames, oldest first."""
        return self._dated(list(self._log(bus).frames))

    async def watch_frames(self, bus: str, seconds: float | None = None) -> AsyncIterator[Sequence[Frame]]:
        """Frames as they come, for so long or for ever."""
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        async for frames in self._log(bus).watch(until):
            yield self._dated(frames)

    async def send(self, bus: str, body: bytes) -> bytes | None:
        """One debug message and its answer. Raises NotPossible."""
        graph = self._site.graph
        if graph is None or bus not in graph.buses:
            raise NotPossible(f'Nothing is sent on "{bus}": this program is not its master.')
        try:
            answer = await graph.buses[bus].send(body)
        except NotAllowed as refused:
            raise NotPossible(f"Not sent: {refused.reason}.", "docs/protocol.md lists what may be sent.") from refused
        self._site.notice_for(bus)("info", f"message sent by hand: {body.hex(' ').upper()}")
        return answer

    def _log(self, bus: str) -> FrameLog:
        graph = self._site.graph
        urls = [] if graph is None else [section.link for section in graph.config.bus if section.name == bus]
        return self._site.frames.setdefault(urls[0] if urls else "", FrameLog())

    def _dated(self, frames: Sequence[LoggedFrame]) -> list[Frame]:
        """With times of the wall clock."""
        clock, now = self._site.clock(), asyncio.get_running_loop().time()
        return [
            Frame(frame.number, clock - timedelta(seconds=now - frame.at), frame.sent, frame.body) for frame in frames
        ]
