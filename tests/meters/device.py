"""A device in the network: a real HTTP server that answers as told and keeps what it was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from tests.links.ends import tcp_server
from twcmaster.config.meters import MeterSection

SECTION: TypeAdapter[MeterSection] = TypeAdapter(MeterSection)
#: The wall clock of all meter tests.
NOON = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


def clock() -> datetime:
    return NOON


def section(**keys: Any) -> Any:
    """A validated `[[meter]]`."""
    return SECTION.validate_python({"name": "grid", "role": "grid", **keys})


@dataclass
class Device:
    """What it answers next, and what it heard."""

    body: bytes = b'{"power": 1234.5}'
    status: str = "200 OK"
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    #: Close the connection after this many answers, without having said so.
    answers_per_connection: int | None = None
    #: Say nothing at all.
    mute: bool = False
    requests: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        answered = 0
        while answered != self.answers_per_connection:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            except asyncio.IncompleteReadError:
                return
            self.requests.append(head)
            length = next(
                (int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length")), 0
            )
            self.bodies.append(await reader.readexactly(length))
            if self.mute:
                await asyncio.Event().wait()
            writer.write(self._answer())
            await writer.drain()
            answered += 1
        writer.close()
        await writer.wait_closed()

    def _answer(self) -> bytes:
        fields = {"Content-Length": str(len(self.body)), **self.headers}
        head = f"HTTP/1.1 {self.status}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return head.encode("latin-1") + b"\r\n" + self.body

    @asynccontextmanager
    async def online(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        """The device's base URL, while it is on."""
        async with tcp_server(self.serve, tls=tls) as port:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
