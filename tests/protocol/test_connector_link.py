from itertools import pairwise

import pytest

from tests.protocol.connector_bench import MASTER_ID, UNIT_ID, ConnectorBench, PlainCar
from twcmaster.protocol.connector import LONGEST_QUEUE, MUTE_S
from twcmaster.protocol.framing import frame
from twcmaster.protocol.messages import (
    BusFirmwareAnswer,
    BusRequest,
    BusTextAnswer,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    EnergyAnswer,
    FirmwareAnswer,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Opcode,
    PlugAnswer,
    RelayAnswer,
    SerialAnswer,
    UnitState,
    VinAnswer,
    checksum,
    encode,
)


@pytest.mark.parametrize("protocol, length", [(1, 14), (2, 16)])
def test_after_power_up_it_asks_for_a_master_every_1_3_s_in_its_own_length(protocol: int, length: int) -> None:
    bench = ConnectorBench(protocol, max_ca=3200)
    heard = bench.wait(20.0)

    assert set(heard) == {ConnectorLinkReady(UNIT_ID, bench.unit.sign, 3200, protocol)}
    assert {said_length for _, _, said_length in bench.said} == {length}
    times = [at for at, _, _ in bench.said]
    assert times[0] <= 101.3
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert 1.3 <= min(gaps) <= max(gaps) <= 1.3 * 1.1


def test_the_first_heartbeat_claims_it_and_ends_the_asking() -> None:
    bench = ConnectorBench()
    bench.beat()
    assert bench.unit.linked
    assert all(isinstance(bench.beat(), ConnectorHeartbeat) for _ in range(30))
    assert not [message for _, message, _ in bench.said if isinstance(message, ConnectorLinkReady)]


@pytest.mark.parametrize("delay_s", [0.02, 0.08, 0.16])
def test_it_answers_its_heartbeat_after_its_delay_and_not_before(delay_s: float) -> None:
    bench = ConnectorBench(reply_delay_s=delay_s)
    bench.beat()
    bench.hear(MasterHeartbeat(0x1234, UNIT_ID))
    assert bench.wait(delay_s - 0.001) == []
    assert bench.wait(0.002) == [ConnectorHeartbeat(UNIT_ID, 0x1234, UnitState.READY, 0, 0)]


def test_what_is_meant_for_others_gets_no_answer() -> None:
    bench = ConnectorBench()
    bench.beat()
    bench.hear(MasterHeartbeat(MASTER_ID, 0x9999))
    bench.hear(ConnectorHeartbeat(0x9999, MASTER_ID, 1, 600, 600))
    bench.hear(ConnectorLinkReady(0x9999, 1, 3200))
    assert bench.wait(0.5) == []


@pytest.mark.parametrize("length", [13, 14, 15, 16])
def test_requests_of_13_to_16_bytes_are_understood(length: int) -> None:
    bench = ConnectorBench()
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID), length)
    assert len([answer for answer in bench.wait(0.2) if isinstance(answer, ConnectorHeartbeat)]) == 1
    assert bench.ask(Opcode.FIRMWARE_REQUEST, length) == [FirmwareAnswer(UNIT_ID, (4, 5, 3, 2))]


def test_a_request_of_20_bytes_is_not() -> None:
    bench = ConnectorBench()
    bench.beat()
    assert bench.ask(Opcode.FIRMWARE_REQUEST, 20) == []


def test_ten_seconds_of_silence_are_an_error_and_a_linkready_every_ten_seconds() -> None:
    bench = ConnectorBench()
    bench.beat()
    assert bench.wait(8.9) == []
    lost_at = bench.now
    bench.wait(62.0)
    ready_at = [at - lost_at for at, message, _ in bench.said if isinstance(message, ConnectorLinkReady)]
    assert ready_at[0] == pytest.approx(0.1)
    assert len(ready_at) == 6
    assert not bench.unit.linked
    assert bench.session.state(bench.now) is UnitState.ERROR


def test_a_heartbeat_after_a_loss_is_answered_with_error_once_then_all_is_well() -> None:
    bench = ConnectorBench()
    bench.beat()
    bench.wait(15.0)
    assert [bench.beat().state for _ in range(3)] == [UnitState.ERROR, UnitState.READY, UnitState.READY]
    assert bench.session.trouble.count == 1
    assert bench.session.trouble.error_s == pytest.approx(6.0, abs=0.1)


def test_the_first_announcement_is_ignored_and_the_second_gets_five_link_readies() -> None:
    bench = ConnectorBench()
    bench.beat()
    bench.hear(MasterLinkReady2(MASTER_ID, 0x77))
    assert bench.wait(0.5) == []
    bench.hear(MasterLinkReady2(MASTER_ID, 0x77))
    asked_at = bench.now
    assert len(bench.wait(1.0)) == 5
    times = [at - asked_at for at, _, _ in bench.said[-5:]]
    assert 0.2 <= times[0] <= 0.3
    # The rest of one master's announcement brings no more of them.
    for _ in range(3):
        bench.hear(MasterLinkReady2(MASTER_ID, 0x77))
    assert bench.wait(0.6) == []


@pytest.mark.parametrize("announcement", [MasterLinkReady1, MasterLinkReady2])
def test_a_master_with_its_id_makes_it_pick_another_id_and_sign(
    announcement: type[MasterLinkReady1 | MasterLinkReady2],
) -> None:
    bench = ConnectorBench(unit_id=MASTER_ID, sign=0x77)
    bench.hear(announcement(MASTER_ID, 0x77))
    assert bench.unit.unit_id not in {MASTER_ID, 0}
    assert bench.unit.sign != 0x77
    told = [message for message in bench.wait(2.0) if isinstance(message, ConnectorLinkReady)]
    assert {message.sender for message in told} == {bench.unit.unit_id}
    assert bench.beat().sender == bench.unit.unit_id


def test_a_flood_of_requests_is_not_stored() -> None:
    bench = ConnectorBench()
    bench.beat()
    for _ in range(1000):
        bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID))
    assert len(bench.wait(1.0)) == LONGEST_QUEUE


def test_frames_arrive_through_noise_in_any_pieces() -> None:
    bench = ConnectorBench()
    body = encode(MasterHeartbeat(MASTER_ID, UNIT_ID, 5, 0xC0DB))
    for byte in b"\xff\x00\xfe" + frame(body) + b"\xfc":
        bench.unit.receive_data(bytes((byte,)), bench.now)
        bench.now += 0.00104
    assert len(bench.wait(0.5)) == 1


def test_an_unfinished_frame_is_forgotten_after_a_pause() -> None:
    bench = ConnectorBench()
    frame_bytes = frame(encode(MasterHeartbeat(MASTER_ID, UNIT_ID)))
    bench.unit.receive_data(frame_bytes[:9], bench.now)
    bench.now += 0.2
    bench.unit.receive_data(frame_bytes[9:], bench.now)
    assert bench.unit.decoder.counters.cut_short == 1
    bench.unit.receive_data(frame_bytes, bench.now)
    assert len(bench.wait(0.2)) == 1


# ── told to be in error ──────────────────────────────────────────────────────────────────────────────────────────


def test_command_02_is_answered_once_and_then_only_the_button_helps() -> None:
    bench = ConnectorBench()
    bench.charge()
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID, 0x02, 0x0400))
    assert [answer.state for answer in bench.wait(1.0) if isinstance(answer, ConnectorHeartbeat)] == [UnitState.ERROR]
    assert bench.unit.error_bitmap == 0x04
    assert not bench.session.contactor.closed
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID))
    assert bench.wait(40.0) == []

    bench.unit.press_reset(bench.now)
    assert any(isinstance(message, ConnectorLinkReady) for message in bench.wait(1.5))
    assert bench.beat().state in {UnitState.READY, UnitState.PLUGGED_READY}


def test_some_error_bitmaps_need_the_power_to_be_cycled() -> None:
    bench = ConnectorBench()
    bench.beat()
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID, 0x02, 0xF200))
    bench.wait(1.0)
    bench.unit.press_reset(bench.now)
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID))
    assert bench.wait(3.0) == []
    bench.unit.power_cycle(bench.now)
    assert bench.beat().state == UnitState.READY


# ── hazards: messages that no master may send, and what they do ─────────────────────────────────────────────────


def body_of(opcode: int) -> bytes:
    head = opcode.to_bytes(2, "big") + MASTER_ID.to_bytes(2, "big") + UNIT_ID.to_bytes(2, "big") + bytes(9)
    return head + bytes((checksum(head),))


@pytest.mark.parametrize("opcode", [0xFC19, 0xFC1A, 0xFBE8])
def test_a_deadly_message_is_counted_and_ends_it_for_good(opcode: int) -> None:
    bench = ConnectorBench()
    bench.beat()
    bench.unit.receive_body(body_of(opcode), bench.now)
    assert bench.unit.hazards == 1
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID))
    assert bench.wait(60.0) == []
    assert bench.unit.next_timer() is None


def test_the_muting_message_silences_it_for_a_while() -> None:
    bench = ConnectorBench()
    bench.beat()
    bench.unit.receive_body(body_of(0xFCA1), bench.now)
    bench.hear(MasterHeartbeat(MASTER_ID, UNIT_ID))
    assert bench.wait(MUTE_S) == []
    bench.beat()
    assert bench.unit.hazards == 1


def test_unknown_messages_change_nothing() -> None:
    bench = ConnectorBench()
    bench.beat()
    bench.unit.receive_body(body_of(0xFBF7), bench.now)
    assert bench.wait(0.5) == []
    assert bench.unit.hazards == 0


# ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────

QUESTIONS = [
    Opcode.ENERGY_REQUEST,
    Opcode.FIRMWARE_REQUEST,
    Opcode.SERIAL_REQUEST,
    Opcode.VIN_START_REQUEST,
    Opcode.VIN_MIDDLE_REQUEST,
    Opcode.VIN_END_REQUEST,
    Opcode.PLUG_REQUEST,
    Opcode.START_REQUEST,
    Opcode.STOP_REQUEST,
]


def test_new_firmware_answers_every_question() -> None:
    bench = ConnectorBench()
    bench.charge()
    answers = [message for opcode in QUESTIONS for message in bench.ask(opcode)]
    assert answers == [
        EnergyAnswer(UNIT_ID, 924, (240, 0, 0), (40, 0, 0)),
        FirmwareAnswer(UNIT_ID, (4, 5, 3, 2)),
        SerialAnswer(UNIT_ID, "A17I0039393"),
        VinAnswer(Opcode.VIN_START_ANSWER, UNIT_ID, "5YJ3E7E"),
        VinAnswer(Opcode.VIN_MIDDLE_ANSWER, UNIT_ID, "B0TEST0"),
        VinAnswer(Opcode.VIN_END_ANSWER, UNIT_ID, "001"),
        PlugAnswer(UNIT_ID, 1),
        RelayAnswer(Opcode.START_ANSWER, UNIT_ID),
        RelayAnswer(Opcode.STOP_ANSWER, UNIT_ID),
    ]
    assert [length for _, _, length in bench.said[-len(QUESTIONS) :]] == [20, 16, 20, 20, 20, 20, 16, 16, 16]


def test_older_firmware_answers_energy_only_and_in_16_bytes() -> None:
    bench = ConnectorBench(firmware=(4, 2, 0, 0))
    bench.charge()
    answers = [message for opcode in QUESTIONS for message in bench.ask(opcode)]
    assert answers == [EnergyAnswer(UNIT_ID, 924, (240, 0, 0), None)]
    assert bench.said[-1][2] == 16
    assert bench.session.contactor.closed


def test_protocol_1_answers_none_of_them() -> None:
    bench = ConnectorBench(1)
    bench.charge()
    assert [message for opcode in QUESTIONS for message in bench.ask(opcode)] == []


@pytest.mark.parametrize("protocol, length", [(1, 14), (2, 16)])
def test_every_unit_answers_the_unaddressed_questions(protocol: int, length: int) -> None:
    bench = ConnectorBench(protocol)
    bench.beat()
    for opcode in (Opcode.BUS_SERIAL_REQUEST, Opcode.BUS_MODEL_REQUEST, Opcode.BUS_FIRMWARE_REQUEST):
        bench.hear(BusRequest(opcode, MASTER_ID), length)
    assert bench.wait(0.5) == [
        BusTextAnswer(Opcode.BUS_SERIAL_ANSWER, "A17I0039393"),
        BusTextAnswer(Opcode.BUS_MODEL_ANSWER, "EVWTS80HL"),
        BusFirmwareAnswer((4, 5, 3)),
    ]


@pytest.mark.parametrize(
    "car, tells, told",
    [
        (PlainCar(plugged=True), True, "5YJ3E7E"),
        (PlainCar(plugged=True), False, ""),
        (PlainCar(plugged=True, vin=""), True, ""),
        (PlainCar(plugged=True, awake=False), True, ""),
        (PlainCar(plugged=False), True, ""),
    ],
)
def test_the_vin_is_told_only_by_a_car_that_can_and_a_unit_that_does(car: PlainCar, tells: bool, told: str) -> None:
    bench = ConnectorBench(car=car, tells_vin=tells)
    bench.beat()
    assert bench.ask(Opcode.VIN_START_REQUEST) == [VinAnswer(Opcode.VIN_START_ANSWER, UNIT_ID, told)]


@pytest.mark.parametrize(
    "plugged, awake, limit_a, plug", [(False, True, 0, 0), (True, True, 0, 3), (True, False, 0, 3), (True, True, 16, 1)]
)
def test_the_plug_state_sees_a_sleeping_car_too(plugged: bool, awake: bool, limit_a: int, plug: int) -> None:
    bench = ConnectorBench(car=PlainCar(plugged=plugged, awake=awake))
    bench.beat()
    if limit_a:
        bench.beat(0x05, limit_a)
    assert bench.ask(Opcode.PLUG_REQUEST) == [PlugAnswer(UNIT_ID, plug)]


@pytest.mark.parametrize("unit_wh, counts", [(1000, 4), (1, 4800)])
def test_energy_counts_in_the_units_own_unit_on_three_phases(unit_wh: int, counts: int) -> None:
    bench = ConnectorBench(car=PlainCar(phases=3), volts=(230, 231, 232), energy_unit_wh=unit_wh, energy_start_raw=10)
    bench.charge(20.0)
    seconds = round(4800 / (20 * 693) * 3600) - 8
    bench.beats(seconds)
    (answer,) = bench.ask(Opcode.ENERGY_REQUEST)
    assert isinstance(answer, EnergyAnswer)
    assert answer.volts == (230, 231, 232)
    assert answer.half_amps == (40, 40, 40)
    assert answer.energy_raw - 10 == pytest.approx(counts, rel=0.01)


def test_a_single_phase_car_loads_one_phase_of_three() -> None:
    bench = ConnectorBench(car=PlainCar(phases=1), volts=(230, 230, 230))
    bench.charge(16.0)
    assert bench.session.phase_a == (16.0, 0.0, 0.0)
    assert bench.session.power_w == pytest.approx(16 * 230)
