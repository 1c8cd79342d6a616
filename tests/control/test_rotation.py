"""Two cars, power for one: turns by dwell time and by the energy of the day, few clicks, never both toggling."""

from __future__ import annotations

import pytest

from tests.control.followed_sun import LEAST_W, FollowedSun, car
from twcmaster.control.rotation import CLICKS_PER_HOUR, DWELL_S, swap
from twcmaster.control.sun import HOUR_S, Runner, Sun

NOW = 10_000.0
FEEDS_ONE_W = 1.3 * LEAST_W
#: Of both cars together, whatever sun and turns do.
MOST_CLOSINGS_PER_HOUR = 3


def sun(**more: object) -> Sun:
    """`a` has its turn since just over a dwell time and got more today than `b`, who waits."""
    facts: dict[str, object] = {
        "running": ("a",),
        "since": {"a": NOW - DWELL_S - 1},
        "energy_wh": {"a": 500.0, "b": 100.0},
    }
    return Sun(**facts | more)  # type: ignore[arg-type]


def cars(**more: Runner) -> dict[str, Runner]:
    return {"a": car("a"), "b": car("b")} | more


@pytest.mark.parametrize(
    "before, known, running",
    [
        (sun(), cars(), "b"),
        (sun(since={"a": NOW - DWELL_S + 1}), cars(), "a"),
        (sun(since={"a": NOW - DWELL_S}), cars(), "b"),
        # Fairness goes by energy, not by time.
        (sun(energy_wh={"a": 100.0, "b": 100.0}), cars(), "a"),
        (sun(energy_wh={"a": 100.0, "b": 500.0}), cars(), "a"),
        (sun(energy_wh={"a": 100.0}), cars(), "b"),
        # Contactors are spared.
        (sun(clicks=(NOW - 3000,) * (CLICKS_PER_HOUR - 1)), cars(), "b"),
        (sun(clicks=(NOW - 3000,) * CLICKS_PER_HOUR), cars(), "a"),
        (sun(), cars(b=car("b", must_rest=True)), "a"),
        (sun(), cars(a=car("a", must_run=True)), "a"),
        # Nobody to swap with.
        (sun(), cars(b=car("b", wants=False)), "a"),
        (sun(), cars(a=car("a", always=True)), "a"),
        (sun(running=()), cars(), ""),
        # Importance comes before turns, both ways, and at once.
        (sun(), cars(b=car("b", tier=1)), "a"),
        (sun(since={"a": NOW - 70}, energy_wh={"b": 900.0}), cars(a=car("a", tier=1)), "b"),
        (sun(clicks=(NOW - 3, NOW - 2, NOW - 1)), cars(a=car("a", tier=1)), "b"),
        (sun(), cars(a=car("a", tier=1), b=car("b", must_rest=True)), "a"),
    ],
)
def test_who_has_the_next_turn(before: Sun, known: dict[str, Runner], running: str) -> None:
    assert swap(before, known, NOW).running == tuple(running)


def test_of_several_the_one_with_the_least_energy_today_takes_the_place_of_the_one_with_the_most() -> None:
    known = {key: car(key) for key in "abcd"}
    before = sun(running=("a", "b"), since=dict.fromkeys("ab", 0.0), energy_wh={"a": 5.0, "b": 9.0, "c": 3.0, "d": 2.0})
    after = swap(before, known, NOW)
    assert after.running == ("a", "d")
    assert after.since["d"] == NOW
    assert after.clicks == (NOW,)


def test_equals_swap_just_after_the_dwell_time_and_no_sooner() -> None:
    followed = FollowedSun(car("a"), car("b"))
    while not followed.running:
        followed.shine(1, FEEDS_ONE_W)
    followed.shine(DWELL_S - 1, FEEDS_ONE_W)
    assert followed.running == ["a"]
    followed.shine(2, FEEDS_ONE_W)
    assert followed.running == ["b"]


@pytest.mark.parametrize("count", [2, 3])
def test_an_afternoon_with_power_for_one_is_shared_fairly_with_few_closings(count: int) -> None:
    followed = FollowedSun(*(car(key) for key in "abc"[:count]))
    for _ in range(count * 3 * round(DWELL_S / 60)):
        followed.shine(60, FEEDS_ONE_W)
        assert len(followed.running) <= 1
    assert followed.closings_within(HOUR_S) <= CLICKS_PER_HOUR
    got = [followed.sun.energy_wh[key] for key in followed.cars]
    assert min(got) > 0.7 * max(got)
    turns = [later - at for (at, _), (later, _) in zip(followed.closed_at, followed.closed_at[1:], strict=False)]
    assert min(turns) >= DWELL_S


def test_clouds_and_turns_together_stay_below_the_closings_of_an_hour() -> None:
    followed = FollowedSun(car("a"), car("b"))
    for _ in range(40):
        followed.shine(200, FEEDS_ONE_W)
        followed.shine(70, 200.0)
    assert 1 < followed.closings_within(HOUR_S) <= MOST_CLOSINGS_PER_HOUR


def test_a_more_important_car_takes_over_as_soon_as_contactors_may_move() -> None:
    followed = FollowedSun(car("a", tier=1), car("b", tier=0, wants=False))
    followed.shine(300, FEEDS_ONE_W)
    assert followed.running == ["a"]
    followed.cars["b"] = car("b", tier=0)
    followed.shine(3, FEEDS_ONE_W)
    assert followed.running == ["b"]
    followed.shine(2 * DWELL_S, FEEDS_ONE_W)
    assert followed.running == ["b"]
