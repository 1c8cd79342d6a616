"""Windows of the week against an aware clock: which one holds, and when that changes.

Days and times are what the wall clock shows. Each boundary happens once: at the first moment at which the clock shows
that time or has jumped over it. So when clocks go back, 1:30 is the first 1:30; when they go forward over 2:30, a
window that starts or ends then does so at the jump; and windows that touch on paper touch in reality, without a gap,
an overlap or a second start. Lengths are whatever results: a window of "24 hours" has 23 or 25 on two days of the year.

All of it follows from one number, the *furthest reading* of the clock so far: a boundary has happened when the furthest
reading has reached it. It is the present reading, except in an hour that clocks show for the second time.

Works in any zone that `datetime` can tell the offset of. A clock with a fixed offset is right until the next switch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from twcmaster.model.settings import Window

ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)
#: Every day of the week comes within a week; one more for windows that end on the next day, one for a clock gone back.
DAYS_AHEAD = 9


@dataclass(frozen=True, slots=True)
class Span:
    """One occurrence of a window as the wall clock shows it (naive). It holds from `start` until before `end`."""

    window: Window
    start: datetime
    end: datetime


def holding(windows: Iterable[Window], clock: datetime) -> Span | None:
    """The occurrence that holds at `clock`, the one furthest down the list where several do."""
    reading = furthest_reading(clock)
    today, at = reading.date(), reading.time()
    last = None
    for window in windows:
        days_ago = _started_days_ago(window, today.weekday(), at)
        if days_ago is not None:
            last = (window, days_ago)
    return None if last is None else _span(last[0], today - last[1] * ONE_DAY)


def next_change(windows: Sequence[Window], clock: datetime) -> datetime | None:
    """When another window holds than now, or none does, or one does again, in UTC; None: not within a week."""
    now = holding(windows, clock)
    for moment in boundaries(windows, clock):
        then = holding(windows, moment.astimezone(clock.tzinfo))
        if (then and then.window) != (now and now.window):
            return moment
    return None


def boundaries(windows: Iterable[Window], clock: datetime) -> Iterator[datetime]:
    """Every start and end after `clock` within the week ahead, in order, in UTC. Two may come at the same jump."""
    now = clock.astimezone(UTC)
    readings = {reading for window in windows for reading in _readings(window, clock.date())}
    for reading in sorted(readings):
        # A later reading never comes at an earlier moment.
        moment = first_moment(reading, clock.tzinfo)
        if moment > now:
            yield moment


def first_moment(reading: datetime, zone: tzinfo | None) -> datetime:
    """The first moment, in UTC, at which the clock of `zone` shows this (naive) reading or has jumped over it."""
    shown = reading.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if shown.astimezone(zone).replace(tzinfo=None) == reading:
        return shown
    # Never shown: reckoned with the new offset it lies before the jump, with the old one after it.
    return _jump(reading.replace(tzinfo=zone, fold=1).astimezone(UTC), shown, zone)


def furthest_reading(clock: datetime) -> datetime:
    """The latest time (naive) that this clock has shown so far."""
    wall = clock.replace(tzinfo=None, fold=0)
    if not clock.fold:
        return wall
    first, second = clock.replace(fold=0), clock
    if first.utcoffset() == second.utcoffset():
        return wall
    jump = _jump(first.astimezone(UTC), second.astimezone(UTC), clock.tzinfo)
    # The reading at which it jumped back was about to be shown but was not.
    return (jump - ONE_SECOND).astimezone(clock.tzinfo).replace(tzinfo=None, fold=0) + ONE_SECOND - datetime.resolution


def _jump(before: datetime, after: datetime, zone: tzinfo | None) -> datetime:
    """The moment (UTC, whole seconds) after `before` and not after `after` at which the clock of `zone` jumps."""
    before, after = before.replace(microsecond=0), after.replace(microsecond=0)
    old = before.astimezone(zone).utcoffset()
    while after - before > ONE_SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _started_days_ago(window: Window, weekday: int, at: time) -> int | None:
    """0 or 1 when the window holds at this reading, else None."""
    if not window.enabled:
        return None
    over_midnight = window.end <= window.start
    if window.start <= at and (over_midnight or at < window.end) and weekday in window.days:
        return 0
    if over_midnight and at < window.end and (weekday - 1) % 7 in window.days:
        return 1
    return None


def _span(window: Window, day: date) -> Span:
    last_day = day + ONE_DAY if window.end <= window.start else day
    return Span(window, datetime.combine(day, window.start), datetime.combine(last_day, window.end))


def _readings(window: Window, today: date) -> Iterator[datetime]:
    days = (today + shift * ONE_DAY for shift in range(-1, DAYS_AHEAD))
    for day in days:
        if window.enabled and day.weekday() in window.days:
            span = _span(window, day)
            yield span.start
            yield span.end
