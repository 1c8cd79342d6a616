"""Every message in the log, while somebody asks for it: ``twcmaster log debug wire``."""

from __future__ import annotations

import logging
from collections.abc import Callable

from twcmaster.model.ports import Link
from twcmaster.protocol.describe import describe
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import decode

log = logging.getLogger("twcmaster.wire")


class WireLog:
    """Any link; what passes is described in the log at level debug, and costs next to nothing at others."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._heard = FrameDecoder()

    @property
    def url(self) -> str:
        return self._link.url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        def received(data: bytes) -> None:
            if log.isEnabledFor(logging.DEBUG):
                self._tell("←", self._heard.feed(data))
            on_bytes(data)

        await self._link.open(received, on_lost)

    def write(self, data: bytes) -> None:
        if log.isEnabledFor(logging.DEBUG):
            self._tell("→", FrameDecoder().feed(data))
        self._link.write(data)

    async def close(self) -> None:
        await self._link.close()

    def _tell(self, arrow: str, bodies: list[bytes]) -> None:
        for body in bodies:
            log.debug("%s %s %s  [%s]", self.url, arrow, describe(decode(body)), body.hex(" ").upper())
