"""What people write for times and windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.control.small_world import BERLIN, NOON
from tests.control.test_calendar import any_window
from twcmaster.control.said import moment, say_window, window
from twcmaster.model.commands import CommandRefused
from twcmaster.model.settings import Mode, Window


@pytest.mark.parametrize(
    "text, after, expected",
    [
        # NOON is a Sunday.
        ("21:30", NOON, "2026-06-21T21:30+02:00"),
        ("6:00", NOON, "2026-06-22T06:00+02:00"),
        ("12:00", NOON, "2026-06-22T12:00+02:00"),
        ("24:00", NOON, "2026-06-22T00:00+02:00"),
        ("sat 6:00", NOON, "2026-06-27T06:00+02:00"),
        ("Sunday 6:00", NOON, "2026-06-28T06:00+02:00"),
        ("sun 18:00", NOON, "2026-06-21T18:00+02:00"),
        ("90 min", NOON, "2026-06-21T13:30+02:00"),
        ("+2h", NOON, "2026-06-21T14:00+02:00"),
        ("1.5 hours", NOON, "2026-06-21T13:30+02:00"),
        ("2 days", NOON, "2026-06-23T12:00+02:00"),
        ("2026-06-22T18:30", NOON, "2026-06-22T18:30+02:00"),
        ("2026-06-22 18:30", NOON, "2026-06-22T18:30+02:00"),
        ("2026-06-22T18:30Z", NOON, "2026-06-22T18:30+00:00"),
        # At the first of the two 2:30, and after the hour that is left out.
        ("2:30", datetime(2026, 10, 24, 23, tzinfo=BERLIN), "2026-10-25T02:30+02:00"),
        ("2:30", datetime(2026, 3, 28, 23, tzinfo=BERLIN), "2026-03-29T03:00+02:00"),
    ],
)
def test_times(text: str, after: datetime, expected: str) -> None:
    assert moment(text, after) == datetime.fromisoformat(expected)


@pytest.mark.parametrize("text", ["", "noon", "25:00", "12:60", "someday 6:00", "-2 h", "2026-13-01", "1e9 h"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(CommandRefused, match=r"Write|There are mon"):
        moment(text, NOON)


@pytest.mark.parametrize(
    "text, says",
    [
        ("9" * 30 + " d", "more than a year"),
        ("99999999 h", "more than a year"),
        ("367 d", "more than a year"),
        ("9999-12-31T23:59:59-12:00", "more than a year"),
        ("9999-12-31T23:59", "more than a year"),
        ("0001-01-01T00:00", "has passed"),
        ("0001-01-01T00:00+12:00", "has passed"),
        ("2024-12-31T23:59", "has passed"),
    ],
)
@pytest.mark.parametrize("clock", [NOON, datetime(2026, 1, 1, tzinfo=UTC)])
def test_a_time_that_is_out_of_reach_is_refused(text: str, clock: datetime, says: str) -> None:
    with pytest.raises(CommandRefused, match=says):
        moment(text, clock)


@given(st.text(max_size=20))
def test_any_text_is_understood_or_refused(text: str) -> None:
    refusals = []
    for read in (lambda: moment(text, NOON), lambda: window(text)):
        try:
            read()
        except CommandRefused as refused:
            refusals.append(str(refused))
    assert all(refusal.endswith(".") for refusal in refusals)


@pytest.mark.parametrize(
    "text, days, mode, amps, again",
    [
        ("mon-fri 22:00-6:00 16 A", {0, 1, 2, 3, 4}, Mode.FIXED, 16, "weekdays 22:00-6:00 16 A"),
        ("daily 10:00-16:00 solar", set(range(7)), Mode.SOLAR, None, "daily 10:00-16:00 solar"),
        ("sat, sun 8:00 - 20:00 OFF", {5, 6}, Mode.OFF, None, "weekend 8:00-20:00 off"),
        ("fri-mon 0:00-24:00 full", {4, 5, 6, 0}, Mode.FIXED, None, "mon,fri,sat,sun 0:00-0:00 full"),
        ("Wednesday 09:05-09:10 12.5a", {2}, Mode.FIXED, 12.5, "wed 9:05-9:10 12.5 A"),
        ("tue,thu-fri 1:00-2:00 solar+min", {1, 3, 4}, Mode.SOLAR_MIN, None, "tue,thu,fri 1:00-2:00 solar_min"),
    ],
)
def test_windows(text: str, days: set[int], mode: Mode, amps: float | None, again: str) -> None:
    found = window(text)
    assert (found.id, set(found.days), found.mode, found.amps, found.enabled) == ("", days, mode, amps, True)
    assert say_window(found) == again


@given(any_window, st.none() | st.integers(6, 80), st.booleans())
def test_windows_are_read_as_they_are_said(what: Window, amps: int | None, enabled: bool) -> None:
    told = Window("", what.days, what.start, what.end, what.mode, amps if what.mode is Mode.FIXED else None, enabled)
    assert window(say_window(told)) == told


@pytest.mark.parametrize(
    "text, says",
    [
        ("22:00-6:00 16 A", "Write it like"),
        ("mon 22:00-6:00", "Write it like"),
        ("mon 22:00-6:00 warp", "Write it like"),
        ("mon 22:00-26:00 off", "from 0:00 to 23:59"),
        ("someday 1:00-2:00 off", '"someday" is not a day. There are mon, tue,'),
    ],
)
def test_what_is_no_window_is_refused_with_an_example(text: str, says: str) -> None:
    with pytest.raises(CommandRefused, match=says):
        window(text)


def test_times_are_in_utc_in_which_no_hour_comes_twice() -> None:
    assert moment("21:30", NOON).tzinfo is UTC
    assert moment("2 h", NOON) - NOON == timedelta(hours=2)
