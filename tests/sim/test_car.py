from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.sim.car import STUCK_A, VirtualCar
from twcmaster.sim.car_spec import CarSpec, Visit
from twcmaster.sim.daytime import DayClock, clock_text

HOUR_S = 3600.0


def plugged(spec: CarSpec, seed: int = 1) -> VirtualCar:
    car = VirtualCar(spec, seed)
    car.plug_in(0.0)
    return car


def live(car: VirtualCar, pilot_a: float, from_s: int, to_s: int, step_s: int = 1) -> list[float]:
    """Amps after each step, with a closed contactor while the car wants it."""
    drawn = []
    for now in range(from_s + step_s, to_s + 1, step_s):
        car.advance(pilot_a, float(now), closed=car.wants(pilot_a))
        drawn.append(round(car.draw_a, 3))
    return drawn


def test_it_ramps_up_by_3_a_per_second_and_down_at_once() -> None:
    car = plugged(CarSpec(underdraw=0.0))
    assert live(car, 16.0, 0, 7) == [3, 6, 9, 12, 15, 16, 16]
    assert live(car, 6.0, 7, 9) == [6, 6]
    car.advance(6.0, 10.0, closed=False)
    assert car.draw_a == 0


@pytest.mark.parametrize(
    "max_a, underdraw, pilot_a, drawn_a", [(32, 0.0, 40.0, 32.0), (32, 0.05, 20.0, 19.0), (11, 0.1, 40.0, 9.9)]
)
def test_it_draws_no_more_than_it_can_and_a_little_less_than_it_may(
    max_a: float, underdraw: float, pilot_a: float, drawn_a: float
) -> None:
    assert live(plugged(CarSpec(max_a=max_a, underdraw=underdraw)), pilot_a, 0, 30)[-1] == pytest.approx(drawn_a)


@pytest.mark.parametrize("minimum_a", [6.0, 8.0])
def test_it_refuses_less_than_its_minimum(minimum_a: float) -> None:
    car = plugged(CarSpec(minimum_a=minimum_a))
    assert not car.wants(0.0)
    assert not car.wants(minimum_a - 0.01)
    assert car.wants(minimum_a)


def test_a_plain_load_heeds_no_zero() -> None:
    assert plugged(CarSpec(heeds_zero=False)).wants(0.0)


def test_it_stops_at_its_target_and_asks_again_for_a_higher_one() -> None:
    car = plugged(CarSpec(battery_kwh=1.0, soc_percent=85.0, target_percent=90.0))
    live(car, 32.0, 0, 120)
    assert not car.wants(32.0)
    assert car.soc_percent == pytest.approx(90.0, abs=0.3)
    car.set_target(95.0)
    assert car.wants(32.0)


def test_it_tapers_towards_a_full_battery() -> None:
    car = plugged(CarSpec(battery_kwh=2.0, soc_percent=94.0, target_percent=100.0, underdraw=0.0))
    drawn = live(car, 32.0, 0, 400)
    assert max(drawn) == 32.0
    late = [amps for amps in drawn[60:] if amps]
    assert all(after <= before for before, after in pairwise(late))
    assert min(late) == pytest.approx(2.0, abs=1.0)
    assert car.soc_percent == pytest.approx(100.0, abs=0.01)


def test_the_battery_gets_what_the_wires_carry_less_the_losses() -> None:
    car = plugged(CarSpec(battery_kwh=50.0, soc_percent=20.0, underdraw=0.0, phases=3, volts=230.0, efficiency=0.9))
    live(car, 16.0, 0, 3600)
    kwh = 16 * 230 * 3 / 1000
    assert car.charged_kwh == pytest.approx(kwh, rel=0.002)
    assert car.soc_percent == pytest.approx(20.0 + kwh * 0.9 / 50 * 100, rel=0.002)


@given(st.lists(st.tuples(st.integers(1, 30), st.sampled_from((0.0, 6.0, 13.0, 32.0))), max_size=20))
def test_how_often_it_is_asked_changes_nothing(history: list[tuple[int, float]]) -> None:
    coarse, fine = plugged(CarSpec(underdraw=0.0)), plugged(CarSpec(underdraw=0.0))
    now = 0
    for length_s, pilot_a in history:
        for car in (coarse, fine):
            car.advance(pilot_a, float(now), closed=car.wants(pilot_a))
        live(coarse, pilot_a, now, now + length_s, length_s)
        live(fine, pilot_a, now, now + length_s, 1)
        now += length_s
    assert coarse.draw_a == pytest.approx(fine.draw_a, abs=1e-6)
    assert coarse.soc_percent == pytest.approx(fine.soc_percent, abs=1e-6)


def test_speed_fills_the_battery_faster_but_ramps_in_real_time() -> None:
    car = VirtualCar(CarSpec(underdraw=0.0), clock=DayClock(speed=60.0))
    car.plug_in(0.0)
    assert live(car, 16.0, 0, 6)[:3] == [3, 6, 9]
    live(car, 16.0, 6, 60)
    assert car.charged_kwh == pytest.approx(16 * 0.24, rel=0.06)


# ── habits ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_after_a_raise_it_may_stay_near_5_a_until_it_has_seen_the_spike_for_5_s() -> None:
    car = plugged(CarSpec(stuck_chance=1.0, underdraw=0.0))
    assert live(car, 8.0, 0, 10)[-1] == 8.0
    assert live(car, 12.0, 10, 40)[-1] == STUCK_A
    assert live(car, 16.0, 40, 43)[-1] == STUCK_A  # too short a spike
    assert live(car, 12.0, 43, 60)[-1] == STUCK_A
    live(car, 16.0, 60, 66)
    assert not car.stuck
    assert live(car, 12.0, 66, 70)[-1] == 12.0


def test_a_raise_to_the_spike_itself_and_a_fall_do_not_hang() -> None:
    car = plugged(CarSpec(stuck_chance=1.0, underdraw=0.0))
    live(car, 10.0, 0, 10)
    assert live(car, 21.0, 10, 20)[-1] == 21.0
    assert live(car, 7.0, 20, 30)[-1] == 7.0


def test_it_answers_a_new_pilot_after_its_reaction_time() -> None:
    car = plugged(CarSpec(reaction_s=2.0, underdraw=0.0))
    live(car, 10.0, 0, 20)
    car.advance(20.0, 20.0, closed=True)
    assert live(car, 20.0, 20, 24) == [10, 13, 16, 19]


def test_with_nothing_to_charge_it_sleeps_and_wakes_when_told() -> None:
    car = plugged(CarSpec(soc_percent=90.0, sleeps_after_s=600.0))
    awake = []
    for second in (599, 601):
        live(car, 16.0, 0, second)
        awake.append(car.awake)
    assert awake == [True, False]
    assert car.plugged
    car.set_target(100.0)
    assert not car.wants(16.0)
    car.wake(700.0)
    assert car.wants(16.0)


def test_a_car_that_waits_for_power_stays_awake() -> None:
    car = plugged(CarSpec(sleeps_after_s=600.0))
    live(car, 0.0, 0, 2000)
    assert car.awake


def test_its_owner_can_stop_and_start_it() -> None:
    car = plugged(CarSpec())
    car.stop()
    assert not car.wants(32.0)
    car.start()
    assert car.wants(32.0)


# ── coming and going ─────────────────────────────────────────────────────────────────────────────────────────────


def presence(car: VirtualCar, hours: int) -> list[tuple[str, bool]]:
    """When it came and went, by the clock."""
    moves = []
    before = False
    for minute in range(hours * 60):
        now = minute * 60.0
        car.advance(0.0, now, closed=False)
        if car.plugged is not before:
            moves.append((clock_text(car.clock.day_s(now)), car.plugged))
            before = car.plugged
    return moves


def test_it_comes_and_goes_every_day_also_over_midnight() -> None:
    visits = (Visit(9 * HOUR_S, 11 * HOUR_S), Visit(17.5 * HOUR_S, 7.75 * HOUR_S))
    assert presence(VirtualCar(CarSpec(visits=visits)), 48) == [
        ("00:00", True),
        ("07:45", False),
        ("09:00", True),
        ("11:00", False),
        ("17:30", True),
        ("07:45", False),
        ("09:00", True),
        ("11:00", False),
        ("17:30", True),
    ]


def test_a_day_that_starts_at_noon_finds_it_where_it_is_by_then() -> None:
    visits = (Visit(9 * HOUR_S, 15 * HOUR_S, used_kwh=20.0),)
    car = VirtualCar(CarSpec(visits=visits, soc_percent=60.0), clock=DayClock(start_s=12 * HOUR_S))
    car.advance(0.0, 0.0, closed=False)
    assert car.plugged
    assert car.soc_percent == 60.0


def test_driving_uses_the_battery() -> None:
    car = VirtualCar(CarSpec(battery_kwh=75.0, soc_percent=60.0, visits=(Visit(HOUR_S, 2 * HOUR_S, used_kwh=15.0),)))
    car.advance(0.0, HOUR_S + 1, closed=False)
    assert car.soc_percent == pytest.approx(40.0)


def test_chance_moves_its_times_and_the_seed_fixes_them() -> None:
    spec = CarSpec(visits=(Visit(9 * HOUR_S, 17 * HOUR_S, jitter_s=1800.0),))
    first, again, other = (presence(VirtualCar(spec, seed), 24 * 5) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert all("08:30" <= when <= "09:30" for when, arrives in first if arrives)
