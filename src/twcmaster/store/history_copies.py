"""Copies of the history: a consistent one for a backup, and taking back what one holds.

A copy comes from people and may be anything: it is read as data of the expected shape and nothing else, in one
transaction, so that it is taken back as a whole or not at all. What is there already stays as it is.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from twcmaster.model.history import Step
from twcmaster.store.history_checks import BadCopy, check_numbers, check_row, check_session, check_tables, columns_of

_FINE_PER_MINUTE = Step.MINUTE // Step.FINE
#: Fifty years of quarters, and what is kept of the minutes.
MOST_ROWS = 2_000_000
#: Of a text or blob, in bytes; ten times what a row of ours has.
_LONGEST = 1 << 20
#: SQLite's own steps between two looks at whether it is to be given up.
_STEPS = 10_000
#: Clocks differ, and so do time zones that were set wrong; what lies further ahead comes from a clock that was wrong.
AHEAD_S = 86_400

#: Whether to stop, asked again and again.
GivenUp = Callable[[], bool]


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


@dataclass(slots=True)
class _Taken:
    """What has been looked at, and what was left out because it is from the future."""

    latest_s: float
    rows: int = 0
    ahead: int = 0

    def wanted(self, at_s: float) -> bool:
        """Count one that began at `at_s`; whether to take it. Raises BadCopy."""
        self.rows += 1
        if self.rows > MOST_ROWS:
            raise BadCopy("The history in it has more rows than any history of this program.")
        self.ahead += at_s > self.latest_s
        return at_s <= self.latest_s


def take_from(source: Path, now_s: float, given_up: GivenUp, connection: sqlite3.Connection) -> str:
    """Add what the copy has more; in words what that was. Raises BadCopy, also when `given_up` turns true."""
    try:
        with _opened(source, given_up) as copy:
            return _taken(copy, connection, _Taken(now_s + AHEAD_S))
    except (sqlite3.Error, ValueError, TypeError, RecursionError) as error:
        if isinstance(error, BadCopy):
            raise
        if given_up():
            raise BadCopy("Reading the history in it took too long.") from error
        raise BadCopy(f"The history in it cannot be read: {error}.") from error


@contextmanager
def _opened(source: Path, given_up: GivenUp) -> Iterator[sqlite3.Connection]:
    """The copy, such that nothing in it can run for ever, grow without limit or reach out."""
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as copy:
        copy.set_progress_handler(given_up, _STEPS)
        copy.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        copy.execute("PRAGMA trusted_schema = OFF")
        check_tables(copy, _TABLES)
        yield copy


def _taken(copy: sqlite3.Connection, connection: sqlite3.Connection, taken: _Taken) -> str:
    if copy.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise BadCopy("The history in it is damaged.")
    layouts = _layouts(copy, connection)
    before = connection.total_changes
    _minutes(copy, connection, layouts, taken)
    _quarters(copy, connection, layouts, taken)
    measured = connection.total_changes - before
    told = f"{measured} intervals and {_sessions(copy, connection, taken)} sessions of history"
    return f"{told} ({taken.ahead} from the future left out)" if taken.ahead else told


#: For each layout of a copy the number that it has here, and how many columns it has.
_Layouts = dict[int, tuple[int, int]]


def _layouts(copy: sqlite3.Connection, connection: sqlite3.Connection) -> _Layouts:
    found = {}
    for layout, text in copy.execute("SELECT id, columns FROM layouts"):
        names = columns_of(text)
        connection.execute("INSERT OR IGNORE INTO layouts (columns) VALUES (?)", (text,))
        here = connection.execute("SELECT id FROM layouts WHERE columns = ?", (text,)).fetchone()
        found[int(layout)] = (int(here[0]), len(names))
    return found


def _minutes(copy: sqlite3.Connection, connection: sqlite3.Connection, layouts: _Layouts, taken: _Taken) -> None:
    for at_s, layout, covered_s, mean, fine in copy.execute("SELECT at, layout, covered, mean, fine FROM minutes"):
        new, columns = layouts[int(layout)]
        check_row(at_s, covered_s, Step.MINUTE)
        check_numbers(mean, columns)
        if fine is not None:
            check_numbers(fine, columns * _FINE_PER_MINUTE)
        if taken.wanted(at_s):
            row = (at_s, new, covered_s, mean, fine)
            connection.execute("INSERT OR IGNORE INTO minutes VALUES (?, ?, ?, ?, ?)", row)


def _quarters(copy: sqlite3.Connection, connection: sqlite3.Connection, layouts: _Layouts, taken: _Taken) -> None:
    for at_s, layout, covered_s, mean in copy.execute("SELECT at, layout, covered, mean FROM quarters"):
        new, columns = layouts[int(layout)]
        check_row(at_s, covered_s, Step.QUARTER)
        check_numbers(mean, columns)
        if taken.wanted(at_s):
            connection.execute("INSERT OR IGNORE INTO quarters VALUES (?, ?, ?, ?)", (at_s, new, covered_s, mean))


def _sessions(copy: sqlite3.Connection, connection: sqlite3.Connection, taken: _Taken) -> int:
    before = connection.total_changes
    for row in copy.execute(
        "SELECT id, connector, connector_name, started_at, ended_at, updated_at, energy_kwh, solar_kwh, peak_a, "
        "charging_s, vin_tail, cost FROM sessions WHERE ended_at IS NOT NULL"
    ):
        check_session(row)
        if taken.wanted(row[3]):
            connection.execute("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    return connection.total_changes - before
