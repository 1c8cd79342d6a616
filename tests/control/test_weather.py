"""What is learned of the sky: how often the surplus went from one level to another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.control.weather import EDGES_W, LEVELS_W, STEP_S, Weather, expected, level_of, look

DARK_W, BRIGHT_W = 100.0, 5000.0
BRIGHT = LEVELS_W.index(5250.0)


def watched(*surplus_w: float, step_s: float = STEP_S) -> Weather:
    """A sky that showed these one after the other."""
    weather = Weather()
    for index, watts in enumerate(surplus_w):
        weather = look(weather, watts, 1000.0 + index * step_s)
    return weather


def chance(weather: Weather, start: int, end: int) -> float:
    return expected(weather, [float(level == end) for level in range(len(LEVELS_W))])[start]


def test_each_level_lies_between_its_edges() -> None:
    assert len(LEVELS_W) == len(EDGES_W) + 1
    assert all(low < level < high for low, level, high in zip((0, *EDGES_W), LEVELS_W, (*EDGES_W, 1e9), strict=True))
    assert [level_of(level_w) for level_w in LEVELS_W] == list(range(len(LEVELS_W)))
    assert [level_of(edge_w - 1) for edge_w in EDGES_W] == list(range(len(EDGES_W)))
    assert (level_of(-9000.0), level_of(1e6)) == (0, len(EDGES_W))


def test_before_anything_was_seen_it_mostly_stays_drifts_sometimes_and_may_jump_anywhere() -> None:
    fresh = Weather()
    for level in range(len(LEVELS_W)):
        chances = [chance(fresh, level, end) for end in range(len(LEVELS_W))]
        assert sum(chances) == pytest.approx(1)
        assert chances[level] > 0.75
        assert min(chances) > 0
        near = [chances[end] for end in (level - 1, level + 1) if 0 <= end < len(LEVELS_W)]
        assert min(near) > 10 * min(chances)


def test_moves_are_counted_and_soon_believed() -> None:
    before = chance(Weather(), 0, BRIGHT)
    weather = watched(*[DARK_W, BRIGHT_W] * 30)
    assert chance(weather, 0, BRIGHT) > 0.7 > before
    assert chance(weather, BRIGHT, 0) > 0.7


def test_a_new_sky_takes_the_place_of_an_old_one() -> None:
    changing = [DARK_W, BRIGHT_W] * 60
    assert chance(watched(*changing, *[DARK_W] * 700), 0, BRIGHT) < 0.1


@pytest.mark.parametrize("step_s", [2 * STEP_S, 3600.0])
def test_what_happened_in_a_gap_is_not_counted(step_s: float) -> None:
    assert watched(*[DARK_W, BRIGHT_W] * 20, step_s=step_s).moves == Weather().moves


def test_between_two_looks_nothing_is_counted_and_a_clock_that_jumps_back_starts_anew() -> None:
    weather = watched(DARK_W, BRIGHT_W)
    assert look(weather, DARK_W, weather.at + STEP_S - 0.1) is weather
    back = look(weather, DARK_W, weather.at - 5.0)
    assert (back.moves, back.level) == (weather.moves, 0)


@given(st.lists(st.floats(-5000, 20_000), max_size=50), st.floats(-10, 10))
def test_what_is_the_same_everywhere_is_expected_everywhere(sky: list[float], value: float) -> None:
    assert expected(watched(*sky), [value] * len(LEVELS_W)) == pytest.approx([value] * len(LEVELS_W))
