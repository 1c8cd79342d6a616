"""The newest frames of a link, for people who look. A ring: it costs the same on a quiet and on a flooded line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol

from twcmaster.model.ports import Link
from twcmaster.protocol.framing import FrameDecoder

#: About half a minute of a busy bus.
KEPT_FRAMES = 300


@dataclass(frozen=True, slots=True)
class LoggedFrame:
    """One frame; `at` is on the loop's clock, `body` with checksum and without framing."""

    number: int
    at: float
    sent: bool
    body: bytes


class FrameLog:
    """The newest frames of one link."""

    def __init__(self) -> None:
        self.frames: deque[LoggedFrame] = deque(maxlen=KEPT_FRAMES)
        #: Takes apart what is heard; its counters tell how clean the line is.
        self.heard = FrameDecoder()
        self._count = 0
        #: Set, and replaced, with the next frame; there is one while somebody looks.
        self._news: asyncio.Event | None = None

    def note(self, at: float, body: bytes, *, sent: bool) -> None:
        """Keep one frame."""
        self._count += 1
        self.frames.append(LoggedFrame(self._count, at, sent, body))
        if self._news is not None:
            self._news.set()
            self._news = None

    async def watch(self, until: float | None = None) -> AsyncIterator[list[LoggedFrame]]:
        """What is new, again and again, until that time of the loop's clock. Who is slow misses the oldest."""
        seen = self._count
        while True:
            news = self._news = self._news or asyncio.Event()
            fresh = self._after(seen)
            if fresh:
                seen = fresh[-1].number
                yield fresh
            elif not await _waited(news, until):
                return

    def _after(self, number: int) -> list[LoggedFrame]:
        fresh = []
        for frame in reversed(self.frames):
            if frame.number <= number:
                break
            fresh.append(frame)
        return fresh[::-1]


async def _waited(news: asyncio.Event, until: float | None) -> bool:
    try:
        async with asyncio.timeout_at(until):
            await news.wait()
    except TimeoutError:
        return False
    return True


class Guarded(Link, Protocol):
    """A link that counts what it refuses to send."""

    @property
    def refused(self) -> int: ...


class TappedLink:
    """A guarded link whose frames go into a log: what came, and what really was sent."""

    def __init__(self, link: Guarded, log: FrameLog) -> None:
        self._link = link
        self._log = log
        self._told = FrameDecoder()

    @property
    def url(self) -> str:
        return self._link.url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        loop = asyncio.get_running_loop()

        def received(data: bytes) -> None:
            for body in self._log.heard.feed(data):
                self._log.note(loop.time(), body, sent=False)
            on_bytes(data)

        await self._link.open(received, on_lost)

    def write(self, data: bytes) -> None:
        refused = self._link.refused
        self._link.write(data)
        if self._link.refused == refused:
            for body in self._told.feed(data):
                self._log.note(asyncio.get_running_loop().time(), body, sent=True)

    async def close(self) -> None:
        await self._link.close()
