"""What passes a link, kept for people who look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.links.test_guard import Wire, only_energy_requests, with_checksum
from twcmaster.links.guard import GuardedLink
from twcmaster.protocol.framing import frame
from twcmaster.runtime.frame_log import KEPT_FRAMES, MOST_RAW_BYTES, FrameLog, TappedLink

ASKED = with_checksum(bytes.fromhex("fbeb7777123400000000000000"))
HARMFUL = with_checksum(bytes.fromhex("fc190000000000000000000000"))
ANSWER = with_checksum(bytes.fromhex("fde01234777700000000000000"))


class Tapped:
    """A tapped wire: `hear` is its far end."""

    def __init__(self) -> None:
        self.log = FrameLog()
        self.wire = Wire()
        self.link = TappedLink(GuardedLink(self.wire, only_energy_requests, lambda reason, body: None), self.log)
        self.hear: Callable[[bytes], None] = lambda data: None
        self.wire.open = self._open  # type: ignore[method-assign]

    async def _open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        self.hear = on_bytes

    def seen(self) -> list[tuple[int, bool, bytes]]:
        return [(frame.number, frame.sent, frame.body) for frame in self.log.frames]


async def test_what_was_sent_and_heard_is_kept_in_order_and_counted() -> None:
    tapped, got = Tapped(), bytearray()
    await tapped.link.open(got.extend, lambda reason: None)
    tapped.link.write(frame(ASKED))
    answer = frame(ANSWER)
    for piece in (b"\x01\x02\x03" + answer[:5], answer[5:]):
        tapped.hear(piece)
    tapped.link.write(frame(ASKED))
    assert tapped.seen() == [(1, True, ASKED), (2, False, ANSWER), (3, True, ASKED)]
    assert (tapped.log.counters.frames, tapped.log.counters.damaged) == (1, 1)
    assert bytes(got) == b"\x01\x02\x03" + answer


async def test_what_was_refused_is_not_shown_as_sent() -> None:
    tapped = Tapped()
    await tapped.link.open(lambda data: None, lambda reason: None)
    tapped.link.write(frame(HARMFUL))
    assert tapped.seen() == []


async def test_who_looks_is_told_at_once() -> None:
    tapped = Tapped()
    await tapped.link.open(lambda data: None, lambda reason: None)
    tapped.hear(frame(ANSWER))  # before anybody looked
    watched = tapped.log.watch()
    first = asyncio.ensure_future(anext(watched))
    await asyncio.sleep(0)
    tapped.hear(frame(ANSWER)[:7])
    await asyncio.sleep(0)
    assert not first.done()
    tapped.hear(frame(ANSWER)[7:])
    assert [frame.number for frame in await first] == [2]
    await watched.aclose()


async def test_a_flooded_line_is_kept_within_bounds() -> None:
    tapped = Tapped()
    await tapped.link.open(lambda data: None, lambda reason: None)
    for _ in range(3 * KEPT_FRAMES):
        tapped.hear(frame(ANSWER))
        assert sum(len(data) for _, data, _ in tapped.log._raw) <= MOST_RAW_BYTES
    assert [number for number, _, _ in tapped.seen()] == list(range(2 * KEPT_FRAMES + 1, 3 * KEPT_FRAMES + 1))
