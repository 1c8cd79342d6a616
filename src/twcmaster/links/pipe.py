"""What every connected link does alike: one connection's bytes in and out, and at most one report of its loss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

#: More than a second of this bus at 9600 baud. Whoever is that far behind would send frames long after their time.
MAX_UNSENT_BYTES = 1024


class Transport(Protocol):
    """The part of an asyncio transport that a pipe uses."""

    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int: ...
    def abort(self) -> None: ...


class Pipe(asyncio.Protocol):
    """One connection, from its making to its end.

    Bytes go to `on_bytes` until `close` or the loss; `on_lost` is called at most once, with a reason for people, and
    not at all after `close`. `explain` words the error with which the transport ended (None: the other end closed).
    """

    def __init__(
        self,
        on_bytes: Callable[[bytes], None],
        on_lost: Callable[[str], None],
        explain: Callable[[Exception | None], str],
    ) -> None:
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._explain = explain
        self._transport: Transport | None = None
        self._over = False
        self._released = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._over:
            self._on_bytes(data)

    def eof_received(self) -> bool:
        return False  # a half-closed connection is no use here: let the transport close

    def connection_lost(self, exc: Exception | None) -> None:
        self._released.set()
        self._lose(self._explain(exc))

    def write(self, data: bytes) -> None:
        """Send now. A peer that takes nothing more is given up: what waits would reach the bus long after its time."""
        transport = self._transport
        if self._over or transport is None:
            return
        if transport.get_write_buffer_size() + len(data) > MAX_UNSENT_BYTES:
            transport.abort()
            self._lose("the other end takes no more bytes: it hangs, or the connection to it does")
            return
        transport.write(data)

    def lose(self, reason: str) -> None:
        """Give the connection up, for a reason found above the transport."""
        if self._transport is not None:
            self._transport.abort()
        self._lose(reason)

    async def close(self) -> None:
        """Drop the connection without a report; return when the port is free again."""
        self._over = True
        if self._transport is not None:
            self._transport.abort()
            await self._released.wait()

    def _lose(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._on_lost(reason)


class PipeLink:
    """A link that is nothing but a pipe.

    `connect` makes its connection or raises LinkError, `explain` words the error that ended it.
    """

    def __init__(
        self, url: str, connect: Callable[[Pipe], Awaitable[None]], explain: Callable[[Exception | None], str]
    ) -> None:
        self._url = url
        self._connect = connect
        self._explain = explain
        self._pipe: Pipe | None = None

    @property
    def url(self) -> str:
        return self._url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        await self.close()
        pipe = Pipe(on_bytes, on_lost, self._explain)
        try:
            await self._connect(pipe)
            self._pipe = pipe
        finally:
            if self._pipe is not pipe:
                await pipe.close()

    def write(self, data: bytes) -> None:
        if self._pipe is not None:
            self._pipe.write(data)

    async def close(self) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            await pipe.close()
