"""A serial port on the network whose speed is set over the connection: ``rfc2217://host:port`` (ser2net and others)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from twcmaster.links.pipe import Pipe
from twcmaster.links.tcp import connect, explain_loss
from twcmaster.links.telnet import BINARY, COM_PORT, LINE_9600_8N1, SET_BAUDRATE, PortControl, escape
from twcmaster.model.address import Rfc2217Address
from twcmaster.model.ports import LinkError

SETUP_TIMEOUT_S = 5.0


class Rfc2217Link:
    """A link to a serial port behind an RFC 2217 server; open once the server has confirmed 9600 8N1."""

    def __init__(self, address: Rfc2217Address) -> None:
        self._address = address
        self._session: _Session | None = None

    @property
    def url(self) -> str:
        return self._address.url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        await self.close()
        session = _Session(on_bytes, on_lost)
        try:
            await connect(self._address, session.pipe)
            await session.set_up(self.url)
            self._session = session
        finally:
            if self._session is not session:
                await session.pipe.close()

    def write(self, data: bytes) -> None:
        if self._session is not None:
            self._session.pipe.write(escape(data))

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.pipe.close()


class _Session:
    """One connection: its telnet state, and whether the port has been set up yet."""

    def __init__(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self._on_bytes = on_bytes
        self._on_lost = on_lost
        self._control = PortControl()
        self._progress = asyncio.Event()
        self._lost: str | None = None
        self._open = False
        self.pipe = Pipe(self._received, self._on_pipe_lost, explain_loss)

    async def set_up(self, url: str) -> None:
        """Agree with the server on 9600 8N1. Raises LinkError."""
        try:
            async with asyncio.timeout(SETUP_TIMEOUT_S):
                self._answer()
                while not self._settled(url):
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            raise LinkError(
                f"{url}: no answer to the port settings within {SETUP_TIMEOUT_S:g} s. Does this port speak RFC 2217 "
                "(telnet with port control)? For raw TCP use socket:// instead."
            ) from None
        self._open = True

    def _settled(self, url: str) -> bool:
        control = self._control
        if self._lost is not None:
            raise LinkError(f"{url}: while the port was being set up: {self._lost}")
        if COM_PORT in control.refused:
            raise LinkError(f"{url}: the server does not allow port settings (RFC 2217). Use socket:// instead.")
        if BINARY in control.refused:
            raise LinkError(f"{url}: the server refuses binary data, which this bus needs. Use its raw TCP port.")
        if control.ready and control.confirmed != LINE_9600_8N1:
            speed = int.from_bytes(control.confirmed[SET_BAUDRATE], "big")
            raise LinkError(
                f"{url}: the server does not set the port to 9600 8N1 (it says {speed} baud). "
                "Set the port up in the server's own configuration."
            )
        return control.ready

    def _received(self, data: bytes) -> None:
        serial = self._control.feed(data)
        self._answer()
        self._progress.set()
        if serial and self._open:
            self._on_bytes(serial)

    def _answer(self) -> None:
        replies = self._control.take_replies()
        if replies:
            self.pipe.write(replies)

    def _on_pipe_lost(self, reason: str) -> None:
        self._lost = reason
        self._progress.set()
        if self._open:
            self._on_lost(reason)
