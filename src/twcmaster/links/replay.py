"""A recording in place of a bus: plays what was received, at its own pace or faster, and never sends.

Lines are a recorder's JSON objects (`t`, `dir`, `hex`), or text that holds frames in any of the shapes that
`protocol.hexlines` knows, other programs' logs among them. Such lines follow each other as fast as a busy bus would;
those without a frame are skipped.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from twcmaster.model.address import ReplayAddress
from twcmaster.model.ports import LinkError
from twcmaster.protocol.framing import DELIMITER, frame
from twcmaster.protocol.hexlines import read_line

#: A frame and its answer, for lines without a time.
PLAIN_LINE_S = 0.1


class BadLine(ValueError):
    """A damaged line of a recording."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One recorded chunk. `wait_s` is the time since the chunk before it."""

    wait_s: float
    received: bool
    data: bytes


class ReplayLink:
    """A link that plays a recording. At its end the link counts as lost; opened again, it starts over."""

    def __init__(self, address: ReplayAddress) -> None:
        self._address = address
        self._playing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return self._address.url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        await self.close()
        try:
            file = await asyncio.to_thread(_open_text, self._address.path)
        except OSError as problem:
            raise LinkError(
                f"{self.url}: the recording cannot be read: {problem.strerror}. Check the path."
            ) from problem
        self._playing = asyncio.get_running_loop().create_task(self._play(file, on_bytes, on_lost))

    def write(self, data: bytes) -> None:
        """Nothing: what was recorded does not change."""

    async def close(self) -> None:
        playing, self._playing = self._playing, None
        if playing is not None:
            playing.cancel()
            await asyncio.wait([playing])

    async def _play(self, file: TextIO, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        reason = "the recording holds no frames: is it the right file?"
        with file:
            try:
                for chunk in read_recording(file):
                    due += chunk.wait_s / self._address.speed
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    reason = "the recording is at its end"
                    if chunk.received:
                        on_bytes(chunk.data)
            except BadLine as problem:
                reason = str(problem)
        on_lost(reason)


def _open_text(path: str) -> TextIO:
    return Path(path).expanduser().open(encoding="utf-8", errors="replace")


def read_recording(lines: TextIO) -> Iterator[Chunk]:
    """The chunks of a recording, one by one. Raises BadLine."""
    before_s: float | None = None
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text.startswith("{"):
            yield from _frames_in(text)
            continue
        at_s, received, data = _timed(text, number)
        # A recorder that was started again counts from 0 again.
        yield Chunk(0.0 if before_s is None else max(0.0, at_s - before_s), received, data)
        before_s = at_s


def _timed(text: str, number: int) -> tuple[float, bool, bytes]:
    try:
        entry = json.loads(text)
        direction = {"rx": True, "tx": False}[entry["dir"]]
        return float(entry["t"]), direction, bytes.fromhex(entry["hex"])
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise BadLine(f"line {number} of the recording is damaged: {text[:60]!r}") from problem


def _frames_in(text: str) -> Iterator[Chunk]:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    if data.startswith(DELIMITER):
        yield Chunk(PLAIN_LINE_S, received=True, data=data)  # as it came, noise and all
        return
    for found in read_line(text):
        yield Chunk(PLAIN_LINE_S, found.direction != "tx", frame(found.body))
