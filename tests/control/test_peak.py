"""The billed peak: what is left of an interval's energy, and who gets it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.control.small_meters import Said, world
from tests.control.small_world import BERLIN, NOON
from twcmaster.control.balance import Balance, CarDraw, observe
from twcmaster.control.peak import MOST_SHARE, SHORTEST_REST_S, Peak, constraint, watch
from twcmaster.model.energy import PeakFacts

LIMIT_W = 8000.0
FACTS = PeakFacts("grid", LIMIT_W, 900.0)


class Metered:
    """The peak over time: one look a second, a reading with each."""

    def __init__(self, start: datetime = NOON, cars_w: float = 0.0) -> None:
        self.clock = start
        self.now = 1000.0
        self.peak = Peak()
        self.balance = Balance()
        self.cars_w = cars_w
        self.import_w = 0.0

    @property
    def draws(self) -> dict[str, CarDraw]:
        return {"a": CarDraw(self.now, self.cars_w / 230.0, self.cars_w / 230.0, 0.0, 230.0)}

    def look(self, said: Said) -> float | None:
        seen = world([said], self.now, clock=self.clock, energy={"peak": FACTS})
        self.balance = observe(seen, self.draws, self.balance)
        self.peak = watch(seen, self.balance, self.draws, self.peak)
        return self.peak.cars_w

    def spend(self, seconds: float, import_w: float) -> float | None:
        """That much import, cars included, for so long; what cars may take now."""
        cars_w = None
        for _ in range(round(seconds)):
            self.now += 1.0
            self.clock += timedelta(seconds=1)
            cars_w = self.look(Said("grid", import_w))
        return cars_w


def fair(into_s: float, spent_w: float, house_w: float = 0.0) -> float:
    """What the rest of the interval allows after a constant import since its start."""
    rest_s = max(SHORTEST_REST_S, 900 - into_s)
    left_w = (LIMIT_W * 900 - spent_w * into_s) / rest_s
    return max(0.0, min(MOST_SHARE * LIMIT_W, max(0.0, left_w)) - house_w)


def begun() -> Metered:
    """At the start of an interval, after one that went by at the limit."""
    metered = Metered(NOON - timedelta(seconds=60))
    metered.spend(60, LIMIT_W)
    return metered


@pytest.mark.parametrize("import_w", [0.0, 2000.0, 8000.0, 12000.0])
@pytest.mark.parametrize("into_s", [60, 300, 600, 800])
def test_what_is_left_of_an_interval_is_spread_over_its_rest(import_w: float, into_s: int) -> None:
    metered = begun()
    assert metered.spend(into_s, import_w) == pytest.approx(fair(into_s, import_w, import_w), rel=0.01, abs=30)


def test_a_quiet_start_is_no_licence_for_a_burst_at_the_end() -> None:
    metered = begun()
    assert metered.spend(895, 0.0) == MOST_SHARE * LIMIT_W


def test_a_busy_start_leaves_nothing_and_a_new_interval_begins_afresh() -> None:
    metered = begun()
    assert metered.spend(800, 12000.0) == 0.0
    assert metered.spend(98, 12000.0) == 0.0
    metered.cars_w = 0.0
    assert metered.spend(3, 0.0) == pytest.approx(LIMIT_W, rel=0.01)


def test_export_does_not_earn_anything_back() -> None:
    metered = begun()
    metered.spend(300, 0.0)
    idle = metered.peak.spent_ws
    metered.spend(60, -5000.0)
    assert metered.peak.spent_ws == idle


def test_what_cars_draw_is_theirs() -> None:
    metered = begun()
    metered.cars_w = 5000.0
    assert metered.spend(300, 7000.0) == pytest.approx(fair(300, 7000.0, 2000.0), rel=0.02)


def test_a_start_in_the_middle_counts_as_if_spent_evenly() -> None:
    metered = Metered(NOON + timedelta(seconds=600))
    assert metered.spend(1, 0.0) == pytest.approx(LIMIT_W, rel=0.01)


@pytest.mark.parametrize(
    "jump_s", [600, -600, 7 * 900 + 600, -86400, 3600, -3600], ids=lambda seconds: f"{seconds:+d} s"
)
def test_a_clock_that_jumps_never_makes_room_for_a_burst(jump_s: float) -> None:
    """Into an interval whose past nobody has measured: it counts as spent evenly, as after a start."""
    metered = begun()
    metered.spend(450, LIMIT_W)
    metered.clock += timedelta(seconds=jump_s)
    cars_w = metered.spend(1, LIMIT_W)
    assert cars_w is not None
    assert cars_w <= 0.02 * LIMIT_W


def test_the_hour_that_comes_twice_is_counted_once() -> None:
    metered = Metered(datetime(2026, 10, 25, 2, 59, 30, tzinfo=BERLIN))
    metered.clock = metered.clock.astimezone(BERLIN)
    metered.spend(30, LIMIT_W)
    assert metered.peak.spent_ws < LIMIT_W * 900 * 1.01


@pytest.mark.parametrize("said", [Said("grid", mute=True), Said("grid", None), Said("grid", 0.0, 900.0)])
def test_a_silent_meter_leaves_the_fallback_only(said: Said) -> None:
    metered = Metered()
    assert metered.look(said) is None
    limit = constraint(world([said], energy={"peak": FACTS}), metered.peak, metered.draws, 6.0)
    assert limit is not None
    assert (limit.limit_a, limit.reason.code) == (6.0, "peak_blind")


def test_the_limit_counts_three_phase_cars_for_what_they_are() -> None:
    draws = {"a": CarDraw(0.0, 0.0, 0.0, 0.0, 230.0), "b": CarDraw(0.0, 0.0, 0.0, 0.0, 690.0)}
    limit = constraint(world([], energy={"peak": FACTS}), Peak(cars_w=6900.0), draws, 0.0)
    assert limit is not None
    assert limit.limit_a == 30.0
    assert limit.load({"a": 10.0, "b": 6.0}) == 28.0
    assert limit.reason.text == "Peak limit of 8 kW: 6.9 kW are left for cars now"


def test_without_a_limit_in_the_config_nothing_is_counted() -> None:
    bare, before = world([Said("grid", 0.0)]), Peak()
    assert watch(bare, Balance(), {}, before) is before
    assert constraint(bare, before, {"a": CarDraw(0.0, 0.0, 0.0, 0.0, 230.0)}, 0.0) is None


@pytest.mark.parametrize("house_w", [0.0, 3000.0, 6000.0])
def test_cars_that_take_all_they_may_stay_below_the_peak(house_w: float) -> None:
    metered, taken_ws = begun(), 0.0
    for _ in range(900):
        allowed = metered.peak.cars_w or 0.0
        metered.cars_w = allowed
        metered.spend(1, house_w + allowed)
        taken_ws += house_w + allowed
    assert taken_ws / 900 <= LIMIT_W * 1.02
    assert taken_ws / 900 >= LIMIT_W * 0.9
