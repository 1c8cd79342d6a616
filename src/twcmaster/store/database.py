"""One SQLite file and the one thread that touches it.

Everything runs on that thread, so that no disk, however slow, ever delays the bus. A change is in effect when `run`
returns: one transaction each, in WAL mode. What is wrong with the file decides what happens:

* damaged, or written by a newer program: moved aside under a name that says so, and begun afresh;
* folder missing or not writable, disk full or read-only, locked: `DatabaseError` now, another attempt at the next call.

Migrations are the numbered .sql files of a folder; `PRAGMA user_version` says which have been applied.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

#: How long to wait for somebody else who has the file open, such as the sqlite3 shell.
BUSY_S = 5.0
#: Files that belong to one database, by what is added to its name.
PARTS = ("", "-wal", "-shm")
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_REMEDIES = {
    "SQLITE_FULL": "The disk is full: free some space.",
    "SQLITE_READONLY": "The disk or file is read-only: check its permissions and whether the disk still works.",
    "SQLITE_CANTOPEN": "Check that its folder exists and that this program may write there.",
    "SQLITE_BUSY": "Another program has it open: close that.",
    "SQLITE_IOERR": "The disk does not work properly: check it, and think of a new one.",
}


class DatabaseError(OSError):
    """The file cannot be used now. The text names it, the cause and the remedy."""


class _Unusable(Exception):
    """This file will never do: it is to be moved aside. The text says why."""


class Database:
    """A database that is opened when first needed. `clock` dates the names of files that are moved aside.

    `pragmas` are set on opening, before anything else, such as "page_size = 1024".
    """

    def __init__(
        self, path: Path, migrations: Traversable, clock: Callable[[], datetime], pragmas: Sequence[str] = ()
    ) -> None:
        self.path = path
        self._pragmas = pragmas
        self._migrations = migrations
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)
        #: What people should know of what was found on opening; `take_messages` empties it.
        self._messages: list[str] = []

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work`, done in one transaction on the database's own thread. Raises DatabaseError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    async def set_aside(self, why: str) -> None:
        """Begin afresh, keeping the present file under another name. Raises DatabaseError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._set_aside, why)

    async def close(self) -> None:
        """Close the file, for good."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    def interrupt(self) -> None:
        """Make what runs now fail, as soon as SQLite looks up."""
        connection = self._connection
        if connection is not None:
            # The thread may have closed it meanwhile.
            with suppress(sqlite3.ProgrammingError):
                connection.interrupt()

    def take_messages(self) -> tuple[str, ...]:
        """What has come up since the last call, in whole sentences."""
        told, self._messages = tuple(self._messages), []
        return told

    # ── on the thread ────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _translated(self.path):
            connection = self._opened()
            try:
                with _transaction(connection):
                    return work(connection)
            except sqlite3.Error:
                # Whatever is wrong, the next attempt looks at the file anew.
                self._close()
                raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self._connection = _open(self.path, self._migrations, self._pragmas)
            except _Unusable as problem:
                self._set_aside(str(problem))
                self._connection = _open(self.path, self._migrations, self._pragmas)
        return self._connection

    def _set_aside(self, why: str) -> None:
        self._close()
        stamp = self._clock().strftime("%Y%m%d-%H%M%S")
        aside = self.path.with_name(f"{self.path.name}.aside-{stamp}")
        with _translated(self.path):
            for part in PARTS:
                here = self.path.with_name(self.path.name + part)
                if here.exists():
                    here.rename(aside.with_name(aside.name + part))
        self._messages.append(f"{self.path} {why}. It is kept as {aside.name}, and a new one is begun.")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _open(path: Path, migrations: Traversable, pragmas: Sequence[str]) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made here, so that nobody else can read it; SQLite gives its other files the same permissions.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        _prepare(connection, migrations)
    except sqlite3.DatabaseError as error:
        connection.close()
        if _is(error, *_DAMAGED):
            raise _Unusable(f"is damaged ({error})") from error
        raise
    except _Unusable:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, migrations: Traversable) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    # Nothing that was confirmed may be lost with the power, and writes are rare.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise _Unusable(f"is damaged ({found})")
    _migrate(connection, migrations)


def _migrate(connection: sqlite3.Connection, migrations: Traversable) -> None:
    steps = sorted((file for file in migrations.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    done: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if done > len(steps):
        raise _Unusable("was written by a newer version of this program")
    for number, step in enumerate(steps[done:], start=done + 1):
        script = step.read_text(encoding="utf-8")
        with _transaction(connection, "BEGIN EXCLUSIVE"):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number:d}")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script. One that needs a semicolon inside is fine, as long as a line ends where it ends."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        remedies = (remedy for name, remedy in _REMEDIES.items() if _is(error, name))
        raise DatabaseError(f"{path}: {error}. {next(remedies, '')}".rstrip()) from error
    except DatabaseError:
        raise
    except OSError as error:
        remedy = _REMEDIES["SQLITE_CANTOPEN"]
        raise DatabaseError(f"{path}: {error.strerror or error}. {remedy}") from error


def _is(error: sqlite3.Error, *names: str) -> bool:
    """Whether it is one of these errors or a finer kind of it; errors of this module's own misuse have no name."""
    return (getattr(error, "sqlite_errorname", None) or "").startswith(names)


def read_only(path: Path, work: Callable[[sqlite3.Connection], T]) -> T:
    """The result of `work` on a file that cannot be written, such as on a disk that went read-only. Blocks.

    Raises DatabaseError.
    """
    last: sqlite3.Error | None = None
    # The second way sees only what has been moved from the write-ahead log into the file itself.
    for options in ("mode=ro", "mode=ro&immutable=1"):
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{options}", uri=True)) as connection:
                return work(connection)
        except sqlite3.Error as error:
            last = error
    raise DatabaseError(f"{path}: {last}. {_REMEDIES['SQLITE_CANTOPEN']}")
