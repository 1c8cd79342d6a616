"""The last gate before the wire: which bodies may leave the program at all, whoever asks.

Some commands of this bus are harmful for good: FC19 and FC1A rewrite one-time-programmable memory (serial and
model), FBE8 crashes a unit, FCA1 mutes it; trying unknown ones has bricked units. So nothing is sent
that is not on this list, and the list is applied to the *decoded body* right before it is written, where no
spelling of a command can slip past. Amps are checked here once more: above the wiring, or between zero and the
least useful current, nothing leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from twcmaster.protocol.messages import (
    EXTENDED_LENGTH,
    PROTOCOL_1_LENGTH,
    PROTOCOL_2_LENGTH,
    MasterCommand,
    Opcode,
)


class NotAllowed(Exception):
    """This may not be sent. The message says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Role(Enum):
    """Who we are on this bus."""

    MASTER = "master"
    CONNECTOR = "connector"
    LISTEN = "listen"


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """What one bus may send. Currents in hundredths of an ampere."""

    role: Role
    #: The most that any limit on this bus may say.
    max_ca: int = 0
    minimum_ca: int = 600
    minimum_protocol_1_ca: int = 500
    allow_relay: bool = False
    #: The operator wants heartbeat command 02, which locks a unit until it is reset.
    allow_error_command: bool = False


_PLAIN = frozenset((PROTOCOL_1_LENGTH, PROTOCOL_2_LENGTH))
_LONG = _PLAIN | {EXTENDED_LENGTH}


def _table(opcodes: tuple[Opcode, ...], lengths: frozenset[int]) -> dict[bytes, frozenset[int]]:
    return {opcode.to_bytes(2, "big"): lengths for opcode in opcodes}


_RELAY = _table((Opcode.START_REQUEST, Opcode.STOP_REQUEST), _PLAIN)
_MASTER = _RELAY | _table(
    (
        Opcode.MASTER_LINK_READY_1, Opcode.MASTER_LINK_READY_2, Opcode.MASTER_HEARTBEAT, Opcode.ENERGY_REQUEST,
        Opcode.FIRMWARE_REQUEST, Opcode.SERIAL_REQUEST, Opcode.VIN_START_REQUEST, Opcode.VIN_MIDDLE_REQUEST,
        Opcode.VIN_END_REQUEST, Opcode.PLUG_REQUEST, Opcode.BUS_SERIAL_REQUEST, Opcode.BUS_MODEL_REQUEST,
        Opcode.BUS_FIRMWARE_REQUEST,
    ),
    _PLAIN,
)  # fmt: skip
_CONNECTOR = _table(
    (
        Opcode.CONNECTOR_LINK_READY, Opcode.CONNECTOR_HEARTBEAT, Opcode.FIRMWARE_ANSWER, Opcode.PLUG_ANSWER,
        Opcode.START_ANSWER, Opcode.STOP_ANSWER, Opcode.BUS_SERIAL_ANSWER, Opcode.BUS_MODEL_ANSWER,
        Opcode.BUS_FIRMWARE_ANSWER,
    ),
    _PLAIN,
) | _table(
    (
        Opcode.ENERGY_ANSWER, Opcode.SERIAL_ANSWER, Opcode.VIN_START_ANSWER, Opcode.VIN_MIDDLE_ANSWER,
        Opcode.VIN_END_ANSWER,
    ),
    _LONG,
)  # fmt: skip
_ALLOWED: dict[Role, dict[bytes, frozenset[int]]] = {Role.MASTER: _MASTER, Role.CONNECTOR: _CONNECTOR, Role.LISTEN: {}}
_HEARTBEAT = Opcode.MASTER_HEARTBEAT.to_bytes(2, "big")
_COMMANDS = frozenset((0x00, 0x05, 0x06, 0x07, 0x08, 0x09))
#: FBE0 command 02 with one of these in byte 7 locks a unit until its power is cut.
_POWER_CYCLE_BITMAPS = range(0xF0, 0xF8)


def check(body: bytes, policy: SendPolicy) -> None:
    """Raise NotAllowed unless this body, checksum included, may be written to the bus."""
    head = body[:2]
    lengths = _ALLOWED[policy.role].get(head)
    if lengths is None:
        raise NotAllowed(_unlisted(body, policy.role))
    if len(body) not in lengths:
        raise NotAllowed(f"{head.hex().upper()} must not be {len(body)} bytes long")
    if (sum(body) - body[0] - body[-1]) & 0xFF != body[-1]:
        raise NotAllowed(f"{head.hex().upper()} has a wrong checksum")
    if head == _HEARTBEAT:
        _check_heartbeat(body, policy)
    elif head in _RELAY and not policy.allow_relay:
        raise NotAllowed("start and stop requests (FCB1, FCB2) are not switched on for this bus")


def check_command(command: int, limit_ca: int, protocol: int, policy: SendPolicy) -> None:
    """Raise NotAllowed unless a heartbeat of this protocol version may say this."""
    if command == MasterCommand.ERROR:
        _check_error(limit_ca >> 8, policy)
        return
    if command not in _COMMANDS:
        raise NotAllowed(f"heartbeat command {command:02X} is not known to be harmless")
    if limit_ca > policy.max_ca:
        raise NotAllowed(f"{limit_ca / 100:g} A is above this bus's {policy.max_ca / 100:g} A per connector")
    least_ca = policy.minimum_protocol_1_ca if protocol == 1 else policy.minimum_ca
    if 0 < limit_ca < least_ca:
        raise NotAllowed(f"{limit_ca / 100:g} A is neither 0 nor at least {least_ca / 100:g} A")


def _check_heartbeat(body: bytes, policy: SendPolicy) -> None:
    check_command(body[6], body[7] << 8 | body[8], 1 if len(body) == PROTOCOL_1_LENGTH else 2, policy)


def _check_error(bitmap: int, policy: SendPolicy) -> None:
    if not policy.allow_error_command:
        raise NotAllowed("heartbeat command 02 locks the unit until it is reset; the operator has not asked for that")
    if bitmap in _POWER_CYCLE_BITMAPS:
        raise NotAllowed("an error bitmap F0 to F7 locks the unit until its power is cut")


def _unlisted(body: bytes, role: Role) -> str:
    if role is Role.LISTEN:
        return "this bus only listens"
    return f"{body[:2].hex().upper()} is not on the list of messages that a {role.value} may send"
