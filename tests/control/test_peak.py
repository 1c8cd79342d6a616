"""The billed peak: what is left of an interval's energy, and who gets it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.control.small_meters import Said, world
from tests.control.small_world import BERLIN, NOON
from twcmaster.control.balance import Balance, CarDraw, observe
from twcmaster.control.peak import MOST_SHARE, REST_S, SHORTEST_REST_S, Peak, _place, constraints, watch
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
    saved_ws = (LIMIT_W - spent_w) * into_s
    rest_s = max(SHORTEST_REST_S, 900 - into_s) if saved_ws > 0 else 900 - into_s
    return max(0.0, min(MOST_SHARE * LIMIT_W, max(0.0, LIMIT_W + saved_ws / rest_s)) - house_w)


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


@pytest.mark.parametrize("into_s, import_w", [(300, 7000.0), (850, 8200.0)])
def test_what_cars_draw_is_theirs_and_what_was_overspent_is_made_up_for(into_s: int, import_w: float) -> None:
    metered = begun()
    metered.cars_w = 5000.0
    assert metered.spend(into_s, import_w) == pytest.approx(fair(into_s, import_w, import_w - 5000.0), rel=0.02)


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


@pytest.mark.parametrize("zone,into_s", [("Europe/Berlin", 1800), ("Asia/Kolkata", 0), ("Asia/Kathmandu", 900)])
def test_hours_begin_on_the_clock_of_the_site(zone: str, into_s: int) -> None:
    clock = datetime(2026, 6, 21, 11, 30, tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert _place(clock, 3600.0)[1] == into_s


@pytest.mark.parametrize("said", [Said("grid", mute=True), Said("grid", None), Said("grid", 0.0, 900.0)])
def test_a_silent_meter_leaves_the_fallback_only(said: Said) -> None:
    metered = Metered()
    assert metered.look(said) is None
    (limit,) = constraints(world([said], energy={"peak": FACTS}), metered.peak, metered.draws, 6.0)
    assert (limit.limit_a, limit.reason.code) == (6.0, "peak_blind")


def test_the_limit_counts_three_phase_cars_for_what_they_are() -> None:
    draws = {"a": CarDraw(0.0, 0.0, 0.0, 0.0, 230.0), "b": CarDraw(0.0, 0.0, 0.0, 0.0, 690.0)}
    (limit,) = constraints(world([], energy={"peak": FACTS}), Peak(cars_w=6900.0), draws, 0.0)
    assert limit.limit_a == 30.0
    assert limit.load({"a": 10.0, "b": 6.0}) == 28.0
    assert limit.reason.text == "Peak limit of 8 kW: 6.9 kW are left for cars now"


def test_without_a_limit_in_the_config_nothing_is_counted() -> None:
    bare, before = world([Said("grid", 0.0)]), Peak()
    assert watch(bare, Balance(), {}, before) is before
    assert constraints(bare, before, {"a": CarDraw(0.0, 0.0, 0.0, 0.0, 230.0)}, 0.0) == ()


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


def test_spending_evenly_leaves_as_much_at_the_end_as_at_the_start() -> None:
    metered = begun()
    metered.cars_w = 3000.0
    allowed_w = [metered.spend(1, LIMIT_W) for _ in range(1800)]
    assert allowed_w[60:] == pytest.approx([3000.0] * 1740, rel=0.02)


# ── cars that had to stop ────────────────────────────────────────────────────────────────────────────────────────────


def garage(**amps: tuple[float, float]) -> dict[str, CarDraw]:
    """Cars with what they draw and what they are offered."""
    return {key: CarDraw(1000.0, drawn_a, offered_a, 0.0, 230.0) for key, (drawn_a, offered_a) in amps.items()}


def seen(before: Peak, import_w: float, now: float, draws: dict[str, CarDraw]) -> tuple[Peak, tuple[str, ...]]:
    """One look: the memory after it, and who may not begin."""
    looked = world([Said("grid", import_w)], now, energy={"peak": FACTS})
    after = watch(looked, observe(looked, draws, Balance()), draws, before)
    resting = [limit for limit in constraints(looked, after, draws, 0.0) if limit.reason.code == "peak_rest"]
    assert all(limit.limit_a == 0.0 for limit in resting)
    return after, tuple(sorted(key for limit in resting for key in limit.members))


@pytest.mark.parametrize(
    "house_w, resting",
    # The house takes all: who stopped did so for it. Where there is plenty left, it was somebody's wish.
    [(9000.0, ("a", "c")), (1000.0, ())],
)
def test_after_a_car_had_to_stop_none_begins_for_a_while(house_w: float, resting: tuple[str, ...]) -> None:
    peak, _ = seen(Peak(), house_w, 1000.0, garage(a=(5.9, 6.0), b=(5.9, 6.0), c=(0.0, 0.0)))
    stopped = garage(a=(0.0, 0.0), b=(5.9, 6.0), c=(0.0, 0.0))
    peak, waiting = seen(peak, house_w, 1002.0, stopped)
    assert waiting == resting
    for later_s, still in ((REST_S - 1, resting), (REST_S, ())):
        _, waiting = seen(peak, 500.0, 1002.0 + later_s, stopped)
        assert waiting == still


def test_a_car_that_leaves_stops_nobody() -> None:
    peak, _ = seen(Peak(), 9000.0, 1000.0, garage(a=(5.9, 6.0), b=(0.0, 0.0)))
    assert seen(peak, 9000.0, 1002.0, garage(b=(0.0, 0.0)))[1] == ()
