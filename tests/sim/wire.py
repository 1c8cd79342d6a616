"""Small helpers for tests on a virtual line: units, frames, and ears that note what they hear and when."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field, replace
from typing import Any

from twcmaster.protocol.connector import Connector
from twcmaster.protocol.connector_car import Car, NoCar
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.framing import FrameDecoder, frame
from twcmaster.protocol.messages import ConnectorHeartbeat, MasterHeartbeat, Message, decode, encode

MASTER_ID = 0x7777


@dataclass
class Ear:
    """Notes bytes as (time, data) and complete messages as (time, message)."""

    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    messages: list[tuple[float, Message]] = field(default_factory=list)
    decoder: FrameDecoder = field(default_factory=FrameDecoder)

    def __call__(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        self.chunks.append((now, data))
        self.messages += [(now, decode(body)) for body in self.decoder.feed(data)]

    @property
    def data(self) -> bytes:
        return b"".join(data for _, data in self.chunks)

    @property
    def answers(self) -> list[ConnectorHeartbeat]:
        return [message for _, message in self.messages if isinstance(message, ConnectorHeartbeat)]


def make_unit(unit_id: int = 0x2433, car: Car | None = None, seed: int = 1, **changes: Any) -> Connector:
    """A unit that starts to live now."""
    rng = random.Random(seed)
    settings = replace(ConnectorSettings(unit_id), **changes)
    return Connector(settings, car or NoCar(), lambda: rng.getrandbits(16), asyncio.get_running_loop().time())


def heartbeat(unit_id: int = 0x2433, command: int = 0, limit_ca: int = 0) -> bytes:
    """A master's heartbeat, framed."""
    return frame(encode(MasterHeartbeat(MASTER_ID, unit_id, command, limit_ca)))
