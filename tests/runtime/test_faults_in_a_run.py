"""Faults while cars charge: no wire and no fuse carries more than it may, whoever cannot be heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.runtime.buses_under_test import CIRCUIT, LEFT, RIGHT, VOLTS, WIDE, BusesUnderTest, bus, fuse, play, unit
from twcmaster.model.commands import SetPriority, SetSavePower
from twcmaster.model.settings import SaveKind
from twcmaster.protocol.framing import frame
from twcmaster.protocol.messages import ConnectorLinkReady, MasterHeartbeat, encode
from twcmaster.sim.site_plan import BusPlan

BOTH = bus("left") + bus("right")
RENAMED = bus("other").replace("/dev/other", "/dev/right")


def save(kind: SaveKind | None) -> Callable[[BusesUnderTest], Awaitable[None]]:
    async def ask(test: BusesUnderTest) -> None:
        await test.graph.wishes.command(SetSavePower(kind, source="test"), "test")

    return ask


def test_a_car_that_must_have_stopped_is_not_taken_out_of_the_house() -> None:
    """Its bus has lost its adapter: counted as drawing for ever, it would make the house look smaller."""
    test = play(
        (BusPlan("left", (unit(0x1111, 1),)), BusPlan("right", (unit(0x2222, 1),))),
        WIDE + BOTH + fuse(40),
        {120: lambda test: test.links["right"].unplug()},
        300,
        house_w=((0.0, 15 * VOLTS),),
    )
    assert max(test.grid_a) < 40.5
    assert test.offers()["left/1111"] >= 20


def test_a_unit_that_is_not_heard_comes_down_with_the_fuse() -> None:
    test = play(
        (LEFT,),
        WIDE + bus("left") + fuse(40),
        {60: lambda test: test.mute("left")},
        85,
        house_w=((0.0, 5 * VOLTS), (66.0, 30 * VOLTS)),
    )
    assert max(test.grid_a[72:]) < 40.5
    assert test.offers() == {"left/1111": 9}


def test_a_unit_that_is_not_heard_keeps_its_offer_where_no_limit_needs_it() -> None:
    test = play((LEFT,), WIDE + bus("left") + fuse(40), {60: lambda test: test.mute("left")}, 85)
    assert test.offers() == {"left/1111": 32}


@pytest.mark.parametrize("protocol,least_a", [(1, 0), (2, 6)])
def test_two_units_of_one_id_never_get_more_together_than_the_circuit_carries(protocol: int, least_a: int) -> None:
    one = unit(0x1111, protocol, reply_delay_s=0.05)
    two = replace(one, settings=replace(one.settings, sign=0x22, reply_delay_s=0.12))

    def come(test: BusesUnderTest) -> None:
        second = test.site.units[1]
        second.connector.dead = False
        second.connector.power_cycle(60.0)

    def hide(test: BusesUnderTest) -> None:
        test.site.units[1].connector.dead = True

    test = play((BusPlan("left", (one, two)),), CIRCUIT + bus("left"), {0: hide, 60: come}, 1000)
    assert test.told("two connectors answer to 1111")
    assert test.seconds_over(40) <= 3
    assert max(test.drawn_a[120:]) <= 2 * least_a
    assert test.offers() == {"left/1111": least_a}


def test_amps_under_another_master_are_not_given_away() -> None:
    async def other_master(test: BusesUnderTest) -> None:
        adapter = test.site.lines["right"].attach(lambda _: None)
        while True:
            adapter.write(frame(encode(MasterHeartbeat(0xABCD, 0x2222, 5, 2000), 14)))
            await asyncio.sleep(1.0)

    others: list[asyncio.Future[None]] = []

    def begin(test: BusesUnderTest) -> None:
        others.append(asyncio.ensure_future(other_master(test)))

    def end(_: BusesUnderTest) -> None:
        others[0].cancel()

    test = play(
        (BusPlan("left", (unit(0x1111, 1),)), BusPlan("right", (unit(0x2222, 1),))),
        CIRCUIT + BOTH,
        {60: begin, 299: end},
        300,
    )
    assert test.samples()[1].draw_a > 15
    assert test.seconds_over(40) == 0
    assert test.offers()["left/1111"] == 8


def test_a_remembered_unit_that_is_forgotten_keeps_its_amps_until_it_must_have_stopped(tmp_path: Path) -> None:
    buses = (BusPlan("left", (unit(0x1111), unit(0x2222))),)

    async def restart(test: BusesUnderTest) -> None:
        test.mute("left", 1)
        await test.restart(CIRCUIT + bus("left"))

    test = play(buses, CIRCUIT + bus("left"), {60: restart}, 200, folder=tmp_path)
    assert test.told("2222 is gone")
    assert test.seconds_over(40) == 0
    assert test.offers()["left/1111"] == 32


@pytest.mark.parametrize("rest", ["", bus("right", 'role = "listen"'), RENAMED])
def test_a_bus_that_leaves_the_config_while_it_charges(tmp_path: Path, rest: str) -> None:
    test = play(
        (LEFT, RIGHT),
        CIRCUIT + BOTH,
        {60: lambda test: test.restart(CIRCUIT + bus("left") + rest, remembering=True)},
        160,
        folder=tmp_path,
    )
    assert test.seconds_over(40) == 0
    assert test.offers()["left/1111"] == (20 if "other" in rest else 32)


@pytest.mark.parametrize("right", [RENAMED, bus("right", "fallback_a = 6")])
def test_a_changed_bus_keeps_what_its_cars_get(tmp_path: Path, right: str) -> None:
    script = {60: lambda test: test.restart(CIRCUIT + bus("left") + right, remembering=True)}
    test = play((LEFT, RIGHT), CIRCUIT + BOTH, script, 100, folder=tmp_path)
    assert min(test.drawn_a[50:]) > 35


@pytest.mark.parametrize("max_ca,offer_a", [(0, 20), (500, 0), (590, 0), (3200, 20)])
def test_a_rating_below_the_minimum_ends_nothing(max_ca: int, offer_a: int) -> None:
    def ask(test: BusesUnderTest) -> None:
        adapter = test.site.lines["left"].attach(lambda _: None)
        adapter.write(frame(encode(ConnectorLinkReady(0x1111, 0x11, max_ca), 16)))

    buses = (BusPlan("left", (unit(0x1111), unit(0x2222))),)
    test = play(buses, CIRCUIT + bus("left"), {55: ask, 56: ask, 57: ask}, 80)
    assert test.seconds_over(40) == 0
    assert test.offers()["left/1111"] == offer_a
    assert test.samples()[0].draw_a > 0.9 * max(6, offer_a)


def test_a_contactor_that_the_bus_opened_by_itself_rests_too() -> None:
    def no_decisions(test: BusesUnderTest) -> None:
        test.graph.controller.tick = lambda now: None  # type: ignore[method-assign]

    def decisions(test: BusesUnderTest) -> None:
        del test.graph.controller.tick

    script = {90: no_decisions, 102: decisions}
    test = play((BusPlan("left", (unit(0x1111, 1),)),), CIRCUIT + bus("left"), script, 190)
    stopped_s = sum(drawn < 1 for drawn in test.drawn_a[95:])
    assert 60 <= stopped_s <= 75
    assert test.samples()[0].contactor_closings == 2


def test_a_contactor_goes_on_resting_when_the_config_changes(tmp_path: Path) -> None:
    script = {
        90: save(SaveKind.OFF),
        95: save(None),
        96: lambda test: test.restart(CIRCUIT + bus("left"), remembering=True),
    }
    test = play((BusPlan("left", (unit(0x1111, 1),)),), CIRCUIT + bus("left"), script, 170, folder=tmp_path)
    assert sum(drawn < 1 for drawn in test.drawn_a[90:]) >= 60


def test_a_contactor_that_was_opened_before_a_restart_is_closed_after_it(tmp_path: Path) -> None:
    config = CIRCUIT + bus("left", "allow_relay_commands = true")
    script = {90: save(SaveKind.OFF), 110: lambda test: test.restart(config), 200: save(None)}
    test = play((LEFT,), config, script, 260, folder=tmp_path)
    assert max(test.drawn_a[110:195]) < 1
    assert test.drawn_a[-1] > 30


@pytest.mark.parametrize("sees_cars", ["true", "false"])
def test_the_billed_peak_counts_cars_whether_its_meter_sees_them_or_not(sees_cars: str) -> None:
    meter = f'[[meter]]\nname = "grid"\nkind = "constant"\nrole = "grid"\npower_w = 0\nincludes_charger = {sees_cars}\n'
    config = WIDE + bus("left") + meter + '[peak]\nmeter = "grid"\nlimit_kw = 4\n'
    test = play((BusPlan("left", (unit(0x1111, 1),)),), config, {}, 1801, house_w=((0.0, 500.0),))
    for quarter in (test.grid_a[:900], test.grid_a[900:1800]):
        assert 3300 < sum(quarter) / 900 * VOLTS < 4050


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_minimum_that_is_raised_while_cars_charge_below_it_ends_nothing(tmp_path: Path, protocol: int) -> None:
    small = CIRCUIT.replace("limit_a = 40", "limit_a = 16")
    script = {60: lambda test: test.restart(small + bus("left", "minimum_a = 10"), remembering=True)}
    buses = (BusPlan("left", (unit(0x1111, protocol), unit(0x2222, protocol))),)
    test = play(buses, small + bus("left"), script, 120, folder=tmp_path)
    assert test.seconds_over(16) == 0


@pytest.mark.parametrize("unit_id", [0x1111, 0x2222])
def test_a_vanished_unit_is_not_taken_for_another_with_its_id_on_another_bus(tmp_path: Path, unit_id: int) -> None:
    buses = (LEFT, BusPlan("right", (unit(unit_id),)))
    script = {60: lambda test: test.restart(CIRCUIT + bus("left"), remembering=True)}
    test = play(buses, CIRCUIT + BOTH, script, 160, folder=tmp_path)
    assert test.seconds_over(40) == 0


def test_a_budget_never_leaves_a_car_that_cannot_wait_without_its_minimum() -> None:
    """Behind protocol 2 a car that gets no limit for a minute is in error until it is plugged in anew."""
    config = CIRCUIT.replace("amps = 80", "amps = 6") + bus("left")
    test = play((BusPlan("left", (unit(0x1111), unit(0x2222))),), config, {}, 180)
    assert min(sample.draw_a for sample in test.samples()) > 5


def test_a_trial_for_a_car_that_may_be_there_stops_nobody_whatever_its_priority() -> None:
    async def prefer(test: BusesUnderTest) -> None:
        await test.graph.wishes.command(SetPriority("left/2222", 0), "test")
        await test.graph.wishes.command(SetPriority("left/1111", 1), "test")

    def leave(test: BusesUnderTest) -> None:
        car = test.site.units[1].car
        assert car is not None
        car.unplug()

    config = CIRCUIT.replace("limit_a = 40", "limit_a = 10") + bus("left")
    buses = (BusPlan("left", (unit(0x1111, 1), unit(0x2222, 1))),)
    test = play(buses, config, {0: leave, 20: prefer}, 1800)
    assert min(test.drawn_a[60:]) > 5
    assert test.samples()[0].contactor_closings == 1
