"""The state of the site as values that JSON can hold: for status views, the console, and whatever watches from outside.

Units are in the names, ages in seconds, what is not known is None. `plain` turns any of our frozen values inside out
for the dump; secrets and cars' numbers do not survive it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from itertools import islice
from typing import Any

from twcmaster.control import phrases
from twcmaster.control.modes import in_force
from twcmaster.model.plan import Offer, Plan, Reason
from twcmaster.model.settings import SITE
from twcmaster.model.unit_facts import UnitFacts
from twcmaster.model.world import WallConnector, World
from twcmaster.runtime.hub import Hub, Notice, Snapshot

SHOWN_NOTICES = 20
REMOVED = "(removed)"
_SECRET = re.compile(r"pass(word|phrase|wd)?|secret|token|api_?key|credential|authorization", re.IGNORECASE)
_LOGIN_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")
_SECRET_IN_URL = re.compile(r"([?&][^=&\s]*(?:pass|token|key|secret|auth)[^=&\s]*=)[^&\s]+", re.IGNORECASE)
#: What stays of a VIN: maker, and the end that tells two cars apart.
_VIN_HEAD, _VIN_TAIL = 3, 4


def status(hub: Hub, snapshot: Snapshot, facts: Mapping[str, UnitFacts]) -> dict[str, object]:
    """One snapshot, what the units have told of themselves (by connector key), and the newest notices."""
    world, plan = snapshot.world, snapshot.plan
    offers = {offer.key: offer for offer in plan.offers}
    return {
        "number": snapshot.number,
        "site": world.site.name,
        "time": world.clock.isoformat(timespec="seconds"),
        "mode": _mode(world),
        "connectors": [
            _connector(c, world) | _offer(offers.get(c.key)) | _facts(facts.get(c.key)) for c in world.connectors
        ],
        "circuits": _circuits(plan),
        "buses": [{"name": name} | plain(dict(health)) for name, health in snapshot.buses.items()],
        "alarms": [{"code": alarm.code, "text": alarm.text} for alarm in plan.alarms],
        "notices": notices(hub, SHOWN_NOTICES),
    }


def _mode(world: World) -> dict[str, object] | None:
    """The site's standing mode."""
    mode = in_force(world.settings.of(SITE).standing, world.clock)
    if mode is None:
        return None
    return {"code": mode.mode.value, "amps": mode.amps, "text": phrases.mode(mode.mode, mode.amps)}


def notices(hub: Hub, most: int) -> list[dict[str, object]]:
    """The newest notices, oldest first."""
    newest = list(islice(reversed(hub.notices), most))
    return [_notice(notice) for notice in reversed(newest)]


def _notice(notice: Notice) -> dict[str, object]:
    at = notice.at.isoformat(timespec="seconds")
    return {"at": at, "level": notice.level, "where": notice.where, "text": notice.text}


def _circuits(plan: Plan) -> list[dict[str, object]]:
    return [
        {
            "name": load.name,
            "limit_a": load.limit_a,
            "may_draw_a": round(load.may_draw_a, 2),
            "drawn_a": round(load.drawn_a, 2),
        }
        for load in plan.circuits
    ]


def _connector(connector: WallConnector, world: World) -> dict[str, object]:
    return {
        "key": connector.key,
        "id": connector.key.rpartition("/")[2],
        "name": connector.name,
        "bus": connector.bus,
        "circuit": connector.circuit,
        "protocol": connector.protocol,
        "presence": connector.presence.value,
        "heard_age_s": None if connector.heard_at is None else round(world.now - connector.heard_at, 1),
        "activity": None if connector.activity is None else connector.activity.value,
        "plugged": connector.plugged,
        "limit_a": connector.limit_a,
        "minimum_a": connector.minimum_a,
        "told_a": connector.sent_a,
        "reported_a": connector.echo_a,
        "drawn_a": connector.actual_a,
        "phase_a": None if connector.phase_a is None else list(connector.phase_a),
    }


def _offer(offer: Offer | None) -> dict[str, object]:
    if offer is None:
        return {"offered_a": None, "target_a": None, "may_draw_a": None, "wish": None, "limits": []}
    return {
        "offered_a": offer.amps,
        "target_a": offer.target_a,
        "may_draw_a": round(offer.may_draw_a, 2),
        "wish": _reason(offer.wish),
        "limits": [_reason(limit) for limit in offer.limits],
    }


def _facts(facts: UnitFacts | None) -> dict[str, object]:
    facts = facts or UnitFacts()
    return {
        "lifetime_kwh": facts.lifetime_kwh,
        "volts": None if facts.volts is None else list(facts.volts),
        "firmware": facts.firmware,
        "heartbeats": facts.beats,
        "answers": facts.answers,
    }


def _reason(reason: Reason) -> dict[str, object]:
    return {"code": reason.code, "text": reason.text}


def plain(value: Any) -> Any:
    """Any of our values as JSON can hold it, without secrets. Unknown kinds become their text."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return _SECRET_IN_URL.sub(rf"\1{REMOVED}", _LOGIN_IN_URL.sub(f"{REMOVED}@", value))
    if is_dataclass(value) and not isinstance(value, type):
        return _entries({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Mapping):
        return _entries(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex(" ").upper()
    return value.isoformat() if isinstance(value, datetime | date) else str(value)


def _entries(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(plain(key)): _entry(str(key), item) for key, item in mapping.items()}


def _entry(key: str, value: Any) -> Any:
    if _SECRET.search(key) and value not in (None, "", False, True):
        return REMOVED
    if key == "vin" and isinstance(value, str) and len(value) > _VIN_HEAD + _VIN_TAIL:
        return f"{value[:_VIN_HEAD]}…{value[-_VIN_TAIL:]}"
    return plain(value)
