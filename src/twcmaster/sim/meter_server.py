"""The virtual house's meters as a device on the network: an HTTP server that answers every request with JSON.

{"grid": {"power": -1200.0, "amps": [-5.0, 0.0, 0.0]}, "pv": {"power": 5100.0},
 "battery": {"power": 0.0, "percent": 50.0}}                           battery: only where there is one
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from twcmaster.sim.house import House

#: Longer requests are none of ours.
LONGEST_REQUEST_BYTES = 8192


class MeterServer:
    """Serves from `open` until `close`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> str:
        """Listen on a free port of this computer; the address to ask."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LONGEST_REQUEST_BYTES)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/status"

    async def close(self) -> None:
        """Let go of the port and of everybody who is connected."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for writer in tuple(self._writers):
            writer.close()
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
                while await reader.readuntil(b"\r\n\r\n"):
                    writer.write(self._answer())
                    await writer.drain()
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self) -> bytes:
        body = json.dumps(self._readings()).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def _readings(self) -> dict[str, object]:
        balance = self._house.balance(asyncio.get_running_loop().time())
        amps = [round(amps, 2) for amps in self._house.phase_a(balance)[: self._house.phases]]
        found: dict[str, object] = {
            "grid": {"power": round(balance.grid_w, 1), "amps": amps},
            "pv": {"power": round(balance.pv_w, 1)},
        }
        if self._house.battery is not None:
            percent = round(self._house.battery.soc_percent, 1)
            found["battery"] = {"power": round(balance.battery_w, 1), "percent": percent}
        return found
