"""What the connectors of a bus have told of themselves, in our own words."""

from __future__ import annotations

from twcmaster.model.unit_facts import UnitFacts
from twcmaster.protocol.unit import Unit
from twcmaster.runtime.bus import Bus

#: Most units count kilowatt-hours, some watt-hours (docs/protocol.md). Nobody has charged this many kilowatt-hours.
MOST_KWH = 100_000


def unit_facts(bus: Bus) -> dict[str, UnitFacts]:
    """By connector key."""
    return {f"{bus.facts.name}/{unit.id:04X}": _facts(unit) for unit in bus.master.units.values()}


def _facts(unit: Unit) -> UnitFacts:
    replies = unit.replies
    return UnitFacts(
        lifetime_kwh=_kwh(unit.energy_raw),
        volts=unit.volts,
        firmware=None if unit.firmware is None else ".".join(map(str, unit.firmware)),
        serial=unit.serial,
        model=unit.model,
        vin=unit.vin,
        beats=replies.beats,
        answers=replies.answers,
        missed=replies.missed,
        late=replies.late,
        reply_mean_s=replies.mean_s,
    )


def _kwh(raw: int | None) -> float | None:
    if raw is None:
        return None
    return raw / 1000 if raw > MOST_KWH else float(raw)
