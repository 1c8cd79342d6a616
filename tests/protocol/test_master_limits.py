"""What connectors are told: offers, leases, protocol 1 and 2, overrides. Times are on the bench's clock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.fake_unit import FakeUnit, bus
from tests.protocol.master_bench import Bench
from twcmaster.protocol import events as ev
from twcmaster.protocol.allowlist import NotAllowed
from twcmaster.protocol.messages import ConnectorLinkReady

UNIT = 0x1234
FOREVER = 1e9
KEEP = (0x00, 0)


def linked(unit: FakeUnit, **settings: Any) -> Bench:
    bench = bus(unit, **settings)
    bench.run(5)
    assert unit.heard
    return bench


def offer(bench: Bench, amps: float, lease_s: float = FOREVER) -> None:
    bench.master.set_offer(UNIT, round(amps * 100), bench.now + lease_s)


def told(bench: Bench, unit: FakeUnit, seconds: float) -> list[tuple[int, int]]:
    """What the unit hears from now on, without plain keep-alives."""
    start = bench.now
    bench.run(start + seconds)
    return [command for command in unit.commands(after=start) if command != KEEP]


# ── offers ──


@pytest.mark.parametrize(
    "max_ca, wiring_ca, asked_ca, expected_ca",
    [
        (3200, 4000, 1600, 1600),
        (3200, 4000, 4800, 3200),
        (8000, 4000, 8000, 4000),
        (3250, 4000, 6000, 3200),
        (3200, 4000, -500, 0),
        (3200, 4000, 0, 0),
        (500, 4000, 1600, 0),
        (3200, 300, 1600, 0),
    ],
)
def test_offers_are_clamped(max_ca: int, wiring_ca: int, asked_ca: int, expected_ca: int) -> None:
    bench = linked(FakeUnit(max_ca=max_ca), connector_limit_ca=wiring_ca)
    bench.master.set_offer(UNIT, asked_ca, FOREVER)
    assert bench.master.units[UNIT].offer_ca == expected_ca


@pytest.mark.parametrize("protocol, limit_ca", [(2, 599), (2, 500), (2, 100), (1, 400), (1, 650), (2, 1650)])
def test_impossible_offers_are_refused(protocol: int, limit_ca: int) -> None:
    bench = linked(FakeUnit(protocol=protocol))
    with pytest.raises(ValueError, match="offer"):
        bench.master.set_offer(UNIT, limit_ca, FOREVER)
    with pytest.raises(KeyError):
        bench.master.set_offer(0x9999, 1600, FOREVER)


def test_an_offer_above_a_newly_learned_maximum_comes_down() -> None:
    unit = FakeUnit(max_ca=3200, state=1, echoes=True)
    bench = linked(unit)
    offer(bench, 32)
    bench.run(10)
    unit.say(ConnectorLinkReady(UNIT, 1, 1600), 10.55)
    assert (0x09, 1600) in told(bench, unit, 4)
    assert bench.master.units[UNIT].sent_ca == 1600


# ── leases ──


def test_an_offer_without_renewal_falls_to_the_fallback() -> None:
    unit = FakeUnit(state=1, echoes=True)
    bench = linked(unit, fallback_ca=600)
    offer(bench, 20, lease_s=10)
    bench.run(14)
    assert bench.master.units[UNIT].offer_ca == 2000
    bench.run(16)
    assert bench.told(ev.LeaseEnded) == [ev.LeaseEnded(UNIT, 2000, 600)]
    assert bench.master.units[UNIT].sent_ca == 600
    assert bench.events[-1][0] == pytest.approx(15, abs=0.001)


def test_a_fallback_never_raises() -> None:
    unit = FakeUnit(state=1, echoes=True)
    bench = linked(unit, fallback_ca=1600)
    offer(bench, 8, lease_s=3)
    bench.run(20)
    assert bench.master.units[UNIT].offer_ca == 800
    assert not bench.told(ev.LeaseEnded)


def test_renewing_keeps_an_offer() -> None:
    unit = FakeUnit(state=1, echoes=True)
    bench = linked(unit)
    for second in range(6, 60):
        offer(bench, 20, lease_s=5)
        bench.run(second)
    assert bench.master.units[UNIT].offer_ca == 2000
    assert not bench.told(ev.LeaseEnded)


def test_without_a_first_offer_a_charging_unit_keeps_its_limit_for_five_seconds() -> None:
    unit = FakeUnit(state=1, limit_ca=2000, echoes=True)
    bench = bus(unit)
    bench.run(5)
    assert unit.limit_ca == 2000
    bench.run(9)
    assert unit.limit_ca == 0


def test_a_protocol_1_unit_is_told_what_it_holds_until_the_first_offer() -> None:
    unit = FakeUnit(protocol=1, state=1, limit_ca=2000, echoes=True)
    bench = bus(unit)
    bench.run(5)
    commands = unit.commands()
    assert commands[0][0] == 0x00
    assert commands[0][1] > 0
    assert set(commands[1:]) == {(0x05, 2000)}


# ── protocol 1 ──


@pytest.mark.parametrize("state", [0, 1, 2, 3, 4, 5, 8, 15])
@pytest.mark.parametrize("amps", [0, 5, 16])
def test_protocol_1_hears_its_limit_in_every_heartbeat(state: int, amps: int) -> None:
    unit = FakeUnit(protocol=1, state=state)
    bench = linked(unit)
    offer(bench, amps)
    bench.run(6)
    assert set(unit.commands(after=6)) <= {(0x05, amps * 100)}
    bench.run(15)
    assert len(unit.commands(after=6)) >= 8
    assert set(unit.commands(after=6)) == {(0x05, amps * 100)}
    assert KEEP not in unit.commands()


# ── protocol 2 ──


@pytest.mark.parametrize(
    "state, limit_ca, amps, expected",
    [
        # An idle unit is told once; its limit field stays 0.
        (0x00, 0, 16, [(0x05, 1600)]),
        (0x00, 0, 0, []),
        # A car is there, not charging yet.
        (0x03, 0, 16, [(0x05, 1600)]),
        (0x04, 0, 16, [(0x05, 1600)]),
        (0x08, 0, 16, [(0x08, 1600)]),
        (0x08, 600, 16, [(0x05, 1600)]),
        # Charging.
        (0x01, 600, 16, [(0x09, 1600)]),
        (0x09, 600, 16, [(0x09, 1600)]),
        (0x0A, 2000, 16, [(0x09, 1600)]),
        # Nothing for a unit that asks while its offer is 0: it would take 0 for 6 A.
        (0x04, 0, 0, []),
        (0x08, 0, 0, []),
        # But one that holds more than that comes down.
        (0x01, 2000, 0, [(0x09, 0)]),
        (0x03, 2000, 0, [(0x05, 0)]),
        (0x01, 600, 0, []),
        (0x01, 0, 0, []),
    ],
)
def test_protocol_2_hears_the_right_command(
    state: int, limit_ca: int, amps: int, expected: list[tuple[int, int]]
) -> None:
    unit = FakeUnit(state=state, limit_ca=limit_ca)
    bench = linked(unit)
    bench.master.set_offer(UNIT, amps * 100, FOREVER)
    assert told(bench, unit, 1.5) == expected


def test_an_offer_that_took_is_not_repeated() -> None:
    unit = FakeUnit(state=1, limit_ca=600, echoes=True)
    bench = linked(unit)
    offer(bench, 16)
    assert told(bench, unit, 60) == [(0x09, 1600)]


def test_an_idle_unit_is_not_told_again_and_again() -> None:
    unit = FakeUnit(state=0)
    bench = linked(unit)
    offer(bench, 16)
    assert told(bench, unit, 120) == [(0x05, 1600)]


def test_a_limit_is_repeated_until_its_heartbeat_was_answered() -> None:
    unit = FakeUnit(state=0)
    bench = linked(unit)
    unit.dumb = True
    offer(bench, 16)
    heard = told(bench, unit, 2.5)
    assert len(heard) >= 3
    assert set(heard) == {(0x05, 1600)}
    unit.dumb = False
    bench.run(bench.now + 1.5)
    assert told(bench, unit, 30) == []


def test_a_raise_that_does_not_take_is_repeated_patiently() -> None:
    unit = FakeUnit(state=1, limit_ca=600)
    bench = linked(unit)
    offer(bench, 16)
    eager = told(bench, unit, 15)
    assert 4 <= len(eager) <= 6
    assert len(told(bench, unit, 60)) <= 3


def test_lowering_that_does_not_take_is_repeated_for_ever() -> None:
    unit = FakeUnit(state=1, limit_ca=2000)
    bench = linked(unit)
    offer(bench, 10)
    bench.run(60)
    heard = told(bench, unit, 60)
    assert 18 <= len(heard) <= 31
    assert set(heard) == {(0x09, 1000)}


def test_told_nothing_the_limit_settles_at_six_and_that_is_well() -> None:
    unit = FakeUnit(state=1, limit_ca=2000)
    bench = linked(unit)
    offer(bench, 20)
    bench.run(8)
    offer(bench, 0)
    bench.run(10)
    unit.limit_ca = 600
    bench.run(12)
    assert told(bench, unit, 60) == []
    assert bench.master.units[UNIT].sent_ca == 0


def test_an_idle_unit_that_was_told_more_is_told_less_once() -> None:
    unit = FakeUnit(state=0)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(8)
    offer(bench, 0)
    assert told(bench, unit, 60) == [(0x05, 0)]
    assert bench.master.units[UNIT].sent_ca == 0


def test_being_told_less_is_repeated_until_answered() -> None:
    unit = FakeUnit(state=0)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(8)
    unit.dumb = True
    offer(bench, 0)
    heard = told(bench, unit, 2.5)
    assert len(heard) >= 3
    assert set(heard) == {(0x05, 0)}


def test_a_car_that_asks_is_not_answered_with_nothing_for_what_the_idle_unit_was_told() -> None:
    unit = FakeUnit(state=0)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(7.6)
    unit.state = 4
    bench.run(8.61)
    offer(bench, 0)
    assert told(bench, unit, 60) == []


def test_a_car_that_comes_is_told_even_what_the_unit_holds_already() -> None:
    unit = FakeUnit(state=0, limit_ca=1600)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(20)
    unit.state = 4
    assert told(bench, unit, 10) == [(0x05, 1600)]


@pytest.mark.parametrize("state", [0x03, 0x04, 0x08])
def test_a_car_that_comes_is_told_afresh_and_soon(state: int) -> None:
    unit = FakeUnit(state=0)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(20)
    unit.state = state
    at = bench.now
    bench.run(22)
    commands = [(time - at, beat.command, beat.limit_ca) for time, beat in unit.heard if time > at]
    limits = [entry for entry in commands if entry[1] in {5, 8}]
    assert limits
    assert limits[0][2] == 1600
    assert limits[0][0] - commands[0][0] < 0.5


def test_an_asking_car_is_answered_every_two_seconds_for_as_long_as_it_asks() -> None:
    unit = FakeUnit(state=4)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(60)
    assert 18 <= len(told(bench, unit, 60)) <= 31


def test_a_passing_state_keeps_the_meaning_of_the_one_before() -> None:
    unit = FakeUnit(state=1, limit_ca=1600)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(8)
    unit.state = 5
    bench.run(10)
    offer(bench, 10)
    assert told(bench, unit, 1.5)[0] == (0x09, 1000)


def test_after_relinking_the_limit_is_told_again() -> None:
    unit = FakeUnit(state=1, limit_ca=600, echoes=True)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(20)
    unit.say(ConnectorLinkReady(UNIT, 0x77, 3200), 20.6)
    assert told(bench, unit, 5) == [(0x09, 1600)]


def test_a_change_is_told_without_waiting_for_the_next_second() -> None:
    unit = FakeUnit(state=1, limit_ca=2000, echoes=True)
    bench = linked(unit)
    offer(bench, 20)
    bench.run(10)
    for amps in (10, 20, 12, 30):
        at = bench.now
        offer(bench, amps)
        bench.run(at + 0.45)
        assert unit.commands(after=at)[0] == (0x09, amps * 100)
        bench.run(at + 3)


# ── by hand ──


def test_an_override_replaces_the_heartbeat_until_its_end() -> None:
    unit = FakeUnit(state=1, limit_ca=2000, echoes=True)
    bench = linked(unit)
    offer(bench, 20)
    bench.run(10)
    bench.master.override(UNIT, 0x09, 800, bench.now + 5)
    bench.run(11.5)
    assert set(unit.commands(after=11.5)) <= {(0x09, 800)}
    bench.run(14.9)
    assert len(unit.commands(after=11.5)) >= 3
    assert set(unit.commands(after=11.5)) == {(0x09, 800)}
    bench.run(18)
    assert unit.limit_ca == 2000


def test_after_an_override_an_idle_unit_is_told_its_offer_again() -> None:
    unit = FakeUnit(state=0)
    bench = linked(unit)
    offer(bench, 16)
    bench.run(8)
    bench.master.override(UNIT, 0x05, 600, bench.now + 2.5)
    bench.run(11)
    assert told(bench, unit, 30)[-1:] == [(0x05, 1600)]


@pytest.mark.parametrize(
    "protocol, command, limit_ca, offered_ca, settings, reason",
    [
        (2, 0x09, 2100, 2000, {}, "above the 20 A"),
        (2, 0x05, 700, None, {}, "above the 0 A"),
        (2, 0x05, 0, 0, {}, "6 A, above the 0 A"),
        (2, 0x05, 300, 2000, {}, "neither 0 nor at least"),
        (2, 0x05, 5000, 2000, {}, "above this bus's"),
        (2, 0x06, 0, 2000, {}, "22 A, above the 20 A"),
        (2, 0x02, 0x0100, 2000, {}, "operator"),
        (2, 0x02, 0xF100, 2000, {"allow_error_command": True}, "power"),
        (2, 0x0B, 0, 2000, {}, "not known to be harmless"),
        (1, 0x00, 0, 2000, {}, "every second"),
        (1, 0x07, 0, 2000, {}, "protocol 1 does not know"),
        (1, 0x09, 800, 2000, {}, "protocol 1 does not know"),
    ],
)
def test_overrides_beyond_the_limits_are_refused(
    protocol: int, command: int, limit_ca: int, offered_ca: int | None, settings: dict[str, Any], reason: str
) -> None:
    unit = FakeUnit(protocol=protocol, state=1, limit_ca=0, echoes=True)
    bench = linked(unit, **settings)
    if offered_ca is not None:
        bench.master.set_offer(UNIT, offered_ca, FOREVER)
        bench.run(8)
    with pytest.raises(NotAllowed, match=reason):
        bench.master.override(UNIT, command, limit_ca, FOREVER)


def test_an_override_for_an_unknown_unit_is_refused() -> None:
    with pytest.raises(NotAllowed, match="not on this bus"):
        bus().master.override(0x9999, 0, 0, FOREVER)


def test_an_override_never_outlives_a_lower_offer() -> None:
    unit = FakeUnit(state=1, limit_ca=2000, echoes=True)
    bench = linked(unit)
    offer(bench, 20)
    bench.run(8)
    bench.master.override(UNIT, 0x09, 1800, FOREVER)
    bench.run(10)
    assert unit.limit_ca == 1800
    offer(bench, 10)
    bench.run(12)
    assert unit.limit_ca == 1000


@pytest.mark.parametrize("command, limit_ca", [(0x06, 0), (0x07, 0), (0x02, 0x0100)])
def test_one_shot_commands_are_said_once(command: int, limit_ca: int) -> None:
    unit = FakeUnit(state=1, limit_ca=600, echoes=True)
    bench = linked(unit, allow_error_command=True)
    offer(bench, 8)
    bench.run(8)
    bench.master.override(UNIT, 0x09, 600, bench.now + 20)
    bench.run(10)
    bench.master.override(UNIT, command, limit_ca, bench.now + 10)
    assert told(bench, unit, 9) == [(command, limit_ca)]
