"""Ways to reach a virtual line from outside: an in-memory pipe, a pseudo-terminal, a TCP port."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import struct
import termios
import tty
from collections.abc import Callable
from pathlib import Path

from twcmaster.model.ports import LinkError
from twcmaster.sim.line import Adapter, Line

#: More unread bytes than this in a pseudo-terminal mean that nobody has it open; a closed port keeps nothing.
STALE_BYTES = 512
#: A TCP client that has not read this much is gone for all practical purposes.
CLIENT_BACKLOG_BYTES = 65_536
_READ_BYTES = 4096


class MemoryLink:
    """A byte pipe to a virtual line in the same process: the Link port without any file, for virtual time."""

    def __init__(self, line: Line, name: str = "line", *, echo: bool = False) -> None:
        self._line = line
        self._name = name
        self._echo = echo
        self._adapter: Adapter | None = None
        self._on_lost: Callable[[str], None] | None = None
        #: While False, the adapter is unplugged: opening fails.
        self.present = True

    @property
    def url(self) -> str:
        return f"sim://{self._name}"

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Raises LinkError while the adapter is unplugged."""
        await asyncio.sleep(0)
        if not self.present:
            raise LinkError(f"{self.url}: no such adapter. It was unplugged in the simulation; plug it in again.")
        await self.close()
        self._adapter = self._line.attach(on_bytes, echo=self._echo)
        self._on_lost = on_lost

    def write(self, data: bytes) -> None:
        if self._adapter is not None:
            self._adapter.write(data)

    async def close(self) -> None:
        if self._adapter is not None:
            self._line.detach(self._adapter)
        self._adapter = None
        self._on_lost = None

    def unplug(self) -> None:
        """Pull the adapter out: whoever has it open loses it, nobody can open it until `plug_in`."""
        self.present = False
        lost, self._on_lost = self._on_lost, None
        if self._adapter is not None:
            self._line.detach(self._adapter)
            self._adapter = None
        if lost is not None:
            lost("unplugged")

    def plug_in(self) -> None:
        self.present = True


class PtyEndpoint:
    """A line behind a pseudo-terminal, reached through a symbolic link that stays the same across re-plugging.

    Whoever opens the link sees a serial adapter: it may close and reopen it at will, and loses it on `unplug`.
    """

    def __init__(self, line: Line, link: Path, *, echo: bool = False) -> None:
        self._line = line
        self.link = link
        self._echo = echo
        self._fds: tuple[int, int] | None = None
        self._adapter: Adapter | None = None

    @property
    def url(self) -> str:
        return str(self.link)

    def plug_in(self) -> None:
        """Make the port appear. Raises OSError when no pseudo-terminal or link can be made."""
        if self._fds is not None:
            return
        outer, inner = pty.openpty()
        self._fds = (outer, inner)
        tty.setraw(inner)
        os.set_blocking(outer, False)
        fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        fresh.symlink_to(os.ttyname(inner))
        fresh.replace(self.link)
        self._adapter = self._line.attach(self._to_peer, echo=self._echo)
        asyncio.get_running_loop().add_reader(outer, self._from_peer, outer)

    def unplug(self) -> None:
        """Make the port vanish, under whoever has it open."""
        if self._fds is None or self._adapter is None:
            return
        outer, inner = self._fds
        asyncio.get_running_loop().remove_reader(outer)
        self._line.detach(self._adapter)
        self._fds = self._adapter = None
        os.close(inner)
        os.close(outer)
        self.link.unlink(missing_ok=True)

    def _from_peer(self, outer: int) -> None:
        data = os.read(outer, _READ_BYTES)
        if self._adapter is not None:
            self._adapter.write(data)

    def _to_peer(self, data: bytes) -> None:
        if self._fds is None:
            return
        outer, inner = self._fds
        waiting = fcntl.ioctl(inner, termios.FIONREAD, b"\0\0\0\0")
        if struct.unpack("i", waiting)[0] > STALE_BYTES:
            termios.tcflush(inner, termios.TCIFLUSH)
        os.write(outer, data)


class TcpEndpoint:
    """A line behind a TCP port, like a network serial adapter. All clients share the line.

    `hold_s` collects bytes for that long before sending them on, as such adapters do.
    """

    def __init__(self, line: Line, host: str = "127.0.0.1", port: int = 0, hold_s: float = 0.0) -> None:
        self._line = line
        self.host = host
        self.port = port
        self._hold_s = hold_s
        self._server: asyncio.Server | None = None
        self._adapter: Adapter | None = None
        self._clients: list[asyncio.Transport] = []
        self._held = bytearray()

    @property
    def url(self) -> str:
        return f"socket://{self.host}:{self.port}"

    async def plug_in(self) -> None:
        """Start to listen; port 0 picks a free one and keeps it. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self._adapter = self._line.attach(self._to_peers)

    async def unplug(self) -> None:
        """Stop to listen and drop every client."""
        if self._server is None or self._adapter is None:
            return
        self._line.detach(self._adapter)
        self._server.close()
        self.drop_clients()
        await self._server.wait_closed()
        self._server = self._adapter = None

    def drop_clients(self) -> None:
        """Cut every connection without a word; new ones are welcome."""
        for client in self._clients:
            client.abort()

    def joined(self, transport: asyncio.Transport) -> None:
        self._clients.append(transport)

    def left(self, transport: asyncio.Transport) -> None:
        if transport in self._clients:
            self._clients.remove(transport)

    def from_peer(self, data: bytes) -> None:
        if self._adapter is not None:
            self._adapter.write(data)

    def _to_peers(self, data: bytes) -> None:
        if not self._hold_s:
            self._send(data)
            return
        if not self._held:
            asyncio.get_running_loop().call_later(self._hold_s, self._send_held)
        self._held += data

    def _send_held(self) -> None:
        data = bytes(self._held)
        self._held.clear()
        self._send(data)

    def _send(self, data: bytes) -> None:
        for client in tuple(self._clients):
            if client.get_write_buffer_size() > CLIENT_BACKLOG_BYTES:
                client.abort()
            else:
                client.write(data)


class _Client(asyncio.Protocol):
    """One connection to a TCP endpoint."""

    def __init__(self, endpoint: TcpEndpoint) -> None:
        self._endpoint = endpoint
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._endpoint.joined(transport)

    def data_received(self, data: bytes) -> None:
        self._endpoint.from_peer(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._endpoint.left(self._transport)
