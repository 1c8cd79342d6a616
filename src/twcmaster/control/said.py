"""What people write for times and windows, understood: "21:30", "90 min", "mon-fri 22:00-6:00 16 A"."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from twcmaster.control import calendar
from twcmaster.control.reach import LONGEST, has_passed, too_far
from twcmaster.model.commands import CommandRefused
from twcmaster.model.settings import Mode, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_GROUPS = {"daily": range(7), "weekdays": range(5), "weekend": range(5, 7)}
_CLOCK = re.compile(r"(?:(?P<day>[a-z]+)\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d)")
_WHILE = re.compile(r"\+?\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>h|hours?|m|min|minutes?|d|days?)")
_WINDOW = re.compile(
    r"(?P<days>[a-z,\s-]+?)\s+(?P<start>\d{1,2}:\d\d)\s*-\s*(?P<end>\d{1,2}:\d\d)\s+"
    r"(?:(?P<mode>off|solar|solar_min|solar\+min|full)|(?P<amps>\d+(?:\.\d+)?)\s*a)(?P<disabled>\s+\(disabled\))?"
)
_UNITS_S = {"h": 3600.0, "m": 60.0, "d": 86_400.0}
_TIMES = 'Write it like "21:30", "sat 6:00", "90 min", "2 h" or "2026-06-21T18:30".'
_WINDOWS = 'Write it like "mon-fri 22:00-6:00 16 A", "daily 10:00-16:00 solar" or "sat,sun 8:00-20:00 off".'


def moment(text: str, clock: datetime) -> datetime:
    """The time to come that a person means at `clock`, in UTC. Raises CommandRefused."""
    asked = text.strip().lower()
    if found := _WHILE.fullmatch(asked):
        return clock.astimezone(UTC) + _duration(found)
    if found := _CLOCK.fullmatch(asked):
        return _next(found, clock, text)
    try:
        written = datetime.fromisoformat(text.strip())
    except ValueError:
        raise CommandRefused(f'"{text}" is not a time. {_TIMES}') from None
    return _written(written, clock)


def _written(written: datetime, clock: datetime) -> datetime:
    # Years that no clock can tell the offset of are told here; `commands.py` looks at the rest more closely.
    if written.year < clock.year - 1:
        raise has_passed()
    if written.year > clock.year + 2:
        raise too_far()
    if written.utcoffset() is None:
        return calendar.first_moment(written.replace(tzinfo=None), clock.tzinfo)
    return written.astimezone(UTC)


def window(text: str) -> Window:
    """The window that a person means, without an id. Raises CommandRefused."""
    found = _WINDOW.fullmatch(text.strip().lower())
    if found is None:
        raise CommandRefused(f'"{text}" is not a window. {_WINDOWS}')
    mode, amps = Mode.FIXED, None
    if found["amps"] is not None:
        amps = float(found["amps"])
    elif found["mode"] != "full":
        mode = Mode(found["mode"].replace("+", "_"))
    start, end = _time(found["start"]), _time(found["end"])
    return Window("", _days(found["days"]), start, end, mode, amps, enabled=found["disabled"] is None)


def say_window(what: Window) -> str:
    """A window as `window` reads it."""
    asked = "full" if what.mode is Mode.FIXED else what.mode.value
    if what.amps is not None:
        asked = f"{what.amps:g} A"
    times = f"{what.start.hour}:{what.start.minute:02}-{what.end.hour}:{what.end.minute:02}"
    return f"{_say_days(what.days)} {times} {asked}" + ("" if what.enabled else " (disabled)")


def _duration(found: re.Match[str]) -> timedelta:
    seconds = float(found["number"]) * _UNITS_S[found["unit"][0]]
    if seconds > LONGEST.total_seconds():
        raise too_far()
    return timedelta(seconds=seconds)


def _next(found: re.Match[str], clock: datetime, text: str) -> datetime:
    at = _time(f"{found['hour']}:{found['minute']}")
    days = frozenset(range(7)) if found["day"] is None else _days(found["day"])
    for ahead in range(9):
        day = clock.date() + timedelta(days=ahead)
        then = calendar.first_moment(datetime.combine(day, at), clock.tzinfo)
        if day.weekday() in days and then > clock:
            return then
    raise CommandRefused(f'"{text}" does not come within a week. {_TIMES}')


def _time(text: str) -> time:
    hour, minute = (int(part) for part in text.split(":"))
    try:
        # 24:00 is midnight, as people say it of an end.
        return time(0 if (hour, minute) == (24, 0) else hour, minute)
    except ValueError:
        raise CommandRefused(f'"{text}" is not a time of day. Write hours and minutes, from 0:00 to 23:59.') from None


def _days(text: str) -> frozenset[int]:
    days: set[int] = set()
    for part in filter(None, re.split(r"[,\s]+", re.sub(r"\s*-\s*", "-", text.strip()))):
        if part in _GROUPS:
            days.update(_GROUPS[part])
            continue
        first, _, last = part.partition("-")
        begin, end = _day(first), _day(last or first)
        days.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(days)


def _day(name: str) -> int:
    if name[:3] not in DAYS:
        groups = ", ".join(_GROUPS)
        raise CommandRefused(f'"{name}" is not a day. There are {", ".join(DAYS)}, ranges like mon-fri, and {groups}.')
    return DAYS.index(name[:3])


def _say_days(days: frozenset[int]) -> str:
    for name, group in _GROUPS.items():
        if days == frozenset(group):
            return name
    return ",".join(DAYS[day] for day in sorted(days))
