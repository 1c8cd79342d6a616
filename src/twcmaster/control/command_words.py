"""Commands as a person would tell them: for the log of events and the answer at the command line."""

from __future__ import annotations

from datetime import datetime

from twcmaster.control import phrases
from twcmaster.model.commands import (
    CancelChargeNow,
    Command,
    SetMode,
    SetPriority,
    SetSavePower,
    SetSchedule,
    StartChargeNow,
)
from twcmaster.model.settings import SITE, SaveKind


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
    where = "" if command.circuit is None else f" behind {command.circuit}"
    by = f" ({command.source})" if command.source else ""
    if command.kind is None:
        return f"save power ended{where}{by}"
    asked = {SaveKind.OFF: "no charging", SaveKind.AMPS: f"{command.value:g} A at most"}
    told = asked.get(command.kind, f"{phrases.kilowatts(command.value)} at most")
    until = "" if command.until is None else f" until {phrases.moment(command.until, clock)}"
    return f"save power{where}: {told}{until}{by}"
