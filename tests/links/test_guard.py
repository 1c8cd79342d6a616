"""Nothing gets around the guard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twcmaster.links.guard import GuardedLink, nothing_allowed
from twcmaster.model.ports import Link
from twcmaster.protocol.allowlist import NotAllowed, Role, SendPolicy, check
from twcmaster.protocol.framing import FrameDecoder, frame

ENERGY_REQUEST = bytes.fromhex("fbeb777712340000000000000000")
HARMFUL = bytes.fromhex("fc19000000000000000000000000")


def with_checksum(body: bytes) -> bytes:
    return body + bytes((sum(body[1:]) & 0xFF,))


class Wire:
    """A link whose far end is a list."""

    url = "test"

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.is_open = False

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self.is_open = True
        on_bytes(b"hello")

    def write(self, data: bytes) -> None:
        self.written.append(data)

    async def close(self) -> None:
        self.is_open = False


class Guarded:
    """A guarded wire and what it refused."""

    def __init__(self, checker: Callable[[bytes], None]) -> None:
        self.wire = Wire()
        self.refusals: list[tuple[str, bytes]] = []
        link: Link = GuardedLink(self.wire, checker, lambda *refusal: self.refusals.append(refusal))
        assert isinstance(link, GuardedLink)
        self.link = link


def only_energy_requests(body: bytes) -> None:
    if body[:2] != b"\xfb\xeb":
        raise NotAllowed("only energy requests here")


def test_an_allowed_frame_passes_unchanged() -> None:
    guarded = Guarded(only_energy_requests)
    good = frame(with_checksum(ENERGY_REQUEST[:-1]))
    guarded.link.write(good)
    assert guarded.wire.written == [good]
    assert guarded.refusals == []


def test_a_refused_frame_is_counted_and_reported_and_stays() -> None:
    guarded = Guarded(only_energy_requests)
    body = with_checksum(HARMFUL[:-1])
    guarded.link.write(frame(body))
    assert guarded.wire.written == []
    assert guarded.refusals == [("only energy requests here", body)]
    assert guarded.link.refused == 1


def test_a_good_frame_does_not_carry_a_bad_one_along() -> None:
    guarded = Guarded(only_energy_requests)
    guarded.link.write(frame(with_checksum(ENERGY_REQUEST[:-1])) + frame(with_checksum(HARMFUL[:-1])))
    assert guarded.wire.written == []


GOOD = frame(with_checksum(ENERGY_REQUEST[:-1]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc0",
        GOOD[:-1],
        GOOD[1:],
        GOOD + b"\x00",
        b"\x00" + GOOD,
        GOOD + b"\xc0",
        GOOD[:-1] + GOOD[1:],
        GOOD + GOOD,
        GOOD[:-2],
    ],
)
def test_what_is_not_exactly_one_whole_frame_stays(data: bytes) -> None:
    guarded = Guarded(lambda body: None)
    guarded.link.write(data)
    assert guarded.wire.written == []
    assert guarded.link.refused == 1


def test_a_wrong_checksum_stays() -> None:
    guarded = Guarded(lambda body: None)
    guarded.link.write(frame(ENERGY_REQUEST[:-1] + b"\x00"))
    assert guarded.wire.written == []


def test_a_link_that_only_listens_sends_nothing() -> None:
    guarded = Guarded(nothing_allowed)
    guarded.link.write(GOOD)
    assert guarded.wire.written == []
    assert guarded.refusals[0][0] == "this link only listens"


async def test_everything_else_goes_straight_through() -> None:
    guarded = Guarded(nothing_allowed)
    got: list[bytes] = []
    await guarded.link.open(got.append, lambda reason: None)
    assert guarded.wire.is_open
    assert got == [b"hello"]
    assert guarded.link.url == "test"
    await guarded.link.close()
    assert not guarded.wire.is_open


POLICY = SendPolicy(Role.MASTER, max_ca=3200)
bodies = st.sampled_from([13, 14, 15, 16, 20]).flatmap(
    lambda size: st.tuples(
        st.sampled_from([b"\xfb\xe0", b"\xfc\xe1", b"\xfb\xe2", b"\xfb\xeb", b"\xfc\xb1", b"\xfc\x19", b"\xfd\xe0"]),
        st.binary(min_size=size - 3, max_size=size - 3),
    ).map(lambda parts: with_checksum(parts[0] + parts[1]))
)
streams = st.lists(st.one_of(bodies.map(frame), st.binary(max_size=30)), max_size=5).map(b"".join)


def allowed(body: bytes) -> bool:
    try:
        check(body, POLICY)
    except NotAllowed:
        return False
    return True


@given(streams, st.lists(st.integers(0, 150), max_size=4))
def test_no_refused_body_ever_reaches_the_wire(stream: bytes, cuts: list[int]) -> None:
    """However the bytes are cut into writes, what a receiver reads off the wire is allowed, every frame of it."""
    guarded = Guarded(partial(check, policy=POLICY))
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    for start, end in pairwise(edges):
        guarded.link.write(stream[start:end])
    on_the_wire = FrameDecoder().feed(b"".join(guarded.wire.written))
    assert [body.hex() for body in on_the_wire if not allowed(body)] == []
    assert guarded.link.refused == len(guarded.refusals)


@given(st.lists(bodies, max_size=4))
def test_allowed_frames_all_reach_the_wire(sent: list[bytes]) -> None:
    guarded = Guarded(partial(check, policy=POLICY))
    for body in sent:
        guarded.link.write(frame(body))
    assert guarded.wire.written == [frame(body) for body in sent if allowed(body)]
