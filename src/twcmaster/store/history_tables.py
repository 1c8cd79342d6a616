"""The history's SQL: minutes, quarters, sessions. Every function is given the connection and runs on its thread."""

from __future__ import annotations

import json
import sqlite3
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isnan, nan

from twcmaster.model.history import ChargeSession, Step
from twcmaster.store.history_samples import Minute

FINE_KEPT_S = 3 * 86400
MINUTES_KEPT_S = 90 * 86400


@dataclass(frozen=True, slots=True)
class Row:
    """Means of one interval. NaN: not known."""

    at_s: int
    columns: Sequence[str]
    covered_s: float
    mean: Sequence[float]


def put_minute(connection: sqlite3.Connection, minute: Minute) -> None:
    """Keep a finished minute; with the first one of a quarter, the quarter before."""
    _write_minute(connection, minute)
    if minute.at_s % Step.QUARTER < Step.MINUTE:
        roll_up(connection, minute.at_s)


def _write_minute(connection: sqlite3.Connection, minute: Minute) -> None:
    layout = _layout(connection, minute.columns)
    values = (minute.at_s, layout, minute.covered_s, _blob(minute.mean), _blob(minute.fine))
    # A clock that goes back writes a minute twice: the better seen one stays.
    connection.execute(
        "INSERT INTO minutes VALUES (?, ?, ?, ?, ?) ON CONFLICT (at) DO UPDATE SET layout = excluded.layout, "
        "covered = excluded.covered, mean = excluded.mean, fine = excluded.fine WHERE excluded.covered >= covered",
        values,
    )


def _layout(connection: sqlite3.Connection, columns: Sequence[str]) -> int:
    names = json.dumps(list(columns), ensure_ascii=False, separators=(",", ":"))
    found = connection.execute("SELECT id FROM layouts WHERE columns = ?", (names,)).fetchone()
    if found is not None:
        return int(found[0])
    return connection.execute("INSERT INTO layouts (columns) VALUES (?)", (names,)).lastrowid or 0


def roll_up(connection: sqlite3.Connection, until_s: int) -> None:
    """Make the quarters that were over at `until_s` from their minutes.

    The last one is made again: a clock that was ahead for a moment has made it before it was over.
    """
    last = _last_quarter(connection, until_s)
    after_s = -1 if last is None else last - 1
    while True:
        found = connection.execute("SELECT min(at) FROM minutes WHERE at > ?", (after_s,)).fetchone()[0]
        if found is None:
            return
        at_s = found // Step.QUARTER * Step.QUARTER
        if at_s + Step.QUARTER > until_s:
            return
        _write_quarter(connection, at_s)
        after_s = at_s + Step.QUARTER - 1


def _write_quarter(connection: sqlite3.Connection, at_s: int) -> None:
    sums: dict[str, tuple[float, float]] = {}
    covered_s = 0.0
    for row in minutes(connection, at_s, at_s + Step.QUARTER):
        covered_s += row.covered_s
        for name, value in zip(row.columns, row.mean, strict=True):
            if not isnan(value):
                value_s, weight_s = sums.get(name, (0.0, 0.0))
                sums[name] = (value_s + value * row.covered_s, weight_s + row.covered_s)
    mean = array("f", (value_s / weight_s if weight_s else nan for value_s, weight_s in sums.values()))
    values = (at_s, _layout(connection, tuple(sums)), covered_s, _blob(mean))
    # Some of its minutes may be gone by now: what knew more of it stays.
    connection.execute(
        "INSERT INTO quarters VALUES (?, ?, ?, ?) ON CONFLICT (at) DO UPDATE SET layout = excluded.layout, "
        "covered = excluded.covered, mean = excluded.mean WHERE excluded.covered > covered",
        values,
    )


def _last_quarter(connection: sqlite3.Connection, now_s: int) -> int | None:
    """The newest one that was over at `now_s`. Others are from a clock that was ahead, maybe by years."""
    query = "SELECT max(at) FROM quarters WHERE at <= ?"
    found: int | None = connection.execute(query, (now_s - Step.QUARTER,)).fetchone()[0]
    return found


def forget(connection: sqlite3.Connection, now_s: int) -> None:
    """Let go of what is too old to be kept so finely."""
    roll_up(connection, now_s)
    connection.execute("UPDATE minutes SET fine = NULL WHERE at < ? AND fine IS NOT NULL", (now_s - FINE_KEPT_S,))
    connection.execute("DELETE FROM minutes WHERE at < ?", (now_s - MINUTES_KEPT_S,))


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def fine(connection: sqlite3.Connection, start_s: int, end_s: int) -> Iterator[Row]:
    """Ten-second intervals. Minutes whose ten seconds are gone are left out."""
    layouts = _layouts(connection)
    rows = connection.execute(
        "SELECT at, layout, covered, fine FROM minutes WHERE at > ? AND at < ? AND fine IS NOT NULL ORDER BY at",
        (start_s - Step.MINUTE, end_s),
    )
    per_minute = Step.MINUTE // Step.FINE
    for at_s, layout, covered_s, blob in rows:
        numbers = _numbers(blob)
        for slot in range(per_minute):
            yield Row(at_s + slot * Step.FINE, layouts[layout], covered_s / per_minute, numbers[slot::per_minute])


def minutes(connection: sqlite3.Connection, start_s: int, end_s: int) -> Iterator[Row]:
    """One-minute intervals."""
    return _rows(
        connection, "SELECT at, layout, covered, mean FROM minutes WHERE at >= ? AND at < ? ORDER BY at", start_s, end_s
    )


def quarters(connection: sqlite3.Connection, start_s: int, end_s: int, now_s: int) -> Iterator[Row]:
    """Quarters of an hour that were over at `now_s`, and the minutes since."""
    last = _last_quarter(connection, now_s)
    since_s = 0 if last is None else last + Step.QUARTER
    yield from _rows(
        connection,
        "SELECT at, layout, covered, mean FROM quarters WHERE at >= ? AND at < ? ORDER BY at",
        start_s,
        min(end_s, since_s),
    )
    yield from minutes(connection, max(start_s, since_s), end_s)


def _rows(connection: sqlite3.Connection, query: str, start_s: int, end_s: int) -> Iterator[Row]:
    layouts = _layouts(connection)
    for at_s, layout, covered_s, blob in connection.execute(query, (start_s, end_s)):
        yield Row(at_s, layouts[layout], covered_s, _numbers(blob))


def _layouts(connection: sqlite3.Connection) -> Mapping[int, Sequence[str]]:
    return {layout: tuple(json.loads(names)) for layout, names in connection.execute("SELECT id, columns FROM layouts")}


def _blob(numbers: array[float]) -> bytes:
    return _little(array("f", numbers)).tobytes()


def _numbers(blob: bytes) -> array[float]:
    numbers = array("f")
    numbers.frombytes(blob)
    return _little(numbers)


def _little(numbers: array[float]) -> array[float]:
    """To or from the byte order of the file."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────

_SESSION = (
    "SELECT id, connector, connector_name, started_at, ended_at, energy_kwh, solar_kwh, peak_a, vin_tail, cost, "
    "charging_s FROM sessions"
)


def put_session(connection: sqlite3.Connection, session: ChargeSession, updated_s: float | None = None) -> None:
    """Add a session, or bring it up to date."""
    ended_s = None if session.ended_at is None else session.ended_at.timestamp()
    started_s = session.started_at.timestamp()
    last_s = updated_s or ended_s or started_s
    row = (session.id, session.connector, session.connector_name, started_s, ended_s, last_s)
    more = (session.energy_kwh, session.solar_kwh, session.peak_a, session.charging_s, session.vin_tail, session.cost)
    connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, *more))


def drop_session(connection: sqlite3.Connection, session_id: int) -> None:
    """Remove a session."""
    connection.execute("DELETE FROM sessions WHERE id = ?", (session_id,))


def sessions(
    connection: sqlite3.Connection, start_s: float, end_s: float, before_id: int | None, most: int
) -> list[ChargeSession]:
    """Sessions that began in a time, newest first."""
    rows = connection.execute(
        f"{_SESSION} WHERE started_at >= ? AND started_at < ? AND id < ? ORDER BY id DESC LIMIT ?",
        (start_s, end_s, before_id or 2**62, most),
    )
    return [_session(row) for row in rows]


def open_sessions(connection: sqlite3.Connection) -> list[tuple[ChargeSession, float]]:
    """Sessions without an end, and when each was last brought up to date."""
    rows = connection.execute(_SESSION.replace(" FROM", ", updated_at FROM") + " WHERE ended_at IS NULL")
    return [(_session(row[:-1]), row[-1]) for row in rows.fetchall()]


def _session(row: Sequence[float | str | None]) -> ChargeSession:
    id_, key, name, started_s, ended_s, kwh, solar_kwh, peak_a, vin_tail, cost, charging_s = row
    return ChargeSession(
        int(_number(id_)),
        str(key),
        str(name),
        datetime.fromtimestamp(_number(started_s), UTC),
        None if ended_s is None else datetime.fromtimestamp(_number(ended_s), UTC),
        _number(kwh),
        None if solar_kwh is None else _number(solar_kwh),
        _number(peak_a),
        None if vin_tail is None else str(vin_tail),
        None if cost is None else _number(cost),
        _number(charging_s),
    )


def _number(value: float | str | None) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
