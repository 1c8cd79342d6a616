"""A wall connector on the bench: driven body by body, in time that only the test moves."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from twcmaster.protocol.connector import Connector
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import (
    PROTOCOL_2_LENGTH,
    ConnectorHeartbeat,
    Encodable,
    MasterHeartbeat,
    Message,
    Opcode,
    Request,
    decode,
    encode,
)

MASTER_ID = 0x7777
UNIT_ID = 0x2433


@dataclass
class PlainCar:
    """Draws what it is offered, at once, as long as it is switched on."""

    plugged: bool = False
    awake: bool = True
    hungry: bool = True
    draw_a: float = 0.0
    phases: int = 1
    vin: str = "5YJ3E7EB0TEST0001"
    minimum_a: float = 6.0
    most_a: float = 80.0
    heeds_zero: bool = True

    def advance(self, pilot_a: float, now: float, *, closed: bool) -> None:
        drawing = closed and self.wants(pilot_a)
        self.draw_a = min(pilot_a or self.most_a, self.most_a) if drawing else 0.0

    def wants(self, pilot_a: float) -> bool:
        able = self.plugged and self.awake and self.hungry
        return able and (pilot_a >= self.minimum_a or not self.heeds_zero)


class ConnectorBench:
    """The unit, its car, a clock, and everything the unit has said so far as (time, message, length)."""

    def __init__(
        self,
        protocol: int = 2,
        car: PlainCar | None = None,
        seed: int = 1,
        start_at: float = 100.0,
        **changes: object,
    ) -> None:
        self.now = start_at
        self.car = car or PlainCar()
        settings = ConnectorSettings(UNIT_ID, protocol=protocol, busy_s=0.0)
        self.settings = replace(settings, **changes)  # type: ignore[arg-type]
        rng = random.Random(seed)
        self.unit = Connector(self.settings, self.car, lambda: rng.getrandbits(16), self.now)
        self.session = self.unit.session
        self.said: list[tuple[float, Message, int]] = []
        self._decoder = FrameDecoder()

    def hear(self, message: Encodable, length: int = PROTOCOL_2_LENGTH) -> None:
        """Something on the wire, now."""
        self.unit.receive_body(encode(message, length), self.now)

    def wait(self, seconds: float) -> list[Message]:
        """Let time pass exactly as a line would; what the unit said meanwhile."""
        until, already = self.now + seconds, len(self.said)
        while (due := self.unit.next_timer()) is not None and due <= until:
            self.now = max(self.now, due)
            self.unit.handle_timer(self.now)
            following = self.unit.next_timer()
            assert following is None or following > self.now, "what was due must be done: a loop would spin"
            self._collect()
        self.now = until
        return [message for _, message, _ in self.said[already:]]

    def _collect(self) -> None:
        for frame in self.unit.frames_to_send():
            for body in self._decoder.feed(frame):
                self.said.append((self.now, decode(body), len(body)))

    def beat(self, command: int = 0, limit_a: float = 0.0) -> ConnectorHeartbeat:
        """One heartbeat and its answer; a second passes."""
        beat = MasterHeartbeat(MASTER_ID, self.unit.unit_id, command, round(limit_a * 100))
        self.hear(beat, self.settings.length)
        answers = [message for message in self.wait(1.0) if isinstance(message, ConnectorHeartbeat)]
        assert len(answers) == 1, answers
        return answers[0]

    def beats(self, seconds: int) -> ConnectorHeartbeat:
        """Plain heartbeats for so long; the last answer."""
        for _ in range(seconds - 1):
            self.beat()
        return self.beat()

    def ask(self, opcode: Opcode, length: int = PROTOCOL_2_LENGTH) -> list[Message]:
        """An addressed question, and what comes back within half a second."""
        self.hear(Request(opcode, MASTER_ID, self.unit.unit_id), length)
        return self.wait(0.5)

    def charge(self, limit_a: float = 20.0) -> ConnectorHeartbeat:
        """Link, plug in, give a limit, wait until it reports charging."""
        self.beat()
        self.car.plugged = True
        self.beat()
        self.beat(0x05, limit_a)
        return self.beats(8)
