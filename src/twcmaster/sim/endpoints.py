"""Ways to reach a virtual line from outside: an in-memory pipe, a pseudo-terminal, a TCP port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from twcmaster.model.ports import LinkError
from twcmaster.sim.line import Adapter, Line


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
