import random
from array import array
from collections.abc import Callable
from itertools import pairwise

import pytest

from twcmaster.sim.sun import (
    Clouds,
    Trace,
    averaged,
    broken_clouds,
    clear_sky,
    constant,
    household,
    in_turn,
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


def test_constant_is_constant() -> None:
    assert {constant(5.0).at(second) for second in (0, 0.5, 86_399.9, 1e6)} == {5.0}
