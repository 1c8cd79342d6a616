"""Messages in words, for people, and as plain dictionaries, for programs.

`describe` gives the one line that `sniff`, `decode`, the log and the page show; `as_dict` gives the same facts as
values that JSON can hold, with the unit in each name. Ids and codes are hexadecimal text, as on the wire and in
every forum thread; what a message does not say is None.
"""

from __future__ import annotations

from collections.abc import Mapping

from twcmaster.protocol.messages import (
    BusFirmwareAnswer,
    BusRequest,
    BusTextAnswer,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    EnergyAnswer,
    FirmwareAnswer,
    Idle,
    MasterCommand,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Message,
    Opcode,
    PlugAnswer,
    RelayAnswer,
    Request,
    SerialAnswer,
    UnitState,
    Unknown,
    VinAnswer,
    opcode_of,
)

JsonValue = None | bool | int | float | str | list["JsonValue"]
Answer = (
    EnergyAnswer
    | FirmwareAnswer
    | SerialAnswer
    | VinAnswer
    | PlugAnswer
    | RelayAnswer
    | BusTextAnswer
    | BusFirmwareAnswer
    | Unknown
)

STATE_WORDS: Mapping[int, str] = {
    UnitState.READY: "ready",
    UnitState.CHARGING: "charging",
    UnitState.ERROR: "error",
    UnitState.PLUGGED_NOT_CHARGING: "plugged in, not charging",
    UnitState.PLUGGED_READY: "plugged in, ready",
    UnitState.BUSY: "busy",
    UnitState.RAISING: "raising",
    UnitState.LOWERING: "lowering",
    UnitState.STARTING: "starting",
    UnitState.ADJUSTED: "adjusting to the new limit",
    UnitState.ADJUSTMENT_DONE: "adjustment done",
    UnitState.REPORTED_ONCE: "state of unknown meaning",
}
COMMAND_WORDS: Mapping[int, str] = {
    MasterCommand.KEEP: "no change",
    MasterCommand.ERROR: "go to error",
    MasterCommand.LIMIT: "limit",
    MasterCommand.RAISE_2A: "raise by 2 A",
    MasterCommand.LOWER_2A: "lower by 2 A",
    MasterCommand.LIMIT_AT_START: "limit at start",
    MasterCommand.SESSION_LIMIT: "session limit",
}
PLUG_WORDS: Mapping[int, str] = {
    0: "no plug",
    1: "charging",
    2: "plug state of unknown meaning",
    3: "plugged in, not charging",
}
#: Meaning of the error bitmap that a master sends with command 02; the lowest bit set wins.
ERROR_WORDS: Mapping[int, str] = {
    0x01: "wrong rotary switch, 3 red blinks",
    0x02: "too many connectors, 5 red blinks",
    0x04: "different maximum currents, 6 red blinks",
}

_LIMITING = frozenset((MasterCommand.LIMIT, MasterCommand.LIMIT_AT_START, MasterCommand.SESSION_LIMIT))
_TOPICS = {
    Opcode.ENERGY_REQUEST: "energy?",
    Opcode.FIRMWARE_REQUEST: "firmware?",
    Opcode.SERIAL_REQUEST: "serial number?",
    Opcode.VIN_START_REQUEST: "VIN, first part?",
    Opcode.VIN_MIDDLE_REQUEST: "VIN, middle part?",
    Opcode.VIN_END_REQUEST: "VIN, last part?",
    Opcode.PLUG_REQUEST: "plug state?",
    Opcode.START_REQUEST: "close the contactor!",
    Opcode.STOP_REQUEST: "open the contactor!",
    Opcode.BUS_SERIAL_REQUEST: "serial number?",
    Opcode.BUS_MODEL_REQUEST: "model?",
    Opcode.BUS_FIRMWARE_REQUEST: "firmware?",
}
_ANSWERS = {
    Opcode.VIN_START_ANSWER: "VIN, first part",
    Opcode.VIN_MIDDLE_ANSWER: "VIN, middle part",
    Opcode.VIN_END_ANSWER: "VIN, last part",
    Opcode.START_ANSWER: "contactor closing",
    Opcode.STOP_ANSWER: "contactor opening",
    Opcode.BUS_SERIAL_ANSWER: "serial number",
    Opcode.BUS_MODEL_ANSWER: "model",
}


def describe(message: Message) -> str:
    """One line without line breaks, whatever the message holds."""
    match message:
        case MasterLinkReady1() | MasterLinkReady2():
            return _announcement(message)
        case ConnectorLinkReady():
            return (
                f"{message.sender:04X} ready to link: protocol {message.protocol}, "
                f"up to {message.max_ca / 100:.2f} A, sign {message.sign:02X}"
            )
        case MasterHeartbeat():
            return f"master {message.sender:04X} → {message.receiver:04X} heartbeat: {_told(message)}"
        case ConnectorHeartbeat():
            return (
                f"{message.sender:04X} → {message.receiver:04X} {state_words(message.state)}, "
                f"limit {message.limit_ca / 100:.2f} A, draws {message.actual_ca / 100:.2f} A"
            )
        case Request(opcode, sender, receiver):
            return f"master {sender:04X} → {receiver:04X} {_TOPICS[opcode]}"
        case BusRequest(opcode, sender):
            return f"master {sender:04X} → all {_TOPICS[opcode]}"
        case Idle():
            return "master idle: no connectors"
        case _:
            return _answer(message)


def as_dict(message: Message) -> dict[str, JsonValue]:
    """The message's facts by name, JSON-able. Always there: `kind`, `opcode`, `text` (= `describe`)."""
    facts: dict[str, JsonValue] = {
        "kind": "unknown" if isinstance(message, Unknown) else _KINDS[opcode_of(message)],
        "opcode": f"{opcode_of(message):04X}",
        "text": describe(message),
    }
    return facts | _facts(message)


def state_words(state: int) -> str:
    """A connector's state byte in words with its code, e.g. ``charging (01)``."""
    return f"{STATE_WORDS.get(state, 'unknown state')} ({state:02X})"


def version_words(version: tuple[int, ...]) -> str:
    """A firmware version as people write it, e.g. ``4.5.3.2``."""
    return ".".join(map(str, version))


def _announcement(message: MasterLinkReady1 | MasterLinkReady2) -> str:
    number = 1 if isinstance(message, MasterLinkReady1) else 2
    extra = f", extra {message.extra:04X}" if message.extra else ""
    return f"master {message.sender:04X} ready ({number} of 2), sign {message.sign:02X}{extra}"


def _told(message: MasterHeartbeat) -> str:
    words = COMMAND_WORDS.get(message.command, "unknown command")
    plugged = ", master has a car" if message.master_plugged else ""
    if message.command in _LIMITING:
        return f"{words} {message.limit_ca / 100:g} A ({message.command:02X}){plugged}"
    if message.command == MasterCommand.ERROR:
        return f"{words} ({message.command:02X}), {_error_words(message.limit_ca >> 8)}{plugged}"
    return f"{words} ({message.command:02X}){plugged}"


def _error_words(bitmap: int) -> str:
    lowest = bitmap & -bitmap
    return f"bitmap {bitmap:02X}: {ERROR_WORDS.get(lowest, 'meaning unknown')}"


def _answer(message: Answer) -> str:  # noqa: PLR0911 - one case per message
    match message:
        case EnergyAnswer():
            return f"{message.sender:04X} energy: {_energy(message)}"
        case FirmwareAnswer(sender, version):
            return f"{sender:04X} firmware {version_words(version)}"
        case SerialAnswer(sender, serial):
            return f"{sender:04X} serial number {_shown(serial)}"
        case VinAnswer(opcode, sender, text):
            return f"{sender:04X} {_ANSWERS[opcode]}: {_shown(text)}"
        case PlugAnswer(sender, plug):
            return f"{sender:04X} {PLUG_WORDS.get(plug, 'unknown plug state')} ({plug:02X})"
        case RelayAnswer(opcode, sender):
            return f"{sender:04X} {_ANSWERS[opcode]}"
        case BusTextAnswer(opcode, text):
            return f"some connector: {_ANSWERS[opcode]} {_shown(text)}"
        case BusFirmwareAnswer(version):
            return f"some connector: firmware {version_words(version)}"
        case Unknown(body):
            return f"unknown message: {_shown(body.hex(' ').upper())}"


def _energy(message: EnergyAnswer) -> str:
    volts = "/".join(map(str, message.volts))
    if message.half_amps is None:
        return f"counter {message.energy_raw}, {volts} V"
    amps = "/".join(f"{half / 2:g}" for half in message.half_amps)
    return f"counter {message.energy_raw}, {volts} V, {amps} A"


def _shown(text: str) -> str:
    """Text from the wire with everything a terminal might obey made visible."""
    printable = "".join(char if char.isascii() and char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return printable or "(empty)"


def _facts(message: Message) -> dict[str, JsonValue]:
    match message:
        case MasterLinkReady1(sender, sign, extra) | MasterLinkReady2(sender, sign, extra):
            return {"sender": f"{sender:04X}", "sign": f"{sign:02X}", "extra": extra}
        case ConnectorLinkReady(sender, sign, max_ca, protocol):
            return {"sender": f"{sender:04X}", "sign": f"{sign:02X}", "max_a": max_ca / 100, "protocol": protocol}
        case MasterHeartbeat():
            return _master_facts(message)
        case ConnectorHeartbeat(sender, receiver, state, limit_ca, actual_ca):
            return {
                "sender": f"{sender:04X}",
                "receiver": f"{receiver:04X}",
                "state": f"{state:02X}",
                "state_words": STATE_WORDS.get(state, "unknown state"),
                "limit_a": limit_ca / 100,
                "actual_a": actual_ca / 100,
            }
        case Request(_, sender, receiver):
            return {"sender": f"{sender:04X}", "receiver": f"{receiver:04X}"}
        case BusRequest(_, sender):
            return {"sender": f"{sender:04X}"}
        case Idle():
            return {}
        case _:
            return _answer_facts(message)


def _master_facts(message: MasterHeartbeat) -> dict[str, JsonValue]:
    limits = message.command in _LIMITING
    error = message.command == MasterCommand.ERROR
    return {
        "sender": f"{message.sender:04X}",
        "receiver": f"{message.receiver:04X}",
        "command": f"{message.command:02X}",
        "command_words": COMMAND_WORDS.get(message.command, "unknown command"),
        "limit_a": message.limit_ca / 100 if limits else None,
        "error_bitmap": f"{message.limit_ca >> 8:02X}" if error else None,
        "master_plugged": bool(message.master_plugged),
    }


def _answer_facts(message: Answer) -> dict[str, JsonValue]:  # noqa: PLR0911 - one case per message
    match message:
        case EnergyAnswer(sender, energy_raw, volts, half_amps):
            amps: JsonValue = None if half_amps is None else [half / 2 for half in half_amps]
            return {"sender": f"{sender:04X}", "energy_raw": energy_raw, "voltage_v": list(volts), "current_a": amps}
        case FirmwareAnswer(sender, version):
            return {"sender": f"{sender:04X}", "firmware": version_words(version)}
        case SerialAnswer(sender, serial):
            return {"sender": f"{sender:04X}", "serial": serial}
        case VinAnswer(_, sender, part):
            return {"sender": f"{sender:04X}", "vin_part": part}
        case PlugAnswer(sender, plug):
            return {"sender": f"{sender:04X}", "plug": plug, "plug_words": PLUG_WORDS.get(plug, "unknown plug state")}
        case RelayAnswer(_, sender):
            return {"sender": f"{sender:04X}"}
        case BusTextAnswer(opcode, text):
            return {"serial" if opcode is Opcode.BUS_SERIAL_ANSWER else "model": text}
        case BusFirmwareAnswer(version):
            return {"firmware": version_words(version)}
        case Unknown(body):
            return {"body": body.hex(" ").upper()}


_KINDS: Mapping[int, str] = {opcode: opcode.name.lower() for opcode in Opcode}
