"""What to make of each meter's answers, before anything is charged by them. `meter_balance` holds them together.

A *round* asks every meter once. Findings are sorted by what they mean: an ERROR is a contradiction that will make
decisions wrong, a WARNING looks wrong but may be right at this moment, a NOTE says what cannot be told.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from twcmaster.control.phrases import watts
from twcmaster.model.energy import EnergyFacts, MeterFacts
from twcmaster.model.reading import MeterRole, Reading


class Level(Enum):
    """What a finding means."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a person should know. `meter` is empty when it is about several."""

    level: Level
    code: str
    text: str
    remedy: str = ""
    meter: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking one meter once gave: a reading, or what went wrong."""

    reading: Reading | None
    error: str | None
    took_s: float
    #: How old the reading was when it came.
    age_s: float | None = None


Round = Mapping[str, Answer]

#: The standby draw of an inverter at night, and a meter's noise.
NEGATIVE_W = 60.0
#: No house, and no sun on a roof, is that small for long; as kilowatts these are everyday numbers.
TINY_W = 25.0
#: No house is that large.
HUGE_W = 150_000.0
#: Amps times volts may differ from watts by the power factor, hardly by more than this.
KILO = (300.0, 3000.0)
TELLING_VA = 300.0
NOMINAL_V = 230.0
OLD_INTERVALS = 3.0
OLD_S = 10.0
#: Even the slowest meters, those in clouds, have something new every quarter of an hour.
DEAD_S = 1200.0
_ONE_WAY = (MeterRole.PV, MeterRole.HOUSE, MeterRole.CHARGER)
_DOES = {MeterRole.PV: "generation", MeterRole.HOUSE: "consumption", MeterRole.CHARGER: "consumption of the chargers"}
_KILOWATTS = 'If the device tells kilowatts, say so: unit = "kW".'


def doubts(facts: EnergyFacts, rounds: Sequence[Round], waiting: Collection[str] = ()) -> list[Finding]:
    """What is strange about each meter by itself. `waiting`: those that speak when they like, and are waited for."""
    found: list[Finding] = []
    for meter in facts.meters.values():
        answers = [one[meter.name] for one in rounds if meter.name in one]
        readings = [answer.reading for answer in answers if answer.reading is not None]
        found += _silence(meter, answers)
        if readings:
            took_s = 0.0 if meter.name in waiting else max(answer.took_s for answer in answers if answer.reading)
            found += [
                *_slow(meter, took_s),
                *_age(meter, answers),
                *_missing(facts, meter, readings),
                *_power(facts, meter, readings),
            ]
            found += _soc(meter, readings)
    return found


def _silence(meter: MeterFacts, answers: Sequence[Answer]) -> list[Finding]:
    failed = [answer.error.removeprefix(f"{meter.name}: ") for answer in answers if answer.error is not None]
    if not failed:
        return []
    if len(failed) == len(answers):
        return [
            Finding(Level.ERROR, "no_answer", f"{meter.name} never told anything usable: {failed[-1]}", "", meter.name)
        ]
    text = f"{meter.name} failed in {len(failed)} of {len(answers)} rounds: {failed[-1]}"
    return [Finding(Level.WARNING, "unsteady", text, "", meter.name)]


def _slow(meter: MeterFacts, took_s: float) -> list[Finding]:
    if took_s <= meter.every_s:
        return []
    text = f"{meter.name} took {took_s:.1f} s to answer, but is to be asked every {meter.every_s:g} s."
    return [Finding(Level.WARNING, "slow", text, "Raise its every_s above that.", meter.name)]


def _age(meter: MeterFacts, answers: Sequence[Answer]) -> list[Finding]:
    youngest = min((answer.age_s for answer in answers if answer.age_s is not None), default=0.0)
    if youngest <= max(OLD_S, OLD_INTERVALS * meter.every_s):
        return []
    text = f"{meter.name} told nothing younger than {youngest:.0f} s."
    remedy = "Look whether its source still works and its clock is right; if it is that slow, set every_s to it."
    return [Finding(Level.ERROR if youngest > DEAD_S else Level.WARNING, "old", text, remedy, meter.name)]


def _missing(facts: EnergyFacts, meter: MeterFacts, readings: Sequence[Reading]) -> list[Finding]:
    found = []
    used_as_battery = facts.battery is not None and facts.battery.meter == meter.name
    needs_power = meter.role is not MeterRole.BATTERY or (used_as_battery and bool(facts.of_role(MeterRole.GRID)))
    if needs_power and any(reading.power_w is None for reading in readings):
        text = f"{meter.name} tells no watts."
        found.append(Finding(Level.ERROR, "no_power", text, "Say where they are: power_w = …", meter.name))
    if used_as_battery and all(reading.soc_percent is None for reading in readings):
        text = f"{meter.name} does not tell the battery's state of charge, by which it or the cars come first."
        found.append(Finding(Level.ERROR, "no_soc", text, "Say where it is: soc_percent = …", meter.name))
    if _guards_phases_it_does_not_tell(facts, meter, readings):
        text = f"{meter.name} guards the main fuse, but does not tell the amps of each phase."
        remedy = "Say where they are: phase_a = […]. Without them, each phase is taken to carry an equal share."
        found.append(Finding(Level.WARNING, "no_phases", text, remedy, meter.name))
    return found


def _guards_phases_it_does_not_tell(facts: EnergyFacts, meter: MeterFacts, readings: Sequence[Reading]) -> bool:
    fuse = facts.fuse
    if fuse is None or fuse.meter != meter.name or len(fuse.phases) == 1:
        return False
    return any(reading.phase_a is None or None in reading.phase_a[: len(fuse.phases)] for reading in readings)


def _power(facts: EnergyFacts, meter: MeterFacts, readings: Sequence[Reading]) -> list[Finding]:
    known = [reading.power_w for reading in readings if reading.power_w is not None]
    if not known:
        return []
    volts = NOMINAL_V if facts.fuse is None else facts.fuse.volts
    ratios = [ratio for reading in readings if (ratio := _amps_to_watts(reading, volts)) is not None]
    if ratios and all(KILO[0] < ratio < KILO[1] for ratio in ratios):
        text = (
            f"{meter.name} tells {known[-1]:g} W, but its amps are worth a thousand times as much: it tells kilowatts."
        )
        return [Finding(Level.ERROR, "kilowatts", text, 'Set unit = "kW" where its power_w is.', meter.name)]
    if all(abs(power_w) > HUGE_W for power_w in known):
        text = (
            f"{meter.name} tells {watts(known[-1])}, more than any house uses: those are milliwatts, or another number."
        )
        return [Finding(Level.ERROR, "too_large", text, 'Set unit = "mW", or look for the right number.', meter.name)]
    if meter.role in _ONE_WAY and all(power_w < -NEGATIVE_W for power_w in known):
        text = f"{meter.name} tells {watts(known[-1])}, but {_DOES[meter.role]} cannot be negative."
        return [Finding(Level.ERROR, "negative", text, "Turn it round: scale = -1.", meter.name)]
    if _looks_like_kilowatts(meter, known):
        text = f"{meter.name} tells {known[-1]:g} W, which is very little for a {meter.role.value} meter."
        return [Finding(Level.WARNING, "tiny", text, _KILOWATTS, meter.name)]
    return []


def _amps_to_watts(reading: Reading, volts: float) -> float | None:
    """How many times its watts a reading's amps are worth; None when that says nothing."""
    amps = [abs(value) for value in reading.phase_a or () if value is not None]
    apparent = sum(amps) * volts
    if reading.power_w is None or not reading.power_w or apparent < TELLING_VA:
        return None
    return apparent / abs(reading.power_w)


def _looks_like_kilowatts(meter: MeterFacts, known: Sequence[float]) -> bool:
    """Small numbers with decimals, all of them; a house never uses so little, sun and grid do at times."""
    if any(not 0 < abs(power_w) < TINY_W for power_w in known):
        return False
    return meter.role is MeterRole.HOUSE or any(power_w != round(power_w) for power_w in known)


def _soc(meter: MeterFacts, readings: Sequence[Reading]) -> list[Finding]:
    known = [reading.soc_percent for reading in readings if reading.soc_percent is not None]
    if not known or not all(0 < percent <= 1 and percent != round(percent) for percent in known):
        return []
    text = f"{meter.name} tells a state of charge of {known[-1]:g} %."
    remedy = 'If the device tells a share from 0 to 1, say so: soc_percent = { path = "…", unit = "1" }.'
    return [Finding(Level.WARNING, "share", text, remedy, meter.name)]
