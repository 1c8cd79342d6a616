"""The choreography of plug, limit, states and contactor. Each row of a table is one second of heartbeats."""

import pytest

from tests.protocol.connector_bench import MASTER_ID, UNIT_ID, ConnectorBench, PlainCar
from twcmaster.protocol.connector_parts import Fault
from twcmaster.protocol.messages import MasterHeartbeat, Opcode, UnitState

KEEP, LIMIT, RAISE, LOWER, AT_START, SESSION = 0x00, 0x05, 0x06, 0x07, 0x08, 0x09


Row = tuple[int, int, float, int, float, float]


def play(bench: ConnectorBench, rows: list[Row]) -> None:
    """Each row: (how many heartbeats, command, limit) and then (state, limit reported, amps drawn) of the last."""
    for number, (beats, command, limit_a, state, limit_told_a, drawn_a) in enumerate(rows):
        for _ in range(beats):
            answer = bench.beat(command, limit_a)
        seen = (answer.state, answer.limit_ca / 100, answer.actual_ca / 100)
        assert seen == (state, limit_told_a, drawn_a), f"row {number}"


def test_protocol_2_from_plug_to_full_battery() -> None:
    bench = ConnectorBench(2)
    play(bench, [(1, KEEP, 0, 0x00, 0, 0), (1, LIMIT, 20, 0x00, 0, 0), (1, SESSION, 20, 0x00, 0, 0)])
    bench.car.plugged = True
    play(
        bench,
        [
            (3, KEEP, 0, 0x04, 0, 0),  # asks for a limit
            (1, LIMIT, 20, 0x08, 20, 0),  # the contactor closes, the car has yet to draw
            (1, LIMIT, 18, 0x08, 18, 18),  # still starting: 05 works
            (3, KEEP, 0, 0x08, 18, 18),
            (1, KEEP, 0, 0x01, 18, 18),
            (1, LIMIT, 30, 0x01, 18, 18),  # charging: 05 is ignored
            (1, SESSION, 30, 0x09, 30, 30),
            (1, KEEP, 0, 0x09, 30, 30),
            (1, KEEP, 0, 0x01, 30, 30),  # settled
            (1, SESSION, 0, 0x09, 6, 6),  # 0 A acts as 6 A
            (9, KEEP, 0, 0x01, 6, 6),
            (1, SESSION, 16, 0x09, 16, 16),
        ],
    )
    bench.car.hungry = False
    play(bench, [(1, KEEP, 0, 0x03, 6, 0), (60, KEEP, 0, 0x03, 6, 0)])
    bench.car.plugged = False
    play(bench, [(1, KEEP, 0, 0x00, 0, 0)])
    assert bench.session.contactor.closings == 1
    assert bench.session.contactor.breaks_under_load == 0


def test_a_car_that_resumes_by_itself_gets_6_a_and_is_starting_until_it_is_told() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.car.hungry = False
    play(bench, [(90, KEEP, 0, 0x03, 6, 0)])
    bench.car.hungry = True
    play(bench, [(2, KEEP, 0, 0x08, 6, 6), (90, KEEP, 0, 0x08, 6, 6), (1, LIMIT, 16, 0x08, 16, 16)])
    play(bench, [(5, KEEP, 0, 0x01, 16, 16)])


def test_protocol_1_echoes_what_it_is_told_and_stops_at_0_a() -> None:
    bench = ConnectorBench(1)
    play(bench, [(1, LIMIT, 20, 0x00, 20, 0)])
    bench.car.plugged = True
    play(
        bench,
        [
            (1, KEEP, 0, 0x04, 0, 0),
            (6, LIMIT, 20, 0x01, 20, 20),
            (1, KEEP, 0, 0x01, 20, 20),
            (1, SESSION, 30, 0x01, 20, 20),  # 09, 06 and 07 belong to protocol 2
            (1, RAISE, 0, 0x01, 20, 20),
            (1, LOWER, 0, 0x01, 20, 20),
            (1, LIMIT, 9, 0x01, 9, 9),
            (5, LIMIT, 0, 0x03, 0, 0),
            (1, LIMIT, 12, 0x08, 12, 0),
        ],
    )
    assert bench.session.contactor.closings == 2
    assert bench.session.contactor.chatter == 0
    assert bench.session.contactor.breaks_under_load == 0


def test_protocol_1_held_at_0_a_by_plain_heartbeats_chatters_until_it_is_told_again() -> None:
    bench = ConnectorBench(1)
    bench.charge(20.0)
    play(
        bench,
        [
            (1, LIMIT, 0, 0x03, 0, 0),
            (1, KEEP, 0, 0x01, 0, 0),
            (1, KEEP, 0, 0x03, 0, 0),
            (1, KEEP, 0, 0x01, 0, 0),
            (2, LIMIT, 0, 0x03, 0, 0),
            (6, LIMIT, 10, 0x01, 10, 10),
        ],
    )
    assert bench.session.contactor.chatter == 3


def test_a_plain_load_on_protocol_1_does_not_stop_at_0_a() -> None:
    bench = ConnectorBench(1, PlainCar(heeds_zero=False, most_a=10.0))
    bench.charge(20.0)
    play(bench, [(3, LIMIT, 0, 0x01, 0, 10)])


@pytest.mark.parametrize("command", [LIMIT, AT_START, SESSION])
@pytest.mark.parametrize("told_a, acts_as_a", [(0, 6), (16, 16), (655.35, 655.35)])
def test_protocol_2_takes_any_limit_before_the_start_and_0_as_6(command: int, told_a: float, acts_as_a: float) -> None:
    bench = ConnectorBench(2, PlainCar(most_a=32.0))
    bench.beat()
    bench.car.plugged = True
    play(bench, [(1, KEEP, 0, 0x04, 0, 0), (2, command, told_a, 0x08, acts_as_a, min(32, acts_as_a))])


def test_a_car_that_refuses_the_offer_waits_with_open_contactor() -> None:
    bench = ConnectorBench(2, PlainCar(minimum_a=8.0))
    bench.beat()
    bench.car.plugged = True
    play(bench, [(1, LIMIT, 6, 0x03, 6, 0), (2, LIMIT, 8, 0x08, 8, 8)])


def test_it_says_busy_for_less_than_a_second_after_a_plug_moved() -> None:
    bench = ConnectorBench(2, busy_s=0.8)
    bench.beat()
    bench.car.plugged = True
    play(bench, [(1, KEEP, 0, 0x05, 0, 0), (1, KEEP, 0, 0x04, 0, 0)])
    bench.car.plugged = False
    play(bench, [(1, KEEP, 0, 0x05, 0, 0), (1, KEEP, 0, 0x00, 0, 0)])


def test_raise_by_2_a_is_reported_for_44_s_and_stays() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    play(
        bench,
        [
            (1, RAISE, 0, 0x06, 22, 20),
            (43, KEEP, 0, 0x06, 22, 22),
            (1, KEEP, 0, 0x0A, 22, 22),
            (2, KEEP, 0, 0x01, 22, 22),
        ],
    )


def test_lower_by_2_a_is_taken_back_after_10_s_and_done_after_13() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    play(
        bench,
        [
            (1, LOWER, 0, 0x07, 18, 20),
            (9, KEEP, 0, 0x07, 18, 18),
            (1, KEEP, 0, 0x07, 20, 18),
            (2, KEEP, 0, 0x07, 20, 20),
            (1, KEEP, 0, 0x0A, 20, 20),
            (2, KEEP, 0, 0x01, 20, 20),
        ],
    )


def test_lowering_never_goes_below_6_a_and_gives_back_what_it_took() -> None:
    bench = ConnectorBench(2)
    bench.charge(7.0)
    play(bench, [(1, LOWER, 0, 0x07, 6, 7), (11, KEEP, 0, 0x07, 7, 7), (4, KEEP, 0, 0x01, 7, 7)])


def test_a_limit_during_a_raise_ends_it() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    play(bench, [(1, LOWER, 0, 0x07, 18, 20), (1, SESSION, 10, 0x09, 10, 10), (20, KEEP, 0, 0x01, 10, 10)])


def test_a_sleeping_car_looks_unplugged_and_asks_afresh_when_it_wakes() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.car.hungry, bench.car.awake = False, False
    play(bench, [(2, KEEP, 0, 0x00, 0, 0)])
    bench.car.hungry, bench.car.awake = True, True
    play(bench, [(1, KEEP, 0, 0x04, 0, 0)])


# ── a limit that never comes ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_car_without_a_limit_for_a_minute_is_an_error_until_a_limit_comes(protocol: int) -> None:
    bench = ConnectorBench(protocol)
    bench.beat()
    bench.car.plugged = True
    play(bench, [(60, KEEP, 0, 0x04, 0, 0), (2, KEEP, 0, 0x02, 0, 0)])
    assert bench.session.trouble.fault is Fault.NO_LIMIT
    play(bench, [(1, LIMIT, 12, 0x02, 12, 0), (6, KEEP, 0, 0x01, 12, 12)])


def test_a_replug_clears_the_wait_too() -> None:
    bench = ConnectorBench(2, limit_wait_s=5.0)
    bench.beat()
    bench.car.plugged = True
    play(bench, [(8, KEEP, 0, 0x02, 0, 0)])
    bench.car.plugged = False
    play(bench, [(1, KEEP, 0, 0x00, 0, 0)])
    bench.car.plugged = True
    play(bench, [(1, KEEP, 0, 0x04, 0, 0)])


# ── a master that falls silent ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("silent_s, drawing", [(9.0, True), (11.0, True), (23.0, True), (27.0, False), (100.0, False)])
def test_without_heartbeats_a_car_draws_on_for_25_s_and_no_longer(silent_s: float, drawing: bool) -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.wait(silent_s - 1.0)
    assert bench.session.contactor.closed is drawing
    assert (bench.session.actual_ca > 0) is drawing


def test_a_short_loss_costs_no_session_but_a_new_limit_is_asked_for() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.wait(13.0)
    play(
        bench,
        [
            (1, KEEP, 0, 0x02, 0, 20),
            (2, KEEP, 0, 0x08, 0, 20),
            (1, AT_START, 15, 0x08, 15, 15),
            (5, KEEP, 0, 0x01, 15, 15),
        ],
    )
    assert bench.session.contactor.closings == 1


def test_after_a_long_loss_heartbeats_and_a_limit_bring_the_session_back() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.wait(60.0)
    play(
        bench,
        [
            (1, KEEP, 0, 0x02, 0, 0),
            (2, KEEP, 0, 0x08, 0, 0),
            (2, AT_START, 15, 0x08, 15, 15),
            (5, KEEP, 0, 0x01, 15, 15),
        ],
    )
    assert bench.session.contactor.closings == 2
    assert bench.session.contactor.breaks_under_load == 1


def test_a_limit_in_the_very_first_heartbeat_after_a_loss_counts() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.wait(13.0)
    play(bench, [(1, LIMIT, 15, 0x02, 15, 15), (1, KEEP, 0, 0x08, 15, 15)])


def test_cut_off_too_often_it_stays_in_error_until_a_replug() -> None:
    bench = ConnectorBench(2, cuts_allowed=2)
    bench.charge(20.0)
    for _ in range(2):
        bench.wait(30.0)
        for _ in range(3):
            bench.beat(AT_START, 10)
    play(bench, [(30, LIMIT, 10, 0x02, 0, 0)])
    bench.car.plugged = False
    play(bench, [(1, KEEP, 0, 0x00, 0, 0)])
    bench.car.plugged = True
    play(bench, [(1, KEEP, 0, 0x04, 0, 0)])


# ── the relay ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_stop_by_relay_opens_under_load_and_start_asks_for_a_limit_again() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.ask(Opcode.STOP_REQUEST)
    play(bench, [(1, KEEP, 0, 0x03, 6, 0), (90, SESSION, 20, 0x03, 20, 0)])
    assert bench.session.contactor.breaks_under_load == 1
    bench.ask(Opcode.START_REQUEST)
    play(bench, [(1, KEEP, 0, 0x04, 0, 0), (2, LIMIT, 12, 0x08, 12, 12), (6, KEEP, 0, 0x01, 12, 12)])
    assert bench.session.contactor.closings == 2


def test_start_by_relay_changes_nothing_for_a_unit_that_was_not_stopped() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.ask(Opcode.START_REQUEST)
    play(bench, [(1, KEEP, 0, 0x01, 20, 20)])


def test_many_real_units_turn_red_after_a_stop_by_relay_until_a_replug() -> None:
    bench = ConnectorBench(2, relay_restarts=False)
    bench.charge(20.0)
    bench.ask(Opcode.STOP_REQUEST)
    play(bench, [(30, KEEP, 0, 0x03, 6, 0)])
    bench.ask(Opcode.START_REQUEST)
    play(bench, [(10, KEEP, 0, 0x02, 0, 0)])
    bench.car.plugged = False
    play(bench, [(1, KEEP, 0, 0x00, 0, 0)])


def test_the_ammeter_offset_shows_without_a_car() -> None:
    bench = ConnectorBench(1, ammeter_offset_ca=0x19)
    play(bench, [(1, KEEP, 0, 0x00, 0, 0.25)])


def test_a_power_cut_ends_the_session_and_the_car_starts_over() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    energy_wh = bench.session.meter.energy_wh
    bench.unit.power_cycle(bench.now)
    bench.wait(1.4)
    play(bench, [(1, KEEP, 0, 0x04, 0, 0), (2, LIMIT, 12, 0x08, 12, 12)])
    assert bench.session.meter.energy_wh >= energy_wh


def test_after_an_error_command_the_answer_says_so() -> None:
    bench = ConnectorBench(2)
    bench.charge(20.0)
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID, 0x02, 0x0100))
    assert bench.session.state(bench.now) is UnitState.ERROR
    assert bench.session.actual_ca == 0
