"""The newest frames of a link, for people who look. A ring: it costs the same on a quiet and on a flooded line.

What passes is kept as it is and only taken apart when somebody looks, or when there is enough of it: between two
heartbeats every bit of work is dear.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Protocol

from twcmaster.model.ports import Link
from twcmaster.protocol.framing import FrameDecoder, LineCounters, unframe

#: About half a minute of a busy bus.
KEPT_FRAMES = 300
#: This much may wait to be taken apart.
MOST_RAW_BYTES = 4096


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
        self._frames: deque[LoggedFrame] = deque(maxlen=KEPT_FRAMES)
        self._decoder = FrameDecoder()
        self._raw: list[tuple[float, bytes, bool]] = []
        self._raw_bytes = 0
        self._count = 0
        #: Set, and replaced, with the next frame; there is one while somebody looks.
        self._news: asyncio.Event | None = None

    @property
    def frames(self) -> deque[LoggedFrame]:
        """The newest frames, oldest first; to be read at once."""
        self._take_apart()
        return self._frames

    @property
    def counters(self) -> LineCounters:
        """How clean the line is: what was heard, by kind."""
        self._take_apart()
        return self._decoder.counters

    def note(self, at: float, data: bytes, *, sent: bool) -> None:
        """Keep what was sent, a frame, or heard, in any pieces."""
        self._raw.append((at, data, sent))
        self._raw_bytes += len(data)
        if self._news is not None or self._raw_bytes > MOST_RAW_BYTES:
            self._take_apart()

    def _take_apart(self) -> None:
        before = self._count
        raw, self._raw, self._raw_bytes = self._raw, [], 0
        for at, data, sent in raw:
            for body in _sent(data) if sent else self._decoder.feed(data):
                self._count += 1
                self._frames.append(LoggedFrame(self._count, at, sent, body))
        if self._news is not None and self._count > before:
            self._news.set()
            self._news = None

    async def watch(self, until: float | None = None) -> AsyncGenerator[list[LoggedFrame], None]:
        """What is new, again and again, until that time of the loop's clock. Who is slow misses the oldest."""
        self._take_apart()
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
        for frame in reversed(self._frames):
            if frame.number <= number:
                break
            fresh.append(frame)
        return fresh[::-1]


def _sent(data: bytes) -> tuple[bytes, ...]:
    body = unframe(data)
    return () if body is None else (body,)


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

    @property
    def url(self) -> str:
        return self._link.url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        loop = asyncio.get_running_loop()

        def received(data: bytes) -> None:
            self._log.note(loop.time(), data, sent=False)
            on_bytes(data)

        await self._link.open(received, on_lost)

    def write(self, data: bytes) -> None:
        refused = self._link.refused
        self._link.write(data)
        if self._link.refused == refused:
            self._log.note(asyncio.get_running_loop().time(), data, sent=True)

    async def close(self) -> None:
        await self._link.close()
