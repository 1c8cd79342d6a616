"""A connector of few words for table tests: says what the test tells it to, and keeps what it hears."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.protocol.master_bench import Bench, Faults
from twcmaster.protocol.framing import FrameDecoder, frame
from twcmaster.protocol.master import Master
from twcmaster.protocol.messages import (
    BusFirmwareAnswer,
    BusRequest,
    BusTextAnswer,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    Encodable,
    EnergyAnswer,
    FirmwareAnswer,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Opcode,
    PlugAnswer,
    RelayAnswer,
    Request,
    SerialAnswer,
    VinAnswer,
    decode,
    encode,
)
from twcmaster.protocol.settings import MasterSettings

NEVER = float("inf")
READY_EVERY_S = 1.37


@dataclass
class FakeUnit:
    unit_id: int = 0x1234
    protocol: int = 2
    max_ca: int = 3200
    sign: int = 0x5F
    state: int = 0
    limit_ca: int = 0
    actual_ca: int = 0
    plug: int = 0
    vin: str = ""
    firmware: tuple[int, int, int, int] = (4, 5, 3, 2)
    reply_s: float = 0.1
    #: From when on it asks for a master, until it hears its first heartbeat.
    ready_at: float | None = 0.7
    #: Opcodes that it does not understand.
    ignores: frozenset[int] = frozenset()
    deaf: bool = False
    #: Hears everything but says nothing.
    dumb: bool = False
    #: Takes over limits as a connected unit does.
    echoes: bool = False
    answer_to: int | None = None
    heard: list[tuple[float, MasterHeartbeat]] = field(default_factory=list)
    asked: list[tuple[float, int]] = field(default_factory=list)
    announcements: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._decoder = FrameDecoder()
        self._pending: list[tuple[float, bytes]] = []
        self._out: list[bytes] = []
        self._ready_at = NEVER if self.ready_at is None else self.ready_at

    @property
    def length(self) -> int:
        return 14 if self.protocol == 1 else 16

    def say(self, message: Encodable, at: float, length: int | None = None) -> None:
        self.put(frame(encode(message, length or self.length)), at)

    def put(self, raw: bytes, at: float) -> None:
        self._pending.append((at, raw))
        self._pending.sort(key=lambda entry: entry[0])

    def receive_data(self, data: bytes, now: float) -> None:
        for body in self._decoder.feed(data):
            if self.deaf or (message := decode(body)) is None:
                continue
            if isinstance(message, MasterLinkReady1 | MasterLinkReady2):
                self.announcements.append((now, message.OPCODE))
            elif isinstance(message, MasterHeartbeat) and message.receiver == self.unit_id:
                self.heard.append((now, message))
                self._beat(message, now)
            elif isinstance(message, BusRequest) or (isinstance(message, Request) and message.receiver == self.unit_id):
                self.asked.append((now, message.opcode))
                self._answer(message.opcode, now)

    def _beat(self, beat: MasterHeartbeat, now: float) -> None:
        if self.echoes and beat.command in {5, 8, 9}:
            self.limit_ca = beat.limit_ca
        if not self.dumb:
            to = beat.sender if self.answer_to is None else self.answer_to
            answer = ConnectorHeartbeat(self.unit_id, to, self.state, self.limit_ca, self.actual_ca)
            self.say(answer, now + self.reply_s)

    def _answer(self, opcode: Opcode, now: float) -> None:
        if opcode in self.ignores or self.dumb:
            return
        me = self.unit_id
        vin = self.vin
        answers: dict[int, tuple[Encodable, int]] = {
            Opcode.ENERGY_REQUEST: (EnergyAnswer(me, 924, (230, 231, 232), (30, 0, 0)), 20),
            Opcode.FIRMWARE_REQUEST: (FirmwareAnswer(me, self.firmware), 16),
            Opcode.SERIAL_REQUEST: (SerialAnswer(me, "A17I0039393"), 20),
            Opcode.PLUG_REQUEST: (PlugAnswer(me, self.plug), 16),
            Opcode.VIN_START_REQUEST: (VinAnswer(Opcode.VIN_START_ANSWER, me, vin[:7]), 20),
            Opcode.VIN_MIDDLE_REQUEST: (VinAnswer(Opcode.VIN_MIDDLE_ANSWER, me, vin[7:14]), 20),
            Opcode.VIN_END_REQUEST: (VinAnswer(Opcode.VIN_END_ANSWER, me, vin[14:]), 20),
            Opcode.START_REQUEST: (RelayAnswer(Opcode.START_ANSWER, me), 16),
            Opcode.STOP_REQUEST: (RelayAnswer(Opcode.STOP_ANSWER, me), 16),
            Opcode.BUS_SERIAL_REQUEST: (BusTextAnswer(Opcode.BUS_SERIAL_ANSWER, "A17I0039393"), self.length),
            Opcode.BUS_MODEL_REQUEST: (BusTextAnswer(Opcode.BUS_MODEL_ANSWER, "EVW2T32HL"), self.length),
            Opcode.BUS_FIRMWARE_REQUEST: (BusFirmwareAnswer((2, 0, 7)), self.length),
        }
        message, length = answers[opcode]
        self.say(message, now + self.reply_s, length)

    def next_timer(self) -> float | None:
        due = NEVER if self.heard else self._ready_at
        return min(due, self._pending[0][0]) if self._pending else due

    def handle_timer(self, now: float) -> None:
        if not self.heard and now >= self._ready_at:
            self.say(ConnectorLinkReady(self.unit_id, self.sign, self.max_ca), now)
            self._ready_at = now + READY_EVERY_S
        while self._pending and self._pending[0][0] <= now:
            self._out.append(self._pending.pop(0)[1])

    def frames_to_send(self) -> list[bytes]:
        out, self._out = self._out, []
        return out

    # ── reading what it heard ──

    def commands(self, after: float = 0.0, until: float = NEVER) -> list[tuple[int, int]]:
        return [(beat.command, beat.limit_ca) for at, beat in self.heard if after <= at < until]

    def questions(self, opcode: int) -> list[float]:
        return [at for at, asked in self.asked if asked == opcode]


def bus(*units: FakeUnit, faults: Faults | None = None, connector_limit_ca: int = 4000, **settings: Any) -> Bench:
    """A bench with a fresh master and these units."""
    master = Master(MasterSettings(connector_limit_ca=connector_limit_ca, **settings), 0.0)
    return Bench(master, units, faults)
