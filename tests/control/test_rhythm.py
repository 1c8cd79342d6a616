"""How often a meter has something new, and when its last word is too old to act on."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from twcmaster.control.rhythm import FIRST, STALE_INTERVALS, STALE_LEAST_S, Rhythm, is_fresh, listen
from twcmaster.model.energy import MeterFacts, ReadingView
from twcmaster.model.reading import MeterRole, Reading


def view(taken_at: float | None, every_s: float = 2.0) -> ReadingView:
    reading = None if taken_at is None else Reading(taken_at, 0.0)
    return ReadingView(MeterFacts("grid", MeterRole.GRID, every_s), reading)


def heard(*times: float) -> Rhythm:
    rhythms: Mapping[str, Rhythm] = {}
    for taken_at in times:
        rhythms = listen(rhythms, {"grid": view(taken_at)})
    return rhythms["grid"]


@pytest.mark.parametrize(
    "times, every_s, usual_s",
    [
        ((), 2.0, 2.0),
        ((0,), 2.0, 2.0),
        ((0, 2, 4, 6), 2.0, 2.0),
        # It has something new less often than it is asked.
        ((0, 60, 120), 2.0, 60.0),
        # A stumble does not count, a new habit does.
        ((0, 2, 4, 40, 42, 44), 2.0, 2.0),
        ((0, 2, 4, 34, 64, 94), 2.0, 30.0),
        # Never more often than it is asked.
        ((0, 0.5, 1.0), 2.0, 2.0),
    ],
)
def test_the_usual_time_between_readings(times: tuple[float, ...], every_s: float, usual_s: float) -> None:
    rhythm = heard(*times) if times else FIRST
    assert rhythm.usual_s(every_s) == usual_s


def test_nothing_new_is_the_very_same() -> None:
    first = listen({}, {"grid": view(5.0)})
    assert listen(first, {"grid": view(5.0)}) is first
    assert listen({"grid": FIRST}, {"grid": view(None)}) == {"grid": FIRST}


@pytest.mark.parametrize("usual_s", [1.0, 2.0, 10.0, 60.0, 900.0])
def test_a_reading_goes_stale_just_after_three_intervals_and_not_before_ten_seconds(usual_s: float) -> None:
    rhythm, limit_s = heard(0.0, usual_s, 2 * usual_s), max(STALE_LEAST_S, STALE_INTERVALS * max(2.0, usual_s))
    newest = view(2 * usual_s)
    assert is_fresh(rhythm, newest, 2 * usual_s + limit_s - 0.01)
    assert not is_fresh(rhythm, newest, 2 * usual_s + limit_s + 0.01)


def test_no_reading_is_never_fresh() -> None:
    assert not is_fresh(FIRST, view(None), 0.0)
