"""The claims of connectors that follow the sun, and what each is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.control.followed_sun import car
from twcmaster.control.modes import ModeWish
from twcmaster.control.rules.solar import claims
from twcmaster.control.sun import Runner, Sun
from twcmaster.model.plan import Claim, Pool
from twcmaster.model.settings import SITE, Mode


def claimed(
    *runners: Runner, sun: Sun | None = None, surplus_w: float | None = 0.0, problem: str = ""
) -> tuple[dict[str, Claim], Pool]:
    wishes = {one.key: ModeWish(one.key, Mode.SOLAR, None, SITE, 10, one.tier) for one in runners}
    found, (pool,) = claims(wishes, runners, sun or Sun(), surplus_w, problem)
    return {claim.key: claim for claim in found}, pool


RUNNING = Sun(running=("a",), budget_w=2400.0)


@pytest.mark.parametrize(
    "one, sun, surplus_w, code, text",
    [
        (car("a"), RUNNING, 2400.0, "solar", "Following the sun"),
        (car("a"), RUNNING, 200.0, "solar", "Following the sun"),
        (car("a", always=True), RUNNING, 200.0, "solar_min", "Minimum: too little sun for more"),
        (car("a", always=True), RUNNING, 1500.0, "solar", "Following the sun"),
        (car("a", always=True), RUNNING, None, "solar_blind", "Minimum only: Meter grid is silent"),
        (car("a"), Sun(), None, "solar_blind", "No solar charging: Meter grid is silent"),
        (car("a"), Sun(), 700.0, "solar_wait", "Waiting for sun: 0.7 kW to spare, 1.4 kW needed"),
        (car("a"), Sun(), -700.0, "solar_wait", "Waiting for sun: 0.0 kW to spare, 1.4 kW needed"),
        (car("a", wants=False), Sun(), 700.0, "solar", "Solar, when a car wants power"),
        (car("a"), Sun(running=("b",)), 1500.0, "solar_turn", "Waiting for its turn"),
        (car("a"), Sun(running=("b",)), 1000.0, "solar_wait", "Waiting for sun: 1.0 kW to spare, 1.4 kW needed"),
    ],
)
def test_what_a_connector_is_told(one: Runner, sun: Sun, surplus_w: float | None, code: str, text: str) -> None:
    found, _ = claimed(one, sun=sun, surplus_w=surplus_w, problem="Meter grid is silent")
    assert found["a"].reason.code == code
    assert found["a"].reason.text.startswith(text)


def test_those_who_run_share_the_budget_and_the_others_get_nothing() -> None:
    found, pool = claimed(car("a"), car("b"), sun=RUNNING, surplus_w=2450.0)
    assert (found["a"].amps, found["a"].pool) == (None, pool.name)
    assert (found["b"].amps, found["b"].pool) == (0.0, None)
    assert pool.budget_a == 10.0
    assert pool.reason.text == "The sun has 2.5 kW for cars"


def test_a_car_that_may_be_there_gets_what_all_others_leave() -> None:
    found, pool = claimed(car("a"), car("b", wants=False, leftover=True), sun=RUNNING, surplus_w=2450.0)
    assert (found["b"].amps, found["b"].pool) == (None, pool.name)


def test_the_budget_counts_three_phase_cars_for_what_they_are() -> None:
    _, pool = claimed(car("a"), replace(car("b"), watts_per_amp=720.0), sun=replace(RUNNING, budget_w=4800.0))
    assert pool.budget_a == 20.0
    assert pool.weights == {"a": 1.0, "b": 3.0}


def test_no_surplus_no_number() -> None:
    _, pool = claimed(car("a"), surplus_w=None, problem="Meter grid is silent")
    assert pool.reason.text == "No sun to go by"
