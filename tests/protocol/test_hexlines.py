"""Frames out of every shape of line that people have, and clear words about what is wrong with the others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.any_message import Sized, sized_messages
from twcmaster.protocol.framing import frame
from twcmaster.protocol.hexlines import LONGEST_LINE, Decoded, Reader, read_line
from twcmaster.protocol.messages import (
    ConnectorHeartbeat,
    ConnectorLinkReady,
    MasterHeartbeat,
    MasterLinkReady1,
    Message,
    Opcode,
    Request,
    decode,
    encode,
)

READY = ConnectorLinkReady(0x8725, 0xAE, 3200)
READY_HEX = "FD E2 87 25 AE 0C 80 00 00 00 00 00 00 00 00 C8"
BEAT = MasterHeartbeat(0x7777, 0x2433)
VIN_ASKED = Request(Opcode.VIN_MIDDLE_REQUEST, 0x7777, 0x2019)
NASTY = MasterHeartbeat(0x7777, 0xC0DB, 5, 0x0C80)
NASTY_BODY = encode(NASTY)


def messages(line: str) -> list[Message | None]:
    return [found.message for found in read_line(line)]


# ── shapes ────────────────────────────────────────────────────────────────────────────────────────────────────────

SHAPES = {
    "spaced": READY_HEX,
    "lower case": READY_HEX.lower(),
    "run together": READY_HEX.replace(" ", ""),
    "tabs and spaces": "  " + READY_HEX.replace(" ", " \t") + "  ",
    "commas": READY_HEX.replace(" ", ","),
    "colons": READY_HEX.replace(" ", ":"),
    "dashes": READY_HEX.replace(" ", "-"),
    "0x": " ".join("0x" + byte for byte in READY_HEX.split()),
    "0x and commas": ", ".join("0X" + byte for byte in READY_HEX.split()),
    "one 0x": "0x" + READY_HEX.replace(" ", ""),
    "an array": "{" + ", ".join("0x" + byte for byte in READY_HEX.split()) + "};",
    "a list": "[" + READY_HEX.replace(" ", ", ") + "]",
    "groups of four digits": "FDE2 8725 AE0C 8000 0000 0000 0000 00C8",
    "delimited": f"C0 {READY_HEX} C0",
    "delimited, run together": f"c0{READY_HEX}c0".replace(" ", ""),
    "only the last delimiter": f"{READY_HEX} C0",
    "only the first delimiter": f"C0 {READY_HEX}",
    "doubled delimiters": f"C0 C0 {READY_HEX} C0 C0",
    "byte behind the delimiter": f"C0 {READY_HEX} C0 FC",
    "byte before the delimiter": f"FE C0 {READY_HEX} C0",
    "prose": f"that is what I saw on the bus: {READY_HEX} and then nothing",
    "prose, run together": f"got {READY_HEX.replace(' ', '')}!",
    "quoted": f'"{READY_HEX}"',
    "dashed time": f"2021-02-16 16:38:07.123 {READY_HEX}",
    "end of line": READY_HEX + "\r\n",
}


@pytest.mark.parametrize("line", SHAPES.values(), ids=SHAPES.keys())
def test_shapes(line: str) -> None:
    assert messages(line) == [READY]


LOGS: list[tuple[str, str | None, str | None, Message]] = [
    (f"Rx@07:53:37: () {READY_HEX}", "rx", "07:53:37", READY),
    (f"Rx@07:53:37: (FC) {READY_HEX}", "rx", "07:53:37", READY),
    (f"Rx@: (16) {READY_HEX}", "rx", None, READY),
    ("Tx@10:48:38: C0 FC E1 77 77 77 00 00 00 00 00 00 00 00 46 C0", "tx", "10:48:38", MasterLinkReady1(0x7777, 0x77)),
    ("13:47:29 🔌 RS485    12 Tx@: C0 FB EF 77 77 20 19 00 00 00 00 00 00 00 00 16 C0", "tx", "13:47:29", VIN_ASKED),
    (
        "13:47:29 ⛽ Manager  12 Rx@: (F8) FD E0 20 19 77 77 08 02 58 02 10 00 00 00 00 7B",
        "rx",
        "13:47:29",
        ConnectorHeartbeat(0x2019, 0x7777, 8, 600, 528),
    ),
    (
        "2020-12-14 06:12:15,378 - RS485 12 Tx@: C0 FB E0 77 77 24 33 00 00 00 00 00 00 00 00 00 25 C0",
        "tx",
        "2020-12-14 06:12:15,378",
        BEAT,
    ),
    (
        "16:38:07 IfaceRS485 9 Tx@: C0 FB E0 77 77 24 33 00 00 00 00 00 00 00 00 00 25 C0",
        "tx",
        "16:38:07",
        BEAT,
    ),
    (f"twcmanager_1  | 07:21:02 ⛽ Manager  12 Rx@: (FE) {READY_HEX}", "rx", "07:21:02", READY),
    ("Sent packet: c0fbe077772433000000000000000000" + "25c0ff", "tx", None, BEAT),
    ("Recieved Packet: fde28725ae0c800000000000000000c8", "rx", None, READY),
    (
        '{"Type":"DEBUG","Source":"primary","message":"Rx@: (FC) FDE28725AE0C800000000000000000C8"}',
        "rx",
        None,
        READY,
    ),
    ('{"t": 12.345678, "dir": "rx", "hex": "c0fde28725ae0c800000000000000000c8c0fc"}', "rx", "12.345678", READY),
    ('{"t": 3, "dir": "tx", "hex": "c0fbe07777243300000000000000000025c0"}', "tx", "3", BEAT),
]


@pytest.mark.parametrize("line, direction, stamp, message", LOGS, ids=[line[:38] for line, *_ in LOGS])
def test_log_lines(line: str, direction: str | None, stamp: str | None, message: Message) -> None:
    (found,) = read_line(line)
    assert (found.message, found.direction, found.stamp) == (message, direction, stamp)
    assert found.ok
    assert found.problems == ()


@pytest.mark.parametrize(
    "line, ok",
    [
        (f"10:48:41: *** UNKNOWN MESSAGE FROM SLAVE:{READY_HEX}", True),
        (f"10:02:38: ***UNKNOWN MESSAGE from master: {READY_HEX}", True),
        (f"09:25:00 ⛽ Manager  20 ERROR: Ignoring message of unexpected length 17: {READY_HEX} FF", False),
        (f"ERROR: Checksum 2C8 does not match C9.  Ignoring message: {READY_HEX[:-2]}C9", False),
        (f"09:25:02: Msg timeout (FC) {READY_HEX[:-6]}", False),
    ],
)
def test_complaints_of_other_programs(line: str, ok: bool) -> None:
    (found,) = read_line(line)
    assert found.ok == ok
    assert found.body.hex(" ").upper().startswith(READY_HEX[:32])


def test_what_came_before_a_frame_is_kept_as_a_note() -> None:
    (found,) = read_line(f"Rx@: (FC) {READY_HEX}")
    assert found.notes == ("came after FC",)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "   ",
        "# FD E2 87 25 AE 0C 80 00 00 00 00 00 00 00 00 C8",
        "07:53:37: 32.00 amp slave TWC 1839 is ready to link.  Sign: 52",
        "13:47:29 ⛽ Slave    10 desiredAmpsOffered TWC: 20 19 reduced from 6 to 6 with 1 cars charging",
        "2021-05-21 12:55:44,449 - TWCManager 20 Set slave TWC 0028 protocolVersion to 2, minAmpsTWCSupports to 6.",
        "a MAC address 00:1a:2b:3c:4d:5e and an id 550e8400-e29b-41d4-a716-446655440000",
        "Rx@07:53:37: ()",
        '{"t": 1.0, "note": "nothing here"}',
        '{"hex": null}',
        "{not json",
        "the face of a bad cafe",
    ],
)
def test_lines_without_a_frame_are_skipped(line: str) -> None:
    assert read_line(line) == ()


# ── escaped or not, delimited or not ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "data, notes",
    [
        pytest.param(NASTY_BODY, (), id="bare body"),
        pytest.param(frame(NASTY_BODY), (), id="as on the line"),
        pytest.param(frame(NASTY_BODY)[1:-1], ("escaped, though without delimiters",), id="escaped, not delimited"),
        pytest.param(
            b"\xc0" + NASTY_BODY + b"\xc0", ("C0 and DB inside were not escaped",), id="delimited, not escaped"
        ),
        pytest.param(
            b"\xc0" + NASTY_BODY + b"\xc0\xff", ("C0 and DB inside were not escaped",), id="the same, and a byte behind"
        ),
    ],
)
def test_escaped_or_not(data: bytes, notes: tuple[str, ...]) -> None:
    (found,) = read_line(data.hex(" "))
    assert (found.message, found.body, found.notes) == (NASTY, NASTY_BODY, notes)


@given(sized_messages, st.sampled_from(["bare", "line", "delimited"]), st.sampled_from([" ", "", ", ", ":"]))
def test_every_message_in_every_shape(sized: Sized, shape: str, separator: str) -> None:
    message, length = sized
    body = encode(message, length)
    data = {"bare": body, "line": frame(body), "delimited": b"\xc0" + body + b"\xc0"}[shape]
    found = read_line(separator.join(f"{byte:02x}" for byte in data))
    if shape == "delimited" and (b"\xc0" in body or b"\xdb" in body):
        # Unescaped bytes between delimiters may happen to hold another good frame; then both readings stand.
        assert [decoded.message for decoded in found if decoded.ok]
    else:
        assert [decoded.message for decoded in found] == [message]
        assert found[0].body == body


def test_several_frames_on_a_line() -> None:
    line = frame(encode(READY)) + b"\xfc" + frame(encode(BEAT)) + frame(encode(NASTY))
    assert messages(line.hex(" ")) == [READY, BEAT, NASTY]


def test_a_damaged_frame_among_good_ones() -> None:
    line = frame(encode(READY)) + b"\xc0\xfd\xe2\x87\xc0" + frame(encode(BEAT))
    found = read_line("Rx@: " + line.hex(" "))
    assert [decoded.message for decoded in found] == [READY, None, BEAT]


# ── what is wrong, in words ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line, problem",
    [
        (READY_HEX[:-2] + "C9", "checksum is C9, should be C8"),
        (READY_HEX[:-2] + "00", "checksum is 00, should be C8"),
        ("FB E0 77 77 24 33 05 07 D0 00 00 00 00", "checksum is 00, should be 01 (or is it missing?)"),
        (
            READY_HEX[:-3] + " 00 00 00 00",
            "length 19; frames have 13, 14, 15, 16 or 20 bytes. Without a checksum? It would be C8",
        ),
        (
            "FB E0 77 77 24 33 05 07 D0 00 00 00",
            "length 12; frames have 13, 14, 15, 16 or 20 bytes. Without a checksum?",
        ),
        (
            READY_HEX + " FF",
            "length 17; frames have 13, 14, 15, 16 or 20 bytes. The first 16 would be one: the C0 after them was lost",
        ),
        ("FD E2 47", "length 3; frames have 13, 14, 15, 16 or 20 bytes"),
        ("7D" + READY_HEX[2:], "starts with 7D; frames start with FB, FC or FD"),
        (
            "FD E0 24 33 77 77 08 07 D0 86 00 00 00 00 8A",
            "length 15; connectors send 14, 16 or 20 bytes. A zero byte was lost or doubled",
        ),
        (
            f"C0 {READY_HEX[:20]} DB 11 {READY_HEX[20:]} C0",
            "DB at byte 8 starts no escape: only DC or DD may follow it",
        ),
        (f"C0 {READY_HEX} DB C0", "DB at byte 17 starts no escape"),
        (READY_HEX[:-1], "31 hex digits: one is missing or one too many"),
        ("FD EB XX XX 00 00 03 9C 00 F4 00 F0 00 F5 00 00 00 00 00 0F", "bytes are hidden behind XX"),
        ("FD B2 NN NN 00 00 00 00 00 00 00 00 00 00 00 5A", "bytes are hidden behind NN"),
        ("C0 C0", "there is nothing between the delimiters"),
        ("C0 " + "11 " * 60 + "C0", "length 60"),
        (
            f"07:53:28: ERROR: Ignoring message of unexpected length 17: {READY_HEX} FF",
            "length 17",
        ),
    ],
)
def test_problems(line: str, problem: str) -> None:
    (found,) = read_line(line)
    assert not found.ok
    assert any(told.startswith(problem) for told in found.problems), found.problems


def test_all_that_is_wrong_is_told_at_once() -> None:
    (found,) = read_line("11 22 33 44")
    assert [problem.split(";")[0] for problem in found.problems] == ["length 4", "starts with 11"]


@pytest.mark.parametrize(
    "line, would_be",
    [
        (READY_HEX[:-2] + "C9", READY),
        (READY_HEX[:-3], READY),
        (READY_HEX + " FF", None),
        ("11" + READY_HEX[2:-2] + "C9", None),
    ],
)
def test_what_it_might_have_been(line: str, would_be: Message | None) -> None:
    (found,) = read_line(line)
    assert found.message is None
    assert found.would_be == would_be


# ── recordings: chunks, not frames ────────────────────────────────────────────────────────────────────────────────


def recording(chunks: list[tuple[float, str, bytes]]) -> list[str]:
    return [json.dumps({"t": at_s, "dir": direction, "hex": data.hex()}) for at_s, direction, data in chunks]


def read_all(lines: list[str]) -> list[Decoded]:
    reader = Reader()
    found = [decoded for line in lines for decoded in reader.read(line)]
    return found + list(reader.finish())


@given(st.lists(sized_messages, max_size=4), st.integers(1, 12))
def test_chunks_of_a_recording_are_joined(sized: list[Sized], size: int) -> None:
    sent = [encode(message, length) for message, length in sized]
    stream = b"\xfc".join(map(frame, sent))
    chunks = [(at / 1000, "rx", stream[at : at + size]) for at in range(0, len(stream), size)]
    found = read_all(recording(chunks))
    assert [decoded.body for decoded in found] == sent
    assert [decoded.message for decoded in found] == [decode(body) for body in sent]


def test_both_directions_are_joined_apart() -> None:
    ours, theirs = frame(encode(BEAT)), frame(encode(READY))
    found = read_all(
        recording([(0.0, "tx", ours[:9]), (0.1, "rx", theirs[:4]), (0.2, "tx", ours[9:]), (0.3, "rx", theirs[4:])])
    )
    assert [(decoded.direction, decoded.stamp, decoded.message) for decoded in found] == [
        ("tx", "0.200000", BEAT),
        ("rx", "0.300000", READY),
    ]


@pytest.mark.parametrize("later", [5.0, -1.0], ids=["long after", "the program restarted"])
def test_silence_in_a_recording_ends_a_frame(later: float) -> None:
    half, whole = frame(encode(READY))[:9], frame(encode(BEAT))
    cut, good = read_all(recording([(1.0, "rx", half), (1.0 + later, "rx", whole)]))
    assert cut.problems[0] == "the rest did not come"
    assert good.message == BEAT


def test_the_end_of_a_recording_ends_a_frame() -> None:
    good, cut = read_all(recording([(1.0, "rx", frame(encode(BEAT)) + frame(encode(READY))[:9])]))
    assert good.message == BEAT
    assert cut.problems[0] == "the recording ends here"


def test_a_turnaround_byte_at_the_end_is_no_frame() -> None:
    (good,) = read_all(recording([(1.0, "rx", frame(encode(BEAT)) + b"\xfc")]))
    assert good.message == BEAT


def test_noise_in_a_recording_is_told_and_not_kept() -> None:
    reader = Reader()
    (noise,) = reader.read(json.dumps({"t": 1.0, "dir": "rx", "hex": "55" * 300}))
    assert noise.problems[0].startswith("length 300")
    assert reader.finish() == ()


def test_other_lines_pass_through_a_reader() -> None:
    assert [decoded.message for decoded in read_all(["# a comment", READY_HEX, f"Rx@: () {READY_HEX}"])] == [
        READY,
        READY,
    ]


# ── anything at all ───────────────────────────────────────────────────────────────────────────────────────────────

fragments = st.sampled_from(
    [
        "Rx@",
        "Tx@:",
        "(",
        ")",
        "C0",
        "FD",
        "E2",
        "0x",
        "XX",
        " ",
        ",",
        ":",
        "DB",
        "00",
        "{",
        "}",
        '"hex"',
        '"t"',
        "12:34:56",
    ]
)


@given(st.text(max_size=200) | st.lists(fragments, max_size=60).map("".join))
def test_never_raises(line: str) -> None:
    for found in (*read_line(line), *Reader().read(line)):
        assert found.ok == (found.problems == ())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "t": st.none() | st.floats() | st.integers() | st.text(max_size=5) | st.booleans(),
            "dir": st.sampled_from(["rx", "tx", "up", 3, None]),
            "hex": st.text("0123456789abcdefXx ", max_size=40) | st.integers() | st.lists(st.integers()),
            "message": st.text(max_size=20),
        },
    )
)
def test_any_record_never_raises(record: dict[str, object]) -> None:
    line = json.dumps(record)
    read_line(line)
    reader = Reader()
    reader.read(line)
    reader.read(line)
    reader.finish()


@pytest.mark.parametrize(
    "line",
    [
        '{"a":' * 50_000,
        "[" * 50_000,
        "0x" * 30_000,
        "C0 " * 30_000,
        "FD " * 30_000,
        " " * 60_000 + "x",
        "(" * 60_000,
        "12:34:5" * 10_000,
        '{"t": 1e999, "dir": "rx", "hex": "c0"}',
        '{"t": ' + "9" * 400 + ', "dir": "rx", "hex": "c0"}',
    ],
)
def test_hostile_lines_end_quickly(line: str) -> None:
    read_line(line)
    reader = Reader()
    reader.read(line)
    reader.finish()


def test_only_the_beginning_of_an_endless_line_is_read() -> None:
    assert read_line(" " * LONGEST_LINE + READY_HEX) == ()
