"""The hard invariants, against a small model of reality: any arrivals, losses, silences and controller deaths.

Reality here is not what the controller believes but what units have accepted and cars draw (see virtual_house).
"""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tests.control.virtual_house import VirtualHouse, VirtualUnit, charging, garage
from twcmaster.model.site import Circuit

NESTED = (
    Circuit("main", 50.0, phases=(1, 2, 3)),
    Circuit("garage", 32.0, phases=(1, 2, 3), parent="main"),
    Circuit("yard", 40.0, phases=(1, 2, 3), parent="main"),
)


def no_overload(house: VirtualHouse) -> None:
    """On every conductor of every circuit, what cars draw or are allowed to draw fits."""
    site = house.site()
    for circuit in house.circuits:
        for phase in circuit.phases:
            load = sum(
                max(u.drawn_a, u.allowed_a())
                for u in house.units
                if phase in u.phases and circuit in site.path(u.circuit)
            )
            assert load <= circuit.limit_a + 1e-6, (house.now, circuit.name, load, house.units)


def legal_offers(house: VirtualHouse) -> None:
    for unit in house.units:
        assert unit.offer_a == 0 or unit.minimum_a <= unit.offer_a <= unit.limit_a


def both(house: VirtualHouse) -> None:
    no_overload(house)
    legal_offers(house)


def _arrive(key: str, wants_a: int) -> Callable[[VirtualHouse], None]:
    return lambda house: None if house.unit(key).car else house.unit(key).arrive(wants_a)


def _leave(key: str) -> Callable[[VirtualHouse], None]:
    return lambda house: house.unit(key).leave()


def _silence(key: str) -> Callable[[VirtualHouse], None]:
    def flip(house: VirtualHouse) -> None:
        house.unit(key).alive = not house.unit(key).alive

    return flip


def _wish(amps: int) -> Callable[[VirtualHouse], None]:
    def change(house: VirtualHouse) -> None:
        house.fixed_a = float(amps)

    return change


def _controller(house: VirtualHouse) -> None:
    house.controller_runs = not house.controller_runs


keys = st.sampled_from("abc")
events = st.one_of(
    st.builds(_arrive, keys, st.integers(5, 48)),
    st.builds(_leave, keys),
    st.builds(_silence, keys),
    st.builds(_wish, st.integers(0, 90)),
    st.just(_controller),
)
scripts = st.lists(st.tuples(st.integers(1, 240), events), max_size=12)


def _run(house: VirtualHouse, script: list[tuple[int, Callable[[VirtualHouse], None]]]) -> None:
    timeline: dict[float, Callable[[VirtualHouse], None]] = {}
    for index, (second, event) in enumerate(script):
        timeline[second + index * 0.001] = event
    house.run(260, timeline)


@given(scripts, st.lists(st.sampled_from((1, 2)), min_size=3, max_size=3), st.integers(0, 999), st.floats(0, 0.35))
def test_one_circuit_is_never_overloaded(script, protocols, seed, loss) -> None:  # type: ignore[no-untyped-def]
    dice = random.Random(seed)
    units = [
        VirtualUnit(key, protocol, phase_of_second=round(dice.randrange(10) / 10, 1), shows_plug=dice.random() < 0.5)
        for key, protocol in zip("abc", protocols, strict=True)
    ]
    _run(VirtualHouse(garage(), units, lossy=lambda: dice.random() < loss, check=both), script)


@given(scripts, st.integers(0, 999), st.floats(0, 0.3))
def test_nested_three_phase_circuits_are_never_overloaded(script, seed, loss) -> None:  # type: ignore[no-untyped-def]
    dice = random.Random(seed)
    units = [
        VirtualUnit("a", 1, "garage", 32, phases=(1, 2, 3)),
        VirtualUnit("b", 2, "garage", 32, phases=(2,), phase_of_second=0.3),
        VirtualUnit("c", 2, "yard", 32, phases=(1, 2, 3), phase_of_second=0.6),
    ]
    _run(VirtualHouse(NESTED, units, lossy=lambda: dice.random() < loss, check=both), script)


def test_units_found_charging_too_much_come_down_at_once() -> None:
    house = VirtualHouse(garage(), [charging("a", 30.0), charging("b", 30.0, phase_of_second=0.5)])
    house.run(8)
    no_overload(house)
    assert house.offers() == (20, 20)


def test_an_overload_found_is_said() -> None:
    house = VirtualHouse(garage(), [charging("a", 30.0), charging("b", 30.0)])
    said: set[str] = set()
    house.check = lambda h: said.update(a.code for a in h.plan.alarms) if h.plan else None
    house.run(8)
    assert "overload" in said
    assert house.plan is not None
    assert not house.plan.alarms
