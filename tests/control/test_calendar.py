"""Windows of the week, minute by minute, also where clocks jump: against a clock that is watched all the time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.control.calendar import first_moment, holding, next_change
from twcmaster.model.settings import Mode, Window

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ALL_DAYS = frozenset(range(7))

#: A zone and a moment (UTC) near which its clock jumps: by an hour, by half an hour, at midnight, over a whole day.
JUMPS = [
    ("Europe/Berlin", datetime(2026, 3, 29, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2026, 10, 3, 16, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2026, 4, 4, 16, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
    ("America/St_Johns", datetime(2008, 11, 2, 2, 31, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 3, 8, 5, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, 5, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 10, 24, 21, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
    ("UTC", datetime(2026, 5, 5, tzinfo=UTC)),
]


def window(start: str, end: str, days: frozenset[int] = ALL_DAYS, **more: object) -> Window:
    return Window("1", days, time.fromisoformat(start), time.fromisoformat(end), Mode.OFF, **more)  # type: ignore[arg-type]


@cache
def watched(zone: str, around: datetime) -> list[tuple[datetime, datetime]]:
    """Every minute of sixty hours around a jump: the moment in the zone, the furthest reading of its clock so far."""
    moments = [around + minute * MINUTE for minute in range(-30 * 60, 30 * 60)]
    local = [moment.astimezone(ZoneInfo(zone)) for moment in moments]
    readings = accumulate((moment.replace(tzinfo=None, fold=0) for moment in local), max)
    return list(zip(local, readings, strict=True))


def expected(what: Window, furthest: datetime) -> bool:
    """Whether the window holds by paper and the furthest reading."""
    for day in (furthest.date() - DAY, furthest.date()):
        start = datetime.combine(day, what.start)
        end = datetime.combine(day if what.end > what.start else day + DAY, what.end)
        if day.weekday() in what.days and start <= furthest < end:
            return True
    return False


@pytest.mark.parametrize("zone, around", JUMPS)
@pytest.mark.parametrize(
    "start, end",
    [
        ("02:30", "04:00"),
        ("01:30", "02:30"),
        ("02:15", "02:45"),
        ("22:00", "06:00"),
        ("00:00", "00:00"),
        ("23:30", "23:30"),
    ],
)
def test_each_boundary_happens_once_when_the_clock_reaches_it(
    zone: str, around: datetime, start: str, end: str
) -> None:
    what = window(start, end)
    wrong = [
        local.isoformat()
        for local, furthest in watched(zone, around)
        if (holding([what], local) is not None) != expected(what, furthest)
    ]
    assert wrong == []


@pytest.mark.parametrize("zone, around", JUMPS)
def test_windows_that_touch_on_paper_touch_in_reality(zone: str, around: datetime) -> None:
    cuts = ["00:00", "00:30", "01:00", "02:15", "02:30", "03:00", "12:00", "23:30", "00:00"]
    parts = [window(start, end) for start, end in pairwise(cuts)]
    for local, _ in watched(zone, around):
        assert sum(holding([part], local) is not None for part in parts) == 1, local


@pytest.mark.parametrize("zone, around", JUMPS)
@pytest.mark.parametrize("at", ["00:00", "00:30", "01:45", "02:15", "02:30", "03:00", "23:15"])
def test_the_first_moment_of_a_reading(zone: str, around: datetime, at: str) -> None:
    where = ZoneInfo(zone)
    reading = datetime.combine(around.astimezone(where).date(), time.fromisoformat(at))
    first = next(local for local, furthest in watched(zone, around) if furthest >= reading)
    assert first_moment(reading, where) == first.astimezone(UTC)


@pytest.mark.parametrize(
    "days, start, end, at, holds",
    [
        # 22 June 2026 is a Monday. Over midnight belongs to the day it starts on.
        ({0}, "22:00", "06:00", "2026-06-22T21:59:59.999", False),
        ({0}, "22:00", "06:00", "2026-06-22T22:00", True),
        ({0}, "22:00", "06:00", "2026-06-23T05:59:59", True),
        ({0}, "22:00", "06:00", "2026-06-23T06:00", False),
        ({0}, "22:00", "06:00", "2026-06-22T05:00", False),
        ({6}, "22:00", "06:00", "2026-06-22T05:00", True),
        # Equal times are 24 hours.
        ({0}, "07:00", "07:00", "2026-06-22T07:00", True),
        ({0}, "07:00", "07:00", "2026-06-23T06:59", True),
        ({0}, "07:00", "07:00", "2026-06-23T07:00", False),
        ({0}, "00:00", "00:00", "2026-06-22T23:59", True),
        ({0}, "00:00", "00:00", "2026-06-23T00:00", False),
        # Within a day.
        ({0, 1}, "09:00", "17:00", "2026-06-23T12:00", True),
        ({0, 1}, "09:00", "17:00", "2026-06-24T12:00", False),
    ],
)
def test_days_and_midnight(days: set[int], start: str, end: str, at: str, holds: bool) -> None:
    clock = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    assert (holding([window(start, end, frozenset(days))], clock) is not None) is holds


def test_a_window_switched_off_never_holds() -> None:
    assert holding([window("00:00", "00:00", enabled=False)], datetime(2026, 6, 22, tzinfo=UTC)) is None


def test_the_window_further_down_the_list_wins() -> None:
    day, lunch = window("08:00", "18:00"), window("12:00", "13:00")
    noon = datetime(2026, 6, 22, 12, 30, tzinfo=UTC)
    assert holding([day, lunch], noon).window is lunch  # type: ignore[union-attr]
    assert holding([lunch, day], noon).window is day  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "windows, at, change",
    [
        ([], "2026-06-22T12:00", None),
        ([window("00:00", "00:00")], "2026-06-22T12:00", None),
        ([window("22:00", "06:00")], "2026-06-22T12:00", "2026-06-22T22:00"),
        ([window("22:00", "06:00")], "2026-06-22T23:00", "2026-06-23T06:00"),
        ([window("22:00", "06:00", frozenset({2}))], "2026-06-25T06:00", "2026-07-01T22:00"),
        # A window hidden by another from start to end changes nothing.
        ([window("12:00", "13:00"), window("08:00", "18:00")], "2026-06-22T09:00", "2026-06-22T18:00"),
        # 25 hours until the next midnight, and the clock reads 2:30 for the first time.
        ([window("02:30", "04:00")], "2026-10-25T00:00", "2026-10-25T02:30"),
        ([window("02:30", "04:00")], "2026-03-29T00:00", "2026-03-29T03:00"),
    ],
)
def test_the_next_change(windows: list[Window], at: str, change: str | None) -> None:
    zone = ZoneInfo("Europe/Berlin")
    found = next_change(windows, datetime.fromisoformat(at).replace(tzinfo=zone))
    assert found == (None if change is None else datetime.fromisoformat(change).replace(tzinfo=zone).astimezone(UTC))


moments_of_day = st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
any_window = st.builds(
    Window,
    st.just("1"),
    st.frozensets(st.integers(0, 6), min_size=1),
    moments_of_day,
    moments_of_day,
    st.sampled_from(Mode),
)


@given(st.lists(any_window, max_size=4), st.sampled_from(JUMPS), st.integers(-2000, 2000))
def test_nothing_changes_before_the_next_change(
    windows: list[Window], jump: tuple[str, datetime], minutes: int
) -> None:
    zone, start = ZoneInfo(jump[0]), jump[1] + minutes * MINUTE
    clock = start.astimezone(zone)
    now, change = holding(windows, clock), next_change(windows, clock)
    end = start + 2 * DAY if change is None else min(change, start + 2 * DAY)
    for step in range(0, int((end - start) / MINUTE), 7):
        later = holding(windows, (start + step * MINUTE).astimezone(zone))
        assert (later and later.window) == (now and now.window)
    if change is not None:
        then = holding(windows, change.astimezone(zone))
        assert (then and then.window) != (now and now.window)
