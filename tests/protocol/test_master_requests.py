"""Debug messages and contactor requests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.fake_unit import FakeUnit, bus
from tests.protocol.master_bench import Bench
from twcmaster.protocol import events as ev
from twcmaster.protocol.allowlist import NotAllowed
from twcmaster.protocol.framing import frame
from twcmaster.protocol.messages import Idle, MasterLinkReady1, encode

UNIT = 0x1234
ENERGY = bytes.fromhex("FBEB77771234")


def linked(*units: FakeUnit, seconds: float = 20, **settings: Any) -> Bench:
    bench = bus(*units, **settings)
    bench.run(seconds)
    return bench


def answers(bench: Bench) -> list[ev.DebugAnswer]:
    return [event for _, event in bench.events if isinstance(event, ev.DebugAnswer)]


# ── debug messages ──


def test_a_message_is_padded_sent_and_answered() -> None:
    bench = linked(FakeUnit())
    ticket = bench.master.debug_send(ENERGY, bench.now)
    bench.run(bench.now + 2)
    (answer,) = answers(bench)
    assert answer.ticket == ticket
    assert answer.body is not None
    assert answer.body[:4] == bytes.fromhex("FDEB1234")
    assert len([body for _, body in bench.sent if body[:2] == b"\xfb\xeb"][-1]) == 16


def test_it_is_padded_to_the_receivers_length() -> None:
    bench = linked(FakeUnit(protocol=1))
    bench.master.debug_send(ENERGY, bench.now)
    bench.run(bench.now + 2)
    assert len(next(body for _, body in bench.sent if body[:2] == b"\xfb\xeb")) == 14


def test_no_answer_ends_it_too() -> None:
    bench = linked(FakeUnit(protocol=1, ignores=frozenset({0xFBEB})))
    ticket = bench.master.debug_send(ENERGY, bench.now)
    bench.run(bench.now + 3)
    assert answers(bench) == [ev.DebugAnswer(ticket, None)]


def test_a_message_without_an_answer_to_come_ends_empty() -> None:
    bench = linked()
    ticket = bench.master.debug_send(bytes.fromhex("FCE1777777"), bench.now)
    bench.run(bench.now + 1)
    assert answers(bench) == [ev.DebugAnswer(ticket, b"")]


def test_anonymous_answers_are_taken_when_alone() -> None:
    bench = linked(FakeUnit())
    bench.master.debug_send(bytes.fromhex("FB1A7777"), bench.now)
    bench.run(bench.now + 2)
    body = answers(bench)[0].body
    assert body is not None
    assert body[:2] == b"\xfd\x1a"


def test_a_heartbeat_by_hand_is_answered() -> None:
    unit = FakeUnit(state=1, limit_ca=600, echoes=True)
    bench = linked(unit)
    bench.master.set_offer(UNIT, 1600, 1e9)
    bench.run(bench.now + 2)
    bench.master.debug_send(bytes.fromhex("FBE07777123409 0320"), bench.now)
    bench.run(bench.now + 1)
    assert answers(bench)[0].body is not None
    assert (9, 800) in unit.commands()


def test_a_heartbeat_by_hand_that_waits_does_not_outlive_the_offer() -> None:
    unit = FakeUnit(state=1, limit_ca=600, echoes=True)
    bench = linked(unit)
    bench.master.set_offer(UNIT, 1600, 1e9)
    bench.run(bench.now + 2)
    bench.master.debug_send(bytes.fromhex("FBE07777123409 0578"), bench.now)
    bench.master.set_offer(UNIT, 800, 1e9)
    bench.run(bench.now + 3)
    assert (9, 1400) not in unit.commands()
    assert answers(bench)[0].body is None


@pytest.mark.parametrize(
    "message, reason",
    [
        ("FC1977771234", "not on the list"),
        ("FC1A", "at least a type"),
        ("FBE877771234", "not on the list"),
        ("FBEB88881234", "the sender must be this master"),
        ("FBEB7777123400000000000000000000", "longer than"),
        ("FCB177771234", "not switched on"),
        ("FBE07777123405FFFF", "above"),
        ("FBE07777123405 0640", "above the 0 A"),
        ("FBE07777999900", "needs a connector"),
        ("", "at least a type"),
    ],
)
def test_what_may_not_be_sent_is_refused(message: str, reason: str) -> None:
    bench = linked(FakeUnit())
    with pytest.raises(NotAllowed, match=reason):
        bench.master.debug_send(bytes.fromhex(message), bench.now)
    assert not answers(bench)


def test_anonymous_questions_need_a_single_unit() -> None:
    bench = linked(FakeUnit(0x1111), FakeUnit(0x2222, ready_at=1.2))
    with pytest.raises(NotAllowed, match="exactly one"):
        bench.master.debug_send(bytes.fromhex("FB197777"), bench.now)


def test_too_many_at_once_are_refused() -> None:
    bench = linked(FakeUnit())
    for _ in range(8):
        bench.master.debug_send(ENERGY, bench.now)
    with pytest.raises(NotAllowed, match="waiting"):
        bench.master.debug_send(ENERGY, bench.now)
    bench.run(bench.now + 10)
    assert len(answers(bench)) == 8
    assert all(answer.body for answer in answers(bench))
    assert max(bench.gaps(UNIT, after=3)) <= 1.5


def test_losing_the_adapter_ends_what_waits() -> None:
    bench = linked(FakeUnit())
    tickets = [bench.master.debug_send(ENERGY, bench.now) for _ in range(3)]
    bench.run(bench.now + 0.2)
    bench.master.link_down(bench.now)
    bench.run(bench.now + 1)
    assert sorted(answer.ticket for answer in answers(bench)) == tickets
    with pytest.raises(NotAllowed, match="not connected"):
        bench.master.debug_send(ENERGY, bench.now)


def test_a_second_master_ends_what_waits() -> None:
    bench = linked(FakeUnit())
    ticket = bench.master.debug_send(ENERGY, bench.now)
    for _ in range(2):
        bench.master.receive_data(frame(encode(MasterLinkReady1(0x8888, 1))), bench.now)
    with pytest.raises(NotAllowed, match="another master"):
        bench.master.debug_send(ENERGY, bench.now)
    bench.run(bench.now + 12)
    assert answers(bench) == [ev.DebugAnswer(ticket, None)]


# ── contactors ──


def test_a_contactor_is_asked_to_open_and_to_close() -> None:
    unit = FakeUnit()
    bench = linked(unit, allow_relay=True)
    bench.master.request_stop(UNIT, bench.now)
    bench.run(bench.now + 61)
    bench.master.request_start(UNIT, bench.now)
    bench.run(bench.now + 3)
    relay = [event for _, event in bench.events if isinstance(event, ev.RelayAnswered)]
    assert relay == [ev.RelayAnswered(UNIT, False, True), ev.RelayAnswered(UNIT, True, True)]
    assert [opcode for _, opcode in unit.asked if opcode >> 8 == 0xFC] == [0xFCB2, 0xFCB1]


def test_an_unconfirmed_contactor_is_said_to_be_unconfirmed() -> None:
    unit = FakeUnit(ignores=frozenset({0xFCB2}))
    bench = linked(unit, allow_relay=True)
    bench.master.request_stop(UNIT, bench.now)
    bench.run(bench.now + 3)
    assert bench.told(ev.RelayAnswered) == [ev.RelayAnswered(UNIT, False, False)]


@pytest.mark.parametrize(
    "unit, settings, seconds, reason",
    [
        (FakeUnit(), {}, 20, "not switched on"),
        (FakeUnit(0x4321), {"allow_relay": True}, 20, "does not answer"),
        (FakeUnit(dumb=True), {"allow_relay": True}, 3, "does not answer"),
        (FakeUnit(protocol=1), {"allow_relay": True}, 60, "4.5.3"),
        (FakeUnit(firmware=(4, 5, 2, 9)), {"allow_relay": True}, 20, "4.5.3"),
        (FakeUnit(ignores=frozenset({0xFBEC})), {"allow_relay": True}, 20, "4.5.3"),
    ],
)
def test_a_contactor_is_not_moved_when(unit: FakeUnit, settings: dict[str, Any], seconds: float, reason: str) -> None:
    bench = linked(unit, seconds=seconds, **settings)
    with pytest.raises(NotAllowed, match=reason):
        bench.master.request_stop(UNIT, bench.now)
    bench.run(bench.now + 5)
    assert not [body for _, body in bench.sent if body[0] == 0xFC and body[1] != 0xE1]


def test_a_minute_between_two_for_one_unit_by_any_way() -> None:
    bench = linked(FakeUnit(), allow_relay=True)
    bench.master.request_stop(UNIT, bench.now)
    bench.run(bench.now + 59)
    with pytest.raises(NotAllowed, match="wait 60 s"):
        bench.master.request_start(UNIT, bench.now)
    with pytest.raises(NotAllowed, match="wait 60 s"):
        bench.master.debug_send(bytes.fromhex("FCB177771234"), bench.now)
    bench.run(bench.now + 1.1)
    bench.master.request_start(UNIT, bench.now)


def test_the_minute_counts_for_each_unit_by_itself() -> None:
    bench = linked(FakeUnit(0x1111), FakeUnit(0x2222, ready_at=1.2), allow_relay=True, seconds=40)
    bench.master.request_stop(0x1111, bench.now)
    bench.run(bench.now + 3)
    bench.master.request_stop(0x2222, bench.now)
    bench.run(bench.now + 30)
    with pytest.raises(NotAllowed, match="wait 60 s"):
        bench.master.request_start(0x1111, bench.now)


def test_half_a_second_between_two_units_also_on_the_wire() -> None:
    bench = linked(FakeUnit(0x1111), FakeUnit(0x2222, ready_at=1.2), allow_relay=True, seconds=40)
    bench.master.request_stop(0x1111, bench.now)
    with pytest.raises(NotAllowed, match=r"less than 0\.5 s"):
        bench.master.request_stop(0x2222, bench.now)
    # The first one has to wait: somebody else's frame makes us hold our tongue.
    bench.master.receive_data(frame(encode(Idle())), bench.now)
    bench.now += 0.5
    bench.master.request_stop(0x2222, bench.now)
    bench.run(bench.now + 8)
    at = [time for time, body in bench.sent if body[:2] == b"\xfc\xb2"]
    assert len(at) == 2
    assert at[1] - at[0] >= 0.5
