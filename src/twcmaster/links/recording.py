"""A link that keeps a record of every chunk in and out, one JSON object a line.

    {"t": 12.345678, "dir": "rx", "hex": "c0fde0…"}

`t` is seconds since the first chunk; a restarted program begins again at 0 in the same file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from twcmaster.model.ports import Link

#: Chunks are written together this often, off the loop: an SD card may take seconds for a write.
FLUSH_EVERY_S = 1.0


class Recorder:
    """Any link, with its traffic appended to `path`.

    With `max_bytes`, the file and its predecessor (`path` + ".1") together stay below that, newest kept. When the
    file cannot be written, recording ends, `on_error` is told once, and the link goes on.
    """

    def __init__(self, link: Link, path: Path, on_error: Callable[[str], None], max_bytes: int | None = None) -> None:
        self._link = link
        self._path = path
        self._on_error = on_error
        self._max_bytes = max_bytes
        self._started_at: float | None = None
        self._lines: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        #: Kept so that the task is not collected while it runs.
        self._writing: asyncio.Task[None] | None = None
        self._file_lock = asyncio.Lock()
        self._failed = False

    @property
    def url(self) -> str:
        return self._link.url

    async def open(self, on_bytes: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        def received(data: bytes) -> None:
            self._note("rx", data)
            on_bytes(data)

        await self._link.open(received, on_lost)

    def write(self, data: bytes) -> None:
        self._note("tx", data)
        self._link.write(data)

    async def close(self) -> None:
        await self._link.close()
        await self.flush()

    async def flush(self) -> None:
        """Everything recorded so far is in the file when this returns."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        await self._write_out()

    def _note(self, direction: str, data: bytes) -> None:
        if self._failed:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._started_at is None:
            self._started_at = now
        self._lines.append(f'{{"t": {now - self._started_at:.6f}, "dir": "{direction}", "hex": "{data.hex()}"}}\n')
        if self._timer is None:
            self._timer = loop.call_later(FLUSH_EVERY_S, self._start_writing)

    def _start_writing(self) -> None:
        self._timer = None
        self._writing = asyncio.get_running_loop().create_task(self._write_out())

    async def _write_out(self) -> None:
        async with self._file_lock:
            lines, self._lines = self._lines, []
            if not lines or self._failed:
                return
            try:
                await asyncio.to_thread(_append, self._path, "".join(lines), self._max_bytes)
            except OSError as problem:
                self._failed = True
                self._on_error(
                    f"recording to {self._path} ended: {problem.strerror}. Free some space or choose another file."
                )


def _append(path: Path, text: str, max_bytes: int | None) -> None:
    if max_bytes is not None and path.exists() and path.stat().st_size + len(text) > max_bytes // 2:
        path.replace(path.with_name(path.name + ".1"))
    with path.open("a", encoding="ascii") as file:
        file.write(text)
