"""The whole graph on virtual connectors, in virtual time: what a person with three cars would see."""

from __future__ import annotations

import pytest

from tests.runtime.site_under_test import GARAGE, SiteUnderTest, Step, play, unit
from twcmaster.sim.faults import ROUGH

THREE = (unit(0x1839), unit(0x2433), unit(0x022C, protocol=1))


def plug(index: int):  # type: ignore[no-untyped-def]
    return lambda test: test.plug_in(index)


def nothing(test: SiteUnderTest) -> None:
    return


def test_a_car_charges_at_the_amps_that_were_set() -> None:
    def charging(test: SiteUnderTest) -> None:
        assert test.drawn() == pytest.approx((19.6, 0, 0))

    play(THREE, {5: plug(0), 40: charging}, GARAGE.replace("amps = 40", "amps = 20"))


def test_three_cars_join_without_a_moment_of_overload() -> None:
    def shared(test: SiteUnderTest) -> None:
        assert sorted(test.offers().values()) == [13, 13, 14]

    test = play(THREE, {5: plug(0), 45: plug(1), 70: plug(2), 250: shared})
    assert test.over_amp_s == 0


def test_cars_that_are_plugged_in_at_once_share_at_once() -> None:
    def shared(test: SiteUnderTest) -> None:
        assert sum(test.drawn()) > 35

    test = play(THREE, {5: plug(0), 5.1: plug(1), 5.2: plug(2), 60: shared})
    assert test.over_amp_s == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_rough_line_costs_neither_limits_nor_heartbeats(seed: int) -> None:
    test = play(THREE, {5: plug(0), 60: plug(1), 120: plug(2), 900: nothing}, faults=ROUGH, seed=seed)
    assert test.over_amp_s == 0


def test_an_adapter_that_vanishes_is_found_again_and_charging_goes_on() -> None:
    def charging(test: SiteUnderTest) -> None:
        assert test.drawn()[0] > 30

    def relinked(test: SiteUnderTest) -> None:
        assert test.graph.buses["garage"].pump.connected
        now = test.graph.buses["garage"].master.units[0x1839]
        assert now.heard_at is not None
        assert now.heard_at > 61

    script: dict[float, Step] = {
        5: plug(0),
        50: charging,
        51: lambda test: test.links[0].unplug(),
        60: lambda test: test.links[0].plug_in(),
        65: relinked,
        90: charging,
    }
    test = play(THREE, script)
    assert test.told("lost sim://garage")
    assert test.site.units[0].connector.session.contactor.closings == 1


def test_without_a_controller_the_bus_falls_back_by_itself() -> None:
    def stop_deciding(test: SiteUnderTest) -> None:
        test.graph.controller.tick = lambda now: None  # type: ignore[method-assign]

    def fallen_back(test: SiteUnderTest) -> None:
        assert test.drawn()[0] == pytest.approx(7.8)

    config = GARAGE.replace('circuit = "garage"', 'circuit = "garage"\nfallback_a = 8')
    test = play(THREE, {5: plug(0), 50: stop_deciding, 75: fallen_back}, config)
    assert test.told("fallen back to 8 A")


def test_a_controller_that_fails_ends_the_program() -> None:
    def fail(test: SiteUnderTest) -> None:
        def broken(now: float) -> None:
            raise ZeroDivisionError

        test.graph.controller.tick = broken  # type: ignore[method-assign]

    with pytest.raises((ZeroDivisionError, AssertionError)):
        play(THREE, {5: fail, 10: nothing, 11: nothing})


def test_two_runs_of_one_seed_are_the_same_run() -> None:
    script: dict[float, Step] = {5: plug(0), 30: plug(1), 90: nothing}
    first, second = (play(THREE, script, faults=ROUGH, seed=3) for _ in range(2))
    assert first.graph.hub.newest is not None
    assert second.graph.hub.newest is not None
    assert first.graph.hub.newest.plan == second.graph.hub.newest.plan
    assert [n.text for n in first.graph.hub.notices] == [n.text for n in second.graph.hub.notices]
