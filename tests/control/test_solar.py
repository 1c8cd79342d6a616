"""Following the sun, as tables over time: when it starts, when it stops, with how many amps and how many cars."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.control.followed_sun import LEAST_W, TODAY, VOLTS, FollowedSun, car
from twcmaster.control import solar
from twcmaster.control.solar import DEARER, FREE_CLICKS, LASTING_SHARE, START_WH, STOP_WH
from twcmaster.control.sun import HOUR_S, Sun

#: Budgets may be smoothed: after this long with the same surplus they have arrived.
SETTLED_S = 60


def seconds_for(energy_wh: float, power_w: float) -> int:
    """Whole seconds after which that much energy has gathered."""
    return ceil(energy_wh * 3600 / power_w)


def charging(*cars: str, surplus_w: float = 3 * LEAST_W) -> FollowedSun:
    """Cars that have charged for long: no click is fresh, no contactor must rest."""
    keys = cars or ("a",)
    sun = FollowedSun(*(car(key) for key in keys))
    sun.sun = Sun(running=keys, lasting_w=surplus_w)
    sun.shine(90, surplus_w)
    return sun


# ── when to start and to stop ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("surplus_w", [LEAST_W, 2000.0, 4000.0, 32 * VOLTS])
def test_charging_starts_when_the_sun_lost_is_worth_a_click(surplus_w: float) -> None:
    sun, delay_s = FollowedSun(car("a")), seconds_for(START_WH, surplus_w)
    sun.shine(300, 0.0)
    sun.shine(delay_s - 1, surplus_w)
    assert sun.running == []
    sun.shine(2, surplus_w)
    assert sun.running == ["a"]


@pytest.mark.parametrize("surplus_w", [-5000.0, 0.0, LEAST_W / 2 - 1])
def test_no_start_where_more_would_be_imported_than_gained(surplus_w: float) -> None:
    sun = FollowedSun(car("a"))
    sun.shine(HOUR_S, surplus_w)
    assert sun.running == []


@pytest.mark.parametrize("surplus_w", [0.0, -4000.0])
def test_charging_stops_when_what_was_imported_is_worth_a_click(surplus_w: float) -> None:
    sun, delay_s = charging(), seconds_for(STOP_WH, LEAST_W)
    sun.shine(delay_s - 1, surplus_w)
    assert (sun.running, sun.amps) == (["a"], 6)
    sun.shine(2, surplus_w)
    assert (sun.running, sun.amps) == ([], 0)


def test_charging_goes_on_where_most_of_the_minimum_comes_from_the_sun() -> None:
    sun = charging()
    sun.shine(HOUR_S, LEAST_W * 0.6)
    assert (sun.running, sun.amps) == (["a"], 6)


def test_short_clouds_melt_away_in_the_sun_between_them() -> None:
    sun = charging()
    for _ in range(60):
        sun.shine(seconds_for(STOP_WH, LEAST_W) // 2, 0.0)
        assert sun.running == ["a"]
        sun.shine(60, 3000.0)
    assert sun.closed_at == []


def test_every_click_within_the_hour_makes_the_next_one_dearer() -> None:
    sun = FollowedSun(car("a"))
    starts: list[float] = []
    for _ in range(4):
        dark_from = sun.now
        while not sun.running:
            sun.shine(1, 2000.0)
        starts.append(sun.now - dark_from)
        sun.shine(61, 3000.0)
        while sun.running:
            sun.shine(1, 0.0)
        sun.shine(61, 0.0)
    prices = [START_WH * DEARER ** max(0, clicks - FREE_CLICKS) for clicks in range(4)]
    assert starts == pytest.approx([seconds_for(price, 2000.0) for price in prices], abs=1.1)
    sun.shine(HOUR_S, 0.0)
    dark_from = sun.now
    while not sun.running:
        sun.shine(1, 2000.0)
    assert sun.now - dark_from == pytest.approx(seconds_for(START_WH, 2000.0), abs=1.1)


def test_the_most_spiteful_sky_cannot_make_contactors_flap() -> None:
    """Dark as soon as a car charges, bright as soon as it has stopped: the worst there is for one car."""
    sun = FollowedSun(car("a"))
    sun.shine(2 * HOUR_S, lambda now: 0.0 if now.running else 32 * VOLTS)
    fastest_s, clicks = 0.0, 0
    while fastest_s < HOUR_S:
        price = DEARER ** max(0, clicks - FREE_CLICKS)
        fastest_s += max(60, seconds_for(START_WH * price, 32 * VOLTS)) + max(60, seconds_for(STOP_WH * price, LEAST_W))
        clicks += 1
    assert 1 < sun.closings_within(HOUR_S) <= clicks


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(-3000, 12000)), min_size=1, max_size=40))
def test_no_sky_closes_contactors_faster_than_the_price_allows(sky: list[tuple[int, int]]) -> None:
    sun = FollowedSun(car("a"))
    for seconds, surplus_w in sky:
        sun.shine(seconds, float(surplus_w))
    for index, (at, _) in enumerate(sun.closed_at[1:], start=1):
        clicks = sum(at - HOUR_S < earlier < at for earlier, _ in sun.closed_at[:index])
        dark_s = at - sun.closed_at[index - 1][0]
        price_wh = START_WH * DEARER ** max(0, clicks - FREE_CLICKS)
        assert dark_s >= 120
        assert dark_s >= seconds_for(price_wh, 12000) + seconds_for(STOP_WH, LEAST_W) - 2


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
    sun.shine(5, 100.0)
    assert sun.amps == 6


# ── no meter, and cars that charge anyway ────────────────────────────────────────────────────────────────────────────


def test_without_a_surplus_to_go_by_nobody_runs_but_those_that_always_do() -> None:
    sun = charging("a", "b", surplus_w=8000.0)
    assert set(sun.running) == {"a", "b"}
    sun.cars["b"] = car("b", always=True)
    sun.shine(1, None)
    assert (sun.running, sun.amps) == (["b"], 6)
    sun.shine(seconds_for(START_WH * DEARER, 6000.0) + 62, 6000.0)
    assert "a" in sun.running


def test_time_without_a_meter_counts_for_nothing() -> None:
    sun = FollowedSun(car("a"))
    sun.shine(seconds_for(START_WH, 2000.0) - 2, 2000.0)
    sun.shine(600, None)
    sun.shine(seconds_for(START_WH, 2000.0) - 2, 2000.0)
    assert sun.running == []
    sun.shine(4, 2000.0)
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


def test_a_second_car_joins_at_the_price_of_a_click_when_the_first_cannot_take_it_all() -> None:
    sun = FollowedSun(car("a", most_a=10), car("b", most_a=10))
    sun.shine(900, 2300.0)
    assert sun.running == ["a"]
    sun.shine(seconds_for(START_WH, 5000.0 - 2400.0) - 2, 5000.0)
    assert sun.running == ["a"]
    sun.shine(4, 5000.0)
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
    scarce.shine(1000, (LASTING_SHARE - 0.02) * 2 * LEAST_W)
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
