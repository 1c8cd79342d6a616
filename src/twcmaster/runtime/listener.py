"""The listen role: hears everything on a bus, sends nothing, and says who speaks there."""

from __future__ import annotations

from collections.abc import Callable

from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import (
    ConnectorHeartbeat,
    ConnectorLinkReady,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Message,
    decode,
)

#: A pause of many byte times inside a frame means that its rest was lost.
BYTE_GAP_S = 0.05


class Listener:
    """A machine for `Pump` that never has anything to send. `on_message(message, now)` gets every good frame."""

    def __init__(self, notice: Callable[[str, str], None], on_message: Callable[[Message, float], None]) -> None:
        self.decoder = FrameDecoder()
        self._notice = notice
        self._on_message = on_message
        self._gap_at: float | None = None
        self._masters: set[int] = set()
        self._connectors: set[int] = set()

    def receive_data(self, data: bytes, now: float) -> None:
        for body in self.decoder.feed(data):
            message = decode(body)
            self._meet(message)
            self._on_message(message, now)
        self._gap_at = now + BYTE_GAP_S if self.decoder.mid_frame else None

    def handle_timer(self, now: float) -> None:
        if self._gap_at is not None and now >= self._gap_at:
            self._gap_at = None
            self.decoder.drop_unfinished()

    def next_timer(self) -> float | None:
        return self._gap_at

    def frames_to_send(self) -> list[bytes]:
        return []

    def _meet(self, message: Message) -> None:
        match message:
            case MasterHeartbeat() | MasterLinkReady1() | MasterLinkReady2():
                self._greet("a master", self._masters, message.sender)
            case ConnectorHeartbeat() | ConnectorLinkReady():
                self._greet("connector", self._connectors, message.sender)
            case _:
                return

    def _greet(self, what: str, met: set[int], sender: int) -> None:
        if sender not in met:
            met.add(sender)
            self._notice("info", f"heard {what} {sender:04X}")
