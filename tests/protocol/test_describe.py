"""Messages in words and as values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.any_message import Sized, sized_messages
from twcmaster.protocol.describe import as_dict, describe, state_words
from twcmaster.protocol.messages import (
    BusFirmwareAnswer,
    BusRequest,
    BusTextAnswer,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    EnergyAnswer,
    FirmwareAnswer,
    Idle,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Message,
    Opcode,
    PlugAnswer,
    RelayAnswer,
    Request,
    SerialAnswer,
    Unknown,
    VinAnswer,
    decode,
)

WORDS: list[tuple[Message, str]] = [
    (MasterLinkReady1(0x7777, 0x77), "master 7777 ready (1 of 2), sign 77"),
    (MasterLinkReady2(0x32AB, 0x77, 0x4006), "master 32AB ready (2 of 2), sign 77, extra 4006"),
    (ConnectorLinkReady(0x1839, 0x52, 3200), "1839 ready to link: protocol 2, up to 32.00 A, sign 52"),
    (MasterHeartbeat(0x7777, 0x2433, 9, 2000), "master 7777 → 2433 heartbeat: session limit 20 A (09)"),
    (MasterHeartbeat(0x7777, 0x022C, 5, 1250), "master 7777 → 022C heartbeat: limit 12.5 A (05)"),
    (MasterHeartbeat(0x7777, 0x2433, 0, 2000, 1), "master 7777 → 2433 heartbeat: no change (00), master has a car"),
    (
        MasterHeartbeat(0x6090, 0x2433, 2, 0x0500),
        "master 6090 → 2433 heartbeat: go to error (02), bitmap 05: wrong rotary switch, 3 red blinks",
    ),
    (
        MasterHeartbeat(0x6090, 0x2433, 2, 0xF000),
        "master 6090 → 2433 heartbeat: go to error (02), bitmap F0: meaning unknown",
    ),
    (MasterHeartbeat(0x7777, 0x2433, 0x33), "master 7777 → 2433 heartbeat: unknown command (33)"),
    (ConnectorHeartbeat(0x2433, 0x7777, 1, 2000, 134), "2433 → 7777 charging (01), limit 20.00 A, draws 1.34 A"),
    (ConnectorHeartbeat(0x2433, 0, 0x99, 0, 0), "2433 → 0000 unknown state (99), limit 0.00 A, draws 0.00 A"),
    (Request(Opcode.VIN_END_REQUEST, 0x7777, 0x2433), "master 7777 → 2433 VIN, last part?"),
    (Request(Opcode.STOP_REQUEST, 0x7777, 0x2433), "master 7777 → 2433 open the contactor!"),
    (BusRequest(Opcode.BUS_MODEL_REQUEST, 0x7777), "master 7777 → all model?"),
    (EnergyAnswer(0x2587, 924, (246, 240, 246), None), "2587 energy: counter 924, 246/240/246 V"),
    (
        EnergyAnswer(0x2587, 924, (246, 0, 0), (33, 0, 0)),
        "2587 energy: counter 924, 246/0/0 V, 16.5/0/0 A",
    ),
    (FirmwareAnswer(0x6090, (4, 5, 3, 2)), "6090 firmware 4.5.3.2"),
    (SerialAnswer(0x9393, "A17I0039393"), "9393 serial number A17I0039393"),
    (VinAnswer(Opcode.VIN_START_ANSWER, 0x6090, ""), "6090 VIN, first part: (empty)"),
    (PlugAnswer(0x6090, 3), "6090 plugged in, not charging (03)"),
    (PlugAnswer(0x6090, 9), "6090 unknown plug state (09)"),
    (RelayAnswer(Opcode.STOP_ANSWER, 0x5850), "5850 contactor opening"),
    (BusTextAnswer(Opcode.BUS_MODEL_ANSWER, "EVW2T32HL"), "some connector: model EVW2T32HL"),
    (BusTextAnswer(Opcode.BUS_SERIAL_ANSWER, "\x01"), "some connector: serial number \\x01"),
    (BusFirmwareAnswer((4, 5, 3)), "some connector: firmware 4.5.3"),
    (Idle(), "master idle: no connectors"),
    (Unknown(bytes.fromhex("FBA400FF")), "unknown message: FB A4 00 FF"),
    (Unknown(b""), "unknown message: (empty)"),
]


@pytest.mark.parametrize("message, words", WORDS, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_words(message: Message, words: str) -> None:
    assert describe(message) == words


VALUES: list[tuple[Message, dict[str, object]]] = [
    (
        ConnectorLinkReady(0x022C, 0x72, 3200, 1),
        {
            "kind": "connector_link_ready",
            "opcode": "FDE2",
            "sender": "022C",
            "max_a": 32.0,
            "protocol": 1,
            "sign": "72",
        },
    ),
    (
        MasterHeartbeat(0x7777, 0x022C, 5, 2200),
        {"kind": "master_heartbeat", "sender": "7777", "receiver": "022C", "command": "05", "limit_a": 22.0},
    ),
    # A limit that the command does not carry is not known, which is not the same as 0 A.
    (MasterHeartbeat(0x7777, 0x022C, 0, 0), {"command": "00", "limit_a": None, "error_bitmap": None}),
    (MasterHeartbeat(0x7777, 0x022C, 2, 0x0500), {"command": "02", "limit_a": None, "error_bitmap": "05"}),
    (
        ConnectorHeartbeat(0x2433, 0x7777, 8, 2000, 134),
        {"state": "08", "state_words": "starting", "limit_a": 20.0, "actual_a": 1.34},
    ),
    (EnergyAnswer(1, 924, (246, 240, 246), None), {"energy_raw": 924, "voltage_v": [246, 240, 246], "current_a": None}),
    (EnergyAnswer(1, 924, (246, 240, 246), (33, 32, 0)), {"current_a": [16.5, 16.0, 0.0]}),
    (FirmwareAnswer(1, (4, 5, 3, 2)), {"firmware": "4.5.3.2"}),
    (VinAnswer(Opcode.VIN_END_ANSWER, 1, "456"), {"kind": "vin_end_answer", "vin_part": "456"}),
    (BusTextAnswer(Opcode.BUS_SERIAL_ANSWER, "A17"), {"serial": "A17"}),
    (BusTextAnswer(Opcode.BUS_MODEL_ANSWER, "EVW"), {"model": "EVW"}),
    (PlugAnswer(0x6090, 0), {"plug": 0, "plug_words": "no plug"}),
    (Unknown(bytes.fromhex("FBA400")), {"kind": "unknown", "opcode": "FBA4", "body": "FB A4 00"}),
]


@pytest.mark.parametrize("message, values", VALUES, ids=lambda value: type(value).__name__)
def test_values(message: Message, values: dict[str, object]) -> None:
    ours = as_dict(message)
    assert {name: ours[name] for name in values} == values


@given(sized_messages)
def test_every_message_has_one_line_and_survives_json(sized: Sized) -> None:
    message, _ = sized
    values = as_dict(message)
    assert json.loads(json.dumps(values)) == values
    line = describe(message)
    assert values["text"] == line
    # Nothing from the wire may move a terminal's cursor or start a new log line.
    assert line.isprintable()


@given(st.binary(max_size=24))
def test_any_bytes_can_be_described(body: bytes) -> None:
    message = decode(body)
    assert describe(message).isprintable()
    json.dumps(as_dict(message))


def test_state_words_keep_the_code() -> None:
    assert state_words(0x03) == "plugged in, not charging (03)"
    assert state_words(0x7F) == "unknown state (7F)"
