"""How late a meter is, and whether it sees the cars at all: learned from steps that the cars make."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twcmaster.control.lag import ENOUGH, FORGET, PROMPT, UNSEEN, Lag, first, keep_s, learn
from twcmaster.control.trail import Trail, at, extend, mean

PER_AMP_W = 690.0
#: A car that goes up and down once a minute, as clouds pass.
MINUTE_STEPS = (6.0, 14.0, 8.0, 16.0, 7.0, 12.0)


def steps(now: float) -> float:
    return MINUTE_STEPS[int(now // 61) % len(MINUTE_STEPS)]


def still(now: float) -> float:
    return 10.0


Draw = Callable[[float], float]
#: Watts of cars in a reading, from what has been drawn until then.
Part = Callable[[Trail, float], float]


def delayed(delay_s: float) -> Part:
    return lambda trail, now: at(trail, now - delay_s) * PER_AMP_W


def averaged(window_s: float) -> Part:
    return lambda trail, now: mean(trail, now - window_s, now) * PER_AMP_W


def nothing(trail: Trail, now: float) -> float:
    return 0.0


def lived(
    part: Part, interval_s: float, minutes: float = 30, seen: bool = True, draw: Draw = steps, cloud_w: float = 0.0
) -> Lag:
    """What is known of a meter after so long; house and sun may jump by `cloud_w` at chance times."""
    dice, house_w = random.Random(7), 500.0
    lag = first(interval_s, seen=seen)
    trail: Trail = ()
    for second in range(round(minutes * 60)):
        now = float(second)
        trail = extend(trail, now, draw(now), keep_s(interval_s))
        if dice.random() < 1 / 40:
            house_w = dice.uniform(0, cloud_w)
        if second and second % interval_s == 0:
            lag = learn(lag, [(trail, PER_AMP_W)], now, house_w + part(trail, now))
    return lag


@pytest.mark.parametrize("cloud_w", [0.0, 3000.0])
@pytest.mark.parametrize("interval_s, delay_s", [(1, 0), (1, 2), (2, 4), (2, 8), (5, 6), (5, 20)])
def test_the_delay_of_a_meter_is_learned_within_half_an_hour(interval_s: float, delay_s: float, cloud_w: float) -> None:
    lag = lived(delayed(delay_s), interval_s, cloud_w=cloud_w)
    assert lag.chosen.seen
    assert lag.chosen.window_s == 0.0
    assert lag.chosen.delay_s == pytest.approx(delay_s, abs=max(1.0, interval_s / 2))
    assert not lag.contradicted


def test_a_meter_that_tells_means_is_recognised() -> None:
    lag = lived(averaged(30.0), 30.0, minutes=120)
    assert lag.chosen.window_s == 30.0
    assert not lag.contradicted


@pytest.mark.parametrize("seen", [True, False])
def test_nothing_is_learned_while_no_car_moves(seen: bool) -> None:
    lag = lived(delayed(8.0), 2.0, seen=seen, draw=still, cloud_w=5000.0)
    assert lag.chosen == (PROMPT if seen else UNSEEN)
    assert lag.pairs == 0
    assert not lag.contradicted


@pytest.mark.parametrize(
    "part, said_to_see, contradicted",
    [
        (nothing, True, True),
        (delayed(0.0), False, True),
        (delayed(4.0), False, True),
        (nothing, False, False),
        (delayed(0.0), True, False),
        (delayed(4.0), True, False),
    ],
)
@pytest.mark.parametrize("cloud_w", [0.0, 3000.0])
def test_a_config_that_the_numbers_contradict_is_found_out(
    part: Part, said_to_see: bool, contradicted: bool, cloud_w: float
) -> None:
    lag = lived(part, 2.0, minutes=45, seen=said_to_see, cloud_w=cloud_w)
    assert lag.contradicted is contradicted
    # What the meter sees is the config's to say: it is told, never changed.
    assert lag.chosen.seen is said_to_see


def test_nobody_is_accused_on_a_few_readings() -> None:
    lag = lived(nothing, 2.0, minutes=68 / 60)
    assert 0 < lag.pairs < ENOUGH
    assert not lag.contradicted
    assert lived(nothing, 2.0, minutes=4).contradicted


@pytest.mark.parametrize(
    "accused, seen_left_w, unseen_left_w, contradicted",
    [
        (False, 1000.0, 510.0, False),
        (False, 1000.0, 490.0, True),
        (True, 1000.0, 990.0, True),
        (True, 1000.0, 1010.0, False),
    ],
)
def test_an_accusation_stands_until_it_is_refuted(
    accused: bool, seen_left_w: float, unseen_left_w: float, contradicted: bool
) -> None:
    """A message that comes and goes with each cloud is none, nor is a fuse that follows it."""
    trail: Trail = ((0.0, 0.0), (10.0, 0.0), (11.0, 10.0), (30.0, 10.0))
    half_w = 5.0 * PER_AMP_W
    before = Lag(models=(PROMPT, UNSEEN), pairs=100.0, contradicted=accused, last=((9.0, 0.0), (12.0, half_w)))
    left_w = tuple((left - half_w) / FORGET for left in (seen_left_w, unseen_left_w))
    after = learn(replace(before, left_w=left_w), [(trail, PER_AMP_W)], 13.0, 0.0)
    assert after.left_w == pytest.approx((seen_left_w, unseen_left_w))
    assert after.contradicted is contradicted


@settings(max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 2.0, 6.0]))
def test_clouds_alone_never_accuse_an_honest_config(seed: int, delay_s: float) -> None:
    """Sun and house jump as much as the cars do, at any time."""
    dice = random.Random(seed)
    jumps = [dice.uniform(-4000, 4000) for _ in range(90)]
    part = delayed(delay_s)
    lag = lived(lambda trail, now: part(trail, now) + jumps[int(now // 20)], 2.0)
    assert not lag.contradicted


def test_trails_are_kept_for_as_long_as_learning_looks_back() -> None:
    for interval_s in (1.0, 60.0, 900.0):
        lag = first(interval_s, seen=True)
        furthest_s = max(model.delay_s + model.window_s for model in lag.models)
        assert keep_s(interval_s) >= 2 * interval_s + furthest_s
