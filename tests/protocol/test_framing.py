"""The framing layer on a clean line, a dirty one and a hostile one."""

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.reference import ReferenceDecoder
from twcmaster.protocol.framing import (
    BODY_LENGTHS,
    LONGEST_RAW_FRAME,
    FrameDecoder,
    LineCounters,
    frame,
    unescape,
    unframe,
)

READY = bytes.fromhex("fde21839520c80000000000000000011")
BEAT = bytes.fromhex("fbe077772433000000000000000000" + "25")
STATE = bytes.fromhex("fde02433777708 07d0 0162 00000000 67".replace(" ", ""))
EMPTY_VIN = bytes.fromhex("fdee6090" + "00" * 15 + "de")
SHORT_REQUEST = bytes.fromhex("fbee32ab872500000000000077")

#: Bytes that make trouble, with some ordinary ones.
nasty_bytes = st.sampled_from(bytes.fromhex("c0c0dbdbdcddfbfcfd0000ff1477"))


def with_checksum(head: bytes) -> bytes:
    return head + bytes((sum(head[1:]) & 0xFF,))


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Any body that must get through: right type, length and checksum, nasty contents."""
    kind = draw(st.sampled_from(b"\xfb\xfc\xfd"))
    lengths = (14, 16, 20) if kind == 0xFD else sorted(BODY_LENGTHS)
    length = draw(st.sampled_from(lengths))
    rest = draw(st.lists(nasty_bytes | st.integers(0, 255), min_size=length - 2, max_size=length - 2))
    return with_checksum(bytes((kind, *rest)))


def decoded(*chunks: bytes) -> tuple[list[bytes], LineCounters]:
    decoder = FrameDecoder()
    found = [body for chunk in chunks for body in decoder.feed(chunk)]
    decoder.drop_unfinished()
    return found, decoder.counters


def counts(counters: LineCounters) -> dict[str, int]:
    """Only what is not zero, without the bytes."""
    return {kind: count for kind, count in asdict(counters).items() if count and kind != "bytes"}


# ── a clean line ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("body", [READY, BEAT, STATE, EMPTY_VIN, SHORT_REQUEST], ids=lambda body: f"{len(body)} bytes")
def test_a_frame_is_a_body_between_two_delimiters(body: bytes) -> None:
    assert frame(body) == b"\xc0" + body + b"\xc0"
    assert decoded(frame(body)) == ([body], LineCounters(frames=1, bytes=len(body) + 2))


@pytest.mark.parametrize(
    "head, escaped, last",
    [
        ("fb e0 7777 c0db 05 0c80 00000000", "fbe07777dbdcdbdd050c8000000000", 0xFA),
        ("fd e0 dbdc dbdd 00 c0c0 dbdb 00000000", "fde0dbdddcdbdddd00dbdcdbdcdbdddbdd00000000", 0x85),
        ("fb e0 77 77 dddc 05 dddc 00000000", "fbe07777dddc05dddc00000000", 0x45),
    ],
)
def test_delimiters_and_escapes_inside_are_escaped(head: str, escaped: str, last: int) -> None:
    body = bytes.fromhex(head) + bytes((last,))
    assert frame(body) == b"\xc0" + bytes.fromhex(escaped) + bytes((last,)) + b"\xc0"
    assert decoded(frame(body))[0] == [body]


@pytest.mark.parametrize("wanted, tail", [(0xC0, "dbdcc0"), (0xDB, "dbddc0")])
def test_a_checksum_that_needs_escaping(wanted: int, tail: str) -> None:
    head = bytearray(READY[:-1])
    head[4] = (head[4] + wanted - READY[-1]) & 0xFF
    body = with_checksum(bytes(head))
    assert body[-1] == wanted
    assert frame(body).endswith(bytes.fromhex(tail))
    assert decoded(frame(body))[0] == [body]


@given(st.lists(bodies(), max_size=6), st.data())
def test_any_bodies_survive_any_chunking(sent: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(frame, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert decoded(*chunks) == (sent, LineCounters(frames=len(sent), bytes=len(stream)))


def test_every_split_in_two_and_byte_by_byte() -> None:
    sent = [READY, BEAT, EMPTY_VIN]
    stream = b"\xfc".join(map(frame, sent))
    whole = decoded(stream)
    assert whole[0] == sent
    for cut in range(len(stream) + 1):
        assert decoded(stream[:cut], stream[cut:]) == whole
    assert decoded(*(bytes((byte,)) for byte in stream)) == whole


@given(bodies())
def test_unescape_undoes_the_escaping(body: bytes) -> None:
    assert unescape(frame(body)[1:-1]) == body


@given(
    st.one_of(
        bodies().map(frame), st.binary(max_size=45), st.tuples(bodies().map(frame), st.binary(max_size=2)).map(b"".join)
    )
)
def test_one_frame_is_taken_apart_as_a_decoder_would_and_nothing_else_is(data: bytes) -> None:
    body = unframe(data)
    if body is None:
        assert [frame(heard) for heard in FrameDecoder().feed(data)] != [data]
    else:
        assert frame(body) == data


# ── a dirty line: at most the damaged frame is lost ───────────────────────────────────────────────────────────────

A, B, C = frame(READY), frame(BEAT), frame(STATE)


@pytest.mark.parametrize(
    "stream, expected, counted",
    [
        pytest.param(A + B, [READY, BEAT], {"frames": 2}, id="back to back"),
        pytest.param(A[:-1] + B, [READY, BEAT], {"frames": 2}, id="one delimiter between two frames"),
        pytest.param(A + b"\xfc" + B, [READY, BEAT], {"frames": 2, "gap_bytes": 1}, id="turnaround byte"),
        pytest.param(b"\xc0\xc0" + A + b"\xc0\xc0\xc0" + B, [READY, BEAT], {"frames": 2}, id="doubled delimiters"),
        pytest.param(A[1:] + B, [READY, BEAT], {"frames": 2}, id="lost the very first delimiter"),
        pytest.param(
            A[:-1] + b"\xff" + B, [BEAT], {"frames": 1, "bad_length": 1}, id="lost closing delimiter, then turnaround"
        ),
        pytest.param(
            A + b"\xfc" + B[1:] + C,
            [READY, STATE],
            {"frames": 2, "bad_length": 1},
            id="lost opening delimiter after turnaround",
        ),
        pytest.param(
            A[:-1] + B[1:] + C, [STATE], {"frames": 1, "bad_length": 1}, id="both delimiters between two frames lost"
        ),
        pytest.param(b"\x00\x13\x77" + A, [READY], {"frames": 1, "bad_length": 1}, id="noise before the first frame"),
        pytest.param(
            A + b"\x01\x02\x03\x04" + B, [READY, BEAT], {"frames": 2, "bad_length": 1}, id="noise between frames"
        ),
        pytest.param(
            A + B[:9] + b"\x55" + B[9:] + C, [READY, STATE], {"frames": 2, "bad_length": 1}, id="a byte too many"
        ),
        pytest.param(
            A + B[:9] + b"\xc0" + B[9:] + C, [READY, STATE], {"frames": 2, "bad_length": 2}, id="a delimiter inside"
        ),
        pytest.param(
            A + B[:9] + b"\xdb" + B[9:] + C, [READY, STATE], {"frames": 2, "bad_escape": 1}, id="an escape inside"
        ),
        pytest.param(
            A[:-1] + b"\xdb\xc0" + B,
            [BEAT],
            {"frames": 1, "bad_escape": 1},
            id="escape right before the last delimiter",
        ),
        pytest.param(A[:-4] + B, [BEAT], {"frames": 1, "bad_checksum": 1}, id="cut off, and the next one intact"),
        pytest.param(
            A[:-3] + b"\xdb" + B, [BEAT], {"frames": 1, "bad_escape": 1}, id="cut off in the middle of an escape"
        ),
    ],
)
def test_loses_at_most_the_damaged_frame(stream: bytes, expected: list[bytes], counted: dict[str, int]) -> None:
    found, counters = decoded(stream)
    assert found == expected
    assert counts(counters) == counted


@given(st.lists(bodies(), min_size=1, max_size=5), st.data())
def test_damage_to_one_frame_leaves_the_others(sent: list[bytes], data: st.DataObject) -> None:
    """Whatever happens to one frame between its delimiters or to either of them."""
    hit = data.draw(st.integers(0, len(sent) - 1))
    frames = [frame(body) for body in sent]
    damaged = data.draw(st.lists(nasty_bytes, max_size=60))
    frames[hit] = bytes(damaged)
    found, _ = decoded(b"\xfc".join((*frames, b"\xc0")))
    others = sent[:hit] + sent[hit + 1 :]
    remaining = iter(found)
    # The turnaround byte glues what lost its delimiter to the noise, so all the others are there, in this order.
    assert all(body in remaining for body in others)


# ── each kind of damage is counted ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "raw, kind",
    [
        (BEAT[:5] + b"\xdb\x00" + BEAT[5:], "bad_escape"),
        (BEAT[:-1] + b"\xdb", "bad_escape"),
        (BEAT[:5] + b"\xdb\xdb\xdc" + BEAT[5:], "bad_escape"),
        (BEAT[:3], "bad_length"),
        (BEAT[:12], "bad_length"),
        (BEAT + b"\x00", "bad_length"),
        (BEAT + bytes(2), "bad_length"),
        (EMPTY_VIN + b"\xff", "bad_length"),
        (BEAT[:-1] + b"\x24", "bad_checksum"),
        (BEAT[:-1] + b"\x26", "bad_checksum"),
        (b"\xfa" + BEAT[1:], "bad_type"),
        (bytes(16), "bad_type"),
        (bytes(41), "too_long"),
        (bytes(5000), "too_long"),
    ],
)
def test_each_kind_of_damage_is_counted(raw: bytes, kind: str) -> None:
    found, counters = decoded(A, raw, B)
    assert found == [READY, BEAT]
    assert counts(counters) == {"frames": 2, kind: 1}
    assert counters.damaged == 1


def test_a_good_frame_with_a_byte_behind_it_is_not_guessed() -> None:
    """A capture from the field: the closing delimiter lost, FF behind the checksum, 17 bytes.

    The first 16 are a good body. Taking them would mean three more chances in 256 for every damaged frame to pass for
    another one, on exactly the lines that are bad; dropping them costs a repetition within seconds.
    """
    found, counters = decoded(b"\xc0" + READY + b"\xff\xc0")
    assert found == []
    assert counts(counters) == {"bad_length": 1}


@pytest.mark.parametrize("length", [13, 15])
def test_data_of_a_request_s_length_has_lost_a_zero(length: int) -> None:
    """Without this rule 1.34 A becomes 343 A when the zero before it is lost: the checksum does not see zeros."""
    body = bytes.fromhex("fde0243377770807d0008600000000")[:15]
    whole = with_checksum(body)
    assert decoded(frame(whole))[0] == [whole]
    shorter = whole[:9] + whole[10:-1][: length - 10] + whole[-1:]
    assert len(shorter) == length
    assert shorter[-1] == sum(shorter[1:-1]) & 0xFF
    assert counts(decoded(frame(shorter))[1]) == {"bad_length": 1}


@pytest.mark.parametrize("body", [READY, BEAT, STATE])
def test_no_single_wrong_byte_behind_the_type_gets_through(body: bytes) -> None:
    for at in range(1, len(body)):
        for value in set(range(256)) - {body[at]}:
            damaged = body[:at] + bytes((value,)) + body[at + 1 :]
            assert decoded(b"\xc0" + damaged + b"\xc0")[0] == []


def test_the_type_byte_is_outside_the_checksum() -> None:
    """A known weakness of the wire: what follows must not trust FB, FC and FD to be told apart."""
    assert decoded(frame(b"\xfd" + BEAT[1:]))[0] == [b"\xfd" + BEAT[1:]]


# ── silence and floods ────────────────────────────────────────────────────────────────────────────────────────────


def test_silence_ends_an_unfinished_frame() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(A[:10]) == []
    before = decoder.mid_frame
    decoder.drop_unfinished()
    assert (before, decoder.mid_frame) == (True, False)
    assert decoder.feed(B) == [BEAT]
    assert counts(decoder.counters) == {"frames": 1, "cut_short": 1}


def test_silence_after_a_turnaround_byte_is_no_damage() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(A + b"\xfc") == [READY]
    decoder.drop_unfinished()
    assert counts(decoder.counters) == {"frames": 1, "gap_bytes": 1}
    assert decoder.counters.damaged == 0


def test_silence_in_the_middle_of_garbage_counts_it_once() -> None:
    decoder = FrameDecoder()
    decoder.feed(bytes(100))
    before = decoder.mid_frame
    decoder.drop_unfinished()
    assert (before, decoder.mid_frame) == (True, False)
    assert decoder.feed(A) == [READY]
    assert counts(decoder.counters) == {"frames": 1, "too_long": 1}


def test_a_flood_without_delimiters_is_held_in_bounded_memory() -> None:
    decoder = FrameDecoder()
    for _ in range(1000):
        assert decoder.feed(bytes(997)) == []
        assert len(decoder._pending) <= LONGEST_RAW_FRAME
    assert decoder.feed(A) == [READY]
    assert counts(decoder.counters) == {"frames": 1, "too_long": 1}


@given(st.lists(nasty_bytes, max_size=30), st.data())
def test_overlong_noise_costs_nothing_but_itself(noise: list[int], data: st.DataObject) -> None:
    garbage = bytes(byte for byte in noise if byte != 0xC0) + bytes(LONGEST_RAW_FRAME)
    size = data.draw(st.integers(1, 50))
    chunks = [garbage[at : at + size] for at in range(0, len(garbage), size)]
    found, counters = decoded(A, *chunks, B)
    assert found == [READY, BEAT]
    assert counters.damaged == 1


# ── the whole rule, against a second, plain implementation ────────────────────────────────────────────────────────

pieces = st.one_of(
    st.lists(nasty_bytes, max_size=25).map(bytes),
    st.binary(max_size=25),
    bodies().map(frame),
    bodies().map(lambda body: frame(body)[1:]),
    bodies().map(lambda body: frame(body)[:-1]),
    st.just(None),
)


@given(st.lists(pieces, max_size=12), st.sampled_from([1, 3, 16, 1000]))
def test_accepts_exactly_what_the_rules_allow(stream: list[bytes | None], size: int) -> None:
    """`None` is silence. Nothing but complete, checked frames comes out, and everything else is counted once."""
    decoder, reference = FrameDecoder(), ReferenceDecoder()
    found = []
    for piece in (*stream, None):
        if piece is None:
            decoder.drop_unfinished()
            reference.silence()
        else:
            reference.feed(piece)
            for at in range(0, len(piece), size):
                found += decoder.feed(piece[at : at + size])
    assert found == reference.bodies
    assert counts(decoder.counters) == {kind: count for kind, count in reference.seen.items() if count}
    assert decoder.counters.bytes == sum(len(piece) for piece in stream if piece is not None)
