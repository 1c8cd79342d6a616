"""A meter that another program writes to a file, JSON or text. The file's own time is the reading's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

from twcmaster.config.meters import FileMeterSection
from twcmaster.meters.answer import BadAnswer, TextAnswer, reading_of, text_of
from twcmaster.meters.stamps import Stamps
from twcmaster.model.ports import MeterError
from twcmaster.model.reading import Reading

#: A growing log is read from its end.
LONGEST_TAIL = 100_000


class FileMeter:
    """A meter in a file. `clock` is the site's wall clock."""

    def __init__(self, settings: FileMeterSection, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._stamps = Stamps()
        self._looking: asyncio.Future[tuple[str, datetime]] | None = None

    async def read(self) -> Reading:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                text, written = await self._look()
        except TimeoutError:
            raise self._error(f"not read within {self._settings.timeout_s:g} s. Is the disk there?") from None
        except OSError as problem:
            raise self._error(
                f"{problem.strerror or problem}. Check path, and that the other program runs."
            ) from problem
        except (OverflowError, RuntimeError, ValueError) as problem:  # no such home, a path or a time that cannot be
            cause = str(problem).rstrip(".")
            raise self._error(f"{cause}. Check path, and when the file was written.") from problem
        now, clock, answer = asyncio.get_running_loop().time(), self._clock(), TextAnswer(text)
        try:
            if self._settings.taken_path is not None:
                written = answer.moment(self._settings.taken_path, clock.tzinfo)
            return reading_of(self._settings, answer, self._stamps.taken_at(written, now, clock))
        except BadAnswer as problem:
            raise self._error(str(problem)) from problem

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _look(self) -> tuple[str, datetime]:
        """What stands there. A disk that hangs holds up one thread, not one more with every question."""
        if self._looking is None:
            self._looking = asyncio.get_running_loop().run_in_executor(None, self._tail)
        looking = self._looking
        await asyncio.wait([looking])
        self._looking = None
        return looking.result()

    def _tail(self) -> tuple[str, datetime]:
        path = self._settings.path.expanduser()
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(0, end - LONGEST_TAIL))
            text = text_of(file.read(LONGEST_TAIL))
        return text, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def _error(self, text: str) -> MeterError:
        return MeterError(f"{self._settings.name}: file {self._settings.path}: {text}")
