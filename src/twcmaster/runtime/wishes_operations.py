"""What can be asked of people's wishes at the console.

set       {command: {…}, who?}: one command as model/settings_json.py spells it; its answer in words, and what is next
settings  all wishes as one document
explain   {connector?}: why each connector gets what it gets, and what would give it more
changes   {most?}: the newest changes, newest first
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from twcmaster.control.command_words import say
from twcmaster.control.known import Known
from twcmaster.control.outlook import outlook
from twcmaster.control.remedies import remedy
from twcmaster.model.commands import Command, CommandRefused, SetSavePower
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

    async def on_settings(_: Arguments) -> object:
        return encode(wishes.settings)

    async def on_explain(arguments: Arguments) -> object:
        return _explain(wishes.settings, hub.newest, arguments, clock(), known())

    async def on_changes(arguments: Arguments) -> object:
        return await _changes(wishes, arguments)

    return {"set": on_set, "settings": on_settings, "explain": on_explain, "changes": on_changes}


async def _set(wishes: Wishes, arguments: Arguments, clock: datetime, known: Known) -> dict[str, object]:
    try:
        command = decode_command(arguments.get("command"))
        settings = await wishes.command(command, str(arguments.get("who") or "console")[:60])
    except (FormatError, CommandRefused) as refused:
        raise OperationError(str(refused).rstrip(".")) from None
    except OSError as error:
        raise OperationError(f"not changed: {error}".rstrip(".")) from None
    scope = _scope_of(command, settings, known)
    return {
        "text": say(command, clock),
        "version": settings.version,
        "scope": scope,
        "outlook": outlook(settings, scope, clock).text,
    }


def _scope_of(command: Command, settings: Settings, known: Known) -> str:
    return SITE if isinstance(command, SetSavePower) else known.scope(command.scope, settings.scopes)


async def _changes(wishes: Wishes, arguments: Arguments) -> list[dict[str, object]]:
    most = arguments.get("most", 20)
    if not isinstance(most, int) or not 0 < most <= MOST_CHANGES:
        raise OperationError(f'"most" must be a whole number from 1 to {MOST_CHANGES}')
    try:
        found = await wishes.changes(most)
    except OSError as error:
        raise OperationError(str(error).rstrip(".")) from None
    return [{"at": c.at.isoformat(), "who": c.who, "what": c.what, "version": c.version} for c in found]


def _explain(
    settings: Settings, newest: Snapshot | None, arguments: Arguments, clock: datetime, known: Known
) -> dict[str, object]:
    if newest is None:
        raise OperationError("the daemon has not decided anything yet", "Try again in a few seconds.")
    asked = arguments.get("connector")
    try:
        key = None if asked is None else known.scope(str(asked), settings.scopes)
    except CommandRefused as refused:
        raise OperationError(str(refused).rstrip(".")) from None
    offers = {offer.key: offer for offer in newest.plan.offers}
    shown = [c for c in newest.world.connectors if key in (None, SITE, c.key)]
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
