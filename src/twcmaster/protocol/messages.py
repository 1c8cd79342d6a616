"""Every message of the Gen 2 load-sharing wire, one frozen dataclass each.

A *body* is what stands between two ``C0`` delimiters after unescaping: a type byte (``FB`` request, ``FC``
broadcast, ``FD`` data), a command byte, a payload, and a checksum that covers everything but the type byte.
``payload()`` gives the bytes between command and padding; `encode` pads them to the length that the
receiving unit speaks (14 bytes for protocol 1, 16 for protocol 2, 20 for a few answers of firmware 4.5.3)
and appends the checksum. `decode` is its inverse and never raises on a body with a good checksum: what it does
not know comes back as `Unknown`, whole. Numbers on the wire are big-endian; currents are hundredths of an
ampere, here ``_ca``. Sources and certainty of each layout: docs/protocol.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from struct import error as StructError  # noqa: N812 - an exception deserves a name that looks like one
from typing import ClassVar

PROTOCOL_1_LENGTH = 14
PROTOCOL_2_LENGTH = 16
EXTENDED_LENGTH = 20

_TWO_IDS = Struct(">HH")
_ID_SIGN = Struct(">HB")
_LINK_READY = Struct(">HBH")
_MASTER_BEAT = Struct(">HHBHB")
_UNIT_BEAT = Struct(">HHBHH")
_ENERGY = Struct(">HIHHH")
_VERSION = Struct(">HBBBB")


class Opcode(IntEnum):
    """Type and command byte of every message with a known meaning."""

    MASTER_LINK_READY_1 = 0xFCE1
    MASTER_LINK_READY_2 = 0xFBE2
    CONNECTOR_LINK_READY = 0xFDE2
    MASTER_HEARTBEAT = 0xFBE0
    CONNECTOR_HEARTBEAT = 0xFDE0
    ENERGY_REQUEST = 0xFBEB
    ENERGY_ANSWER = 0xFDEB
    FIRMWARE_REQUEST = 0xFBEC
    FIRMWARE_ANSWER = 0xFDEC
    SERIAL_REQUEST = 0xFBED
    SERIAL_ANSWER = 0xFDED
    VIN_START_REQUEST = 0xFBEE
    VIN_START_ANSWER = 0xFDEE
    VIN_MIDDLE_REQUEST = 0xFBEF
    VIN_MIDDLE_ANSWER = 0xFDEF
    VIN_END_REQUEST = 0xFBF1
    VIN_END_ANSWER = 0xFDF1
    PLUG_REQUEST = 0xFBB4
    PLUG_ANSWER = 0xFDB4
    START_REQUEST = 0xFCB1
    START_ANSWER = 0xFDB1
    STOP_REQUEST = 0xFCB2
    STOP_ANSWER = 0xFDB2
    BUS_SERIAL_REQUEST = 0xFB19
    BUS_SERIAL_ANSWER = 0xFD19
    BUS_MODEL_REQUEST = 0xFB1A
    BUS_MODEL_ANSWER = 0xFD1A
    BUS_FIRMWARE_REQUEST = 0xFB1B
    BUS_FIRMWARE_ANSWER = 0xFD1B
    IDLE = 0xFC1D


class UnitState(IntEnum):
    """State byte of a connector's heartbeat (FDE0 offset 6)."""

    READY = 0x00
    CHARGING = 0x01
    ERROR = 0x02
    PLUGGED_NOT_CHARGING = 0x03
    PLUGGED_READY = 0x04
    BUSY = 0x05
    RAISING = 0x06
    LOWERING = 0x07
    STARTING = 0x08
    ADJUSTED = 0x09
    ADJUSTMENT_DONE = 0x0A
    REPORTED_ONCE = 0x0F


class MasterCommand(IntEnum):
    """Command byte of a master's heartbeat (FBE0 offset 6)."""

    KEEP = 0x00
    ERROR = 0x02
    LIMIT = 0x05
    RAISE_2A = 0x06
    LOWER_2A = 0x07
    LIMIT_AT_START = 0x08
    SESSION_LIMIT = 0x09


@dataclass(frozen=True, slots=True)
class MasterLinkReady1:
    """FCE1: a master announces itself; a connector with the same id picks another."""

    OPCODE: ClassVar[Opcode] = Opcode.MASTER_LINK_READY_1
    sender: int
    sign: int
    #: Zero from real masters; some third-party masters put a current here.
    extra: int = 0

    def payload(self) -> bytes:
        return _LINK_READY.pack(self.sender, self.sign, self.extra)

    @classmethod
    def parse(cls, body: bytes) -> MasterLinkReady1:
        return cls(*_LINK_READY.unpack_from(body, 2))


@dataclass(frozen=True, slots=True)
class MasterLinkReady2:
    """FBE2: the second announcement; connectors answer with their own link-ready."""

    OPCODE: ClassVar[Opcode] = Opcode.MASTER_LINK_READY_2
    sender: int
    sign: int
    extra: int = 0

    def payload(self) -> bytes:
        return _LINK_READY.pack(self.sender, self.sign, self.extra)

    @classmethod
    def parse(cls, body: bytes) -> MasterLinkReady2:
        return cls(*_LINK_READY.unpack_from(body, 2))


@dataclass(frozen=True, slots=True)
class ConnectorLinkReady:
    """FDE2: a connector asks for a master. The body's length tells which protocol it speaks."""

    OPCODE: ClassVar[Opcode] = Opcode.CONNECTOR_LINK_READY
    sender: int
    sign: int
    max_ca: int
    protocol: int = 2

    def payload(self) -> bytes:
        return _LINK_READY.pack(self.sender, self.sign, self.max_ca)

    @classmethod
    def parse(cls, body: bytes) -> ConnectorLinkReady:
        sender, sign, max_ca = _LINK_READY.unpack_from(body, 2)
        return cls(sender, sign, max_ca, 1 if len(body) <= PROTOCOL_1_LENGTH else 2)


@dataclass(frozen=True, slots=True)
class MasterHeartbeat:
    """FBE0: master to one connector: "I am here", with or without a new limit."""

    OPCODE: ClassVar[Opcode] = Opcode.MASTER_HEARTBEAT
    sender: int
    receiver: int
    command: int = MasterCommand.KEEP
    #: Limit in hundredths of an ampere; for command ERROR the high byte is the error bitmap.
    limit_ca: int = 0
    #: 1 when the master unit itself has a car plugged in.
    master_plugged: int = 0

    def payload(self) -> bytes:
        return _MASTER_BEAT.pack(self.sender, self.receiver, self.command, self.limit_ca, self.master_plugged)

    @classmethod
    def parse(cls, body: bytes) -> MasterHeartbeat:
        return cls(*_MASTER_BEAT.unpack_from(body, 2))


@dataclass(frozen=True, slots=True)
class ConnectorHeartbeat:
    """FDE0: a connector's answer to its heartbeat."""

    OPCODE: ClassVar[Opcode] = Opcode.CONNECTOR_HEARTBEAT
    sender: int
    receiver: int
    state: int
    #: The limit that the unit says it holds, and what it measures, hundredths of an ampere.
    limit_ca: int
    actual_ca: int

    def payload(self) -> bytes:
        return _UNIT_BEAT.pack(self.sender, self.receiver, self.state, self.limit_ca, self.actual_ca)

    @classmethod
    def parse(cls, body: bytes) -> ConnectorHeartbeat:
        return cls(*_UNIT_BEAT.unpack_from(body, 2))


@dataclass(frozen=True, slots=True)
class Request:
    """A master's addressed question or command that carries nothing but the two ids.

    `opcode` is one of ENERGY, FIRMWARE, SERIAL, VIN_START, VIN_MIDDLE, VIN_END, PLUG, START, STOP ``_REQUEST``.
    """

    opcode: Opcode
    sender: int
    receiver: int

    def payload(self) -> bytes:
        return _TWO_IDS.pack(self.sender, self.receiver)


@dataclass(frozen=True, slots=True)
class BusRequest:
    """FB19, FB1A, FB1B: asks *every* unit for serial, model or firmware; only safe with one unit on the bus."""

    opcode: Opcode
    sender: int

    def payload(self) -> bytes:
        return self.sender.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class EnergyAnswer:
    """FDEB: lifetime energy as the unit counts it (kWh on most, Wh on some), volts and, from 4.5.3 on, amps."""

    OPCODE: ClassVar[Opcode] = Opcode.ENERGY_ANSWER
    sender: int
    energy_raw: int
    volts: tuple[int, int, int]
    #: Half amperes per phase, or None where the unit does not report them (16-byte answers).
    half_amps: tuple[int, int, int] | None

    def payload(self) -> bytes:
        amps = bytes(self.half_amps) if self.half_amps is not None else b""
        return _ENERGY.pack(self.sender, self.energy_raw, *self.volts) + amps

    @classmethod
    def parse(cls, body: bytes) -> EnergyAnswer:
        sender, energy, volts_1, volts_2, volts_3 = _ENERGY.unpack_from(body, 2)
        amps = (body[14], body[15], body[16]) if len(body) >= EXTENDED_LENGTH else None
        return cls(sender, energy, (volts_1, volts_2, volts_3), amps)


@dataclass(frozen=True, slots=True)
class FirmwareAnswer:
    """FDEC: firmware version of one unit."""

    OPCODE: ClassVar[Opcode] = Opcode.FIRMWARE_ANSWER
    sender: int
    version: tuple[int, int, int, int]

    def payload(self) -> bytes:
        return _VERSION.pack(self.sender, *self.version)

    @classmethod
    def parse(cls, body: bytes) -> FirmwareAnswer:
        sender, *version = _VERSION.unpack_from(body, 2)
        return cls(sender, (version[0], version[1], version[2], version[3]))


@dataclass(frozen=True, slots=True)
class SerialAnswer:
    """FDED: serial number of one unit, eleven characters."""

    OPCODE: ClassVar[Opcode] = Opcode.SERIAL_ANSWER
    sender: int
    serial: str

    def payload(self) -> bytes:
        return self.sender.to_bytes(2, "big") + self.serial.encode("latin-1")[:11]

    @classmethod
    def parse(cls, body: bytes) -> SerialAnswer:
        return cls(int.from_bytes(body[2:4], "big"), _text(body[4:-1][:11]))


@dataclass(frozen=True, slots=True)
class VinAnswer:
    """FDEE, FDEF, FDF1: seven, seven and three characters of the car's VIN; empty when there is none to tell."""

    opcode: Opcode
    sender: int
    text: str

    def payload(self) -> bytes:
        return self.sender.to_bytes(2, "big") + self.text.encode("latin-1")[:7]


@dataclass(frozen=True, slots=True)
class PlugAnswer:
    """FDB4: 0 no plug, 1 charging, 3 plugged and not charging; 2 is not understood."""

    OPCODE: ClassVar[Opcode] = Opcode.PLUG_ANSWER
    sender: int
    plug: int

    def payload(self) -> bytes:
        return self.sender.to_bytes(2, "big") + bytes((self.plug,))

    @classmethod
    def parse(cls, body: bytes) -> PlugAnswer:
        return cls(int.from_bytes(body[2:4], "big"), body[4])


@dataclass(frozen=True, slots=True)
class RelayAnswer:
    """FDB1, FDB2: a unit has closed or opened its contactor."""

    opcode: Opcode
    sender: int

    def payload(self) -> bytes:
        return self.sender.to_bytes(2, "big")


@dataclass(frozen=True, slots=True)
class BusTextAnswer:
    """FD19, FD1A: serial or model as text, without saying which unit answered."""

    opcode: Opcode
    text: str

    def payload(self) -> bytes:
        return self.text.encode("latin-1")


@dataclass(frozen=True, slots=True)
class BusFirmwareAnswer:
    """FD1B: major, minor and revision, without saying which unit answered."""

    OPCODE: ClassVar[Opcode] = Opcode.BUS_FIRMWARE_ANSWER
    version: tuple[int, int, int]

    def payload(self) -> bytes:
        return bytes(self.version)

    @classmethod
    def parse(cls, body: bytes) -> BusFirmwareAnswer:
        return cls((body[2], body[3], body[4]))


@dataclass(frozen=True, slots=True)
class Idle:
    """FC1D: sent three times every two hours by a master that has no connectors."""

    OPCODE: ClassVar[Opcode] = Opcode.IDLE

    def payload(self) -> bytes:
        return b""

    @classmethod
    def parse(cls, body: bytes) -> Idle:  # noqa: ARG003 - every parser has the same shape
        return cls()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A body with a good checksum whose command has no known meaning, or is too short for its meaning."""

    body: bytes


Message = (
    MasterLinkReady1
    | MasterLinkReady2
    | ConnectorLinkReady
    | MasterHeartbeat
    | ConnectorHeartbeat
    | Request
    | BusRequest
    | EnergyAnswer
    | FirmwareAnswer
    | SerialAnswer
    | VinAnswer
    | PlugAnswer
    | RelayAnswer
    | BusTextAnswer
    | BusFirmwareAnswer
    | Idle
    | Unknown
)
Encodable = (
    MasterLinkReady1
    | MasterLinkReady2
    | ConnectorLinkReady
    | MasterHeartbeat
    | ConnectorHeartbeat
    | Request
    | BusRequest
    | EnergyAnswer
    | FirmwareAnswer
    | SerialAnswer
    | VinAnswer
    | PlugAnswer
    | RelayAnswer
    | BusTextAnswer
    | BusFirmwareAnswer
    | Idle
)


def opcode_of(message: Message) -> int:
    """Type and command byte of a message as one number, e.g. ``0xFBE0``."""
    if isinstance(message, Unknown):
        return int.from_bytes(message.body[:2], "big")
    if isinstance(message, Request | BusRequest | VinAnswer | RelayAnswer | BusTextAnswer):
        return message.opcode
    return message.OPCODE


def checksum(body: bytes) -> int:
    """Sum of all bytes but the first, modulo 256. `body` has no checksum yet."""
    return (sum(body) - body[0]) & 0xFF


def encode(message: Encodable, length: int = PROTOCOL_2_LENGTH) -> bytes:
    """The body of a message, padded with zeros to `length` bytes including its checksum.

    Raises ValueError when a value or the whole payload does not fit.
    """
    try:
        head = opcode_of(message).to_bytes(2, "big") + message.payload()
    except (StructError, OverflowError) as problem:
        raise ValueError(f"{message} does not fit the wire: {problem}") from problem
    if len(head) > length - 1:
        raise ValueError(f"{type(message).__name__} needs {len(head) + 1} bytes, only {length} asked for")
    padded = head + bytes(length - 1 - len(head))
    return padded + bytes((checksum(padded),))


def decode(body: bytes) -> Message:
    """The message in a body whose checksum has been verified. Never raises: what is not understood is `Unknown`."""
    entry = _PARSERS.get(body[:2])
    if entry is None:
        return Unknown(body)
    parse, least = entry
    return parse(body) if len(body) >= least else Unknown(body)


def _text(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("latin-1")


def _request(opcode: Opcode) -> Callable[[bytes], Message]:
    return lambda body: Request(opcode, *_TWO_IDS.unpack_from(body, 2))


def _bus_request(opcode: Opcode) -> Callable[[bytes], Message]:
    return lambda body: BusRequest(opcode, int.from_bytes(body[2:4], "big"))


def _vin(opcode: Opcode, characters: int) -> Callable[[bytes], Message]:
    return lambda body: VinAnswer(opcode, int.from_bytes(body[2:4], "big"), _text(body[4 : 4 + characters]))


def _relay(opcode: Opcode) -> Callable[[bytes], Message]:
    return lambda body: RelayAnswer(opcode, int.from_bytes(body[2:4], "big"))


def _bus_text(opcode: Opcode) -> Callable[[bytes], Message]:
    return lambda body: BusTextAnswer(opcode, _text(body[2:-1]))


def _parser_table() -> dict[bytes, tuple[Callable[[bytes], Message], int]]:
    op = Opcode
    table: dict[Opcode, tuple[Callable[[bytes], Message], int]] = {
        op.MASTER_LINK_READY_1: (MasterLinkReady1.parse, 13),
        op.MASTER_LINK_READY_2: (MasterLinkReady2.parse, 13),
        op.CONNECTOR_LINK_READY: (ConnectorLinkReady.parse, 13),
        op.MASTER_HEARTBEAT: (MasterHeartbeat.parse, 13),
        op.CONNECTOR_HEARTBEAT: (ConnectorHeartbeat.parse, 13),
        op.ENERGY_ANSWER: (EnergyAnswer.parse, 15),
        op.FIRMWARE_ANSWER: (FirmwareAnswer.parse, 9),
        op.SERIAL_ANSWER: (SerialAnswer.parse, 9),
        op.PLUG_ANSWER: (PlugAnswer.parse, 9),
        op.BUS_FIRMWARE_ANSWER: (BusFirmwareAnswer.parse, 9),
        op.IDLE: (Idle.parse, 13),
    }
    for asked in (
        op.ENERGY_REQUEST, op.FIRMWARE_REQUEST, op.SERIAL_REQUEST, op.VIN_START_REQUEST, op.VIN_MIDDLE_REQUEST,
        op.VIN_END_REQUEST, op.PLUG_REQUEST, op.START_REQUEST, op.STOP_REQUEST,
    ):  # fmt: skip
        table[asked] = (_request(asked), 9)
    for asked in (op.BUS_SERIAL_REQUEST, op.BUS_MODEL_REQUEST, op.BUS_FIRMWARE_REQUEST):
        table[asked] = (_bus_request(asked), 9)
    table[op.VIN_START_ANSWER] = (_vin(op.VIN_START_ANSWER, 7), 13)
    table[op.VIN_MIDDLE_ANSWER] = (_vin(op.VIN_MIDDLE_ANSWER, 7), 13)
    table[op.VIN_END_ANSWER] = (_vin(op.VIN_END_ANSWER, 3), 9)
    for answered in (op.START_ANSWER, op.STOP_ANSWER):
        table[answered] = (_relay(answered), 9)
    for answered in (op.BUS_SERIAL_ANSWER, op.BUS_MODEL_ANSWER):
        table[answered] = (_bus_text(answered), 9)
    return {opcode.to_bytes(2, "big"): entry for opcode, entry in table.items()}


_PARSERS = _parser_table()
