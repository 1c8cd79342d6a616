"""Settings and commands as JSON: what the database keeps, and what the console, the API and MQTT exchange.

Settings carry a format number. It rises only when an older program would misread the document; fields that a reader
does not know are ignored, so that going back one version loses what only the newer one knew and nothing else.
Commands are stricter: a word that is not understood is an error, because a person just wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from twcmaster.model.commands import (
    CancelChargeNow,
    Command,
    SetMode,
    SetPriority,
    SetSavePower,
    SetSchedule,
    StartChargeNow,
)
from twcmaster.model.settings import ScopeWishes, Settings, Window

T = TypeVar("T")

_NO_SECONDS = re.compile(r"\d\d:\d\d")

FORMAT = 1
COMMANDS: Mapping[str, type[Command]] = {
    "set_mode": SetMode,
    "start_charge_now": StartChargeNow,
    "cancel_charge_now": CancelChargeNow,
    "set_schedule": SetSchedule,
    "set_priority": SetPriority,
    "set_save_power": SetSavePower,
}


class FormatError(ValueError):
    """This is not a settings document or a command. The text says where and why."""


def encode(settings: Settings) -> dict[str, Any]:
    """The settings as values that JSON can hold. Times carry their offset from UTC."""
    document: dict[str, Any] = msgspec.to_builtins(settings)
    for scope in document["scopes"].values():
        _in_order(scope)
    return {"format": FORMAT} | document


def decode(document: object) -> Settings:
    """The settings of a document. Raises FormatError."""
    if not isinstance(document, Mapping) or not isinstance(document.get("format"), int):
        raise FormatError("not a settings document: it has no format number")
    if document["format"] > FORMAT:
        raise FormatError(f"written by a newer version of the program (format {document['format']}, known: {FORMAT})")
    scopes = document.get("scopes")
    settings = _converted(Settings, {**document, "scopes": {}})
    settings = replace(settings, scopes=_scopes(scopes))
    if not all(moment.utcoffset() is not None for moment in _moments(settings)):
        raise FormatError("a time has no zone")
    if any(window.start.tzinfo or window.end.tzinfo for window in _windows(settings)):
        raise FormatError("a window has a zone of its own")
    return settings


def encode_command(command: Command) -> dict[str, Any]:
    """A command as values that JSON can hold, its kind under "command"."""
    kind: Any = type(command)
    name = next(name for name, known in COMMANDS.items() if known is kind)
    told: dict[str, Any] = msgspec.to_builtins(command)
    return {"command": name} | _in_order(told)


def decode_command(document: object) -> Command:
    """The command that a JSON object spells. Raises FormatError; whether it makes sense is for `apply` to say."""
    if not isinstance(document, Mapping) or str(document.get("command")) not in COMMANDS:
        raise FormatError(f'no "command" that is known: {", ".join(COMMANDS)}')
    kind: Any = COMMANDS[str(document["command"])]
    told = {key: value for key, value in document.items() if key != "command"}
    _refuse_unknown(told, kind)
    windows = told.get("windows")
    for window in windows if isinstance(windows, list) else ():
        if isinstance(window, Mapping):
            _refuse_unknown(window, Window)
    command: Command = _converted(kind, _timed(told))
    return command


def _in_order(scope: dict[str, Any]) -> dict[str, Any]:
    """Days are a set: the same wish is to be the same text, always."""
    for window in scope.get("windows", ()):
        window["days"].sort()
    return scope


def _scopes(document: object) -> dict[str, ScopeWishes]:
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise FormatError("scopes: not an object")
    return {str(key): _converted(ScopeWishes, _timed(wishes), f"scopes.{key}") for key, wishes in document.items()}


def _timed(told: object) -> object:
    """With seconds in the times of windows, where people write "22:30"."""
    if not isinstance(told, Mapping) or not isinstance(told.get("windows"), list):
        return told
    return {**told, "windows": [_timed_window(window) for window in told["windows"]]}


def _timed_window(window: object) -> object:
    if not isinstance(window, Mapping):
        return window
    full = {key: f"{window[key]}:00" for key in ("start", "end") if _NO_SECONDS.fullmatch(str(window.get(key)))}
    return {**window, **full}


def _converted(kind: type[T], document: object, where: str = "") -> T:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        path = (where + place.rstrip("`").replace("[", ".").replace("]", "")).lstrip(".")
        raise FormatError(f"{path or kind.__name__}: {text[:1].lower()}{text[1:].replace('`', '')}") from None


def _refuse_unknown(told: Mapping[str, object], kind: type[Command | Window]) -> None:
    known = [field.name for field in fields(kind)]
    unknown = sorted(set(told) - set(known))
    if unknown:
        raise FormatError(f'"{unknown[0]}" is not known here. There are {", ".join(known)}')


def _windows(settings: Settings) -> Iterator[Window]:
    for wishes in settings.scopes.values():
        yield from wishes.windows


def _moments(settings: Settings) -> Iterator[datetime]:
    for wishes in settings.scopes.values():
        yield from (moment for moment in _moments_of(wishes) if moment is not None)
    yield from (signal.until for signal in settings.save_power if signal.until is not None)


def _moments_of(wishes: ScopeWishes) -> Iterator[datetime | None]:
    if wishes.standing is not None:
        yield wishes.standing.until
    if wishes.charge_now is not None:
        yield from (wishes.charge_now.started_at, wishes.charge_now.until, wishes.charge_now.gone_since)
