"""Following the sun, as tables over time: when it starts, when it stops, with how many amps and how many cars."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.control.followed_sun import LEAST_W, TODAY, VOLTS, FollowedSun, car
from twcmaster.control import solar
from twcmaster.control.solar import STEADY_S
from twcmaster.control.sun import HOUR_S, Sun

#: Budgets may be smoothed: after this long with the same surplus they have arrived.
SETTLED_S = 60
#: What the rising price leaves of a sky that does the worst it can; one a minute is what contactors alone would allow.
MOST_CLICKS_PER_HOUR = 9


#: A sky that has not been seen to change is believed: a change that pays is made as soon as it is steady.
BELIEVED_S = ceil(STEADY_S) + 1


def charging(*cars: str, surplus_w: float = 3 * LEAST_W) -> FollowedSun:
    """Cars that have charged for long: no click is fresh, no contactor must rest."""
    keys = cars or ("a",)
    sun = FollowedSun(*(car(key) for key in keys))
    sun.sun = Sun(running=keys)
    sun.shine(90, surplus_w)
    return sun


# ── when to start and to stop ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("surplus_w", [0.8 * LEAST_W, LEAST_W, 2000.0, 4000.0, 32 * VOLTS])
def test_charging_starts_when_the_sun_is_worth_it_steadily(surplus_w: float) -> None:
    sun = FollowedSun(car("a"))
    sun.shine(300, 0.0)
    sun.shine(STEADY_S, surplus_w)
    assert sun.running == []
    sun.shine(2, surplus_w)
    assert sun.running == ["a"]


@pytest.mark.parametrize("surplus_w", [-5000.0, 0.0, LEAST_W / 2])
def test_no_start_where_more_would_be_imported_than_gained(surplus_w: float) -> None:
    sun = FollowedSun(car("a"))
    sun.shine(HOUR_S, surplus_w)
    assert sun.running == []


def test_a_reading_that_the_next_one_contradicts_moves_no_contactor() -> None:
    sun = FollowedSun(car("a"))
    for _ in range(100):
        sun.shine(STEADY_S - 1, 5000.0)
        sun.shine(10, 0.0)
    assert sun.closed_at == []


@pytest.mark.parametrize("surplus_w", [0.0, -4000.0])
def test_charging_stops_when_the_dark_is_steady(surplus_w: float) -> None:
    sun = charging()
    sun.shine(STEADY_S, surplus_w)
    assert (sun.running, sun.amps) == (["a"], 6)
    sun.shine(2, surplus_w)
    assert (sun.running, sun.amps) == ([], 0)


def test_charging_goes_on_where_most_of_the_minimum_comes_from_the_sun() -> None:
    sun = charging()
    sun.shine(HOUR_S, LEAST_W * 0.6)
    assert (sun.running, sun.amps) == (["a"], 6)


def test_clouds_that_have_been_seen_to_pass_are_sat_out() -> None:
    sun = charging()
    for _ in range(20):
        sun.shine(30, 0.0)
        sun.shine(60, 3000.0)
    learned = len(sun.closed_at)
    for _ in range(60):
        sun.shine(30, 0.0)
        assert sun.running == ["a"]
        sun.shine(60, 3000.0)
    assert len(sun.closed_at) == learned <= 2


def test_gleams_that_have_been_seen_to_pass_start_nothing() -> None:
    sun = FollowedSun(car("a"))
    for _ in range(20):
        sun.shine(20, 2000.0)
        sun.shine(100, 0.0)
    learned = len(sun.closed_at)
    for _ in range(60):
        sun.shine(20, 2000.0)
        assert sun.running == []
        sun.shine(100, 0.0)
    assert len(sun.closed_at) == learned <= 3


def _spite(now: FollowedSun) -> float:
    """Dark as soon as a car charges, bright as soon as it has stopped: the worst there is for one car."""
    return 0.0 if now.running else 32 * VOLTS


def test_every_click_within_the_hour_makes_the_next_one_dearer() -> None:
    sun = FollowedSun(car("a"))
    sun.shine(HOUR_S, _spite)
    times = [at for at, _ in sun.closed_at]
    waits = [later - sooner for sooner, later in pairwise(times)]
    assert waits[0] == pytest.approx(120, abs=BELIEVED_S)
    assert waits[-1] > 3 * waits[0]
    assert waits == sorted(waits)


def test_the_most_spiteful_sky_cannot_make_contactors_flap() -> None:
    sun = FollowedSun(car("a"))
    sun.shine(4 * HOUR_S, _spite)
    assert 1 < sun.closings_within(HOUR_S) <= MOST_CLICKS_PER_HOUR


@pytest.mark.parametrize("seed", range(6))
def test_after_the_wildest_hours_a_lasting_dark_is_let_go_within_ten_minutes(seed: int) -> None:
    """Dear clicks and clouds that always passed make it hold on, but not for long: what it sees counts more."""
    rng, sun = random.Random(seed), FollowedSun(car("a"))
    for _ in range(60):
        sun.shine(5 + rng.expovariate(1 / 100), 5000.0)
        sun.shine(5 + rng.expovariate(1 / 70), rng.uniform(0.0, 300.0))
    sun.shine(100, 5000.0)
    assert sun.running == ["a"]
    sun.shine(600, 0.0)
    assert sun.running == []


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(-3000, 12000)), min_size=1, max_size=40))
def test_no_sky_closes_contactors_faster_than_the_price_allows(sky: list[tuple[int, int]]) -> None:
    sun = FollowedSun(car("a"))
    for seconds, surplus_w in sky:
        sun.shine(seconds, float(surplus_w))
    times = [at for at, _ in sun.closed_at]
    assert all(later - sooner >= 120 for sooner, later in pairwise(times))
    assert sun.closings_within(HOUR_S) <= MOST_CLICKS_PER_HOUR


def test_a_car_that_unplugs_or_is_full_leaves_at_once_and_is_not_held_against_the_sun() -> None:
    sun = charging()
    sun.cars["a"] = car("a", wants=False)
    sun.shine(120, 3000.0)
    # Still drawing counts as charging; when that ends, it is out.
    assert sun.running == ["a"]
    del sun.cars["a"]
    sun.shine(1, 3000.0)
    assert (sun.running, sun.amps) == ([], 12)


# ── how much ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("surplus_w", [1500.0, 2000.0, 2400.0, 2500.0, 3333.0, 5000.0, 7000.0])
def test_the_budget_is_the_surplus_in_whole_amps(surplus_w: float) -> None:
    sun = charging()
    for before_w in (8000.0, 1440.0):
        sun.shine(SETTLED_S, before_w)
        sun.shine(SETTLED_S, surplus_w)
        assert sun.sun.budget_w % VOLTS == 0
        assert -VOLTS < sun.sun.budget_w - surplus_w <= VOLTS / 2 or sun.amps == 6


def test_the_budget_comes_down_at_once() -> None:
    sun = charging(surplus_w=7000.0)
    sun.shine(3, 2500.0)
    assert sun.sun.budget_w <= 2500.0 + VOLTS / 2


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=50), st.floats(1500, 7000))
def test_a_flicker_of_a_few_watts_does_not_move_the_offer(flicker: list[float], surplus_w: float) -> None:
    sun = FollowedSun(car("a"))
    sun.shine(200, surplus_w)
    before = sun.amps
    for part in flicker:
        sun.shine(1, surplus_w + part)
    assert abs(sun.amps - before) <= 1
    moved = sun.amps
    for part in flicker:
        sun.shine(1, surplus_w + part)
    assert sun.amps == moved


def test_what_a_car_leaves_unused_of_its_offer_is_added() -> None:
    sun = charging(surplus_w=3000.0)
    plain = sun.amps
    sun.cars["a"] = car("a", unused_w=2 * VOLTS)
    sun.shine(SETTLED_S, 3000.0)
    assert sun.amps == plain + 2


def test_less_than_the_minimum_is_the_minimum_while_it_charges() -> None:
    sun = charging()
    sun.shine(SETTLED_S, 0.6 * LEAST_W)
    assert sun.amps == 6


# ── no meter, and cars that charge anyway ────────────────────────────────────────────────────────────────────────────


def test_without_a_surplus_to_go_by_nobody_runs_but_those_that_always_do() -> None:
    sun = charging("a", "b", surplus_w=8000.0)
    assert set(sun.running) == {"a", "b"}
    sun.cars["b"] = car("b", always=True)
    sun.shine(1, None)
    assert (sun.running, sun.amps) == (["b"], 6)
    sun.shine(600, 6000.0)
    assert "a" in sun.running


def test_time_without_a_meter_counts_for_nothing() -> None:
    sun = FollowedSun(car("a"))
    sun.shine(STEADY_S - 1, 2000.0)
    sun.shine(600, None)
    sun.shine(STEADY_S, 2000.0)
    assert sun.running == []
    sun.shine(2, 2000.0)
    assert sun.running == ["a"]


def test_solar_plus_minimum_never_stops() -> None:
    sun = FollowedSun(car("a", always=True))
    sun.shine(2, 0.0)
    assert (sun.running, sun.amps) == (["a"], 6)
    sun.shine(HOUR_S, -3000.0)
    assert (sun.running, sun.amps) == (["a"], 6)
    sun.shine(SETTLED_S, 3000.0)
    assert sun.amps == 12


# ── how many cars ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_car_joins_when_the_first_cannot_take_it_all() -> None:
    sun = FollowedSun(car("a", most_a=10), car("b", most_a=10))
    sun.shine(900, 2300.0)
    assert sun.running == ["a"]
    sun.shine(120, 5000.0)
    assert set(sun.running) == {"a", "b"}
    assert sun.amps >= 20


def test_between_equals_that_one_could_feed_alone_the_second_joins_on_lasting_sun_only() -> None:
    sun = FollowedSun(car("a"), car("b"))
    sun.shine(120, 5000.0)
    assert sun.running == ["a"]
    sun.shine(HOUR_S, 5000.0)
    assert set(sun.running) == {"a", "b"}
    scarce = FollowedSun(car("a"), car("b"))
    scarce.sun = Sun(running=("a",))
    scarce.shine(1000, 0.95 * 2 * LEAST_W)
    assert len(scarce.running) == 1


def test_a_second_car_leaves_when_the_sun_feeds_one() -> None:
    sun = charging("a", "b", surplus_w=5000.0)
    assert set(sun.running) == {"a", "b"}
    sun.shine(SETTLED_S * 10, LEAST_W + 200)
    assert len(sun.running) == 1
    assert sun.amps in (6, 7)


def test_the_more_important_car_charges_first() -> None:
    sun = FollowedSun(car("a", tier=1), car("b"))
    sun.shine(200, 2000.0)
    assert sun.running == ["b"]


def test_the_day_counts_anew_at_midnight_and_a_clock_that_jumps_costs_nothing_else() -> None:
    sun = charging()
    assert sun.sun.energy_wh["a"] == pytest.approx(3 * LEAST_W * 89 / 3600, rel=0.2)
    for days in (1, 0, 1, -400):
        sun.day = TODAY + timedelta(days=days)
        sun.shine(1, 3000.0)
        assert sun.sun.energy_wh["a"] < 2
        assert sun.running == ["a"]
    assert sun.closed_at == []


def test_same_input_same_decision() -> None:
    sun = charging("a", "b", surplus_w=4000.0)
    runners = [car("a"), car("b")]
    first = solar.follow(sun.sun, runners, 2000.0, sun.now + 1, TODAY)
    assert solar.follow(sun.sun, runners, 2000.0, sun.now + 1, TODAY) == first
