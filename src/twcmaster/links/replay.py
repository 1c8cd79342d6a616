"""A recording in place of a bus: plays what was received, at its own pace or faster, and never sends.

Lines are either a recorder's JSON objects (`t`, `dir`, `hex`) or plain hex, spaced or not, delimited or bare bodies.
Plain lines carry no time; they follow each other as fast as a busy bus would. Empty lines and # comments are skipped.
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

#: A frame and its answer, for lines without a time.
PLAIN_LINE_S = 0.1


class BadLine(ValueError):
    """A line of a recording that is neither form."""


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
        reason = "the recording is at its end"
        with file:
            try:
                for chunk in read_recording(file):
                    due += chunk.wait_s / self._address.speed
                    await asyncio.sleep(max(0.0, due - loop.time()))
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
        if not text or text.startswith("#"):
            continue
        try:
            at_s, received, data = _timed(text) if text.startswith("{") else _plain(text)
        except (ValueError, KeyError, TypeError) as problem:
            raise BadLine(
                f"line {number} of the recording is neither hex nor a recorder's JSON: {text[:60]!r} ({problem})"
            ) from problem
        # A recorder that was started again counts from 0 again.
        wait_s = PLAIN_LINE_S if at_s is None else max(0.0, at_s - before_s) if before_s is not None else 0.0
        before_s = at_s if at_s is not None else before_s
        yield Chunk(wait_s, received, data)


def _timed(text: str) -> tuple[float | None, bool, bytes]:
    entry = json.loads(text)
    direction = entry["dir"]
    if direction not in ("rx", "tx"):
        raise ValueError(f"dir is {direction!r}, not rx or tx")
    return float(entry["t"]), direction == "rx", bytes.fromhex(entry["hex"])


def _plain(text: str) -> tuple[float | None, bool, bytes]:
    data = bytes.fromhex(text)
    return None, True, data if data.startswith(DELIMITER) else frame(data)
