"""Old wishes as commands: amps outside and inside the schedule, resuming to follow the sun, charge now.

The original: a number of amps outside the schedule, -1 for the sun; at "resume" o'clock it goes back to the sun.
The fork: by day the sun, from the resume hour on; by night, and earlier, the number of amps, if its action is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time

from twcmaster.control import phrases, said
from twcmaster.model.commands import Command, SetMode, SetSchedule, StartChargeNow
from twcmaster.model.settings import Mode, Window
from twcmaster.store.old_settings_words import Fate, Notes, Old, group, number, yes

EVERY_DAY = frozenset(range(7))
SUNRISE_H, SUNSET_H = 6.0, 20.0
HOURS = 24.0
#: A window that begins at 24 o'clock would begin a day early.
LAST_START_H = 23 + 59 / 60
#: The fork's "what to do outside the schedule": at a rate.
AT_A_RATE = 1.0
_SCHEDULE_KEYS = ("scheduledAmpsMax", "scheduledAmpsStartHour", "scheduledAmpsEndHour", "scheduledAmpsDaysBitmap")


def original_wishes(old: Old, clock: datetime, notes: Notes) -> list[Command]:
    """The commands that do what the original's settings asked for."""
    commands: list[Command] = []
    mode = _original_mode(old, clock, notes)
    if mode is not None:
        commands.append(mode)
    scheduled = _scheduled(old, notes)
    if scheduled is not None:
        commands.append(SetSchedule((scheduled,)))
    return commands + _charge_now(old, clock, notes)


def fork_wishes(old: Old, clock: datetime, notes: Notes) -> list[Command]:
    """The commands that do what the fork's settings asked for."""
    windows = [window for window in (_night(old, notes), _scheduled(old, notes)) if window is not None]
    commands: list[Command] = [SetMode(Mode.SOLAR)]
    if windows:
        commands.append(SetSchedule(tuple(windows)))
    _note_spikes(old, notes)
    _note_offsets(old, notes)
    return commands + _charge_now(old, clock, notes)


def _original_mode(old: Old, clock: datetime, notes: Notes) -> SetMode | None:
    amps, resume = number(old.get("nonScheduledAmpsMax")), _time_of_day(old.get("hourResumeTrackGreenEnergy"))
    if amps is None:
        return None
    mode = SetMode(Mode.SOLAR) if amps < 0 else SetMode(Mode.FIXED, amps=amps) if amps > 0 else SetMode(Mode.OFF)
    taken = "Solar" if amps < 0 else phrases.mode(mode.mode or Mode.OFF, mode.amps)
    if "hourResumeTrackGreenEnergy" in old:
        notes["hourResumeTrackGreenEnergy"] = (Fate.BUILT_IN, "Nothing to resume.")
    if resume is not None and amps >= 0:
        until = said.moment(_clock(resume), clock)
        mode = SetMode(mode.mode, amps=mode.amps, until=until, then=Mode.SOLAR)
        notes["hourResumeTrackGreenEnergy"] = (Fate.TAKEN, f"Solar resumes at {_clock(resume)}, once.")
    notes["nonScheduledAmpsMax"] = (Fate.TAKEN, f"The standing mode: {taken}.")
    return mode


def _night(old: Old, notes: Notes) -> Window | None:
    """What the fork did when it did not follow the sun: a window from sunset to sunrise, or until it resumes."""
    amps = number(old.get("nonScheduledAmpsMax")) or 0.0
    action = number(old.get("nonScheduledAction", AT_A_RATE))
    at_a_rate = action == AT_A_RATE and amps > 0
    sunrise_h, sunset_h = number(old.get("sunrise")) or SUNRISE_H, number(old.get("sunset")) or SUNSET_H
    resume_h = number(old.get("hourResumeTrackGreenEnergy")) or -1.0
    start, end = _time_of_day(sunset_h if at_a_rate else sunrise_h), _time_of_day(max(resume_h, sunrise_h))
    late = resume_h > sunrise_h
    window = None
    if start is not None and end is not None and (at_a_rate or late):
        window = Window("", EVERY_DAY, start, end, Mode.FIXED if at_a_rate else Mode.OFF, amps if at_a_rate else None)
    _note_night(old, notes, window, late=late)
    return window


def _note_night(old: Old, notes: Notes, window: Window | None, *, late: bool) -> None:
    told = "Solar by day, nothing by night." if window is None else f"A window: {said.say_window(window)}."
    keys = ["nonScheduledAmpsMax", "nonScheduledAction"]
    keys += ["sunrise", "sunset"] if window is not None else []
    for key in keys:
        if key in old:
            notes[key] = (Fate.TAKEN, told)
    if "hourResumeTrackGreenEnergy" in old:
        resumes = (Fate.TAKEN, told) if late else (Fate.BUILT_IN, "The sun is followed from sunrise on.")
        notes["hourResumeTrackGreenEnergy"] = resumes


def _scheduled(old: Old, notes: Notes) -> Window | None:
    amps, bitmap = number(old.get("scheduledAmpsMax")), number(old.get("scheduledAmpsDaysBitmap", 0x7F))
    start_h, end_h = (number(old.get(f"scheduledAmps{which}Hour")) for which in ("Start", "End"))
    start, end = _time_of_day(None if start_h is None else min(start_h, LAST_START_H)), _time_of_day(end_h)
    days = frozenset(day for day in range(7) if int(bitmap or 0) >> day & 1)
    window, told = None, "The schedule was off."
    if amps is not None and amps > 0 and start is not None and end is not None and days:
        if start_h == end_h or start == end:
            told = "Start and end are equal: the schedule never held, so there is no window."
        else:
            window = Window("", days, start, end, Mode.FIXED, amps)
            told = f"A window: {said.say_window(window)}."
    for key in _SCHEDULE_KEYS:
        if key in old:
            notes[key] = (Fate.BUILT_IN if window is None else Fate.TAKEN, told)
    return window


def _charge_now(old: Old, clock: datetime, notes: Notes) -> list[Command]:
    amps, end_s = number(old.get("chargeNowAmps")), number(old.get("chargeNowTimeEnd"))
    until = None
    if end_s is not None and 0 < end_s < datetime.max.replace(tzinfo=UTC).timestamp() - HOURS * 3600:
        until = datetime.fromtimestamp(end_s, UTC)
    running = amps is not None and amps > 0 and until is not None and until > clock
    told = (Fate.BUILT_IN, "Charge now was not on, or is over.")
    if running and until is not None:
        told = (Fate.TAKEN, f"Charge now at {amps:g} A until {phrases.moment(until, clock)}.")
    for key in ("chargeNowAmps", "chargeNowTimeEnd"):
        if key in old:
            notes[key] = told
    return [StartChargeNow(amps=amps, until=until)] if running else []


def _note_spikes(old: Old, notes: Notes) -> None:
    for key in ("spikeAmpsProactively", "spikeAmpsReactively", "spikeAmpsToCancel6ALimit"):
        if key in old:
            on = yes(old[key]) and key != "spikeAmpsToCancel6ALimit"
            text = "[control] spike_cure = true" if on else "The cure for cars that stay near 5 A is off by default."
            notes[key] = (Fate.CONFIG if on else Fate.BUILT_IN, text)


def _note_offsets(old: Old, notes: Notes) -> None:
    """What the fork added to the consumption before it gave the rest to the cars."""
    for name, offset in group(old, "consumptionOffset").items():
        value, unit = number(group(old, "consumptionOffset", name).get("value")), "A"
        if isinstance(offset, Mapping) and str(offset.get("unit")).upper() == "W":
            unit = "W"
        aim = "unknown" if value is None else f"{-value:g} {unit}"
        text = f"[control] grid_target_w: aim at {aim} of import (negative: keep exporting)."
        for key in ("unit", "value"):
            notes[f"consumptionOffset.{name}.{key}"] = (Fate.CONFIG, text)


def _time_of_day(hours: object) -> time | None:
    """Hours since midnight as a time; None for -1 (off) and what is no hour."""
    value = number(hours)
    if value is None or not 0 <= value <= HOURS:
        return None
    # Midnight is the next day's: 23.999 must not become the first minute of the same day.
    minutes = min(round(value * 60), 24 * 60 - 1) if value < HOURS else 0
    return time(minutes // 60, minutes % 60)


def _clock(at: time) -> str:
    return f"{at.hour}:{at.minute:02}"
