"""Real far ends for links: pseudo-terminals and TCP servers, and an ear that keeps what a link reports."""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import ssl
import subprocess
import sys
import termios
import tty
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HEARTBEAT = bytes.fromhex("c0fbe0777712340500000000000000000019c0")


@dataclass
class Ear:
    """What came from a link."""

    data: bytearray = field(default_factory=bytearray)
    chunks: int = 0
    lost: list[str] = field(default_factory=list)

    def on_bytes(self, data: bytes) -> None:
        self.data += data
        self.chunks += 1

    def on_lost(self, reason: str) -> None:
        self.lost.append(reason)


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that real I/O brings about; fails after 5 s."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the far side is the operating system, which sets no event
            await asyncio.sleep(0.002)


class Pty:
    """A pseudo-terminal: the port's name, and its far side."""

    def __init__(self) -> None:
        self.far, self._near = os.openpty()
        tty.setraw(self.far)
        os.set_blocking(self.far, False)
        self.name = os.ttyname(self._near)

    def hang_up(self) -> None:
        """What unplugging an adapter does."""
        if self.far >= 0:
            os.close(self.far)
            self.far = -1

    def send(self, data: bytes) -> None:
        os.write(self.far, data)

    def receive(self) -> bytes:
        try:
            return os.read(self.far, 65536)
        except BlockingIOError:
            return b""

    def waiting(self) -> int:
        """How many bytes can be received."""
        count = array("i", [0])
        fcntl.ioctl(self.far, termios.FIONREAD, count)
        return count[0]

    def release(self) -> None:
        self.hang_up()
        os.close(self._near)


@contextmanager
def pseudo_terminal() -> Iterator[Pty]:
    pty = Pty()
    try:
        yield pty
    finally:
        pty.release()


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp_server(serve: Serve, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on this machine that runs `serve` for each connection and then closes it; gives its port.

    At the end all connections are cut.
    """
    sessions: list[asyncio.Task[None]] = []

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.transport.abort()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sessions.append(asyncio.get_running_loop().create_task(session(reader, writer)))

    server = await asyncio.start_server(handle, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in sessions:
            task.cancel()
        outcomes = await asyncio.gather(*sessions, return_exceptions=True)
        await asyncio.sleep(0)  # cut connections are released in the next turn of the loop
    expected = (asyncio.CancelledError, ConnectionError)
    assert [outcome for outcome in outcomes if outcome is not None and not isinstance(outcome, expected)] == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody listens on a TCP port of this machine, asked of the system rather than by connecting."""
    return f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text(encoding="ascii")


@contextmanager
def python_program(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs `code`, which prints "ready" and ends when it reads a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.communicate("\n")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
