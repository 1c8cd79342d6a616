import random
from array import array
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from twcmaster.sim.sun import (
    Clouds,
    DayFileError,
    Trace,
    averaged,
    broken_clouds,
    clear_sky,
    constant,
    household,
    in_turn,
    read_day,
    steps,
)

NOON_S = 13 * 3600


def test_a_trace_is_straight_between_seconds_and_repeats() -> None:
    trace = Trace(array("f", [0.0, 100.0, 50.0]))
    assert [trace.at(second) for second in (0.0, 0.25, 1.0, 1.5, 2.5, 3.0, 4.0)] == [0, 25, 100, 75, 25, 0, 100]


def test_a_clear_day_is_a_hill() -> None:
    sun = clear_sky(5000.0)
    assert sun.at(0.0) == sun.at(6 * 3600) == sun.at(20 * 3600) == 0
    assert sun.at(NOON_S) == pytest.approx(5000.0)
    morning = [sun.at(second) for second in range(6 * 3600, NOON_S, 60)]
    assert all(later > earlier for earlier, later in pairwise(morning))
    assert 30 < sun.energy_kwh < 50


def test_broken_clouds_move_within_seconds_and_stay_within_reason() -> None:
    sun, sky = broken_clouds(5000.0, random.Random(1)), clear_sky(5000.0)
    noon = [sun.at(second) for second in range(NOON_S - 3600, NOON_S + 3600)]
    assert max(noon) < 5000 * 1.2
    assert min(noon) < 5000 * 0.5
    steps_w = sorted(abs(later - earlier) for earlier, later in pairwise(noon))
    assert steps_w[-1] > 200
    assert steps_w[len(steps_w) // 2] < 60
    assert 0.4 < sun.energy_kwh / sky.energy_kwh < 0.95
    assert sun.at(0.0) == 0


def test_longer_clouds_change_the_light_less_often() -> None:
    def changes(clouds: Clouds) -> int:
        sun, sky = broken_clouds(5000.0, random.Random(1), clouds), clear_sky(5000.0)
        bright = [sun.at(second) > 0.7 * sky.at(second) for second in range(NOON_S - 7200, NOON_S + 7200)]
        return sum(one is not other for one, other in pairwise(bright))

    assert changes(Clouds()) > 5 * changes(Clouds(2400.0, 1200.0, 90.0)) > 0


def test_traces_follow_each_other() -> None:
    both = in_turn([Trace(array("f", [1.0, 2.0])), Trace(array("f", [3.0]))])
    assert [both.at(second) for second in range(4)] == [1.0, 2.0, 3.0, 1.0]


def test_an_averaged_trace_keeps_its_energy_and_lags() -> None:
    kettle = Trace(array("f", [0.0, 0.0, 0.0, 60.0, 0.0, 0.0, 0.0]))
    assert list(averaged(kettle, 3).watts) == [0.0, 0.0, 0.0, 20.0, 20.0, 20.0, 0.0]
    assert averaged(kettle, 0.2).watts == kettle.watts


def test_steps_jump_between_the_given_levels_only() -> None:
    trace = steps((0.0, 2000.0, 5000.0), random.Random(1))
    assert {trace.at(second) for second in range(86_400)} == {0.0, 2000.0, 5000.0}
    jumps = [second for second in range(1, 86_400) if trace.at(second) != trace.at(second - 1)]
    assert all(60 <= later - earlier < 900 for earlier, later in pairwise(jumps))
    assert steps((700.0,), random.Random(1)).at(5.0) == 700.0


def test_a_household_has_a_base_peaks_and_a_plausible_day() -> None:
    house = household(random.Random(1), base_w=200.0)
    watts = [house.at(second) for second in range(86_400)]
    assert min(watts) == 200.0
    assert 2000 < max(watts) < 9000
    assert 6 < house.energy_kwh < 20


@pytest.mark.parametrize("make", [lambda rng: broken_clouds(5000.0, rng), household])
def test_the_seed_fixes_the_day(make: Callable[[random.Random], Trace]) -> None:
    assert make(random.Random(3)).watts == make(random.Random(3)).watts
    assert make(random.Random(3)).watts != make(random.Random(4)).watts


# ── day files ────────────────────────────────────────────────────────────────────────────────────────────────────


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "day.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_day_file_is_read_at_any_spacing_with_straight_lines_between(tmp_path: Path) -> None:
    day = read_day(write(tmp_path, "seconds,pv_w,load_w\n0,0,300\n60,600,300\n61,100,500\n3600,100,500\n"))
    assert [day.pv.at(second) for second in (0, 30, 60, 61, 5000)] == [0, 300, 600, 100, 100]
    assert [day.load.at(second) for second in (0, 60, 60.5, 61, 86_399)] == [300, 300, 400, 500, 500]


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "line 1: expected the columns seconds,pv_w,load_w"),
        ("time,pv,load\n0,0,0\n", "line 1: expected the columns"),
        ("seconds,pv_w,load_w\n", "no rows"),
        ("seconds,pv_w,load_w\n0,0\n", "line 2: expected three numbers"),
        ("seconds,pv_w,load_w\n0,0,0\n60,sunny,0\n", "line 3: expected three numbers"),
        ("seconds,pv_w,load_w\n0,nan,0\n", "line 2: .*finite"),
        ("seconds,pv_w,load_w\n90000,0,0\n", "line 2: seconds must lie"),
        ("seconds,pv_w,load_w\n60,0,0\n60,0,0\n", "line 3: seconds must rise"),
    ],
)
def test_a_bad_day_file_is_told_by_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(DayFileError, match=complaint):
        read_day(write(tmp_path, text))


def test_a_missing_or_binary_day_file_is_told_too(tmp_path: Path) -> None:
    with pytest.raises(DayFileError, match="cannot be read"):
        read_day(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DayFileError, match="cannot be read"):
        read_day(tmp_path / "binary.csv")


@pytest.mark.corpus
def test_every_recorded_day_is_readable_and_holds_its_energy(corpus: Path) -> None:
    files = sorted((corpus / "days").glob("*.csv"))
    assert files
    for path in files:
        day = read_day(path)
        assert 1 < day.pv.energy_kwh < 100
        assert 1 < day.load.energy_kwh < 100


def test_constant_is_constant() -> None:
    assert {constant(5.0).at(second) for second in (0, 0.5, 86_399.9, 1e6)} == {5.0}
