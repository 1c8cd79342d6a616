"""Trying things out before they go into the config: listening on a link, asking a meter once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from twcmaster.api.ports import Heard, MeterTried, NotPossible
from twcmaster.catalog import open_link, open_meter
from twcmaster.model.address import AddressError
from twcmaster.model.ports import LinkError
from twcmaster.protocol.describe import describe
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import (
    ConnectorHeartbeat,
    ConnectorLinkReady,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    decode,
)
from twcmaster.runtime.meter_rounds import ask

if TYPE_CHECKING:
    from twcmaster.config.meters import MeterSection

SHOWN_LINES = 30


class _Ear:
    """Collects what is heard."""

    def __init__(self) -> None:
        self.decoder = FrameDecoder()
        self.connectors: set[int] = set()
        self.masters: set[int] = set()
        self.lines: deque[str] = deque(maxlen=SHOWN_LINES)

    def hear(self, data: bytes) -> None:
        for body in self.decoder.feed(data):
            message = decode(body)
            self.lines.append(describe(message))
            match message:
                case ConnectorHeartbeat() | ConnectorLinkReady():
                    self.connectors.add(message.sender)
                case MasterHeartbeat() | MasterLinkReady1() | MasterLinkReady2():
                    self.masters.add(message.sender)
                case _:
                    continue

    def told(self, problem: str | None) -> Heard:
        counters = self.decoder.counters
        return Heard(
            connected=problem is None,
            problem=problem,
            bytes=counters.bytes,
            frames=counters.frames,
            damaged=counters.damaged,
            connectors=[f"{unit:04X}" for unit in sorted(self.connectors)],
            masters=[f"{unit:04X}" for unit in sorted(self.masters)],
            lines=list(self.lines),
        )


async def listen(url: str, seconds: float) -> Heard:
    """What is heard on a link for some seconds. Nothing is sent: the guard lets nothing pass."""
    ear = _Ear()
    lost: asyncio.Queue[str] = asyncio.Queue()
    try:
        link = open_link(url)
        await link.open(ear.hear, lost.put_nowait)
    except (AddressError, LinkError) as error:
        return ear.told(str(error))
    try:
        async with asyncio.timeout(seconds):
            return ear.told(f"The link was lost: {await lost.get()}.")
    except TimeoutError:
        return ear.told(None)
    finally:
        await link.close()


async def try_meter(
    section: Mapping[str, Any], clock: Callable[[], datetime], folder: Path | None = None
) -> MeterTried:
    """Ask a meter once, as a `[[meter]]` section of a config in this folder describes it.

    Raises NotPossible when that makes no sense.
    """
    described = await asyncio.to_thread(_described, section, folder or Path())
    meter = open_meter(described, clock)
    try:
        answer = await ask(meter)
    finally:
        await meter.close()
    reading, took_s = answer.reading, round(answer.took_s, 3)
    if reading is None:
        return MeterTried(None, None, None, took_s, answer.error)
    return MeterTried(reading.power_w, reading.phase_a, reading.soc_percent, took_s, None)


def _described(section: Mapping[str, Any], folder: Path) -> MeterSection:
    from twcmaster.config.meters import MeterSection

    try:
        adapter: TypeAdapter[MeterSection] = TypeAdapter(MeterSection)
        meter = adapter.validate_python(dict(section), context={"folder": folder})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "meter"
        raise NotPossible(f"{place}: {first['msg']}.", "docs/howto/meters.md shows every kind.") from None
    return meter
