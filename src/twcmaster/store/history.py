"""The history of a running daemon: looks at every snapshot, writes once a minute, answers questions.

Sessions are written when they begin and end, everything else with the minute. When the disk does not take it, up to a
day is kept in memory and written when it does; charging never waits for any of it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path

from twcmaster.model.history import ChargeSession, Energy, Series, Step, StoreHealth
from twcmaster.model.plan import Plan
from twcmaster.model.world import World
from twcmaster.store import history_copies as copies
from twcmaster.store import history_queries as queries
from twcmaster.store import history_tables as tables
from twcmaster.store.database import PARTS, Database, DatabaseError
from twcmaster.store.history_samples import Minute, Minutes, Values, values_of
from twcmaster.store.history_sessions import RESUMED_WITHIN_S, Changed, Sessions

#: A gap between two snapshots that is longer than this was not seen.
LONGEST_HELD_S = 5.0
#: Kept in memory while the disk does not work.
MOST_WAITING_MINUTES = 1440
FORGET_EVERY_MINUTES = 360
LAST_WRITE_S = 1.0
#: Ten years on the slowest computer take a minute. Meanwhile nothing else gets at the file.
LONGEST_TAKING_S = 300.0
#: A commit a minute wears out SD cards. Shared memory, for other programs that read along, would be written to the disk
#: with every commit and cost twice what the history itself does; a commit writes whole pages, so they are small.
#: Half a megabyte of them is enough to remember.
_PRAGMAS = ("locking_mode = EXCLUSIVE", "page_size = 1024", "cache_size = -512")


@dataclass(frozen=True, slots=True)
class _News:
    """What one transaction writes."""

    minutes: Sequence[Minute]
    running: Sequence[ChargeSession]
    changed: Sequence[Changed]
    now_s: float
    forget: bool


class History:
    """One SQLite file. `notice(level, text)` is told what people should know.

    `speed`: seconds of the wall clock that pass in a second, for demonstrations whose day passes faster.
    """

    def __init__(
        self, path: Path, clock: Callable[[], datetime], notice: Callable[[str, str], None], speed: float = 1.0
    ) -> None:
        self._path = path
        self._speed = speed
        self._database = Database(path, files("twcmaster.store") / "history_migrations", clock, _PRAGMAS)
        self._clock = clock
        self._notice = notice
        self._minutes = Minutes()
        self._sessions = Sessions(speed)
        self._waiting: deque[Minute] = deque(maxlen=MOST_WAITING_MINUTES)
        self._changed: dict[int, Changed] = {}
        self._news = asyncio.Event()
        self._seen_at: float | None = None
        self._until_forgetting = 0
        self._problem: str | None = None
        self._closing = False

    @property
    def health(self) -> StoreHealth:
        """Whether the history is being kept."""
        return StoreHealth(self._problem is None, self._problem, self._size_bytes())

    def _size_bytes(self) -> int:
        parts = (self._path.with_name(self._path.name + part) for part in PARTS)
        return sum(part.stat().st_size for part in parts if part.exists())

    async def load(self, now: float) -> None:
        """Take up the sessions that were running. Never fails: says what is wrong and goes on."""
        try:
            found = await self._database.run(tables.open_sessions)
        except DatabaseError as error:
            self._failed(error)
            return
        finally:
            self._tell()
        clock_s = self._clock().timestamp()
        for session, updated_s in found:
            if 0 <= clock_s - updated_s < RESUMED_WITHIN_S:
                self._sessions.resume(session, now)
            else:
                ended = replace(session, ended_at=datetime.fromtimestamp(updated_s, UTC))
                self._changed[session.id] = Changed(ended)

    # ── looking on ──

    def see(self, world: World, plan: Plan, vins: Mapping[str, str | None]) -> None:
        """Note one snapshot."""
        held_s = 0.0 if self._seen_at is None else world.now - self._seen_at
        self._seen_at = world.now
        if not 0 < held_s <= LONGEST_HELD_S:
            held_s = 0.0
        held_s *= self._speed
        for change in self._sessions.see(world, held_s, vins):
            self._changed[change.session.id] = change
            self._news.set()
        self._note(world.clock.timestamp(), held_s, values_of(world, plan))

    def _note(self, epoch_s: float, held_s: float, values: Values) -> None:
        """Values that held for a while, up to now, in pieces that fit into the finest intervals."""
        while held_s > Step.FINE:
            held_s -= Step.FINE
            self._add(epoch_s - held_s, float(Step.FINE), values)
        self._add(epoch_s, held_s, values)

    def _add(self, epoch_s: float, held_s: float, values: Values) -> None:
        minute = self._minutes.add(epoch_s, held_s, values)
        if minute is not None:
            self._waiting.append(minute)
            self._news.set()

    async def run(self) -> None:
        """Write what has come up, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await self._write()

    async def close(self) -> None:
        """Write what is left, and let go of the file."""
        self._closing = True
        minute = self._minutes.finish()
        if minute is not None:
            self._waiting.append(minute)
        try:
            async with asyncio.timeout(LAST_WRITE_S):
                await self._write()
                await self._database.close()
        except TimeoutError:
            # The program cannot end before the thread that reads or writes does.
            self._database.interrupt()
            self._notice("warning", "The disk did not take the last minute of the history in time")

    async def _write(self) -> None:
        minutes, changed = list(self._waiting), dict(self._changed)
        now_s = self._clock().timestamp()
        running = list(self._sessions.running().values()) if minutes else []
        news = _News(minutes, running, list(changed.values()), now_s, forget=self._until_forgetting <= 0)
        try:
            await self._database.run(partial(_write, news))
        except DatabaseError as error:
            self._failed(error)
            return
        finally:
            self._tell()
        self._worked()
        self._until_forgetting = FORGET_EVERY_MINUTES if news.forget else self._until_forgetting - len(minutes)
        written = set(map(id, minutes))
        while self._waiting and id(self._waiting[0]) in written:
            self._waiting.popleft()
        self._changed = {id_: change for id_, change in self._changed.items() if changed.get(id_) is not change}

    def _failed(self, error: DatabaseError) -> None:
        if self._problem is None:
            text = (
                f"The history is not being kept: {error} Charging goes on; the last day is written when it works again"
            )
            self._notice("error", text)
        self._problem = str(error)

    def _worked(self) -> None:
        if self._problem is not None:
            self._notice("info", "The history is being kept again")
        self._problem = None

    def _tell(self) -> None:
        for message in self._database.take_messages():
            self._notice("error", message)

    # ── backup ──

    async def copy_to(self, target: Path) -> None:
        """A consistent copy of the whole file. Raises DatabaseError."""
        await self._write()
        await self._database.run(partial(copies.copy_to, target))

    async def take_from(self, source: Path) -> str:
        """Add what a copy has and this file has not; in words what that was. Raises DatabaseError and BadCopy."""
        given_up = threading.Event()
        too_long = asyncio.get_running_loop().call_later(LONGEST_TAKING_S, given_up.set)
        now_s = self._clock().timestamp()
        try:
            return await self._database.run(
                lambda c: copies.take_from(source, now_s, lambda: self._closing or given_up.is_set(), c)
            )
        finally:
            too_long.cancel()
            given_up.set()

    # ── questions ──

    def running(self) -> Mapping[str, ChargeSession]:
        """The sessions that are going on, by connector key."""
        return self._sessions.running()

    async def series(self, start: datetime, end: datetime, step_s: int) -> Series:
        """Means per interval. Raises DatabaseError."""
        now_s, start_s, end_s = (int(moment.timestamp()) for moment in (self._clock(), start, end))
        return await self._database.run(lambda c: queries.series(c, start_s, end_s, step_s, now_s))

    async def energy(self, edges: Sequence[datetime]) -> Sequence[Energy]:
        """The energy between each pair of neighbouring edges. Raises DatabaseError."""
        now_s = int(self._clock().timestamp())
        return await self._database.run(lambda c: queries.energy(c, edges, now_s))

    async def sessions(self, start: datetime, end: datetime, before_id: int | None, most: int) -> list[ChargeSession]:
        """Newest first, those that are going on as they are now. Raises DatabaseError."""
        start_s, end_s = start.timestamp(), end.timestamp()
        found = await self._database.run(lambda c: tables.sessions(c, start_s, end_s, before_id, most))
        now = {session.id: session for session in self._sessions.running().values()}
        return [now.get(session.id, session) for session in found]


def _write(news: _News, connection: sqlite3.Connection) -> None:
    for minute in news.minutes:
        tables.put_minute(connection, minute)
    for change in news.changed:
        if change.dropped:
            tables.drop_session(connection, change.session.id)
        else:
            tables.put_session(connection, change.session)
    # After its beginning, which may have waited for the disk for long.
    for session in news.running:
        tables.put_session(connection, session, news.now_s)
    if news.forget:
        tables.forget(connection, int(news.now_s))
