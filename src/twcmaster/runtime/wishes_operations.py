"""What can be asked of people's wishes at the console.

set       {command: {…}, who?, version?}: one command as model/settings_json.py spells it, times also as people say
          them; what it does in words, and what is next
settings  {scope?}: all wishes as one document, and the outlook of a scope
explain   {connector?}: why each connector gets what it gets, and what would give it more
changes   {most?}: the newest changes, newest first
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from twcmaster.control import said
from twcmaster.control.command_words import outcome, say
from twcmaster.control.commands import LONGEST_NAME
from twcmaster.control.known import Known
from twcmaster.control.outlook import outlook
from twcmaster.control.remedies import remedy
from twcmaster.model.commands import Change, Command, CommandRefused, SetSavePower
from twcmaster.model.plan import Offer, Reason
from twcmaster.model.settings import SITE, Settings
from twcmaster.model.settings_json import FormatError, decode_command, encode
from twcmaster.model.world import WallConnector
from twcmaster.runtime.console import Arguments, OperationError
from twcmaster.runtime.hub import Hub, Snapshot
from twcmaster.runtime.wishes import Wishes

Answer = Callable[[Arguments], Awaitable[object]]

MOST_CHANGES = 1000


def wishes_operations(
    wishes: Wishes, hub: Hub, clock: Callable[[], datetime], known: Callable[[], Known]
) -> dict[str, Answer]:
    """The operations by name."""

    async def on_set(arguments: Arguments) -> object:
        return await _set(wishes, arguments, clock(), known())

    async def on_settings(arguments: Arguments) -> object:
        return _settings(wishes.settings, arguments, clock(), known())

    async def on_explain(arguments: Arguments) -> object:
        return _explain(wishes.settings, hub.newest, arguments, clock(), known())

    async def on_changes(arguments: Arguments) -> object:
        return await _changes(wishes, arguments, clock())

    return {"set": on_set, "settings": on_settings, "explain": on_explain, "changes": on_changes}


async def _set(wishes: Wishes, arguments: Arguments, clock: datetime, known: Known) -> dict[str, object]:
    try:
        command = decode_command(_with_times(arguments.get("command"), clock))
        version = arguments.get("version")
        who = str(arguments.get("who") or "console")[:LONGEST_NAME]
        before = wishes.settings
        settings = await wishes.command(command, who, version if isinstance(version, int) else None)
    except (FormatError, CommandRefused) as refused:
        raise OperationError(str(refused).rstrip(".")) from None
    except OSError as error:
        raise OperationError(f"not changed: {error}".rstrip(".")) from None
    scope = _scope_of(command, settings, known)
    return {
        "text": outcome(command, scope, before, settings, clock),
        "version": settings.version,
        "scope": scope,
        "outlook": outlook(settings, scope, clock).text,
    }


def _with_times(document: object, clock: datetime) -> object:
    """The command with its end as a full time, whatever way it was said."""
    if not isinstance(document, Mapping) or not isinstance(document.get("until"), str):
        return document
    return {**document, "until": said.moment(document["until"], clock).isoformat()}


def _settings(settings: Settings, arguments: Arguments, clock: datetime, known: Known) -> dict[str, object]:
    scope = _known_scope(arguments.get("scope", SITE), settings, known)
    return {"settings": encode(settings), "scope": scope, "outlook": outlook(settings, scope, clock).text}


def _known_scope(asked: object, settings: Settings, known: Known) -> str:
    try:
        return known.scope(str(asked), settings.scopes)
    except CommandRefused as refused:
        raise OperationError(str(refused).rstrip(".")) from None


def _scope_of(command: Command, settings: Settings, known: Known) -> str:
    return SITE if isinstance(command, SetSavePower) else known.scope(command.scope, settings.scopes)


async def _changes(wishes: Wishes, arguments: Arguments, clock: datetime) -> list[dict[str, object]]:
    most = arguments.get("most", 20)
    if not isinstance(most, int) or not 0 < most <= MOST_CHANGES:
        raise OperationError(f'"most" must be a whole number from 1 to {MOST_CHANGES}')
    try:
        found = await wishes.changes(most)
    except OSError as error:
        raise OperationError(str(error).rstrip(".")) from None
    return [
        {"at": c.at.isoformat(), "who": c.who, "what": c.what, "text": _told(c, clock), "version": c.version}
        for c in found
    ]


def _told(change: Change, clock: datetime) -> str:
    """The change in words, as it was to be understood when it was made."""
    try:
        return say(decode_command(json.loads(change.what)), change.at.astimezone(clock.tzinfo))
    except ValueError:
        return change.what


def _explain(
    settings: Settings, newest: Snapshot | None, arguments: Arguments, clock: datetime, known: Known
) -> dict[str, object]:
    if newest is None:
        raise OperationError("the daemon has not decided anything yet", "Try again in a few seconds.")
    key = _known_scope(arguments.get("connector", SITE), settings, known)
    offers = {offer.key: offer for offer in newest.plan.offers}
    shown = [c for c in newest.world.connectors if key in (SITE, c.key)]
    return {
        "time": clock.isoformat(timespec="seconds"),
        "site": outlook(settings, SITE, clock).text,
        "connectors": [_connector(c, offers.get(c.key), settings, clock) for c in shown],
        "alarms": [alarm.text for alarm in newest.plan.alarms],
    }


def _connector(
    connector: WallConnector, offer: Offer | None, settings: Settings, clock: datetime
) -> Mapping[str, object]:
    limits = () if offer is None else offer.limits
    return {
        "key": connector.key,
        "name": connector.name,
        "offered_a": None if offer is None else offer.amps,
        "target_a": None if offer is None else offer.target_a,
        "drawn_a": connector.actual_a,
        "wish": None if offer is None else _reason(offer.wish),
        "limits": [_reason(limit) for limit in limits],
        "outlook": outlook(settings, connector.key, clock).text,
    }


def _reason(reason: Reason) -> Mapping[str, object]:
    return {"code": reason.code, "text": reason.text, "more": remedy(reason)}
