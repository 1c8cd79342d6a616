"""Whether one car more pays: against the plain sum over on and off, and as a person would expect it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.control.test_weather import BRIGHT_W, DARK_W, watched
from twcmaster.control import prospect
from twcmaster.control.prospect import OneMore, Prospect, Range, foresee
from twcmaster.control.solar import FAIRNESS_W
from twcmaster.control.weather import LEVELS_W, STEP_S, Weather, expected

LEAST_W, MOST_W = 6 * 240.0, 32 * 240.0
CLICK_WH = 15.0
ONE = OneMore(Range(), Range(LEAST_W, MOST_W), 0.0, CLICK_WH)
FRESH = Weather()


def sky(sunny_s: float, cloudy_s: float) -> Weather:
    """Two hours of sun and clouds that always last as long."""
    sunny, cloudy = int(sunny_s / STEP_S), int(cloudy_s / STEP_S)
    cycle = [BRIGHT_W] * sunny + [DARK_W] * cloudy
    return watched(*cycle * (720 // len(cycle)))


def answer(weather: Weather, question: OneMore = ONE, looks: int = 1) -> Prospect:
    """The answer when so many looks have shown the same weather."""
    found = foresee(weather, None, question)
    for look in range(1, looks):
        found = foresee(replace(weather, at=weather.at + look), found, question)
    return found


# ── the sum ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def on_less_off_wh(weather: Weather, question: OneMore, steps: int) -> list[float]:
    """What it is worth to be on rather than off, over so many steps: both worked out by themselves.

    Within a step nothing can be switched; after it one may change, to on for the price of a click.
    """
    brings = [question.brings_wh(level_w) for level_w in LEVELS_W]
    on = off = [0.0] * len(LEVELS_W)
    for step in range(steps + 1):
        # The last step of all counts for what it brings only.
        later_on = expected(weather, [max(a, b) for a, b in zip(on, off, strict=True)]) if step else on
        later_off = expected(weather, [max(b, a - question.click_wh) for a, b in zip(on, off, strict=True)])
        on = [gain + prospect._FADES * later for gain, later in zip(brings, later_on, strict=True)]
        off = [prospect._FADES * later for later in later_off]
    return [a - b for a, b in zip(on, off, strict=True)]


@settings(max_examples=25)
@given(
    st.lists(st.floats(0, 9000), max_size=60),
    st.tuples(st.floats(0, 5000), st.floats(0, 5000)),
    st.tuples(st.floats(0, 5000), st.floats(0, 5000)),
    st.floats(-100, 100),
    st.floats(1, 100),
)
def test_it_is_the_difference_between_on_and_off(
    seen_w: list[float], without: tuple[float, float], more: tuple[float, float], extra_w: float, click_wh: float
) -> None:
    before = Range(without[0], sum(without))
    question = OneMore(before, Range(before.least_w + more[0], before.most_w + sum(more)), extra_w, click_wh)
    weather = watched(*seen_w)
    found = [answer(weather, question).worth_wh(level_w) for level_w in LEVELS_W]
    assert found == pytest.approx(on_less_off_wh(weather, question, prospect.SWEEPS), abs=1e-6)


def test_the_same_question_is_answered_further_with_each_look_and_another_anew() -> None:
    first = answer(FRESH)
    assert foresee(FRESH, first, ONE) is first
    weather = watched(BRIGHT_W, BRIGHT_W)
    further = foresee(weather, first, ONE)
    assert further.at == weather.at
    assert further.ahead_wh != first.ahead_wh
    dearer = OneMore(ONE.without, ONE.with_it, ONE.extra_w, 2 * CLICK_WH)
    assert foresee(weather, further, dearer) == answer(weather, dearer)


# ── what a person would expect ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "surplus_w, starts, stops",
    [
        (-500, False, True),
        (200, False, True),
        (400, False, True),
        # Little is lost here; who charges goes on, who does not waits.
        (700, False, False),
        (800, False, False),
        (1100, True, False),
        (5000, True, False),
        (20_000, True, False),
    ],
)
def test_under_an_unknown_sky(surplus_w: float, starts: bool, stops: bool) -> None:
    worth_wh = answer(FRESH).worth_wh(surplus_w)
    assert (worth_wh > CLICK_WH, worth_wh < 0) == (starts, stops)


def test_short_clouds_are_borne_and_long_ones_are_not() -> None:
    assert answer(sky(sunny_s=120, cloudy_s=30)).worth_wh(DARK_W) > 0
    assert answer(sky(sunny_s=1200, cloudy_s=600)).worth_wh(DARK_W) < 0


def test_a_dearer_click_makes_it_hold_on_for_longer() -> None:
    weather = sky(sunny_s=300, cloudy_s=100)
    cheap, dear = (OneMore(Range(), Range(LEAST_W, MOST_W), 0.0, price) for price in (5.0, 80.0))
    assert answer(weather, cheap).worth_wh(DARK_W) < 0 < answer(weather, dear).worth_wh(DARK_W)


@pytest.mark.parametrize("clouds_s, joins", [((1200.0, 0.0), True), ((150.0, 90.0), False)])
def test_an_equal_that_one_could_feed_alone_joins_on_lasting_sun_only(
    clouds_s: tuple[float, float], joins: bool
) -> None:
    both = OneMore(Range(LEAST_W, MOST_W), Range(2 * LEAST_W, 2 * MOST_W), FAIRNESS_W, CLICK_WH)
    assert answer(sky(*clouds_s), both).worth_wh(BRIGHT_W) < CLICK_WH
    assert (answer(sky(*clouds_s), both, looks=120).worth_wh(BRIGHT_W) > CLICK_WH) is joins


def test_a_second_car_that_takes_what_the_first_cannot_is_worth_it_at_once() -> None:
    both = OneMore(Range(LEAST_W, 2000.0), Range(2 * LEAST_W, 4000.0), 0.0, CLICK_WH)
    assert answer(FRESH, both).worth_wh(5000.0) > CLICK_WH
    assert answer(FRESH, both).worth_wh(2200.0) < CLICK_WH


@given(st.floats(-5000, 20_000), st.floats(0, 5000), st.floats(0, 9000))
def test_cars_are_worth_what_they_take_of_the_sun_less_what_they_import(
    surplus_w: float, least_w: float, above_w: float
) -> None:
    cars = Range(least_w, least_w + above_w)
    drawn_w = min(cars.most_w, max(cars.least_w, surplus_w))
    from_sun_w = min(drawn_w, max(0.0, surplus_w))
    assert cars.worth_w(surplus_w) == pytest.approx(from_sun_w - (drawn_w - from_sun_w))
