"""Others on the line that a master has to live with: a second master, and a station that never stops talking."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from twcmaster.protocol.framing import frame
from twcmaster.protocol.messages import (
    EXTENDED_LENGTH,
    EnergyAnswer,
    FirmwareAnswer,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    encode,
)
from twcmaster.sim.line import BYTE_S, Adapter, Line

ANNOUNCEMENTS = 5
ANNOUNCE_SPACING_S = 0.6
#: A real master talks to one unit after the other and publishes its own data in between.
SLOT_S = 1.3


class RivalMaster:
    """A second unit in the role of a master: announces itself, sends heartbeats, publishes its own figures."""

    def __init__(self, line: Line, master_id: int, unit_ids: Sequence[int] = (), sign: int = 0x39) -> None:
        self.master_id = master_id
        self.sign = sign
        self.unit_ids = tuple(unit_ids)
        self._line = line
        self._adapter: Adapter | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Power up."""
        self._adapter = self._line.attach(_deaf)
        self._task = asyncio.get_running_loop().create_task(self._run(self._adapter))

    def stop(self) -> None:
        """Power down, for good or until `start`."""
        if self._task is not None and self._adapter is not None:
            self._task.cancel()
            self._line.detach(self._adapter)
        self._task = self._adapter = None

    async def _run(self, adapter: Adapter) -> None:
        for kind in (MasterLinkReady1, MasterLinkReady2):
            for _ in range(ANNOUNCEMENTS):
                adapter.write(frame(encode(kind(self.master_id, self.sign))))
                await asyncio.sleep(ANNOUNCE_SPACING_S)
        while True:
            adapter.write(frame(encode(FirmwareAnswer(self.master_id, (4, 5, 3, 2)))))
            energy = EnergyAnswer(self.master_id, 1234, (240, 0, 0), (0, 0, 0))
            adapter.write(frame(encode(energy, EXTENDED_LENGTH)))
            await asyncio.sleep(SLOT_S)
            for unit_id in self.unit_ids:
                adapter.write(frame(encode(MasterHeartbeat(self.master_id, unit_id))))
                await asyncio.sleep(SLOT_S)


class Flood:
    """A broken station that fills a share of the line with rubbish, or with frames that mean nothing."""

    def __init__(self, line: Line, rng: random.Random, share: float = 1.0, body: bytes | None = None) -> None:
        self._line = line
        self._rng = rng
        self._share = share
        self._body = body
        self._adapter: Adapter | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to talk."""
        self._adapter = self._line.attach(_deaf)
        self._task = asyncio.get_running_loop().create_task(self._run(self._adapter))

    def stop(self) -> None:
        """Fall silent."""
        if self._task is not None and self._adapter is not None:
            self._task.cancel()
            self._line.detach(self._adapter)
        self._task = self._adapter = None

    async def _run(self, adapter: Adapter) -> None:
        while True:
            data = self._rng.randbytes(32) if self._body is None else frame(self._body)
            adapter.write(data)
            await asyncio.sleep(len(data) * BYTE_S / self._share)


def _deaf(data: bytes) -> None:
    """Neither of them listens."""
