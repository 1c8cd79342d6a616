"""Echo, a second master, two units with one id."""

from __future__ import annotations

import pytest

from tests.protocol.fake_unit import FakeUnit, bus
from tests.protocol.master_bench import Bench, Faults
from twcmaster.protocol import events as ev
from twcmaster.protocol.foreign import SecondMasterWatch
from twcmaster.protocol.framing import frame
from twcmaster.protocol.master import Master
from twcmaster.protocol.messages import (
    ConnectorHeartbeat,
    ConnectorLinkReady,
    Encodable,
    EnergyAnswer,
    Idle,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Opcode,
    Request,
    encode,
)
from twcmaster.protocol.settings import MasterSettings
from twcmaster.protocol.unit import Presence

UNIT = 0x1234


def hear(bench: Bench, message: Encodable, length: int = 16) -> None:
    bench.master.receive_data(frame(encode(message, length)), bench.now)


def sent_between(bench: Bench, start: float, end: float) -> int:
    return sum(start < at <= end for at, _ in bench.sent)


# ── echo ──


@pytest.mark.parametrize("late_s", [0.0, 0.02])
def test_an_echoing_adapter_is_noticed_and_harmless(late_s: float) -> None:
    unit = FakeUnit()
    bench = bus(unit, faults=Faults(echo=True, late_s=late_s))
    bench.run(60)
    assert len(bench.told(ev.EchoDetected)) == 1
    assert not bench.told(ev.SecondMaster)
    assert bench.master.health()["echoes"] == len(bench.sent)
    assert max(bench.gaps(UNIT, after=3)) <= 1.2


def test_an_echo_with_a_damaged_type_byte_is_still_an_echo() -> None:
    bench = bus(FakeUnit(ready_at=None))
    bench.run(0.03)
    body = bench.sent[0][1]
    bench.master.receive_data(frame(b"\xfd" + body[1:]), bench.now)
    assert bench.master.health()["echoes"] == 1


def test_the_same_frame_twice_is_not_an_echo_twice() -> None:
    bench = bus()
    bench.run(0.03)
    copy = frame(bench.sent[0][1])
    bench.master.receive_data(copy, bench.now)
    bench.master.receive_data(copy, bench.now)
    health = bench.master.health()
    assert (health["echoes"], health["foreign"]) == (1, 1)


def test_echoes_of_unanswered_heartbeats_are_echoes() -> None:
    unit = FakeUnit(dumb=True)
    faults = Faults(echo=True, lost=0.3)
    bench = bus(unit, faults=faults)
    bench.run(25)
    assert bench.master.health()["foreign"] == 0


def test_an_echo_does_not_come_after_the_answer() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(20)
    beat = next(body for at, body in reversed(bench.sent) if body[:2] == b"\xfb\xe0")
    bench.master.receive_data(frame(beat), bench.now)
    assert bench.master.health()["foreign"] == 1


def test_an_echo_does_not_come_a_second_later() -> None:
    bench = bus()
    bench.run(0.59)
    last = bench.sent[-1][1]
    bench.run(2.0)
    bench.master.receive_data(frame(last), bench.now)
    assert bench.master.health()["foreign"] == 1


# ── a second master ──


def test_two_copies_wait_for_different_times() -> None:
    waits = set()
    for sign in range(0, 256, 16):
        watch = SecondMasterWatch(0x7777, sign)
        watch.sighted(0x7777, 0.0)
        watch.sighted(0x7777, 1.0)
        assert 21.0 <= watch.quiet_until <= 31.0
        waits.add(round(watch.quiet_until, 1))
    assert len(waits) == 16


@pytest.mark.parametrize(
    "message",
    [
        MasterLinkReady1(0x8888, 1),
        MasterLinkReady2(0x8888, 1),
        MasterHeartbeat(0x8888, UNIT),
        MasterHeartbeat(0x8888, 0x4444),
        Request(Opcode.ENERGY_REQUEST, 0x8888, UNIT),
        MasterLinkReady1(0x7777, 0x12),
        MasterHeartbeat(0x7777, 0x4444),
        Idle(),
    ],
)
def test_a_second_master_silences_us_until_it_is_gone(message: Encodable) -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(20)
    hear(bench, message)
    bench.run(21.4)
    assert sent_between(bench, 20, 21.4) == 0
    bench.run(24)
    assert sent_between(bench, 21.4, 24) > 0
    hear(bench, message)
    bench.run(30)
    hear(bench, message)
    bench.run(50)
    assert sent_between(bench, 24, 50) == 0
    expected = getattr(message, "sender", None)
    assert bench.told(ev.SecondMaster) == [ev.SecondMaster(expected)]
    bench.run(65)
    (gone_at,) = [at for at, event in bench.events if isinstance(event, ev.SecondMasterGone)]
    assert 50 <= gone_at <= 60
    assert bench.master.units[UNIT].presence(bench.now) is Presence.ONLINE


def test_two_sightings_far_apart_only_hold_us_up() -> None:
    bench = bus(FakeUnit())
    for at in (20, 31, 42):
        bench.run(at)
        hear(bench, MasterLinkReady1(0x8888, 1))
    bench.run(60)
    assert not bench.told(ev.SecondMaster)
    assert max(bench.gaps(UNIT, after=3)) <= 2.7


def test_a_damaged_type_byte_of_a_unit_is_no_master() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(20)
    for message in (ConnectorHeartbeat(UNIT, 0x7777, 0, 0, 0), ConnectorLinkReady(UNIT, 1, 3200)):
        for type_byte in (0xFB, 0xFC):
            bench.master.receive_data(frame(bytes((type_byte,)) + encode(message)[1:]), bench.now)
    bench.run(25)
    assert bench.master.health()["damaged_type"] == 4
    assert max(bench.gaps(UNIT, after=3)) <= 1.2


def test_a_master_that_publishes_about_itself_is_neither_unit_nor_alarm() -> None:
    bench = bus()
    bench.run(5)
    for _ in range(3):
        hear(bench, EnergyAnswer(0x8888, 1, (230, 0, 0), None))
    assert len(bench.master.units) == 0
    assert not bench.told(ev.SecondMaster)


def test_unknown_master_messages_count_as_a_master() -> None:
    bench = bus()
    bench.run(5)
    for command in (0xA1, 0xA4):
        body = bytes((0xFC, command, 0x88, 0x88)) + bytes(11)
        bench.master.receive_data(frame(body + bytes((sum(body[1:]) & 0xFF,))), bench.now)
    bench.run(6)
    assert bench.told(ev.SecondMaster) == [ev.SecondMaster(0x8888)]


@pytest.mark.parametrize("later_s", [0.013, 0.5, 7.3, 20.0])
def test_two_copies_agree_on_one_master(later_s: float) -> None:
    """The same program twice on one line: one of them ends up alone, and stays."""
    unit = FakeUnit()
    copy = Master(MasterSettings(connector_limit_ca=4000, sign=0x12), 0.0)
    copy.link_down(0.0)
    bench = Bench(Master(MasterSettings(connector_limit_ca=4000, sign=0x77), 0.0), [unit, copy])
    bench.run(later_s)
    copy.link_up(bench.now)
    bench.run(200)
    quiet = [master.health()["second_master"] for master in (bench.master, copy)]
    assert sorted(map(bool, quiet)) == [False, True]
    assert max(bench.gaps(UNIT, after=120)) <= 2.0


# ── two units with one id ──


def test_two_units_that_answer_to_one_id() -> None:
    first = FakeUnit(reply_s=0.05)
    second = FakeUnit(reply_s=0.15, ready_at=None, actual_ca=1000)
    bench = bus(first, second)
    bench.run(20)
    assert bench.told(ev.DuplicateId)[0] == ev.DuplicateId(UNIT)
    assert bench.master.units[UNIT].duplicate
    second.deaf = True
    bench.run(400)
    assert not bench.master.units[UNIT].duplicate


def test_two_units_that_ask_with_one_id() -> None:
    unit = FakeUnit(sign=0x11)
    bench = bus(unit)
    bench.run(10)
    for second, sign in ((11, 0x22), (12, 0x11)):
        unit.say(ConnectorLinkReady(UNIT, sign, 3200), second + 0.55)
    bench.run(20)
    assert bench.told(ev.DuplicateId) == [ev.DuplicateId(UNIT)]


def test_one_answer_too_many_is_not_two_units() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(10)
    for second in (10.95, 60.95):
        unit.say(ConnectorHeartbeat(UNIT, 0x7777, 0, 0, 77), second)
    bench.run(90)
    assert not bench.told(ev.DuplicateId)


def test_a_silent_unit_that_asks_with_changing_signs_is_not_two() -> None:
    unit = FakeUnit(sign=0x11)
    bench = bus(unit)
    bench.run(10)
    unit.dumb = True
    for second, sign in ((16, 0x22), (17, 0x11), (18, 0x22)):
        unit.say(ConnectorLinkReady(UNIT, sign, 3200), second + 0.55)
    bench.run(20)
    assert not bench.told(ev.DuplicateId)


def test_a_unit_that_restarts_is_not_two() -> None:
    unit = FakeUnit(sign=0x11)
    bench = bus(unit)
    bench.run(10)
    for second, sign in ((11, 0x22), (12, 0x22), (20, 0x33)):
        unit.say(ConnectorLinkReady(UNIT, sign, 3200), second + 0.55)
    bench.run(30)
    assert not bench.told(ev.DuplicateId)


def test_late_answers_are_not_two_units() -> None:
    unit = FakeUnit(reply_s=0.45, state=1)
    bench = bus(unit)
    for step in range(200):
        unit.actual_ca = 1000 + step
        unit.reply_s = (0.1, 0.3, 0.55)[step % 3]
        bench.run(step * 0.7)
    assert not bench.told(ev.DuplicateId)
