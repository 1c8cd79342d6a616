"""Start, linking, heartbeats, silence, id conflict, too many units, the adapter."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.protocol.fake_unit import FakeUnit, bus
from tests.protocol.master_bench import BYTE_S, Bench
from twcmaster.protocol import events as ev
from twcmaster.protocol.framing import frame
from twcmaster.protocol.master import Master
from twcmaster.protocol.messages import ConnectorHeartbeat, ConnectorLinkReady, EnergyAnswer, Opcode, encode
from twcmaster.protocol.settings import KnownUnit, MasterSettings
from twcmaster.protocol.unit import Presence


def opcodes(bench: Bench) -> list[int]:
    return [int.from_bytes(body[:2], "big") for _, body in bench.sent]


def times(bench: Bench, opcode: int) -> list[float]:
    return [at for at, body in bench.sent if int.from_bytes(body[:2], "big") == opcode]


# ── start ──


def test_announces_itself_five_times_each_and_then_is_silent() -> None:
    bench = bus()
    bench.run(60)
    assert opcodes(bench) == [Opcode.MASTER_LINK_READY_1] * 5 + [Opcode.MASTER_LINK_READY_2] * 5
    at = [time for time, _ in bench.sent]
    assert at[0] < 0.05
    assert all(0.06 <= later - earlier < 0.07 for earlier, later in itertools.pairwise(at))


def test_known_units_hear_a_heartbeat_before_the_announcements() -> None:
    unit = FakeUnit(ready_at=None)
    bench = bus(unit, known_units=(KnownUnit(0x1234, 2, 3200),))
    bench.run(5)
    assert opcodes(bench)[0] == Opcode.MASTER_HEARTBEAT
    assert bench.sent[0][0] < 0.05
    assert opcodes(bench).count(Opcode.MASTER_LINK_READY_2) == 5
    assert bench.master.units[0x1234].presence(bench.now) is Presence.ONLINE


def test_a_link_ready_is_answered_at_once_even_while_announcing() -> None:
    unit = FakeUnit(ready_at=0.1)
    bench = bus(unit)
    bench.run(2)
    assert unit.heard[0][0] < 0.1 + 0.12
    assert bench.master.units[0x1234].max_ca == 3200
    assert [type(event) for _, event in bench.events][:3] == [ev.UnitFound, ev.UnitOnline, ev.StateChanged]


def test_announcements_do_not_delay_heartbeats() -> None:
    units = [FakeUnit(unit_id, ready_at=None) for unit_id in (0x1111, 0x2222, 0x3333)]
    bench = bus(*units, known_units=tuple(KnownUnit(unit.unit_id, 2, 3200) for unit in units))
    bench.run(3)
    assert opcodes(bench)[:3] == [Opcode.MASTER_HEARTBEAT] * 3
    assert bench.sent[2][0] < 0.4
    assert len(times(bench, Opcode.MASTER_LINK_READY_2)) == 5


# ── heartbeats ──


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_unit_hears_a_heartbeat_a_second(count: int) -> None:
    units = [FakeUnit(0x1111 * (n + 1), reply_s=0.16, ready_at=0.7 + 0.3 * n) for n in range(count)]
    bench = bus(*units)
    bench.run(300)
    for unit in units:
        gaps = sorted(bench.gaps(unit.unit_id, after=3))
        assert len(gaps) > 280
        assert sum(gaps) / len(gaps) <= 1.05
        assert gaps[-1] <= 1.3
    assert len(bench.told(ev.UnitSilent)) == 0


def test_one_transmission_at_a_time_and_never_into_an_answer() -> None:
    units = [FakeUnit(0x1111 * (n + 1), reply_s=0.16, ready_at=0.7 + 0.3 * n, plug=3) for n in range(3)]
    bench = bus(*units)
    bench.run(120)
    assert bench.collisions == 0


@pytest.mark.parametrize("protocol, length", [(1, 14), (2, 16)])
def test_protocol_by_the_length_of_the_link_ready(protocol: int, length: int) -> None:
    unit = FakeUnit(protocol=protocol)
    bench = bus(unit)
    bench.run(3)
    assert bench.master.units[0x1234].protocol == protocol
    beats = [body for _, body in bench.sent if body[:2] == b"\xfb\xe0"]
    assert {len(body) for body in beats} == {length}


def test_answers_of_the_other_length_correct_a_wrong_protocol() -> None:
    unit = FakeUnit(protocol=1, ready_at=None)
    bench = bus(unit, known_units=(KnownUnit(0x1234, 2, 3200),))
    bench.run(5)
    assert bench.master.units[0x1234].protocol == 1


def test_late_answers_count_and_widen_the_window() -> None:
    unit = FakeUnit(reply_s=0.4)
    bench = bus(unit)
    bench.run(30)
    replies = bench.master.units[0x1234].replies
    assert replies.answers >= replies.beats - 1
    assert 1 <= replies.late <= 3
    assert replies.missed <= 3
    assert bench.collisions <= 1
    assert replies.last_s == pytest.approx(0.4 + 18 * BYTE_S, abs=0.005)


def test_a_missed_answer_brings_the_next_heartbeat_forward() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(5)
    unit.dumb = True
    before = len(unit.heard)
    bench.run(7)
    unit.dumb = False
    assert len(unit.heard) - before >= 4


def test_a_dead_unit_does_not_slow_the_others() -> None:
    units = [FakeUnit(0x1111 * (n + 1), reply_s=0.16, ready_at=0.7 + 0.3 * n) for n in range(3)]
    bench = bus(*units)
    bench.run(10)
    units[0].deaf = True
    bench.run(60)
    for unit in units[1:]:
        assert max(bench.gaps(unit.unit_id, after=3)) <= 1.6
    to_the_dead = [at for at, body in bench.sent if body[:2] == b"\xfb\xe0" and body[4:6] == b"\x11\x11" and at > 14]
    assert 18 <= len(to_the_dead) <= 24


def test_a_line_that_never_falls_idle_delays_a_heartbeat_little() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(5)
    for step in range(4000):
        bench.master.receive_data(b"\x55", bench.now)
        bench.run(5 + step * 0.005)
    assert max(bench.gaps(0x1234, after=2)) <= 1.7


# ── silence ──


def test_silent_then_lost_then_forgotten() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(10)
    unit.deaf = True
    heard_at = bench.master.units[0x1234].heard_at
    assert heard_at is not None
    bench.run(100)
    told = {type(event): at - heard_at for at, event in bench.events if at > 10}
    assert told[ev.UnitSilent] == pytest.approx(4, abs=0.01)
    assert told[ev.UnitLost] == pytest.approx(26, abs=0.01)
    assert told[ev.UnitForgotten] == pytest.approx(86, abs=0.01)
    assert max(times(bench, Opcode.MASTER_HEARTBEAT)) <= heard_at + 26
    assert 0x1234 not in bench.master.units


def test_a_lost_unit_relinks_by_asking() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(10)
    unit.deaf = True
    bench.run(45)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.LOST
    unit.deaf = False
    bench.run(46)
    assert max(times(bench, Opcode.MASTER_HEARTBEAT)) < 40
    unit.say(ConnectorLinkReady(0x1234, 0x60, 3200), 46.5)
    bench.run(48)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.ONLINE
    assert bench.master.units[0x1234].sign == 0x60
    assert ev.UnitFound(0x1234, 2, 3200, again=True) in bench.told(ev.UnitFound)


def test_a_unit_that_never_answered_frees_its_place_when_lost() -> None:
    bench = bus(FakeUnit(dumb=True))
    bench.run(30)
    assert len(bench.master.units) == 0
    assert len(bench.told(ev.UnitLost)) == 1
    assert not bench.told(ev.UnitSilent)


# ── who is a unit ──


def test_senders_of_other_data_are_not_units() -> None:
    unit = FakeUnit(ready_at=None)
    unit.say(EnergyAnswer(0x4321, 1, (230, 0, 0), None), 1.0)
    unit.say(ConnectorHeartbeat(0x4322, 0x7777, 0, 0, 0), 1.5)
    unit.say(ConnectorLinkReady(0, 1, 3200), 2.0)
    bench = bus(unit)
    bench.run(5)
    assert len(bench.master.units) == 0
    assert bench.master.health()["strangers"] == 2


def test_a_remembered_unit_is_seated_again_when_it_answers() -> None:
    unit = FakeUnit(ready_at=None, deaf=True)
    bench = bus(unit, known_units=(KnownUnit(0x1234, 2, 3200),))
    bench.run(40)
    assert len(bench.master.units) == 0
    unit.deaf = False
    unit.say(ConnectorHeartbeat(0x1234, 0x7777, 0, 0, 0), 41)
    bench.run(45)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.ONLINE


def test_an_answer_to_another_master_is_not_an_answer() -> None:
    unit = FakeUnit(answer_to=0x8888)
    bench = bus(unit)
    bench.run(5)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.LINKING


def test_an_answer_to_nobody_is_an_answer() -> None:
    unit = FakeUnit(answer_to=0)
    bench = bus(unit)
    bench.run(5)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.ONLINE


def test_a_fourth_unit_is_not_linked_and_displaces_nobody() -> None:
    units = [FakeUnit(0x1111 * (n + 1), ready_at=0.7 + 0.3 * n) for n in range(3)]
    fourth = FakeUnit(0x4444, ready_at=3.0)
    bench = bus(*units, fourth)
    bench.run(100)
    assert set(bench.master.units) == {0x1111, 0x2222, 0x3333}
    assert not fourth.heard
    complaints = [at for at, event in bench.events if event == ev.TooManyUnits(0x4444)]
    assert len(complaints) == 2
    assert complaints[1] - complaints[0] >= 60


def test_four_that_ask_at_once_do_not_displace_each_other() -> None:
    bench = bus()
    bench.run(1)
    for unit_id in (0x1111, 0x2222, 0x3333, 0x4444):
        bench.master.receive_data(frame(encode(ConnectorLinkReady(unit_id, 1, 3200))), bench.now)
    assert set(bench.master.units) == {0x1111, 0x2222, 0x3333}


def test_a_fourth_unit_takes_the_place_of_one_long_lost() -> None:
    units = [FakeUnit(0x1111 * (n + 1), ready_at=0.7 + 0.3 * n) for n in range(3)]
    fourth = FakeUnit(0x4444, ready_at=3.0)
    bench = bus(*units, fourth)
    bench.run(5)
    units[1].deaf = True
    bench.run(5 + 26 + 55)
    assert 0x4444 not in bench.master.units
    bench.run(5 + 26 + 75)
    assert set(bench.master.units) == {0x1111, 0x3333, 0x4444}


def test_a_remembered_unit_that_is_gone_gives_way() -> None:
    known = tuple(KnownUnit(0x1111 * (n + 1), 2, 3200) for n in range(3))
    units = [FakeUnit(0x1111, ready_at=None), FakeUnit(0x2222, ready_at=None), FakeUnit(0x4444, ready_at=5.0)]
    bench = bus(*units, known_units=known)
    bench.run(8)
    assert set(bench.master.units) == {0x1111, 0x2222, 0x4444}


# ── id conflict ──


@pytest.mark.parametrize("by_heartbeat", [False, True])
def test_a_unit_with_our_id_is_made_to_pick_another(by_heartbeat: bool) -> None:
    unit = FakeUnit(0x7777, ready_at=None)
    for at in (10.0, 11.0, 12.0, 16.0):
        message = ConnectorHeartbeat(0x7777, 0x7777, 0, 0, 0) if by_heartbeat else ConnectorLinkReady(0x7777, 1, 3200)
        unit.say(message, at)
    bench = bus(unit)
    bench.run(30)
    after = [at for at in times(bench, Opcode.MASTER_LINK_READY_1) if at > 5]
    assert len(after) == 10
    assert len(bench.told(ev.IdConflict)) == 2
    assert after[5] >= 16.0
    assert len(bench.master.units) == 0


def test_a_unit_is_linked_under_its_new_id() -> None:
    unit = FakeUnit(0x7777, ready_at=10.0)
    bench = bus(unit)
    bench.run(11)
    unit.unit_id = 0x1234
    unit.say(ConnectorLinkReady(0x1234, 9, 3200), 11.5)
    bench.run(14)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.ONLINE


# ── the adapter ──


def test_nothing_is_sent_while_the_adapter_is_gone() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(5)
    bench.master.receive_data(b"\xc0\xfd\xe2\x12", bench.now)
    bench.master.link_down(bench.now)
    sent = len(bench.sent)
    bench.run(10)
    assert len(bench.sent) == sent
    bench.master.link_up(bench.now)
    bench.run(11.5)
    assert bench.sent[sent][0] - 10 < 0.01
    assert bench.sent[sent][1][:2] == b"\xfb\xe0"
    assert len([body for at, body in bench.sent if at > 10 and body[:2] == b"\xfb\xe2"]) == 5


def test_a_frame_that_was_not_fetched_is_not_sent_after_the_outage() -> None:
    master = Master(MasterSettings(connector_limit_ca=4000), 0.0)
    master.handle_timer(0.0)
    master.link_down(0.1)
    assert master.frames_to_send() == []


def test_units_are_spoken_to_again_after_a_long_outage() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(5)
    bench.master.link_down(bench.now)
    bench.run(50)
    bench.master.link_up(bench.now)
    bench.run(51)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.ONLINE


def test_an_outage_without_timers_loses_nobody() -> None:
    unit = FakeUnit()
    bench = bus(unit)
    bench.run(5)
    bench.master.link_down(bench.now)
    bench.now = 60.0
    bench.master.link_up(bench.now)
    bench.run(61)
    assert bench.master.units[0x1234].presence(bench.now) is Presence.ONLINE


def test_a_frame_cut_by_silence_is_dropped() -> None:
    bench = bus()
    bench.run(1)
    body = b"\xc0\xfd\xe2\x12\x34"
    bench.master.receive_data(body, 1.0)
    bench.master.receive_data(b"\x5f\x0c\x80" + bytes(8) + b"\x13\xc0", 1.06)
    assert len(bench.master.units) == 0


def test_a_frame_chopped_by_the_adapter_is_whole_with_a_larger_gap() -> None:
    bench = bus(byte_gap_s=0.5)
    whole = b"\xc0\xfd\xe2\x12\x34\x5f\x0c\x80" + bytes(8)
    whole += bytes((sum(whole[2:]) & 0xFF,)) + b"\xc0"
    bench.run(1)
    bench.master.receive_data(whole[:5], 1.0)
    bench.master.receive_data(whole[5:], 1.3)
    assert set(bench.master.units) == {0x1234}


# ── settings ──


@pytest.mark.parametrize(
    "changes",
    [
        {"master_id": 0},
        {"master_id": 0x10000},
        {"sign": 256},
        {"heartbeat_s": 0.0},
        {"baud": 0},
        {"minimum_protocol_1_ca": 700},
        {"connector_limit_ca": -1},
        {"connector_limit_ca": 70000},
        {"fallback_ca": 500},
        {"fallback_ca": 1650},
        {"fallback_ca": 5000},
    ],
)
def test_contradicting_settings_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        MasterSettings(**{"connector_limit_ca": 4000, **changes})
