"""Every message to bytes and back, and known bytes to what they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.any_message import KINDS, Sized, sized_messages, u16
from twcmaster.protocol.framing import BODY_LENGTHS, FrameDecoder, frame
from twcmaster.protocol.messages import (
    BusFirmwareAnswer,
    BusRequest,
    BusTextAnswer,
    ConnectorHeartbeat,
    ConnectorLinkReady,
    Encodable,
    EnergyAnswer,
    FirmwareAnswer,
    Idle,
    MasterCommand,
    MasterHeartbeat,
    MasterLinkReady1,
    MasterLinkReady2,
    Message,
    Opcode,
    PlugAnswer,
    RelayAnswer,
    Request,
    SerialAnswer,
    UnitState,
    Unknown,
    VinAnswer,
    checksum,
    decode,
    encode,
    opcode_of,
)


def body_of(digits: str) -> bytes:
    """A body from its hex without checksum."""
    head = bytes.fromhex(digits)
    return head + bytes((sum(head[1:]) & 0xFF,))


# One row per message and length, each laid out by hand.
LAYOUTS: list[tuple[str, Encodable]] = [
    ("FCE1 7777 77" + "00" * 8, MasterLinkReady1(0x7777, 0x77)),
    ("FCE1 32AB 77 4006" + "00" * 8, MasterLinkReady1(0x32AB, 0x77, extra=0x4006)),
    ("FBE2 035D 5F" + "00" * 8, MasterLinkReady2(0x035D, 0x5F)),
    ("FDE2 1839 52 0C80" + "00" * 8, ConnectorLinkReady(0x1839, 0x52, 3200, protocol=2)),
    ("FDE2 022C 72 0C80" + "00" * 6, ConnectorLinkReady(0x022C, 0x72, 3200, protocol=1)),
    ("FDE2 01B6 11 1F40" + "00" * 6, ConnectorLinkReady(0x01B6, 0x11, 8000, protocol=1)),
    ("FBE0 7777 2433 00 0000 00" + "00" * 5, MasterHeartbeat(0x7777, 0x2433)),
    ("FBE0 7777 022C 05 0898 00" + "00" * 3, MasterHeartbeat(0x7777, 0x022C, MasterCommand.LIMIT, 2200)),
    ("FBE0 7777 4085 09 0C80 01" + "00" * 5, MasterHeartbeat(0x7777, 0x4085, MasterCommand.SESSION_LIMIT, 3200, 1)),
    ("FBE0 6090 4704 02 0500 00" + "00" * 5, MasterHeartbeat(0x6090, 0x4704, MasterCommand.ERROR, 0x0500)),
    ("FDE0 2433 7777 08 07D0 0086" + "00" * 4, ConnectorHeartbeat(0x2433, 0x7777, UnitState.STARTING, 2000, 134)),
    ("FDE0 022C 7777 02 0000 0696" + "00" * 2, ConnectorHeartbeat(0x022C, 0x7777, UnitState.ERROR, 0, 1686)),
    ("FBEB 7777 2019" + "00" * 9, Request(Opcode.ENERGY_REQUEST, 0x7777, 0x2019)),
    ("FBEE 32AB 8725" + "00" * 6, Request(Opcode.VIN_START_REQUEST, 0x32AB, 0x8725)),
    ("FBEE 7777 2019" + "00" * 8, Request(Opcode.VIN_START_REQUEST, 0x7777, 0x2019)),
    ("FCB1 7777 5850" + "00" * 9, Request(Opcode.START_REQUEST, 0x7777, 0x5850)),
    ("FCB2 7777 5850" + "00" * 9, Request(Opcode.STOP_REQUEST, 0x7777, 0x5850)),
    ("FB1A 7777" + "00" * 11, BusRequest(Opcode.BUS_MODEL_REQUEST, 0x7777)),
    ("FDEB 2587 0000039C 00F6 00F0 00F6" + "00" * 5, EnergyAnswer(0x2587, 924, (246, 240, 246), (0, 0, 0))),
    ("FDEB 2587 0000039C 00F6 00F0 00F6 142120" + "00" * 2, EnergyAnswer(0x2587, 924, (246, 240, 246), (20, 33, 32))),
    ("FDEB 7777 00000014 00F6 0000 0000 00", EnergyAnswer(0x7777, 20, (246, 0, 0), None)),
    ("FDEC 6090 04 05 03 02" + "00" * 7, FirmwareAnswer(0x6090, (4, 5, 3, 2))),
    ("FDED 9393" + b"A17I0039393".hex() + "00" * 4, SerialAnswer(0x9393, "A17I0039393")),
    ("FDEE 6090" + "00" * 15, VinAnswer(Opcode.VIN_START_ANSWER, 0x6090, "")),
    ("FDEE 6090" + b"5YJ3E1E".hex() + "00" * 8, VinAnswer(Opcode.VIN_START_ANSWER, 0x6090, "5YJ3E1E")),
    ("FDEF 6090" + b"A7KF123".hex() + "00" * 8, VinAnswer(Opcode.VIN_MIDDLE_ANSWER, 0x6090, "A7KF123")),
    ("FDF1 6090" + b"456".hex() + "00" * 12, VinAnswer(Opcode.VIN_END_ANSWER, 0x6090, "456")),
    ("FDB4 6090 03" + "00" * 10, PlugAnswer(0x6090, 3)),
    ("FDB1 5850" + "00" * 11, RelayAnswer(Opcode.START_ANSWER, 0x5850)),
    ("FDB2 5850" + "00" * 11, RelayAnswer(Opcode.STOP_ANSWER, 0x5850)),
    ("FD19" + b"A17I0039393".hex() + "00" * 2, BusTextAnswer(Opcode.BUS_SERIAL_ANSWER, "A17I0039393")),
    ("FD1A" + b"EVW2T32HL".hex() + "00" * 4, BusTextAnswer(Opcode.BUS_MODEL_ANSWER, "EVW2T32HL")),
    ("FD1B 04 05 03" + "00" * 10, BusFirmwareAnswer((4, 5, 3))),
    ("FC1D" + "00" * 11, Idle()),
]


@pytest.mark.parametrize("digits, message", LAYOUTS, ids=lambda value: value[:9] if isinstance(value, str) else "")
def test_layout(digits: str, message: Encodable) -> None:
    body = body_of(digits)
    assert len(body) in BODY_LENGTHS
    assert decode(body) == message
    assert encode(message, len(body)) == body
    assert opcode_of(message) == int(digits[:4], 16)


def test_every_opcode_has_a_layout_or_a_sibling_with_one() -> None:
    shown = {int(digits[:4], 16) for digits, _ in LAYOUTS}
    only_round_trips = {
        Opcode.FIRMWARE_REQUEST,
        Opcode.SERIAL_REQUEST,
        Opcode.VIN_MIDDLE_REQUEST,
        Opcode.VIN_END_REQUEST,
        Opcode.PLUG_REQUEST,
        Opcode.BUS_SERIAL_REQUEST,
        Opcode.BUS_FIRMWARE_REQUEST,
    }
    assert shown | only_round_trips == set(Opcode)


@pytest.mark.parametrize("kind", KINDS)
@given(st.data())
def test_round_trip(kind: str, data: st.DataObject) -> None:
    message, length = data.draw(KINDS[kind])
    body = encode(message, length)
    assert len(body) == length
    assert body[-1] == checksum(body[:-1])
    assert decode(body) == message


@given(st.lists(sized_messages, max_size=5))
def test_round_trip_over_the_wire(sized: list[Sized]) -> None:
    stream = b"\xfc".join(frame(encode(message, length)) for message, length in sized)
    assert [decode(body) for body in FrameDecoder().feed(stream)] == [message for message, _ in sized]


@pytest.mark.parametrize("opcode", list(Opcode), ids=lambda opcode: f"{opcode:04X}")
def test_every_opcode_is_understood(opcode: Opcode) -> None:
    message = decode(body_of(f"{opcode:04X}" + "00" * 17))
    assert not isinstance(message, Unknown)
    assert opcode_of(message) == opcode


@pytest.mark.parametrize("wanted", [0xC0, 0xDB])
def test_checksum_byte_that_is_a_delimiter_or_an_escape(wanted: int) -> None:
    plain = encode(MasterHeartbeat(0x7777, 0x2433, MasterCommand.LIMIT, 0))
    message = MasterHeartbeat(0x7777, 0x2433, MasterCommand.LIMIT, (wanted - plain[-1]) & 0xFF)
    body = encode(message)
    assert body[-1] == wanted
    assert [decode(found) for found in FrameDecoder().feed(frame(body))] == [message]


@given(u16, u16)
def test_ids_made_of_delimiters_and_escapes(sender: int, limit_ca: int) -> None:
    message = ConnectorHeartbeat(0xC0DB, sender, 0x01, limit_ca, 0xDBC0)
    assert [decode(found) for found in FrameDecoder().feed(frame(encode(message)))] == [message]


@pytest.mark.parametrize(
    "digits, message",
    [
        ("FDF1 6090" + b"4567890".hex() + "00" * 8, VinAnswer(Opcode.VIN_END_ANSWER, 0x6090, "456")),
        ("FDEE 6090" + b"5YJ3E1EAB".hex() + "00" * 6, VinAnswer(Opcode.VIN_START_ANSWER, 0x6090, "5YJ3E1E")),
        ("FDED 9393" + b"A17I0039393XY".hex() + "00" * 2, SerialAnswer(0x9393, "A17I0039393")),
        ("FDED 9393" + b"A17I00393".hex(), SerialAnswer(0x9393, "A17I00393")),
        ("FDEB 2587 0000039C 00F6 00F0 00F6 142120 FFFF", EnergyAnswer(0x2587, 924, (246, 240, 246), (20, 33, 32))),
    ],
)
def test_what_lies_behind_a_field_is_not_part_of_it(digits: str, message: Message) -> None:
    assert decode(body_of(digits)) == message


# ── what is not understood is kept ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "digits",
    [
        "FBA4" + "00" * 17,
        "FC19 7777" + "00" * 11,
        "FDF0 1234" + "00" * 11,
        "FBE8" + "00" * 13,
        "FD00" + "FF" * 13,
    ],
)
def test_unknown_messages_are_preserved_whole(digits: str) -> None:
    body = body_of(digits)
    assert decode(body) == Unknown(body)
    assert opcode_of(decode(body)) == int(digits[:4], 16)


@given(st.binary(max_size=24))
def test_decoding_never_raises(body: bytes) -> None:
    message: Message = decode(body)
    assert isinstance(message, Unknown) == (message == Unknown(body))


@given(st.sampled_from(list(Opcode)), st.binary(max_size=22))
def test_known_commands_with_any_contents_never_raise(opcode: Opcode, rest: bytes) -> None:
    body = opcode.to_bytes(2, "big") + rest
    message = decode(body)
    assert opcode_of(message) == opcode
    if isinstance(message, Unknown):
        assert message.body == body
        assert len(body) < 15


@pytest.mark.parametrize("state", range(256))
def test_any_state_and_any_command_get_through(state: int) -> None:
    assert decode(encode(ConnectorHeartbeat(1, 2, state, 600, 0))) == ConnectorHeartbeat(1, 2, state, 600, 0)
    assert decode(encode(MasterHeartbeat(1, 2, state, 600))) == MasterHeartbeat(1, 2, state, 600)


# ── what does not fit is refused ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "message, length",
    [
        (MasterHeartbeat(0x10000, 1), 16),
        (MasterHeartbeat(-1, 1), 16),
        (MasterHeartbeat(1, 2, 5, 65536), 16),
        (MasterHeartbeat(1, 2, 5, -1), 16),
        (MasterHeartbeat(1, 2, 256, 0), 16),
        (MasterHeartbeat(1, 2), 9),
        (BusRequest(Opcode.BUS_SERIAL_REQUEST, 0x10000), 16),
        (BusRequest(Opcode.BUS_SERIAL_REQUEST, -1), 16),
        (EnergyAnswer(1, 2, (230, 230, 230), (0, 0, 0)), 16),
        (EnergyAnswer(1, 2, (230, 230, 230), (256, 0, 0)), 20),
        (EnergyAnswer(1, 1 << 32, (230, 230, 230), None), 16),
        (PlugAnswer(1, 256), 16),
        (SerialAnswer(1, "→"), 20),
        (BusTextAnswer(Opcode.BUS_MODEL_ANSWER, "longer than eleven"), 14),
        (BusFirmwareAnswer((4, 5, 300)), 16),
    ],
)
def test_a_value_that_does_not_fit_is_refused(message: Encodable, length: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode(message, length)


def test_the_error_names_the_message_and_the_reason() -> None:
    with pytest.raises(ValueError, match=r"MasterHeartbeat.*limit_ca=70000.*does not fit the wire"):
        encode(MasterHeartbeat(0x7777, 0x2433, 5, 70000))
    with pytest.raises(ValueError, match=r"EnergyAnswer needs 18 bytes, only 16 asked for"):
        encode(EnergyAnswer(1, 2, (230, 230, 230), (0, 0, 0)), 16)
