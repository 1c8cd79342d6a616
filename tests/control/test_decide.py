"""What people see: arrivals, departures, fairness and contactor care, as tables over time."""

from __future__ import annotations

import pytest

from tests.control.virtual_house import VirtualHouse, VirtualUnit, charging, garage
from twcmaster.control.sun import Runner, Sun, next_in
from twcmaster.model.plan import Relay


def arrive(key: str, wants_a: float):  # type: ignore[no-untyped-def]
    return lambda house: house.unit(key).arrive(wants_a)


def relay(house: VirtualHouse) -> Relay | None:
    assert house.plan is not None
    return house.plan.offers[0].relay


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_car_that_arrives_gets_its_share_soon_even_when_others_use_all(protocol: int) -> None:
    units = [charging("a", 40.0, protocol=protocol), VirtualUnit("b", protocol, shows_plug=True)]
    house = VirtualHouse(garage(), units)
    house.run(30)
    assert house.unit("a").offer_a == 40
    house.run(15, {1: arrive("b", 40)})
    assert house.offers() == (20, 20)


def test_a_protocol_1_unit_that_shows_nothing_is_found_by_probing() -> None:
    house = VirtualHouse(garage(), [charging("a", 40.0), VirtualUnit("b", 1)])
    house.run(60)
    house.run(160, {1: arrive("b", 40)})
    assert house.offers() == (20, 20)


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_unit_without_a_car_costs_the_others_nothing(protocol: int) -> None:
    house = VirtualHouse(garage(), [charging("a", 40.0, protocol=protocol), VirtualUnit("b", protocol)])
    lost = []
    house.check = lambda h: lost.append(40 - h.unit("a").drawn_a)
    house.run(60)
    lost.clear()
    house.run(600)
    assert sum(lost) / len(lost) < 2.0


def test_a_full_car_leaves_its_amps_to_the_others() -> None:
    house = VirtualHouse(garage(), [charging("a", 40.0), VirtualUnit("b", 1, shows_plug=True)], fixed_a=20)
    house.run(30, {1: arrive("b", 0)})
    house.run(70)
    assert house.offers() == (20, 0)


def test_what_a_car_leaves_unused_goes_to_the_other() -> None:
    house = VirtualHouse(garage(), [charging("a", 13.0), charging("b", 40.0)])
    house.run(90)
    assert house.unit("b").offer_a == 26
    assert house.plan is not None
    assert "car_limit" in [reason.code for reason in house.plan.offers[0].limits]


def test_the_site_wish_is_shared_and_not_exceeded_on_the_way() -> None:
    house = VirtualHouse(garage(), [charging("a", 40.0), VirtualUnit("b", 2)], fixed_a=20)
    house.run(20)
    over = []
    house.check = lambda h: over.append(sum(u.drawn_a for u in h.units))
    house.run(30, {1: arrive("b", 40)})
    assert max(over) <= 20
    assert house.offers() == (10, 10)


def test_a_contactor_stays_closed_for_a_minute_and_open_for_a_minute() -> None:
    house = VirtualHouse(garage(), [VirtualUnit("a", 1, shows_plug=True)], fixed_a=20)
    house.run(15, {1: arrive("a", 20)})
    assert house.unit("a").drawn_a > 6
    house.fixed_a = 0
    house.run(30)
    assert house.offers() == (6,)
    house.run(25)
    assert house.offers() == (0,)
    house.fixed_a = 20
    house.run(50)
    assert house.offers() == (0,)
    house.run(15)
    assert house.offers() == (20,)
    assert house.unit("a").closings == 2


def test_protocol_2_without_relay_holds_its_minimum_and_says_so() -> None:
    house = VirtualHouse(garage(), [charging("a", 20.0, protocol=2)], fixed_a=20)
    house.run(70)
    house.fixed_a = 0
    house.run(10)
    assert house.offers() == (6,)
    assert house.plan is not None
    assert house.plan.offers[0].limits[0].code == "cannot_stop"


def test_protocol_2_with_relay_is_opened_and_closed_again() -> None:
    house = VirtualHouse(garage(), [charging("a", 20.0, protocol=2)], fixed_a=20, allow_relay=True)
    house.run(70)
    house.fixed_a = 0
    house.run(3)
    assert relay(house) is Relay.OPEN
    house.unit("a").wants_a = 0
    house.run(70)
    assert relay(house) is None
    house.fixed_a = 20
    house.run(3)
    assert relay(house) is Relay.CLOSE


def test_a_lost_unit_keeps_its_reservation_until_it_must_have_stopped() -> None:
    house = VirtualHouse(garage(), [charging("a", 30.0), VirtualUnit("b", 1, shows_plug=True)])
    house.run(20)
    house.unit("a").alive = False
    house.run(30, {1: arrive("b", 40)})
    assert house.unit("b").offer_a <= 40 - house.unit("a").offer_a
    house.run(60)
    assert house.unit("b").offer_a == 40


def test_a_shared_id_is_offered_nothing() -> None:
    house = VirtualHouse(garage(), [charging("a", 10.0, duplicate=True), VirtualUnit("b", 1)])
    house.run(10)
    assert house.unit("a").offer_a == 0


def test_same_input_same_plan() -> None:
    plans = []
    for _ in range(2):
        house = VirtualHouse(garage(), [charging("a", 30.0), VirtualUnit("b", 2)])
        house.run(30, {5: arrive("b", 16)})
        plans.append(house.plan)
    assert plans[0] == plans[1]


def test_a_car_that_shows_goes_before_a_trial_for_one_that_may_not_be_there() -> None:
    house = VirtualHouse(garage(), [VirtualUnit("a", 1), VirtualUnit("b", 2, alive=False, linked_at=1000.0)], fixed_a=9)
    house.run(2)
    house.unit("b").alive = True
    house.run(30, {0: arrive("b", 16)})
    assert house.offers() == (0, 9)
    assert house.unit("b").drawn_a == 9


def test_a_car_that_is_kept_waiting_by_a_wish_is_not_said_to_want_nothing() -> None:
    house = VirtualHouse(garage(), [VirtualUnit("a", 1, shows_plug=True)], fixed_a=0)
    house.run(15, {1: arrive("a", 16)})
    assert house.plan is not None
    assert house.offers() == (0,)
    assert [reason.code for reason in house.plan.offers[0].limits] == ["standing_fixed"]


def test_a_car_that_shows_comes_before_a_trial_for_one_that_may_be_there() -> None:
    maybe, shown = Runner("a", 240.0, 6, 32, wants=True, shows=False), Runner("b", 240.0, 6, 32, wants=True)
    fed = Sun(energy_wh={"b": 5000.0})
    assert next_in(fed, {"a": maybe, "b": shown}) is shown
    assert next_in(fed, {"a": maybe}) is maybe
