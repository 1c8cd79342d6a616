"""What a car is like: learned while it charges, forgotten when it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.control.small_world import LEFT, charging
from twcmaster.control.habits import FOLLOWED_S, MOST_BELOW_A, USED_SHARE, Habits, observe
from twcmaster.model.world import Activity


def learned(actual_a: float, offer_a: int, seconds: int = 60, **more: object) -> Habits:
    """What is known after so many answers under one offer."""
    habits = Habits()
    for second in range(1, seconds + 1):
        unit = charging(LEFT, actual_a, heard_at=float(second), **more)
        habits = observe(unit, habits, offer_a, 0.0, float(second))
    return habits


@pytest.mark.parametrize(
    "phase_a, conductors",
    [
        ((16.0, 0.0, 0.0), (0,)),
        ((0.0, 16.0, 0.0), (1,)),
        ((16.0, 16.0, 0.0), (0, 1)),
        ((16.0, 15.8, 16.1), (0, 1, 2)),
        ((16.0, 0.3, 16 * USED_SHARE * 0.99), (0,)),
        # Too little to tell, or not measured.
        ((1.0, 0.0, 0.0), None),
        (None, None),
    ],
)
def test_the_conductors_that_carry_current_are_those_the_car_uses(
    phase_a: tuple[float, float, float] | None, conductors: tuple[int, ...] | None
) -> None:
    assert learned(16.0, 16, phase_a=phase_a).conductors == conductors


def test_what_it_uses_is_known_through_a_pause_and_corrected_at_once() -> None:
    habits = learned(16.0, 16, phase_a=(16.0, 0.0, 0.0))
    paused = replace(LEFT, heard_at=100.0, actual_a=0.0, phase_a=(0.0, 0.0, 0.0), activity=Activity.STOPPED)
    habits = observe(paused, habits, 0, 90.0, 100.0)
    assert habits.conductors == (0,)
    three = charging(LEFT, 16.0, heard_at=101.0, phase_a=(16.0, 16.0, 16.0))
    assert observe(three, habits, 16, 90.0, 101.0).conductors == (0, 1, 2)


@pytest.mark.parametrize(
    "actual_a, offer_a, below_a",
    [(15.7, 16, 0.3), (16.0, 16, 0.0), (16.4, 16, -0.4), (10.0, 16, MOST_BELOW_A), (9.0, 6, -MOST_BELOW_A)],
)
def test_how_far_a_car_stays_below_its_offer_is_learned_within_a_minute(
    actual_a: float, offer_a: int, below_a: float
) -> None:
    assert learned(actual_a, offer_a).below_a == pytest.approx(below_a, abs=0.01)


def test_nothing_is_learned_while_the_car_is_still_following() -> None:
    assert learned(10.0, 16, seconds=round(FOLLOWED_S) - 1).below_a == 0.0
    assert learned(10.0, 16, seconds=round(FOLLOWED_S) + 1).below_a > 0.0


def test_a_car_that_takes_nothing_or_is_offered_nothing_has_no_habit() -> None:
    assert learned(0.3, 16).below_a == 0.0
    assert learned(6.0, 0).below_a == 0.0


def test_the_same_answer_teaches_once() -> None:
    unit = charging(LEFT, 10.0, heard_at=50.0)
    once = observe(unit, Habits(), 16, 0.0, 50.0)
    assert observe(unit, once, 16, 0.0, 51.0) is once


def test_the_next_car_starts_without_habits() -> None:
    habits = learned(15.0, 16, phase_a=(16.0, 0.0, 0.0))
    gone = replace(LEFT, plugged=False, heard_at=90.0)
    assert observe(gone, habits, 0, 80.0, 90.0) == Habits()
    fresh = Habits()
    assert observe(gone, fresh, 0, 80.0, 90.0) is fresh
