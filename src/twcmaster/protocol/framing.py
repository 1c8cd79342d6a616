"""Bytes to bodies and back: SLIP-like framing with a checksum.

``C0`` starts and ends every frame; inside, ``C0`` is written ``DB DC`` and ``DB`` is written ``DB DD``. The line is
noisy, so the decoder treats *every* ``C0`` as a possible end and a possible start at once: a lost or doubled
delimiter then costs the damaged frame and nothing else. Bytes between frames (units emit one line-turnaround byte
after the closing ``C0``) fail no test that matters: they are too short to be a body.
"""

from __future__ import annotations

from dataclasses import dataclass

DELIMITER = b"\xc0"
ESCAPE = b"\xdb"
ESCAPED_DELIMITER = b"\xdb\xdc"
ESCAPED_ESCAPE = b"\xdb\xdd"

TYPE_BYTES = frozenset((0xFB, 0xFC, 0xFD))
#: Bodies seen on real buses, and the shorter requests that units are known to accept, checksum included.
BODY_LENGTHS = frozenset((13, 14, 15, 16, 20))
#: Type byte of what connectors say about themselves.
DATA_TYPE = 0xFD
#: No connector has been seen to send 13 or 15 bytes. Allowing them would turn every lost or doubled zero byte, which
#: the checksum cannot see, into a good frame whose numbers are shifted: 1.34 A becomes 343 A.
DATA_LENGTHS = frozenset((14, 16, 20))
#: More than a 20-byte body with every byte escaped; anything longer is noise.
LONGEST_RAW_FRAME = 40
#: Up to this many bytes between two delimiters are line-turnaround artefacts, not a damaged frame.
LONGEST_GAP = 2


@dataclass(slots=True)
class LineCounters:
    """What a decoder has seen, by kind. `frames` are good; every other field counts damage."""

    frames: int = 0
    bytes: int = 0
    gap_bytes: int = 0
    bad_escape: int = 0
    bad_length: int = 0
    bad_type: int = 0
    bad_checksum: int = 0
    too_long: int = 0
    #: Unfinished frames dropped after silence on the line.
    cut_short: int = 0

    @property
    def damaged(self) -> int:
        """Frames lost to noise of any kind."""
        return self.bad_escape + self.bad_length + self.bad_type + self.bad_checksum + self.too_long + self.cut_short


def frame(body: bytes) -> bytes:
    """A body, escaped and delimited, ready for the line."""
    escaped = body.replace(ESCAPE, ESCAPED_ESCAPE).replace(DELIMITER, ESCAPED_DELIMITER)
    return DELIMITER + escaped + DELIMITER


def unframe(data: bytes) -> bytes | None:
    """The body of exactly one whole frame with a right checksum, the opposite of `frame`; None for anything else."""
    raw = data[1:-1]
    body = unescape(raw) if ESCAPE in raw else raw
    if body is None or len(body) not in BODY_LENGTHS or frame(body) != data:
        return None
    return body if (sum(body) - body[0] - body[-1]) & 0xFF == body[-1] else None


class FrameDecoder:
    """A stream of bytes in, verified bodies out. Holds at most `LONGEST_RAW_FRAME` bytes between calls."""

    def __init__(self) -> None:
        self.counters = LineCounters()
        self._pending = b""
        self._overlong = False

    @property
    def mid_frame(self) -> bool:
        """Whether an unfinished frame is being held."""
        return bool(self._pending) or self._overlong

    def feed(self, data: bytes) -> list[bytes]:
        """Bodies completed by `data`, oldest first."""
        self.counters.bytes += len(data)
        *complete, rest = (self._pending + data).split(DELIMITER)
        if self._overlong and complete:
            # The start of this one was dropped already, and counted.
            complete[0] = b""
            self._overlong = False
        self._keep(rest)
        bodies = []
        for raw in complete:
            body = self._verify(raw)
            if body is not None:
                bodies.append(body)
        self.counters.frames += len(bodies)
        return bodies

    def drop_unfinished(self) -> None:
        """Forget a frame whose rest did not come: the line has been silent for many byte times."""
        if len(self._pending) > LONGEST_GAP:
            self.counters.cut_short += 1
        else:
            self.counters.gap_bytes += len(self._pending)
        self._pending = b""
        self._overlong = False

    def _keep(self, rest: bytes) -> None:
        if self._overlong:
            return
        if len(rest) > LONGEST_RAW_FRAME:
            self.counters.too_long += 1
            self._overlong = True
            rest = b""
        self._pending = rest

    def _verify(self, raw: bytes) -> bytes | None:
        """The body in the bytes between two delimiters, or None with the reason counted."""
        counters = self.counters
        if len(raw) <= LONGEST_GAP:
            counters.gap_bytes += len(raw)
            return None
        if len(raw) > LONGEST_RAW_FRAME:
            counters.too_long += 1
            return None
        body = unescape(raw) if ESCAPE in raw else raw
        if body is None:
            counters.bad_escape += 1
        elif len(body) not in BODY_LENGTHS:
            counters.bad_length += 1
        elif (sum(body) - body[0] - body[-1]) & 0xFF != body[-1]:
            counters.bad_checksum += 1
        elif body[0] not in TYPE_BYTES:
            counters.bad_type += 1
        elif body[0] == DATA_TYPE and len(body) not in DATA_LENGTHS:
            counters.bad_length += 1
        else:
            return body
        return None


def unescape(raw: bytes) -> bytes | None:
    """Escapes resolved in one pass; None when an escape is followed by anything but its two partners."""
    first, *pieces = raw.split(ESCAPE)
    out = bytearray(first)
    for piece in pieces:
        if piece[:1] == b"\xdc":
            out += DELIMITER
        elif piece[:1] == b"\xdd":
            out += ESCAPE
        else:
            return None
        out += piece[1:]
    return bytes(out)
