"""Copies of the history: a consistent one for a backup, and taking back what one holds.

A copy comes from people and may be anything: it is read as data of the expected shape and nothing else, in one
transaction, so that it is taken back as a whole or not at all. What is there already stays as it is.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

#: Longer ones are no layouts of ours.
MOST_COLUMNS = 1000
_NUMBER_BYTES = 4
_FINE_PER_MINUTE = 6


class BadCopy(ValueError):
    """This file is no copy of a history. The text says why."""


def copy_to(target: Path, connection: sqlite3.Connection) -> None:
    """Write a copy. Called within a transaction, so nothing moves meanwhile."""
    with closing(sqlite3.connect(target)) as copy:
        for statement in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"):
            if "sqlite_sequence" not in statement[0]:
                copy.execute(statement[0])
        for table, marks in _TABLES.items():
            rows = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own table names
            copy.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - our own table names
        copy.commit()


_TABLES = {
    "layouts": "?, ?",
    "minutes": "?, ?, ?, ?, ?",
    "quarters": "?, ?, ?, ?",
    "sessions": "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?",
}


def take_from(source: Path, connection: sqlite3.Connection) -> str:
    """Add what the copy has more; in words what that was. Raises BadCopy."""
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy:
            return _taken(copy, connection)
    except (sqlite3.DatabaseError, ValueError, TypeError, RecursionError) as error:
        if isinstance(error, BadCopy):
            raise
        raise BadCopy(f"The history in it cannot be read: {error}.") from error


def _taken(copy: sqlite3.Connection, connection: sqlite3.Connection) -> str:
    if copy.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise BadCopy("The history in it is damaged.")
    layouts = _layouts(copy, connection)
    before = connection.total_changes
    for at_s, layout, covered_s, mean, fine in copy.execute("SELECT at, layout, covered, mean, fine FROM minutes"):
        new, columns = layouts[int(layout)]
        parts = (_numbers(mean, columns), None if fine is None else _numbers(fine, columns * _FINE_PER_MINUTE))
        row = (int(at_s), new, float(covered_s), *parts)
        connection.execute("INSERT OR IGNORE INTO minutes VALUES (?, ?, ?, ?, ?)", row)
    for at_s, layout, covered_s, mean in copy.execute("SELECT at, layout, covered, mean FROM quarters"):
        new, columns = layouts[int(layout)]
        values = (int(at_s), new, float(covered_s), _numbers(mean, columns))
        connection.execute("INSERT OR IGNORE INTO quarters VALUES (?, ?, ?, ?)", values)
    measured = connection.total_changes - before
    return f"{measured} intervals and {_sessions(copy, connection)} sessions of history"


def _layouts(copy: sqlite3.Connection, connection: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """For each layout of the copy the number that it has here, and how many columns it has."""
    found = {}
    for layout, text in copy.execute("SELECT id, columns FROM layouts"):
        names = json.loads(text)
        sound = isinstance(names, list) and len(names) <= MOST_COLUMNS and all(isinstance(name, str) for name in names)
        if not sound:
            raise BadCopy("The history in it has columns that make no sense.")
        connection.execute("INSERT OR IGNORE INTO layouts (columns) VALUES (?)", (text,))
        here = connection.execute("SELECT id FROM layouts WHERE columns = ?", (text,)).fetchone()
        found[int(layout)] = (int(here[0]), len(names))
    return found


def _numbers(blob: object, count: int) -> bytes:
    if not isinstance(blob, bytes) or len(blob) != count * _NUMBER_BYTES:
        raise BadCopy("The history in it has rows of the wrong length.")
    return blob


def _sessions(copy: sqlite3.Connection, connection: sqlite3.Connection) -> int:
    before = connection.total_changes
    for row in copy.execute(
        "SELECT id, connector, connector_name, started_at, ended_at, updated_at, energy_kwh, solar_kwh, peak_a, "
        "charging_s, vin_tail, cost FROM sessions WHERE ended_at IS NOT NULL"
    ):
        _check_session(row)
        connection.execute("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return connection.total_changes - before


#: Of each column of a session, in order; None may stand where there is nothing.
_KINDS: tuple[tuple[type, ...], ...] = (
    (int,),
    (str,),
    (str,),
    (int, float),
    (int, float),
    (int, float),
    (int, float),
    (int, float, type(None)),
    (int, float),
    (int, float),
    (str, type(None)),
    (int, float, type(None)),
)
#: 1990 to 2200, as everywhere in the API.
_EARLIEST_S, _LATEST_S = 631_152_000, 7_258_118_400


def _check_session(row: tuple[object, ...]) -> None:
    sound = all(isinstance(value, kinds) for value, kinds in zip(row, _KINDS, strict=True))
    times = [value for value in row[3:6] if isinstance(value, int | float)]
    if not sound or not all(_EARLIEST_S <= value <= _LATEST_S for value in times):
        raise BadCopy("The history in it has sessions that make no sense.")
