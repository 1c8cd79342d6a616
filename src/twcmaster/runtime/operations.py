"""What can be asked of a running daemon through its console, built from the parts of the site.

    status   what `twcmaster status` shows                        watch    the same, again whenever it changes
    dump     everything, without secrets
    send     {hex, bus?}: one message by hand, and its answer     override {unit, amps, seconds, command?, bus?}
    log      {level, module?}: how much is logged, from now on

By hand nothing can go beyond what the list of allowed messages and the offers in force let pass.
"""

from __future__ import annotations

import asyncio
import logging
import platform
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from twcmaster.protocol.allowlist import NotAllowed
from twcmaster.protocol.describe import as_dict, describe
from twcmaster.protocol.framing import BODY_LENGTHS, FrameDecoder
from twcmaster.protocol.messages import MasterCommand, checksum, decode
from twcmaster.protocol.unit import CHARGING_STATES, Unit
from twcmaster.runtime.bus import Bus
from twcmaster.runtime.console import Arguments, OperationError, Operations
from twcmaster.runtime.hub import Hub, Snapshot
from twcmaster.runtime.pump import Pump
from twcmaster.runtime.state_json import notices, plain, status
from twcmaster.runtime.unit_facts import unit_facts

#: A snapshot comes every three seconds at least.
FIRST_SNAPSHOT_S = 5.0
LONGEST_OVERRIDE_S = 3600.0
MOST_AMPS = 80.0
LEVELS = ("debug", "info", "warning", "error")
ROOT_LOGGER = "twcmaster"


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running site that operations look at or act on."""

    hub: Hub
    #: Tells people: level, where, text.
    notice: Callable[[str, str, str], None]
    buses: Mapping[str, Bus]
    listeners: Mapping[str, Pump]
    #: What decisions remember, and the installation's facts, for the dump.
    memory: Callable[[], object]
    config: Callable[[], object]


def operations(parts: Parts) -> Operations:
    """The operations of one site."""

    async def on_status(_: Arguments) -> object:
        return _status(parts, await _first(parts.hub))

    async def on_dump(_: Arguments) -> object:
        return _dump(parts, await _first(parts.hub))

    async def on_send(arguments: Arguments) -> object:
        return await _send(parts, arguments)

    async def on_override(arguments: Arguments) -> object:
        return _override(parts, arguments)

    async def on_log(arguments: Arguments) -> object:
        return _log(arguments)

    async def watch(_: Arguments) -> AsyncIterator[object]:
        async for snapshot in parts.hub.watch():
            yield _status(parts, snapshot)

    answers = {"status": on_status, "dump": on_dump, "send": on_send, "override": on_override, "log": on_log}
    return Operations(answers, {"watch": watch})


async def _first(hub: Hub) -> Snapshot:
    """The newest snapshot; right after the start, the first."""
    try:
        async with asyncio.timeout(FIRST_SNAPSHOT_S):
            return await anext(aiter(hub.watch()))
    except TimeoutError:
        raise OperationError("the daemon has not decided anything yet", "Try again in a few seconds.") from None


def _status(parts: Parts, snapshot: Snapshot) -> dict[str, object]:
    facts = {key: told for bus in parts.buses.values() for key, told in unit_facts(bus).items()}
    return status(parts.hub, snapshot, facts)


def _dump(parts: Parts, snapshot: Snapshot) -> dict[str, object]:
    from importlib.metadata import version

    return {
        "version": version("twcmaster"),
        "python": platform.python_version(),
        "config": plain(parts.config()),
        "status": _status(parts, snapshot),
        "world": plain(snapshot.world),
        "plan": plain(snapshot.plan),
        "memory": plain(parts.memory()),
        "units": {name: [plain(unit) for unit in bus.master.units.values()] for name, bus in parts.buses.items()},
        "listening": {
            name: {"link": pump.url, "connected": pump.connected, "reconnects": pump.reconnects}
            for name, pump in parts.listeners.items()
        },
        "notices": notices(parts.hub, len(parts.hub.notices)),
    }


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _send(parts: Parts, arguments: Arguments) -> dict[str, object]:
    bus = _bus(parts, arguments)
    body = _body(_text(arguments, "hex"))
    try:
        answer = await bus.send(body)
    except NotAllowed as refused:
        hint = "docs/protocol.md lists what may be sent."
        raise OperationError(f"not sent: {refused.reason}", hint) from None
    parts.notice("info", bus.facts.name, f"message sent by hand: {body.hex(' ').upper()}")
    sent: dict[str, object] = {"bus": bus.facts.name, "sent": body.hex(" ").upper()}
    if answer is None:
        return sent | {"answer": None, "text": None, "fields": None}
    message = decode(answer)
    return sent | {"answer": answer.hex(" ").upper(), "text": describe(message), "fields": as_dict(message)}


def _body(text: str) -> bytes:
    """A message without its checksum, from hex in the usual shapes: bare, with checksum, or a whole frame."""
    try:
        raw = bytes.fromhex(text.replace("0x", " ").replace("0X", " ").replace(",", " "))
    except ValueError:
        raise OperationError(f"{text!r} is not hex", 'Write bytes like "FB EB 77 77 24 33".') from None
    framed = FrameDecoder().feed(raw)
    if len(framed) == 1:
        return framed[0][:-1]
    complete = len(raw) in BODY_LENGTHS and raw[-1] == checksum(raw[:-1])
    return raw[:-1] if complete else raw


def _override(parts: Parts, arguments: Arguments) -> dict[str, object]:
    bus = _bus(parts, arguments)
    unit = _unit(bus, _text(arguments, "unit"))
    amps, seconds = _number(arguments, "amps"), _number(arguments, "seconds")
    if not 0 <= amps <= MOST_AMPS:
        raise OperationError(f"no wall connector has {amps:g} A", f"Amps are between 0 and {MOST_AMPS:g}.")
    if not 0 < seconds <= LONGEST_OVERRIDE_S:
        raise OperationError(f"an override lasts more than 0 and at most {LONGEST_OVERRIDE_S:.0f} s, not {seconds:g} s")
    command = _command(arguments, unit)
    until = asyncio.get_running_loop().time() + seconds
    try:
        bus.master.override(unit.id, command, round(amps * 100), until)
    except NotAllowed as refused:
        hint = "An override can hold a connector at or below its offer; `twcmaster status` shows it."
        raise OperationError(f"no override: {refused.reason}", hint) from None
    bus.pump.turn()
    text = f"connector {unit.id:04X} is told {amps:g} A ({command:02X}) by hand for {seconds:g} s"
    parts.notice("warning", bus.facts.name, text)
    return {"bus": bus.facts.name, "unit": f"{unit.id:04X}", "command": f"{command:02X}", "text": text}


def _command(arguments: Arguments, unit: Unit) -> int:
    """The command asked for; else the one that sets a limit in the unit's protocol and state."""
    text = arguments.get("command")
    if text is None:
        charging = unit.protocol != 1 and unit.state in CHARGING_STATES
        return MasterCommand.SESSION_LIMIT if charging else MasterCommand.LIMIT
    try:
        return int(str(text), 16)
    except ValueError:
        raise OperationError(
            f"{text!r} is not a heartbeat command", "Write two hex digits, such as 05 or 09."
        ) from None


def _log(arguments: Arguments) -> dict[str, object]:
    level = _text(arguments, "level").lower()
    if level not in LEVELS:
        raise OperationError(f'"{level}" is not a level', f"Levels: {', '.join(LEVELS)}.")
    module = str(arguments.get("module") or "").removeprefix(f"{ROOT_LOGGER}.").removeprefix(ROOT_LOGGER)
    name = f"{ROOT_LOGGER}.{module}" if module else ROOT_LOGGER
    known = _loggers()
    if name not in known:
        modules = ", ".join(name.removeprefix(f"{ROOT_LOGGER}.") for name in known if name != ROOT_LOGGER)
        raise OperationError(f'nothing called "{module}" logs here', f"Modules: {modules}.")
    logging.getLogger(name).setLevel(level.upper())
    return {"module": module or "all", "level": level}


def _loggers() -> list[str]:
    """Names of all that log, and of the packages that they are in."""
    found = {ROOT_LOGGER}
    for name in logging.root.manager.loggerDict:
        if name.startswith(f"{ROOT_LOGGER}."):
            found.update((name, name.rpartition(".")[0]))
    return sorted(found)


# ── what requests say ────────────────────────────────────────────────────────────────────────────────────────────────


def _bus(parts: Parts, arguments: Arguments) -> Bus:
    """The bus asked for; without a name, the only one, or the one that has the unit."""
    buses = parts.buses
    known = f"Buses with this program as master: {', '.join(buses) or 'none'}."
    if arguments.get("bus") is not None:
        name = _text(arguments, "bus")
        if name not in buses:
            raise OperationError(f'there is no bus "{name}"', known)
        return buses[name]
    having = [bus for bus in buses.values() if _find(bus, str(arguments.get("unit", "")))]
    if len(buses) == 1 or len(having) == 1:
        return next(iter(having or buses.values()))
    raise OperationError("which bus?", known)


def _unit(bus: Bus, asked: str) -> Unit:
    unit = _find(bus, asked)
    if unit is None:
        known = ", ".join(f"{unit_id:04X}" for unit_id in bus.master.units)
        raise OperationError(f'no connector "{asked}" on bus {bus.facts.name}', f"There: {known or 'none yet'}.")
    return unit


def _find(bus: Bus, asked: str) -> Unit | None:
    """A connector by its four hex digits, its key, or its name in the config."""
    for unit_id, unit in bus.master.units.items():
        facts = bus.facts.connectors.get(unit_id)
        names = {f"{unit_id:04X}", f"{bus.facts.name}/{unit_id:04X}".upper(), facts.name.upper() if facts else ""}
        if asked and asked.upper() in names:
            return unit
    return None


def _text(arguments: Arguments, key: str) -> str:
    value = arguments.get(key)
    if not isinstance(value, str) or not value.strip():
        raise OperationError(f'the request needs "{key}", a text')
    return value.strip()


def _number(arguments: Arguments, key: str) -> float:
    value: Any = arguments.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise OperationError(f'the request needs "{key}", a number')
    return float(value)
