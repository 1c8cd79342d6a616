"""How much sun is there for cars: from every kind of meter, at the moment of the reading, with a battery in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.control.small_meters import Said, world
from twcmaster.control.balance import Balance, CarDraw, cars_at, observe
from twcmaster.control.lag import UNSEEN
from twcmaster.control.rhythm import STALE_INTERVALS, STALE_LEAST_S
from twcmaster.model.energy import BatteryFacts, SolarFacts

NOW = 1000.0
#: A three-phase car at 10 A and 230 V.
CAR_W = 6900.0


def draw(
    amps: float = 10.0,
    heard_at: float = NOW,
    offered_a: float | None = None,
    offered_at: float = 0.0,
    watts_per_amp: float = 690.0,
) -> CarDraw:
    return CarDraw(heard_at, amps, amps if offered_a is None else offered_a, offered_at, watts_per_amp)


def surplus(
    *said: Said, cars: dict[str, CarDraw] | None = None, before: Balance | None = None, **energy: object
) -> Balance:
    seen = world(said, NOW, energy=energy)
    return observe(seen, {"a": draw()} if cars is None else cars, before or Balance())


@pytest.mark.parametrize(
    "said, surplus_w",
    [
        # A grid meter: what the cars draw less what is imported.
        ([Said("grid", 0.0)], CAR_W),
        ([Said("grid", -1000.0)], CAR_W + 1000),
        ([Said("grid", CAR_W)], 0.0),
        ([Said("grid", CAR_W + 500)], -500.0),
        ([Said("grid", -1000.0, includes_charger=False)], 1000.0),
        ([Said("grid", 500.0, includes_charger=False)], -500.0),
        # Two of them add up.
        ([Said("grid", 1000.0, name="one"), Said("grid", -300.0, name="two")], CAR_W - 700),
        # The grid meter counts, whatever else there is.
        ([Said("grid", 0.0), Said("pv", 99.0), Said("house", 9999.0)], CAR_W),
        # Generation and house.
        ([Said("pv", 5000.0), Said("house", 400.0 + CAR_W)], 4600.0),
        ([Said("pv", 5000.0), Said("house", 400.0, includes_charger=False)], 4600.0),
        ([Said("pv", 3000.0, name="roof"), Said("pv", 2000.0, name="barn"), Said("house", CAR_W)], 5000.0),
        # Generation alone.
        ([Said("pv", 5000.0)], 5000.0),
        ([Said("pv", 0.0)], 0.0),
    ],
)
def test_the_cars_are_counted_once_whichever_meter_sees_them(said: list[Said], surplus_w: float) -> None:
    balance = surplus(*said)
    assert balance.surplus_w == pytest.approx(surplus_w)
    assert balance.problem == ""


def test_what_the_house_is_said_to_use_and_the_aim_at_the_grid_count() -> None:
    assert surplus(Said("pv", 5000.0), solar=SolarFacts(house_w=300.0)).surplus_w == pytest.approx(4700)
    # Where the house is measured, nothing is assumed of it.
    measured = surplus(Said("pv", 5000.0), Said("house", CAR_W), solar=SolarFacts(house_w=300.0))
    assert measured.surplus_w == pytest.approx(5000)
    for target_w in (200.0, -100.0):
        aimed = surplus(Said("grid", CAR_W), solar=SolarFacts(grid_target_w=target_w))
        assert aimed.surplus_w == pytest.approx(target_w)


@pytest.mark.parametrize(
    "said, problem",
    [
        ([], "No meter tells the surplus"),
        ([Said("house", 400.0)], "No meter tells the surplus"),
        ([Said("grid", mute=True)], "Meter grid has not told anything yet: connection refused"),
        ([Said("grid", None)], "The grid meter tells no watts"),
        ([Said("grid", 0.0, name="one"), Said("grid", None, name="two")], "The grid meter tells no watts"),
        ([Said("grid", 0.0, name="one"), Said("grid", mute=True, name="two")], "Meter two has not told anything yet"),
        ([Said("pv", 5000.0), Said("house", mute=True)], "Meter house has not told anything yet"),
        ([Said("grid", 0.0, NOW - 11)], "Meter grid is silent for 11 s"),
    ],
)
def test_what_cannot_be_told_is_not_made_up(said: list[Said], problem: str) -> None:
    balance = surplus(*said)
    assert balance.surplus_w is None
    assert problem in balance.problem


@pytest.mark.parametrize("every_s", [1.0, 5.0, 60.0, 900.0])
def test_a_reading_is_too_old_after_three_usual_intervals(every_s: float) -> None:
    limit_s = max(STALE_LEAST_S, STALE_INTERVALS * every_s)
    assert surplus(Said("grid", 0.0, NOW - limit_s + 0.1, every_s=every_s)).surplus_w is not None
    assert surplus(Said("grid", 0.0, NOW - limit_s - 0.1, every_s=every_s)).surplus_w is None


# ── the draw at the moment of the reading ────────────────────────────────────────────────────────────────────────────


def lived(*steps: tuple[float, float, Said]) -> Balance:
    """A balance that has seen (now, amps as answered then, what the grid meter's newest reading was then)."""
    balance, offered_a, offered_at = Balance(), 0.0, 0.0
    for now, amps, said in steps:
        if amps != offered_a:
            offered_a, offered_at = amps, now - 60.0
        cars = {"a": draw(amps, heard_at=now, offered_a=offered_a, offered_at=offered_at)}
        balance = observe(world([said], now), cars, balance)
    return balance


def test_a_reading_from_before_the_cars_moved_is_combined_with_what_they_drew_then() -> None:
    before = Said("grid", 10 * 690.0, 1001.0, every_s=60.0)
    balance = lived((1000.0, 10.0, before), (1001.0, 10.0, before), (1002.0, 10.0, before), (1006.0, 2.0, before))
    assert balance.surplus_w == pytest.approx(0.0)


def test_while_an_offer_is_on_its_way_the_estimate_moves_no_further_than_it_must() -> None:
    balance = lived(*((1000.0 + s, 10.0, Said("grid", 6900.0, 1000.0 + s)) for s in range(20)))
    assert balance.surplus_w == pytest.approx(0.0)
    # Offered 16 A just now, not answered yet: the car may draw anything between.
    cars = {"a": draw(10.0, heard_at=1019.0, offered_a=16.0, offered_at=1019.5)}
    for import_w, surplus_w in ((6900.0, 0.0), (16 * 690.0, 0.0), (16 * 690.0 + 500, -500.0), (6900.0 - 500, 500.0)):
        open_ = observe(world([Said("grid", import_w, 1020.0)], 1020.0), cars, balance)
        assert open_.surplus_w == pytest.approx(surplus_w)


def test_a_car_that_another_reason_lets_charge_is_still_taken_out() -> None:
    cars = {"a": draw(), "b": draw(16.0, watts_per_amp=230.0)}
    assert surplus(Said("grid", 0.0), cars=cars).surplus_w == pytest.approx(CAR_W + 16 * 230)
    assert {key: span.likely for key, span in cars_at(surplus(Said("grid", 0.0), cars=cars), cars, NOW).items()} == {
        "a": 10.0,
        "b": 16.0,
    }


def test_a_meter_that_does_not_see_cars_has_none_in_it() -> None:
    balance = surplus(Said("grid", 0.0, includes_charger=False))
    assert balance.lag is not None
    assert balance.lag.chosen == UNSEEN
    assert cars_at(balance, {"a": draw()}, NOW) == {}


def test_it_remembers_through_a_silence_but_forgets_the_estimate() -> None:
    known = surplus(Said("grid", 0.0))
    silent = surplus(Said("grid", 0.0, NOW - 100), before=known)
    assert (silent.surplus_w, silent.before_w) == (None, None)
    assert silent.lag == known.lag
    assert silent.trails == known.trails


# ── a home battery ───────────────────────────────────────────────────────────────────────────────────────────────────

FIRST_BELOW_60 = BatteryFacts("battery", car_from_soc=60.0, hysteresis_soc=5.0, charge_w=3000.0)


@pytest.mark.parametrize(
    "facts, battery_w, soc, surplus_w",
    [
        # Cars first: what the battery takes is theirs, what it gives is not.
        (BatteryFacts("battery"), 0.0, 50.0, CAR_W),
        (BatteryFacts("battery"), -2000.0, 50.0, CAR_W + 2000),
        (BatteryFacts("battery"), 2000.0, 50.0, CAR_W - 2000),
        (BatteryFacts("battery", discharge_to_car=True), 2000.0, 50.0, CAR_W),
        # The battery first: what it takes is its own, and what it could take beyond that, too.
        (FIRST_BELOW_60, -3000.0, 40.0, CAR_W),
        (FIRST_BELOW_60, -1000.0, 40.0, CAR_W - 2000),
        (FIRST_BELOW_60, 2000.0, 40.0, CAR_W - 2000 - 3000),
        (FIRST_BELOW_60, -3000.0, 70.0, CAR_W + 3000),
        # Not known how full it is: it comes first.
        (FIRST_BELOW_60, -3000.0, None, CAR_W),
    ],
)
def test_a_battery_neither_hides_nor_fakes_sun(
    facts: BatteryFacts, battery_w: float, soc: float | None, surplus_w: float
) -> None:
    balance = surplus(Said("grid", 0.0), Said("battery", battery_w, soc_percent=soc), battery=facts)
    assert balance.surplus_w == pytest.approx(surplus_w)


def test_who_comes_first_has_hysteresis() -> None:
    balance, told = Balance(), []
    for soc in (50.0, 59.9, 60.0, 58.0, 55.0, 54.9, 58.0, 60.0):
        said = [Said("grid", 0.0), Said("battery", 0.0, soc_percent=soc)]
        balance = observe(world(said, NOW, energy={"battery": FIRST_BELOW_60}), {}, balance)
        told.append(balance.battery_first)
    assert told == [True, True, False, False, False, True, True, False]


def test_without_a_grid_meter_the_battery_only_reserves_what_it_takes_first() -> None:
    for soc, surplus_w in ((40.0, 2000.0), (80.0, 5000.0)):
        said = (Said("pv", 5000.0), Said("battery", -500.0, soc_percent=soc))
        assert surplus(*said, battery=FIRST_BELOW_60).surplus_w == pytest.approx(surplus_w)


@pytest.mark.parametrize(
    "battery, problem",
    [
        (Said("battery", None, soc_percent=50.0), "does not tell what the battery does"),
        (Said("battery", 0.0, NOW - 60), "silent for 60 s"),
        (Said("battery", mute=True), "has not told anything yet"),
    ],
)
def test_a_battery_that_is_not_known_leaves_the_surplus_unknown(battery: Said, problem: str) -> None:
    balance = surplus(Said("grid", 0.0), battery, battery=BatteryFacts("battery"))
    assert balance.surplus_w is None
    assert problem in balance.problem


def test_what_was_first_stays_first_while_the_state_of_charge_is_unknown() -> None:
    full = surplus(Said("grid", 0.0), Said("battery", 0.0, soc_percent=70.0), battery=FIRST_BELOW_60)
    assert not full.battery_first
    unknown = surplus(Said("grid", 0.0), Said("battery", 0.0), battery=FIRST_BELOW_60, before=full)
    assert not unknown.battery_first
    empty = surplus(Said("grid", 0.0), Said("battery", 0.0, soc_percent=20.0), battery=FIRST_BELOW_60)
    assert surplus(
        Said("grid", 0.0), Said("battery", 0.0), battery=FIRST_BELOW_60, before=replace(empty, surplus_w=None)
    ).battery_first
