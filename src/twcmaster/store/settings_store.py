"""People's wishes on disk: the current document and an append-only log of what changed it, in one transaction.

A change is confirmed only when it is on disk; when it cannot be put there, the error says so and nothing has changed.
`WishesInMemory` keeps nothing: for demos and simulations.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import Callable
from datetime import datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path

from twcmaster.model.commands import Change
from twcmaster.model.settings import Settings
from twcmaster.model.settings_json import FormatError, decode, encode
from twcmaster.store.database import Database, DatabaseError, read_only

#: Old entries go when the log is longer, at the start of the program: years of people, weeks of a wild automation.
KEPT_CHANGES = 100_000
KEPT_IN_MEMORY = 1_000


class SettingsStore:
    """Settings in a SQLite file. `notice(level, text)` is told what people should know."""

    def __init__(self, path: Path, clock: Callable[[], datetime], notice: Callable[[str, str], None]) -> None:
        self._database = Database(path, files("twcmaster.store") / "settings_migrations", clock)
        self._notice = notice

    async def load(self) -> Settings | None:
        """The settings as last confirmed; None when there are none. Never fails: says what is wrong and goes on."""
        try:
            document = await self._database.run(_start)
        except DatabaseError as error:
            return await self._load_read_only(error)
        finally:
            self._tell()
        return None if document is None else await self._decoded(document)

    async def save(self, settings: Settings, change: Change | None) -> None:
        """Keep `settings`, and in the same step what changed them. Raises DatabaseError (an OSError)."""
        document = json.dumps(encode(settings), ensure_ascii=False, separators=(",", ":"))
        try:
            await self._database.run(lambda connection: _write(connection, settings.version, document, change))
        finally:
            self._tell()

    async def changes(self, most: int) -> tuple[Change, ...]:
        """The newest changes, newest first. Raises DatabaseError."""
        return await self._database.run(lambda connection: _changes(connection, most))

    async def close(self) -> None:
        """Close the file."""
        await self._database.close()

    async def _decoded(self, document: str) -> Settings | None:
        try:
            return decode(json.loads(document))
        except (FormatError, ValueError) as error:
            await self._database.set_aside(f"holds settings that cannot be read ({error})")
            self._tell()
            return None

    async def _load_read_only(self, error: DatabaseError) -> Settings | None:
        self._notice("error", f"Settings cannot be changed until this is mended: {error}")
        path = self._database.path
        try:
            document = await asyncio.get_running_loop().run_in_executor(None, read_only, path, _read)
            return None if document is None else decode(json.loads(document))
        except (DatabaseError, FormatError, ValueError) as problem:
            self._notice("error", f"Settings cannot be read, so the mode of the config file holds: {problem}")
            return None

    def _tell(self) -> None:
        for message in self._database.take_messages():
            self._notice("error", message)


class WishesInMemory:
    """Settings that last as long as the program."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque(maxlen=KEPT_IN_MEMORY)

    async def load(self) -> Settings | None:
        """Nothing."""
        return None

    async def save(self, settings: Settings, change: Change | None) -> None:
        """Only the change is kept."""
        if change is not None:
            self._changes.appendleft(change)

    async def changes(self, most: int) -> tuple[Change, ...]:
        """The newest changes, newest first."""
        return tuple(islice(self._changes, most))

    async def close(self) -> None:
        """Nothing to close."""


def _start(connection: sqlite3.Connection) -> str | None:
    connection.execute("DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - ?", (KEPT_CHANGES,))
    return _read(connection)


def _read(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT document FROM settings").fetchone()
    return None if row is None else str(row[0])


def _write(connection: sqlite3.Connection, version: int, document: str, change: Change | None) -> None:
    connection.execute(
        "INSERT INTO settings (id, version, document) VALUES (1, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET version = excluded.version, document = excluded.document",
        (version, document),
    )
    if change is not None:
        connection.execute(
            "INSERT INTO changes (at, who, what, version) VALUES (?, ?, ?, ?)",
            (change.at.isoformat(), change.who, change.what, change.version),
        )


def _changes(connection: sqlite3.Connection, most: int) -> tuple[Change, ...]:
    rows = connection.execute("SELECT at, who, what, version FROM changes ORDER BY number DESC LIMIT ?", (most,))
    return tuple(Change(datetime.fromisoformat(at), who, what, version) for at, who, what, version in rows)
