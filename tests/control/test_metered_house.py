"""Meters, people, units and cars together: tables over time, against a reality that knows nothing of the decision."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from tests.control.metered_house import BEGIN, VOLTS, MeteredHouse, VirtualMeter
from tests.control.small_world import BERLIN
from tests.control.virtual_house import VirtualHouse, VirtualUnit, garage
from twcmaster.control.fuse import CALM_S, HEADROOM_A, REGAIN_A_PER_S
from twcmaster.model.commands import CancelChargeNow, SetMode, SetPriority, SetSavePower, StartChargeNow
from twcmaster.model.energy import BatteryFacts, EnergyFacts, FuseFacts, PeakFacts
from twcmaster.model.reading import MeterRole
from twcmaster.model.settings import SITE, Mode, SaveKind
from twcmaster.model.site import Circuit

THREE = (1, 2, 3)
FUSE = FuseFacts("grid", 25.0, (1,), VOLTS)
#: A minute for every change: contactors, answers, offers that rise by steps.
SOON_S = 75.0


def unit(key: str = "a", protocol: int = 1, **more: object) -> VirtualUnit:
    return VirtualUnit(key, protocol, shows_plug=True, **more)  # type: ignore[arg-type]


def sunny(
    *units: VirtualUnit,
    meters: list[VirtualMeter] | None = None,
    energy: EnergyFacts | None = None,
    mode: Mode = Mode.SOLAR,
    pv_w: float = 0.0,
    load_w: float = 500.0,
    limit_a: float = 40.0,
) -> MeteredHouse:
    """One phase, a car that takes 32 A at every unit."""
    house = VirtualHouse(garage(limit_a), list(units) or [unit()])
    for one in house.units:
        one.arrive(32.0)
    metered = MeteredHouse(house, meters or [VirtualMeter()], energy or EnergyFacts(), mode)
    metered.pv_w, metered.load_w[1] = pv_w, load_w
    return metered


def three_phase(*units: VirtualUnit, fuse_a: float = 25.0, mode: Mode = Mode.FIXED) -> MeteredHouse:
    circuits = (Circuit("garage", 32.0, VOLTS, THREE),)
    house = VirtualHouse(circuits, list(units), fixed_a=100)
    for one in units:
        one.arrive(32.0)
    facts = EnergyFacts(fuse=FuseFacts("grid", fuse_a, THREE, VOLTS))
    return MeteredHouse(house, [VirtualMeter(tells_phases=True)], facts, mode, THREE)


# ── following the sun ────────────────────────────────────────────────────────────────────────────────────────────────

GRID = [VirtualMeter()]
GRID_WITHOUT_CARS = [VirtualMeter(includes_charger=False, sees_cars=False)]
PV_AND_HOUSE = [VirtualMeter(MeterRole.PV), VirtualMeter(MeterRole.HOUSE)]


@pytest.mark.parametrize(
    "meters",
    [
        lambda: [VirtualMeter()],
        lambda: [VirtualMeter(every_s=1.0)],
        lambda: [VirtualMeter(every_s=10.0, delay_s=2.0)],
        lambda: [VirtualMeter(delay_s=3.0, stamped=False)],
        lambda: [VirtualMeter(includes_charger=False, sees_cars=False)],
        lambda: [VirtualMeter(MeterRole.PV), VirtualMeter(MeterRole.HOUSE)],
        lambda: [VirtualMeter(MeterRole.PV), VirtualMeter(MeterRole.HOUSE, includes_charger=False, sees_cars=False)],
    ],
    ids=[
        "grid 2 s",
        "grid 1 s",
        "grid 10 s late",
        "grid unstamped",
        "grid without cars",
        "sun and house",
        "house alone",
    ],
)
def test_whatever_the_meters_the_cars_take_what_is_left(meters) -> None:  # type: ignore[no-untyped-def]
    house = sunny(meters=meters(), pv_w=0.0)
    # Each row: seconds with that much sun, and the amps that are left for the car afterwards.
    for seconds, pv_w, amps in (
        (120, 0, 0),
        (120, 3000, 10),
        (60, 5000, 18),
        (60, 7000, 27),
        (60, 2500, 8),
        (180, 0, 0),
    ):
        house.pv_w = float(pv_w)
        house.run(seconds)
        assert house.unit_a("a") == pytest.approx(amps, abs=1.0), (pv_w, house.codes("a"))
    assert house.house.unit("a").closings == 1


def test_clouds_that_pass_move_no_contactor_once_they_are_known() -> None:
    house = sunny(pv_w=5000.0)
    house.run(180)
    for _ in range(10):
        _cloud(house)
    learned = house.house.unit("a").closings
    for _ in range(10):
        _cloud(house)
    assert house.house.unit("a").closings == learned <= 3


def _cloud(house: MeteredHouse) -> None:
    """Half a minute of it, then sun for a minute."""
    house.pv_w = 900.0
    house.run(30)
    house.pv_w = 5000.0
    house.run(60)
    assert house.unit_a("a") == pytest.approx(18.0, abs=1)


def test_the_amps_come_down_within_seconds_of_a_cloud() -> None:
    house = sunny(meters=[VirtualMeter(every_s=1.0)], pv_w=7000.0)
    house.run(200)
    house.pv_w = 4000.0
    house.run(4)
    assert house.unit_a("a") <= (4000 - 500) / VOLTS + 0.5


@pytest.mark.parametrize("kind", ["dead", "late"])
def test_a_meter_that_falls_silent_is_no_sun(kind: str) -> None:
    house = sunny(pv_w=5000.0)
    house.run(180)
    house.meter().alive = False
    house.run(9)
    assert house.unit_a("a") == pytest.approx(18.0, abs=1)
    house.run(15)
    assert house.unit_a("a") == 0.0
    assert house.offer("a").wish.code == "solar_blind"
    assert "Meter grid is silent for" in house.offer("a").wish.text
    house.meter().alive = True
    house.run(SOON_S + 60)
    assert house.unit_a("a") == pytest.approx(18.0, abs=1)


def test_the_aim_at_the_grid_is_kept() -> None:
    for target_w in (-400.0, 400.0):
        energy = EnergyFacts(solar=EnergyFacts().solar.__class__(grid_target_w=target_w))
        house = sunny(pv_w=5000.0, energy=energy)
        house.run(240)
        assert house.grid_w() == pytest.approx(target_w, abs=VOLTS)


@pytest.mark.parametrize("every_s", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("pv_w", [2500.0, 6500.0])
def test_a_meter_that_does_not_see_the_cars_is_found_out_before_the_first_car_is_full(
    every_s: float, pv_w: float
) -> None:
    """Its surplus never shrinks: the car takes all it can and then no more steps that could teach anything."""
    house = sunny(meters=[VirtualMeter(every_s=every_s, sees_cars=False)], pv_w=pv_w)
    house.run(300)
    house.house.unit("a").wants_a = 20.0
    house.run(100)
    assert house.alarms() == {"meter_contradiction"}
    assert "includes_charger = false" in house.plan_alarms()[0].text


@pytest.mark.parametrize("every_s", [1.0, 2.0, 5.0])
def test_a_meter_that_sees_cars_it_is_said_not_to_see_is_found_out_within_some_clouds(every_s: float) -> None:
    house = sunny(meters=[VirtualMeter(every_s=every_s, includes_charger=False)], pv_w=5000.0)
    said = set[str]()
    for step in range(20):
        house.pv_w = 3500.0 if step % 2 else 6500.0
        house.run(45)
        said |= {alarm.text for alarm in house.plan_alarms()}
    assert len(said) == 1
    assert "includes_charger = true" in said.pop()


@pytest.mark.parametrize("sees_cars", [True, False])
@pytest.mark.parametrize("every_s, delay_s", [(1.0, 0.0), (2.0, 4.0), (10.0, 2.0), (60.0, 5.0)])
def test_a_sound_config_is_never_accused(every_s: float, delay_s: float, sees_cars: bool) -> None:
    """Not even when the sun jumps as often and as far as the cars that follow it."""
    dice = random.Random(every_s + delay_s)
    meter = VirtualMeter(
        every_s=every_s, delay_s=delay_s, stamped=False, sees_cars=sees_cars, includes_charger=sees_cars
    )
    house = sunny(meters=[meter], pv_w=4000.0)
    for _ in range(60):
        house.pv_w = dice.choice([2500.0, 4000.0, 5000.0, 7500.0])
        house.run(dice.uniform(5, 90))
        assert house.alarms() == set()


@pytest.mark.parametrize("tells_more", [True, False])
def test_a_one_phase_car_at_a_three_phase_unit_is_no_reason_to_accuse_the_config(tells_more: bool) -> None:
    """Known by its unit or not, and while one car after the other comes and goes."""
    one = VirtualUnit("a", 1, limit_a=32, phases=THREE, car_on=(0,), tells_more=tells_more, shows_plug=True)
    house = three_phase(one, fuse_a=63.0)
    for wants_a in (16.0, 32.0, 10.0, 32.0, 24.0, 32.0) * 2:
        one.arrive(wants_a)
        for _ in range(7):
            house.run(12)
            assert house.alarms() == set()
        one.leave()
        house.run(40)
        assert house.alarms() == set()


# ── a home battery ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_battery_comes_first_until_it_is_full_enough_and_with_hysteresis() -> None:
    facts = BatteryFacts("battery", car_from_soc=60.0, hysteresis_soc=5.0, charge_w=3000.0)
    house = sunny(
        meters=[VirtualMeter(), VirtualMeter(MeterRole.BATTERY)], energy=EnergyFacts(battery=facts), pv_w=4000.0
    )
    # Each row: how full the battery is, and whether the car charges some minutes later. The battery takes what it can.
    for soc, charges in ((50, False), (59, False), (61, True), (57, True), (54, False), (58, False), (60, True)):
        house.soc_percent = float(soc)
        for _ in range(150):
            house.battery_w = -max(0.0, min(3000.0, house.pv_w - 500 - house.cars_w()))
            house.run(1)
        assert (house.unit_a("a") > 0) is charges, (soc, house.codes("a"))


@pytest.mark.parametrize("allowed, amps", [(False, 0), (True, 14)])
def test_a_car_is_charged_out_of_the_battery_only_where_that_is_allowed(allowed: bool, amps: int) -> None:
    facts = BatteryFacts("battery", discharge_to_car=allowed)
    house = sunny(
        meters=[VirtualMeter(), VirtualMeter(MeterRole.BATTERY)], energy=EnergyFacts(battery=facts), pv_w=900.0
    )
    house.soc_percent = 90.0
    for _ in range(240):
        house.battery_w = min(3000.0, max(0.0, 500 + house.cars_w() - house.pv_w)) if not allowed else 3000.0
        house.run(1)
    assert house.unit_a("a") == pytest.approx(amps, abs=1)


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_charge_now_comes_before_the_sun_and_gives_way_to_it_again() -> None:
    house = sunny(pv_w=3000.0)
    house.run(180)
    house.ask(StartChargeNow("a", amps=20.0))
    house.run(20)
    assert house.unit_a("a") == pytest.approx(20.0)
    assert house.codes("a") >= {"charge_now_amps"}
    house.ask(CancelChargeNow("a"))
    house.run(20)
    assert house.unit_a("a") == pytest.approx(10.0)
    assert house.house.unit("a").closings == 1


def test_a_car_that_charges_now_is_not_fed_by_the_sun_of_the_others() -> None:
    house = sunny(unit("a"), unit("b", phase_of_second=0.5), pv_w=4500.0)
    house.ask(StartChargeNow("b", amps=10.0))
    house.run(300)
    assert house.unit_a("b") == pytest.approx(10.0)
    assert house.unit_a("a") == pytest.approx((4500 - 500 - 10 * VOLTS) / VOLTS, abs=1)


@pytest.mark.parametrize("first, second", [("a", "b"), ("b", "a")])
def test_the_more_important_connector_is_served_first(first: str, second: str) -> None:
    house = sunny(unit("a"), unit("b", phase_of_second=0.5), pv_w=3000.0)
    house.ask(SetPriority(second, 1))
    house.run(400)
    assert house.unit_a(first) == pytest.approx(10.0)
    assert house.unit_a(second) == 0.0
    assert house.offer(second).wish.code == "solar_turn"
    house.pv_w = 5500.0
    house.run(900)
    assert house.unit_a(first) == pytest.approx(20.0, abs=1)
    assert house.unit_a(second) == 0.0
    house.pv_w = 500 + 38.5 * VOLTS
    house.run(300)
    assert house.unit_a(first) == pytest.approx(32.0, abs=1)
    assert house.unit_a(second) == pytest.approx(6.0, abs=1)


@pytest.mark.parametrize(
    "kind, value, most_a", [(SaveKind.AMPS, 8, 8), (SaveKind.WATTS, 2000, 8), (SaveKind.OFF, 0, 0)]
)
def test_save_power_dims_for_as_long_as_it_says(kind: SaveKind, value: float, most_a: int) -> None:
    house = sunny(pv_w=5000.0)
    house.run(180)
    house.ask(SetSavePower(kind, value, until=house.clock() + timedelta(seconds=120), source="grid operator"))
    house.run(20)
    assert house.unit_a("a") == pytest.approx(most_a)
    assert any("grid operator" in limit.text for limit in house.offer("a").limits) is (kind is not SaveKind.OFF)
    house.run(250)
    assert house.unit_a("a") == pytest.approx(18.0, abs=1)


def test_no_priority_of_another_opens_a_contactor_that_has_just_closed() -> None:
    house = sunny(unit("a"), unit("b", phase_of_second=0.5), mode=Mode.OFF)
    house.ask(SetPriority("a", 1))
    house.ask(SetMode(Mode.FIXED, "b"))
    house.run(90)
    house.ask(SetMode(Mode.FIXED, "a"))
    house.run(25)
    assert min(house.unit_a("a"), house.unit_a("b")) > 0
    house.ask(SetSavePower(SaveKind.AMPS, 6.0))
    house.run(15)
    assert house.house.offers() == (6, 0)
    house.run(90)
    assert house.house.offers() == (0, 6)


def test_a_car_waiting_for_sun_is_not_called_idle() -> None:
    house = sunny(pv_w=800.0)
    house.run(60)
    assert house.codes("a") == {"solar_wait"}


def test_protocol_2_without_relay_holds_its_minimum_in_the_dark_and_says_why() -> None:
    house = sunny(unit(protocol=2), pv_w=3000.0)
    house.run(180)
    assert house.unit_a("a") == pytest.approx(10.0)
    house.pv_w = 0.0
    house.run(1200)
    assert house.unit_a("a") == pytest.approx(6.0)
    assert house.offer("a").limits[0].code == "cannot_stop"
    house.pv_w = 3000.0
    house.run(30)
    assert house.unit_a("a") == pytest.approx(10.0)
    assert house.house.unit("a").closings == 1


def test_resume_solar_at_a_time_even_when_nobody_looked_at_that_very_second() -> None:
    house = sunny(pv_w=5000.0)
    house.ask(SetMode(Mode.OFF, until=house.clock() + timedelta(seconds=100.5), then=Mode.SOLAR))
    house.run(98)
    assert house.unit_a("a") == 0.0
    house.house.controller_runs = False
    house.run(5)
    house.house.controller_runs = True
    house.run(120)
    assert house.unit_a("a") == pytest.approx(18.0, abs=1)


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("jump", [timedelta(hours=5), timedelta(hours=-5), timedelta(days=40), timedelta(days=-40)])
def test_a_wall_clock_that_jumps_leaves_solar_charging_alone(jump: timedelta) -> None:
    house = sunny(pv_w=5000.0)
    house.run(180)
    for offset in (jump, timedelta(), jump):
        house.clock_offset = offset
        house.run(30)
        assert house.unit_a("a") == pytest.approx(18.0, abs=1)
    assert house.house.unit("a").closings == 1


def test_the_night_the_clock_goes_back_ends_charge_now_after_its_two_hours() -> None:
    house = sunny(load_w=300.0)
    house.zone = BERLIN
    house.clock_offset = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN) - house.clock()
    house.ask(StartChargeNow(SITE, amps=10.0, until=house.clock() + timedelta(minutes=5)))
    house.run(290)
    assert house.unit_a("a") == pytest.approx(10.0)
    house.clock_offset += timedelta(minutes=26)
    house.run(90)
    assert house.unit_a("a") == 0.0


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_fuse_dims_at_once_and_recovers_slowly() -> None:
    house = sunny(energy=EnergyFacts(fuse=FUSE), mode=Mode.FIXED, load_w=VOLTS)
    free_a = FUSE.fuse_a - HEADROOM_A
    house.run(60)
    assert house.unit_a("a") == pytest.approx(free_a - 1, abs=0.6)
    house.load_w[1] = 15 * VOLTS
    house.run(8)
    assert house.import_a(1) <= FUSE.fuse_a
    assert house.unit_a("a") == pytest.approx(free_a - 15, abs=0.6)
    assert house.codes("a") >= {"fuse"}
    house.load_w[1] = VOLTS
    house.run(CALM_S - 5)
    assert house.unit_a("a") == pytest.approx(free_a - 15, abs=0.6)
    house.run(10)
    risen_a = house.unit_a("a") - (free_a - 15)
    assert 0 <= risen_a <= 10 * REGAIN_A_PER_S + 1
    house.run(15 / REGAIN_A_PER_S + 10)
    assert house.unit_a("a") == pytest.approx(free_a - 1, abs=1.1)
    assert house.house.unit("a").closings == 1


def test_a_full_house_stops_the_car_although_its_contactor_has_just_closed() -> None:
    house = sunny(energy=EnergyFacts(fuse=FUSE), mode=Mode.FIXED, load_w=VOLTS)
    house.run(20)
    assert house.unit_a("a") > 0
    house.load_w[1] = 22 * VOLTS
    house.run(8)
    assert house.unit_a("a") == 0.0
    assert house.import_a(1) <= FUSE.fuse_a


@pytest.mark.parametrize("fallback_a", [0, 6])
def test_a_fuse_in_the_dark_leaves_the_fallback(fallback_a: int) -> None:
    house = sunny(energy=EnergyFacts(fuse=FUSE), mode=Mode.FIXED, load_w=VOLTS)
    house.house.fallback_a = fallback_a
    house.run(60)
    house.meter().alive = False
    house.run(20)
    assert house.unit_a("a") == pytest.approx(fallback_a)
    assert "fuse_blind" in house.alarms()
    assert "fuse_blind" in house.codes("a") or fallback_a == 0
    house.meter().alive = True
    house.run(SOON_S + 10)
    assert house.unit_a("a") == pytest.approx(FUSE.fuse_a - HEADROOM_A - 1, abs=0.6)
    assert house.alarms() == set()


@pytest.mark.parametrize("every_s", [1.0, 2.0, 5.0])
def test_a_meter_that_does_not_see_the_cars_cannot_talk_the_fuse_guard_into_giving_more(every_s: float) -> None:
    """Taken out of readings that they are not in, cars would make room for themselves."""
    house = sunny(
        meters=[VirtualMeter(every_s=every_s, sees_cars=False)],
        energy=EnergyFacts(fuse=FUSE),
        mode=Mode.FIXED,
        load_w=15 * VOLTS,
    )
    house.run(90)
    assert "meter_contradiction" in house.alarms()
    house.run(30)
    assert house.import_a(1) <= FUSE.fuse_a
    assert house.unit_a("a") == pytest.approx(FUSE.fuse_a - HEADROOM_A - 15, abs=0.6)


def test_a_one_phase_car_on_a_three_phase_unit_uses_what_its_own_phase_leaves() -> None:
    """The house is busy on L2 and L3; the car, once its unit has measured it, is only held by L1."""
    house = three_phase(VirtualUnit("a", 1, limit_a=32, phases=THREE, car_on=(0,), tells_more=True, shows_plug=True))
    house.load_w = {1: 0.0, 2: 14 * VOLTS, 3: 17 * VOLTS}
    house.run(120)
    assert house.unit_a("a") == pytest.approx(25 - HEADROOM_A, abs=0.6)


@pytest.mark.parametrize("tells_more", [True, False])
def test_a_three_phase_car_is_held_by_the_fullest_phase(tells_more: bool) -> None:
    house = three_phase(VirtualUnit("a", 1, limit_a=32, phases=THREE, tells_more=tells_more, shows_plug=True))
    house.load_w = {1: 0.0, 2: 14 * VOLTS, 3: 17 * VOLTS}
    house.run(120)
    assert house.unit_a("a") == pytest.approx(25 - HEADROOM_A - 17, abs=0.6)


def test_a_rotated_connector_loads_the_phase_it_is_wired_to() -> None:
    turned = VirtualUnit("a", 1, limit_a=32, phases=(2, 3, 1), car_on=(0,), tells_more=True, shows_plug=True)
    house = three_phase(turned)
    house.load_w = {1: 0.0, 2: 14 * VOLTS, 3: 0.0}
    house.run(120)
    assert house.unit_a("a") == pytest.approx(25 - HEADROOM_A - 14, abs=0.6)
    assert "on L2" in " ".join(limit.text for limit in house.offer("a").limits)


def test_the_next_car_counts_on_all_phases_until_it_is_known() -> None:
    one = VirtualUnit("a", 1, limit_a=32, phases=THREE, car_on=(0,), tells_more=True, shows_plug=True)
    house = three_phase(one)
    house.load_w = {1: 0.0, 2: 14 * VOLTS, 3: 17 * VOLTS}
    house.run(120)
    one.leave()
    house.run(20)
    one.car_on = None
    one.arrive(32.0)
    over = []
    house.house.check = lambda _: over.append(house.import_a(3) > 25)
    house.run(60)
    assert not any(over)
    assert house.unit_a("a") == pytest.approx(25 - HEADROOM_A - 17, abs=0.6)


def test_the_peak_is_spent_and_then_dimmed() -> None:
    facts = EnergyFacts(peak=PeakFacts("grid", 4000.0, 900.0))
    house = sunny(energy=facts, mode=Mode.FIXED, load_w=500.0)
    house.run(60)
    said, draws, imported_ws = set[str](), list[float](), 0.0
    for _ in range(840):
        house.load_w[1] = 500.0 if house.now - BEGIN < 500 else 2000.0
        house.run(1)
        imported_ws += house.grid_w()
        said |= house.codes("a")
        draws.append(house.unit_a("a"))
    assert 4000 * 0.9 <= imported_ws / 840 <= 4000 * 1.02
    assert "peak" in said
    assert max(draws[:500]) > 14
    assert draws[600] < 14
