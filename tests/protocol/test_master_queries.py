"""Questions between heartbeats: which, how often, and what silence means."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.fake_unit import FakeUnit, bus
from twcmaster.protocol import events as ev
from twcmaster.protocol.framing import frame
from twcmaster.protocol.messages import Opcode
from twcmaster.protocol.vin import VinReader, is_vin

UNIT = 0x1234
VIN = "5YJ3E7EB0KF123456"
VIN_OPCODES = (Opcode.VIN_START_REQUEST, Opcode.VIN_MIDDLE_REQUEST, Opcode.VIN_END_REQUEST)


def spacing(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def test_learns_what_the_unit_tells() -> None:
    unit = FakeUnit(plug=3)
    bench = bus(unit)
    bench.run(60)
    known = bench.master.units[UNIT]
    assert known.firmware == (4, 5, 3, 2)
    assert known.serial == "A17I0039393"
    assert known.model == "EVW2T32HL"
    assert known.plug == 3
    assert known.plug_at is not None
    assert known.plug_at > 50
    assert (known.energy_raw, known.volts, known.half_amps) == (924, (230, 231, 232), (30, 0, 0))
    for once in (Opcode.FIRMWARE_REQUEST, Opcode.SERIAL_REQUEST, Opcode.BUS_MODEL_REQUEST):
        assert len(unit.questions(once)) == 1


@pytest.mark.parametrize(
    "state, opcode, least_s, most_s",
    [
        (0, Opcode.PLUG_REQUEST, 5, 6.5),
        (1, Opcode.PLUG_REQUEST, 30, 32),
        (0, Opcode.ENERGY_REQUEST, 60, 62),
        (1, Opcode.ENERGY_REQUEST, 10, 12),
    ],
)
def test_changing_facts_are_asked_again(state: int, opcode: int, least_s: float, most_s: float) -> None:
    unit = FakeUnit(state=state, limit_ca=600, vin=VIN)
    bench = bus(unit)
    bench.run(300)
    gaps = spacing([at for at in unit.questions(opcode) if at > 40])
    assert len(gaps) >= 3
    assert least_s <= min(gaps)
    assert max(gaps) <= most_s


def test_at_most_one_question_between_two_heartbeats() -> None:
    units = [FakeUnit(0x1111 * (n + 1), reply_s=0.16, ready_at=0.7 + 0.3 * n, plug=3, vin=VIN) for n in range(3)]
    bench = bus(*units)
    bench.run(120)
    asked = False
    for _, body in bench.sent:
        if body[:2] == b"\xfb\xe0":
            asked = False
        elif body[0] == 0xFB and body[1] != 0xE2:
            assert not asked
            asked = True
    assert max(gap for unit in units for gap in bench.gaps(unit.unit_id, after=3)) <= 1.1


def test_questions_are_asked_even_when_heartbeats_fill_the_line() -> None:
    units = [FakeUnit(0x1111 * (n + 1), reply_s=0.33, ready_at=0.7 + 0.3 * n) for n in range(3)]
    bench = bus(*units)
    bench.run(120)
    assert all(known.plug == 0 and known.firmware is not None for known in bench.master.units.values())
    assert max(gap for unit in units for gap in bench.gaps(unit.unit_id, after=5)) <= 2.0


@pytest.mark.parametrize("opcode", [Opcode.FIRMWARE_REQUEST, Opcode.PLUG_REQUEST, Opcode.ENERGY_REQUEST])
def test_a_kind_never_answered_rests_for_an_hour(opcode: int) -> None:
    unit = FakeUnit(ignores=frozenset({opcode}))
    bench = bus(unit)
    bench.run(1000)
    times = unit.questions(opcode)
    assert len(times) == 3
    assert min(spacing(times)) >= 5
    bench.run(3700)
    assert unit.questions(opcode)[3] - times[2] == pytest.approx(3600, abs=3)


def test_a_kind_answered_before_rests_for_a_minute() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(30)
    unit.ignores = frozenset({Opcode.PLUG_REQUEST})
    bench.run(150)
    assert 60 <= max(spacing(unit.questions(Opcode.PLUG_REQUEST))) <= 63


def test_an_answer_that_makes_no_sense_is_not_asked_for_every_second() -> None:
    unit = FakeUnit(ignores=frozenset({Opcode.ENERGY_REQUEST}))
    bench = bus(unit)
    for tenth in range(600):
        bench.run(tenth / 10)
        if unit.asked and unit.asked[-1] == (at := unit.asked[-1][0], Opcode.ENERGY_REQUEST) and bench.now - at < 0.1:
            unit.put(frame(bytes.fromhex("FDEB123400000000000000000031")), bench.now + 0.05)
    times = unit.questions(Opcode.ENERGY_REQUEST)
    assert len(times) >= 5
    assert min(spacing(times)) >= 5


def test_protocol_1_is_asked_only_when_alone() -> None:
    unit = FakeUnit(protocol=1)
    bench = bus(unit)
    bench.run(60)
    known = bench.master.units[UNIT]
    assert {opcode for _, opcode in unit.asked} == {0xFB19, 0xFB1A, 0xFB1B}
    assert (known.serial, known.model, known.firmware) == ("A17I0039393", "EVW2T32HL", (2, 0, 7))


def test_nobody_is_asked_anonymously_on_a_shared_bus() -> None:
    units = [FakeUnit(0x1111, protocol=1), FakeUnit(0x2222, ready_at=1.0)]
    bench = bus(*units)
    bench.run(120)
    assert not {opcode for unit in units for _, opcode in unit.asked} & {0xFB19, 0xFB1A, 0xFB1B}


def test_a_silent_unit_is_asked_nothing() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(20)
    unit.dumb = True
    bench.run(25.5)
    asked = len(unit.asked)
    bench.run(45)
    assert len(unit.asked) == asked


# ── VIN ──


def vin_times(unit: FakeUnit) -> list[float]:
    return [at for at, opcode in unit.asked if opcode in VIN_OPCODES]


def test_the_vin_is_read_once_per_plug_in() -> None:
    unit = FakeUnit(vin=VIN)
    bench = bus(unit)
    bench.run(20)
    assert not vin_times(unit)
    unit.plug, unit.state = 3, 4
    bench.run(40)
    assert bench.master.units[UNIT].vin == VIN
    assert bench.told(ev.VinRead) == [ev.VinRead(UNIT, VIN)]
    assert [opcode for _, opcode in unit.asked if opcode in VIN_OPCODES] == list(VIN_OPCODES)
    for state in (1, 4, 8, 1, 3):
        unit.state = state
        bench.run(bench.now + 30)
    assert len(vin_times(unit)) == 3
    unit.plug, unit.state = 0, 0
    bench.run(bench.now + 20)
    assert bench.master.units[UNIT].vin is None
    unit.plug, unit.state, unit.vin = 3, 4, "LRW3E7FA9LC654321"
    bench.run(bench.now + 20)
    assert bench.master.units[UNIT].vin == "LRW3E7FA9LC654321"


def test_a_sleeping_car_that_wakes_is_not_read_again() -> None:
    unit = FakeUnit(vin=VIN, plug=3, state=4)
    bench = bus(unit)
    bench.run(20)
    unit.state = 0
    bench.run(40)
    unit.state = 4
    bench.run(60)
    assert len(vin_times(unit)) == 3
    assert bench.master.units[UNIT].vin == VIN


def test_without_plug_state_leaving_the_car_states_ends_the_visit() -> None:
    unit = FakeUnit(vin=VIN, state=1, ignores=frozenset({Opcode.PLUG_REQUEST}))
    bench = bus(unit)
    bench.run(30)
    assert bench.master.units[UNIT].vin == VIN
    unit.state = 5
    bench.run(35)
    assert bench.master.units[UNIT].vin == VIN
    unit.state = 0
    bench.run(40)
    assert bench.master.units[UNIT].vin is None


@pytest.mark.parametrize("vin, parts", [("", 1), ("5YJ3E7EB0KF12345I", 3), ("5YJ3E7E", 2), ("5yj3e7eb0kf123456", 3)])
def test_no_or_bad_vin_is_asked_five_times_a_minute_apart(vin: str, parts: int) -> None:
    unit = FakeUnit(vin=vin, plug=3, state=4)
    bench = bus(unit)
    bench.run(900)
    times = vin_times(unit)
    assert len(times) == 5 * parts
    starts = times[::parts]
    assert min(spacing(starts)) >= 60
    assert min(spacing(times)) >= 0.8
    assert bench.master.units[UNIT].vin is None
    assert max(bench.gaps(UNIT, after=3)) <= 1.1


@pytest.mark.parametrize(
    "text, good",
    [
        (VIN, True),
        ("LRW3E7FA9LC654321", True),
        (VIN[:-1], False),
        (VIN + "1", False),
        ("5YJ3E7EB0KF12345O", False),
        ("5YJ3E7EB0KF12345Q", False),
        ("5YJ3E7EB0KF12345 ", False),
        ("", False),
    ],
)
def test_what_a_vin_is(text: str, good: bool) -> None:
    assert is_vin(text) is good


@given(st.lists(st.text(max_size=9), max_size=60))
def test_reading_always_ends(texts: list[str]) -> None:
    reader = VinReader()
    assert reader.start()
    assert not reader.start()
    tries = 0
    for text in texts:
        part, delay_s = reader.take(text)
        assert 0 <= part < 3
        if delay_s == float("inf"):
            break
        tries += delay_s > 0
    assert tries < 5
    assert reader.complete is None or is_vin(reader.complete)
