"""Meters, asked in turn by the clock: each one by itself, so that a slow or dead one delays nobody.

What a decision sees is always the newest reading with its age, and what is wrong now; a reading is never repeated as
new, and never made up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from twcmaster.model.energy import MeterFacts, ReadingView
from twcmaster.model.ports import Meter, MeterError
from twcmaster.model.reading import Reading

#: A meter that fails is asked less and less often, down to this.
LONGEST_PAUSE_S = 60.0


class MeterPoll:
    """One meter. `fresh()` is called when there is a newer reading; `notice(level, text)` tells people."""

    def __init__(
        self, facts: MeterFacts, meter: Meter, fresh: Callable[[], None], notice: Callable[[str, str], None]
    ) -> None:
        self.facts = facts
        self._meter = meter
        self._fresh = fresh
        self._notice = notice
        self._reading: Reading | None = None
        self._problem: str | None = None
        self._failures = 0

    def view(self) -> ReadingView:
        """The newest reading and what is wrong now."""
        return ReadingView(self.facts, self._reading, self._problem)

    async def run(self) -> None:
        """Ask until cancelled, in step with the clock: a slow answer makes the next pause shorter."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while True:
                await self._ask()
                due = max(due + self._pause_s(), loop.time())
                await asyncio.sleep(due - loop.time())
        finally:
            await self._meter.close()

    def _pause_s(self) -> float:
        if not self._failures:
            return self.facts.every_s
        backed_off = self.facts.every_s * 2.0 ** min(self._failures - 1, 10)
        return min(backed_off, max(LONGEST_PAUSE_S, self.facts.every_s))

    async def _ask(self) -> None:
        try:
            reading = await self._meter.read()
        except MeterError as error:
            self._failed(str(error))
            return
        if self._problem is not None:
            self._notice("info", "answers again")
        self._failures, self._problem = 0, None
        if self._reading is None or reading.taken_at > self._reading.taken_at:
            self._reading = reading
            self._fresh()

    def _failed(self, problem: str) -> None:
        self._failures += 1
        if self._problem is None:
            self._notice("warning", problem)
        self._problem = problem
