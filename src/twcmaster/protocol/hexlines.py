"""Frames out of text: logs of other programs, recordings, and what people paste.

One line may hold a frame in many shapes: bytes spaced, run together, with ``0x`` and commas, in either case; with or
without the ``C0`` delimiters, escaped or not; behind time stamps and words. Known log lines (facts from public
issue threads, see docs/protocol.md):

    Rx@07:53:37: () FD E2 18 39 …                           the original; in brackets what came before the frame
    13:47:29 ⛽ Manager  12 Rx@: (F8) FD E0 20 19 …          its fork, also with a date and milliseconds in front
    2020-12-14 06:12:15,378 - RS485 12 Tx@: C0 FB E0 … C0   sent frames are escaped and delimited, received ones not
    Sent packet: c0fce132ab77…c0ff                          an ESP32 controller
    {"t": 12.345678, "dir": "rx", "hex": "c0fde0…"}         our own recordings: chunks, not frames

`read_line` looks at one line alone; `Reader` also joins the chunks of a recording. Neither ever raises: what is
wrong with a frame is said in words. A frame that fails a check is never handed out as `message`; for the curious
`would_be` tells what it might have been.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from twcmaster.protocol.framing import (
    BODY_LENGTHS,
    DATA_LENGTHS,
    DATA_TYPE,
    DELIMITER,
    ESCAPE,
    LONGEST_GAP,
    LONGEST_RAW_FRAME,
    TYPE_BYTES,
    FrameDecoder,
    frame,
    unescape,
)
from twcmaster.protocol.messages import Message, checksum, decode

#: No log line is longer; the rest of a longer one is not looked at.
LONGEST_LINE = 20_000
#: Among words, fewer bytes in a row than this are numbers or ids, not a frame.
SHORTEST_IN_PROSE = 10
#: A recorded chunk that comes later than this after the one before does not continue its frame.
CHUNK_GAP_S = 0.5

_HIDDEN = r"XX|xx|NN|nn|\?\?|__"
_BYTE = rf"(?:0[xX])?(?:[0-9A-Fa-f]{{2}}|{_HIDDEN})"
_GAP = r"(?:[ \t]*+,[ \t]*+|[ \t]++|[:-])"
_ALL_HEX = re.compile(rf"[\[({{<]?[ \t]*+((?:0[xX]|[0-9A-Fa-f]|{_HIDDEN}|[ \t,:-])+)[\])}}>]?[ \t;,]*")
_RUN = re.compile(rf"(?<![0-9A-Za-z]){_BYTE}(?:{_GAP}{_BYTE})+(?![0-9A-Za-z])|(?<![0-9A-Za-z])[0-9A-Fa-f]{{20,}}+")
_MARK = re.compile(r"\b(tx|rx|sent|send|received|recieved)\b(?:[ \t]+packet)?@?[0-9:.,]*[ \t]*:?", re.IGNORECASE)
_STAMP = re.compile(r"(?<![0-9A-Za-z:])(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d:\d\d(?:[.,]\d+)?Z?", re.ASCII)
_BEFORE_FRAME = re.compile(r"[ \t]*+\(([^()]{0,400})\)")
_HIDDEN_BYTE = re.compile(_HIDDEN)
_NOT_DIGITS = re.compile(r"0[xX]|[^0-9A-Fa-f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """One frame, or one attempt at it, from a line of text."""

    #: The bytes as read, without delimiters, unescaped where that made sense.
    body: bytes
    #: None unless every check passed.
    message: Message | None = None
    #: Why there is no message; empty when there is one.
    problems: tuple[str, ...] = ()
    #: Harmless things that were overlooked to get at the message.
    notes: tuple[str, ...] = ()
    #: What the frame says if only its checksum is wrong or missing. Never act on it.
    would_be: Message | None = None
    #: "rx" or "tx" as the line says.
    direction: str | None = None
    #: Time as the line has it.
    stamp: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every check passed."""
        return self.message is not None


def read_line(line: str) -> tuple[Decoded, ...]:
    """What one line of text holds: nothing for blank lines, comments and plain words. Never raises."""
    text = line[:LONGEST_LINE].strip()
    if not text or text.startswith("#"):
        return ()
    if text.startswith("{"):
        record = _record(text)
        if record is not None:
            return _read_record(record)
    return _read_text(text)


class Reader:
    """Lines in order, with the chunks of a recording joined into frames. Never raises."""

    def __init__(self) -> None:
        self._unfinished: dict[str, _Chunk] = {}

    def read(self, line: str) -> tuple[Decoded, ...]:
        """What this line completes."""
        record = _record(line[:LONGEST_LINE].strip()) if line.lstrip().startswith("{") else None
        chunk = None if record is None else _chunk(record)
        return read_line(line) if chunk is None else self._join(chunk)

    def finish(self) -> tuple[Decoded, ...]:
        """What was still unfinished at the end."""
        left, self._unfinished = self._unfinished, {}
        return tuple(decoded for chunk in left.values() for decoded in _cut_short(chunk, "the recording ends here"))

    def _join(self, chunk: _Chunk) -> tuple[Decoded, ...]:
        found: list[Decoded] = []
        before = self._unfinished.pop(chunk.direction, None)
        data = chunk.data
        if before is not None and 0 <= chunk.at_s - before.at_s <= CHUNK_GAP_S:
            data = before.data + data
        elif before is not None:
            found += _cut_short(before, "the rest did not come")
        *pieces, rest = data.split(DELIMITER)
        found += [_stamped(_judge(piece), chunk) for piece in pieces if len(piece) > LONGEST_GAP]
        if len(rest) > LONGEST_RAW_FRAME:
            found.append(_stamped(_judge(rest), chunk))
        elif rest:
            self._unfinished[chunk.direction] = replace(chunk, data=rest)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """One line of a recording."""

    at_s: float
    direction: str
    data: bytes


def _cut_short(chunk: _Chunk, why: str) -> list[Decoded]:
    return [_stamped(_judge(chunk.data, why), chunk)] if len(chunk.data) > LONGEST_GAP else []


def _record(text: str) -> dict[str, object] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _chunk(record: dict[str, object]) -> _Chunk | None:
    at_s, direction, digits = record.get("t"), record.get("dir"), record.get("hex")
    if not (isinstance(at_s, int | float) and direction in ("rx", "tx") and isinstance(digits, str)):
        return None
    try:
        return _Chunk(float(at_s), str(direction), bytes.fromhex(digits))
    except (ValueError, OverflowError):
        return None


def _read_record(record: dict[str, object]) -> tuple[Decoded, ...]:
    stamp, direction = record.get("t"), record.get("dir")
    text = record.get("hex") or record.get("message")
    if not isinstance(text, str):
        return ()
    return tuple(
        replace(
            decoded,
            direction=direction if isinstance(direction, str) else decoded.direction,
            stamp=str(stamp) if isinstance(stamp, int | float) else decoded.stamp,
        )
        for decoded in _read_text(text.strip())
    )


def _read_text(text: str) -> tuple[Decoded, ...]:
    stamp = _STAMP.search(text)
    mark = _MARK.search(text)
    rest = text[mark.end() :] if mark else _STAMP.sub(" ", text, count=1).strip(" \t:-")
    noise, rest = _noise(rest) if mark else ("", rest)
    digits = _digits(rest.strip(), 1 if mark else SHORTEST_IN_PROSE)
    if digits is None:
        return ()
    notes = (f"came after {noise}",) if noise else ()
    return tuple(
        replace(
            decoded,
            notes=notes + decoded.notes,
            direction=("tx" if mark[1].lower() in ("tx", "sent", "send") else "rx") if mark else None,
            stamp=stamp[0] if stamp else None,
        )
        for decoded in _read_digits(digits)
    )


def _noise(rest: str) -> tuple[str, str]:
    """What logs put in brackets before a received frame: the bytes between it and the frame before."""
    brackets = _BEFORE_FRAME.match(rest)
    return (brackets[1].strip(), rest[brackets.end() :]) if brackets else ("", rest)


def _digits(text: str, least: int) -> str | None:
    """The part of a line that is hex: all of it, or the longest run of at least `least` bytes."""
    whole = _ALL_HEX.fullmatch(text)
    if whole is not None:
        return whole[1]
    runs = [run[0] for run in _RUN.finditer(text)]
    longest = max(runs, key=lambda run: len(_NOT_DIGITS.sub("", run)), default="")
    return longest if len(_NOT_DIGITS.sub("", longest)) >= 2 * least else None


def _read_digits(text: str) -> tuple[Decoded, ...]:
    hidden = _HIDDEN_BYTE.search(text)
    if hidden is not None:
        return (Decoded(b"", problems=(f"bytes are hidden behind {hidden[0]}: nothing can be checked",)),)
    digits = _NOT_DIGITS.sub("", text)
    if not digits:
        return ()
    if len(digits) % 2:
        return (Decoded(b"", problems=(f"{len(digits)} hex digits: one is missing or one too many",)),)
    return _read_bytes(bytes.fromhex(digits))


def _read_bytes(raw: bytes) -> tuple[Decoded, ...]:
    """Frames in bytes that may be a bare body, escaped or not, or a piece of the line with its delimiters."""
    if _good(raw) or DELIMITER not in raw:
        return (_judge_bare(raw),)
    pieces = [piece for piece in raw.split(DELIMITER) if len(piece) > LONGEST_GAP]
    found = tuple(map(_judge, pieces))
    inner = raw[raw.find(DELIMITER) + 1 : raw.rfind(DELIMITER)]
    if not any(decoded.ok for decoded in found) and _good(inner):
        return (Decoded(inner, decode(inner), notes=("C0 and DB inside were not escaped",)),)
    return found or (Decoded(b"", problems=("there is nothing between the delimiters",)),)


def _judge_bare(raw: bytes) -> Decoded:
    """A body without delimiters; logs print received ones unescaped, so that is tried first."""
    if _good(raw):
        return Decoded(raw, decode(raw))
    body = unescape(raw) if ESCAPE in raw else None
    if body is not None and _good(body):
        return Decoded(body, decode(body), notes=("escaped, though without delimiters",))
    return _rejected(raw)


def _judge(raw: bytes, *more: str) -> Decoded:
    """What stands between two delimiters. `more` are reasons known already."""
    body = unescape(raw)
    if body is None:
        at = raw.find(ESCAPE)
        return Decoded(raw, problems=(*more, f"DB at byte {at + 1} starts no escape: only DC or DD may follow it"))
    if _good(body) and not more:
        return Decoded(body, decode(body))
    rejected = _rejected(body)
    return replace(rejected, problems=(*more, *rejected.problems))


def _good(body: bytes) -> bool:
    """Whether the line's own checks pass: the decoder on the wire decides, so that the two can never differ."""
    return len(body) in BODY_LENGTHS and FrameDecoder().feed(frame(body)) == [body]


def _rejected(body: bytes) -> Decoded:
    """A body that failed, with every reason in words."""
    if not body:
        return Decoded(body, problems=("there is nothing between the delimiters",))
    problems = []
    right_type, right_length = body[0] in TYPE_BYTES, len(body) in BODY_LENGTHS
    if not right_length:
        problems.append(_length_problem(body))
    if not right_type:
        problems.append(f"starts with {body[0]:02X}; frames start with FB, FC or FD")
    if right_length and body[0] == DATA_TYPE and len(body) not in DATA_LENGTHS:
        problems.append(f"length {len(body)}; connectors send 14, 16 or 20 bytes. A zero byte was lost or doubled")
    expected = checksum(body[:-1]) if len(body) > 1 else 0
    if right_length and body[-1] != expected:
        missing = " (or is it missing?)" if body[-1] == 0 and len(body) + 1 in BODY_LENGTHS else ""
        problems.append(f"checksum is {body[-1]:02X}, should be {expected:02X}{missing}")
    return Decoded(body, problems=tuple(problems), would_be=_would_be(body) if right_type else None)


def _length_problem(body: bytes) -> str:
    said = f"length {len(body)}; frames have 13, 14, 15, 16 or 20 bytes"
    for extra in range(1, LONGEST_GAP + 1):
        if _good(body[:-extra]):
            return f"{said}. The first {len(body) - extra} would be one: the C0 after them was lost"
    if len(body) + 1 in BODY_LENGTHS and body[0] in TYPE_BYTES:
        return f"{said}. Without a checksum? It would be {checksum(body):02X}"
    return said


def _would_be(body: bytes) -> Message | None:
    if len(body) in BODY_LENGTHS:
        return decode(body)
    if len(body) + 1 in BODY_LENGTHS:
        return decode(body + bytes((checksum(body),)))
    return None


def _stamped(decoded: Decoded, chunk: _Chunk) -> Decoded:
    return replace(decoded, direction=chunk.direction, stamp=f"{chunk.at_s:.6f}")
