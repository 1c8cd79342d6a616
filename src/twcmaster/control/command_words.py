"""Commands as a person would tell them: for the log of events and the answer at the command line."""

from __future__ import annotations

from datetime import datetime

from twcmaster.control import phrases
from twcmaster.control.save_power import in_force
from twcmaster.model.commands import (
    CancelChargeNow,
    Command,
    SetMode,
    SetPriority,
    SetSavePower,
    SetSchedule,
    StartChargeNow,
)
from twcmaster.model.settings import SITE, SaveKind, SavePower, Settings


def say(command: Command, clock: datetime) -> str:
    """One short sentence without a full stop."""
    match command:
        case SetMode(mode=None, scope=scope):
            return f"{scope} follows the site again"
        case SetMode():
            return _mode(command, clock)
        case StartChargeNow():
            return _charge_now(command, clock)
        case CancelChargeNow(scope=scope):
            return f"charge now cancelled{_for(scope)}"
        case SetSchedule(windows=windows, scope=scope):
            count = len(windows)
            return f"schedule{_for(scope)}: {count or 'no'} window{'' if count == 1 else 's'}"
        case SetPriority(scope=scope, priority=priority):
            return f"priority {priority} for {scope}"
        case SetSavePower():
            return _save_power(command, clock)


def _for(scope: str) -> str:
    return " for the site" if scope == SITE else f" for {scope}"


def _mode(command: SetMode, clock: datetime) -> str:
    told = "" if command.mode is None else phrases.mode(command.mode, command.amps)
    until = "" if command.until is None else f" until {phrases.moment(command.until, clock)}"
    then = "" if command.then is None else f", then {phrases.mode(command.then)}"
    return f"{told}{_for(command.scope)}{until}{then}"


def _charge_now(command: StartChargeNow, clock: datetime) -> str:
    told = "charge now" if command.amps is None else f"charge now at {command.amps:g} A"
    ends = [] if command.until is None else [f"until {phrases.moment(command.until, clock)}"]
    ends += [] if command.energy_kwh is None else [f"until {command.energy_kwh:g} kWh are charged"]
    ends += ["until unplugged"] if command.until_unplugged else []
    return f"{told}{_for(command.scope)}, {' or '.join(ends) or 'for 24 hours'}"


def _save_power(command: SetSavePower, clock: datetime) -> str:
    where, by = _behind(command.circuit), _asked_by(command.source)
    if command.kind is None:
        return f"save power ended{where}{by}"
    until = "" if command.until is None else f" until {phrases.moment(command.until, clock)}"
    return f"save power{where}: {_at_most(command.kind, command.value)}{until}{by}"


def _behind(circuit: str | None) -> str:
    return "" if circuit is None else f" behind {circuit}"


def _asked_by(source: str) -> str:
    return f" ({source})" if source else ""


def _at_most(kind: SaveKind, value: float) -> str:
    asked = {SaveKind.OFF: "no charging", SaveKind.AMPS: f"{value:g} A at most"}
    return asked.get(kind, f"{phrases.kilowatts(value)} at most")


# ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────────


def outcome(command: Command, scope: str, before: Settings, after: Settings, clock: datetime) -> str:
    """What a command did: as `say` tells it, but honest where there was nothing to end or where more still holds."""
    match command:
        case CancelChargeNow() if before.of(scope).charge_now is None:
            return f"no charge now was running{_for(scope)}"
        case SetSavePower(kind=None):
            return f"{_ended(command, before)}{_still_in_force(after, clock)}"
        case _:
            return say(command, clock)


def _ended(command: SetSavePower, before: Settings) -> str:
    where, by = _behind(command.circuit), _asked_by(command.source)
    there = any((one.circuit, one.source) == (command.circuit, command.source) for one in before.save_power)
    return f"save power ended{where}{by}" if there else f"there was no save power to end{where}{by}"


def _still_in_force(settings: Settings, clock: datetime) -> str:
    told = [_signal(one, clock) for one in settings.save_power if in_force(one, clock)]
    return f"; still in force: {', '.join(told)}" if told else ""


def _signal(signal: SavePower, clock: datetime) -> str:
    until = "" if signal.until is None else f" until {phrases.moment(signal.until, clock)}"
    return f"{_at_most(signal.kind, signal.value)}{_behind(signal.circuit)}{until}{_asked_by(signal.source)}"
