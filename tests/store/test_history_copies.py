"""Copies of the history that somebody has made up: nothing in them runs, nothing senseless comes in."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.control.small_world import NOON
from twcmaster.store import history as history_module
from twcmaster.store import history_copies
from twcmaster.store.database import DatabaseError
from twcmaster.store.history import History
from twcmaster.store.history_checks import BadCopy

NOON_S = int(NOON.timestamp())
LATER_S = NOON_S + 10 * 365 * 86_400 // 900 * 900
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
VIEW = f"CREATE VIEW minutes AS {ENDLESS} SELECT x AS at, 1 AS layout, 1.0 AS covered, x'' AS mean, x'' AS fine FROM c"
LARGE = "CREATE TABLE quarters (at, layout, covered, mean AS (zeroblob(100000000)))"
A_THOUSAND, INFINITE = "x'00007a44'", "x'0000807f'"


def session(id_: int = 5, at: int = NOON_S, charging_s: str = "60", cost: str = "NULL") -> str:
    return (
        f"INSERT INTO sessions VALUES ({id_}, 'k', 'n', {at}, {at}, {at}, 1.0, NULL, 6.0, {charging_s}, NULL, {cost})"
    )


def minute(at: int = NOON_S, covered: str = "60", mean: str = A_THOUSAND) -> str:
    return f"INSERT INTO minutes VALUES ({at}, 9, {covered}, {mean}, NULL)"


def quarter(at: int = NOON_S, covered: str = "900", mean: str = A_THOUSAND) -> str:
    return f"INSERT INTO quarters VALUES ({at}, 9, {covered}, {mean})"


async def begun(folder: Path) -> History:
    history = History(folder / "history.db", lambda: NOON, lambda *_: None)
    await history.load(0.0)
    return history


@pytest.fixture
async def history(tmp_path: Path) -> AsyncIterator[History]:
    history = await begun(tmp_path)
    yield history
    await history.close()


async def changed_copy(history: History, folder: Path, *statements: str) -> Path:
    copy = folder / "copy.db"
    await history.copy_to(copy)
    with closing(sqlite3.connect(copy)) as connection:
        for statement in ("INSERT INTO layouts VALUES (9, '[\"cars_w\"]')", *statements):
            connection.execute(statement)
        connection.commit()
    return copy


def rows_of(connection: sqlite3.Connection) -> list[int]:
    tables = ("layouts", "minutes", "quarters", "sessions")
    return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


@pytest.mark.parametrize(
    "words,statements",
    [
        ("which no history has", ["DROP TABLE minutes", VIEW]),
        ("no history of this program", ["DROP TABLE sessions"]),
        ("which no history has", ["CREATE TRIGGER t AFTER INSERT ON minutes BEGIN SELECT 1; END"]),
        ("which no history has", ["CREATE VIRTUAL TABLE v USING fts5(x)"]),
        ("cannot be read", ["DROP TABLE quarters", LARGE, f"INSERT INTO quarters VALUES ({NOON_S}, 9, 1)"]),
        ("sessions that make no sense", [session(charging_s="9e999")]),
        ("sessions that make no sense", [session(charging_s="-1")]),
        ("sessions that make no sense", [session(cost="-9e999")]),
        ("sessions that make no sense", [session(at=5)]),
        ("intervals that make no sense", [minute(covered="9e999")]),
        ("intervals that make no sense", [minute(covered="61")]),
        ("intervals that make no sense", [quarter(at=NOON_S + 60)]),
        ("intervals that make no sense", [quarter(at=0)]),
        ("numbers that make no sense", [quarter(mean=INFINITE)]),
        ("wrong length", [minute(mean="x'00'")]),
        ("cannot be read", ["UPDATE layouts SET columns = '[\"\\ud800\"]'"]),
        ("columns that make no sense", ['UPDATE layouts SET columns = \'["a", "a"]\'']),
        ("columns that make no sense", ["UPDATE layouts SET columns = x'5b5d'"]),
    ],
)
async def test_a_made_up_copy_changes_nothing(
    history: History, tmp_path: Path, words: str, statements: list[str]
) -> None:
    copy = await changed_copy(history, tmp_path, *statements)
    with pytest.raises(BadCopy, match=words):
        await history.take_from(copy)
    assert await history._database.run(rows_of) == [0, 0, 0, 0]


async def test_what_is_sound_is_taken_but_nothing_from_the_future(history: History, tmp_path: Path) -> None:
    ahead = (session(6, LATER_S), quarter(LATER_S), minute(LATER_S))
    copy = await changed_copy(history, tmp_path, session(), quarter(), *ahead)
    assert await history.take_from(copy) == "1 intervals and 1 sessions of history (3 from the future left out)"
    assert await history._database.run(rows_of) == [1, 0, 1, 1]


async def test_more_rows_than_a_history_can_have(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_copies, "MOST_ROWS", 3)
    copy = await changed_copy(history, tmp_path, *(minute(NOON_S - 60 * number) for number in range(4)))
    with pytest.raises(BadCopy, match="more rows"):
        await history.take_from(copy)


def endless(connection: sqlite3.Connection, *_: object) -> None:
    connection.execute(f"{ENDLESS} SELECT count(*) FROM c").fetchone()


async def test_reading_a_copy_ends_when_it_takes_too_long(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = await changed_copy(history, tmp_path)
    monkeypatch.setattr(history_module, "LONGEST_TAKING_S", 0.0)
    monkeypatch.setattr(history_copies, "check_tables", endless)
    with pytest.raises(BadCopy, match="too long"):
        await history.take_from(copy)


async def test_the_end_of_the_program_waits_for_no_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = await begun(tmp_path)
    copy = await changed_copy(history, tmp_path)
    monkeypatch.setattr(history_copies, "check_tables", endless)
    taking = asyncio.ensure_future(history.take_from(copy))
    await asyncio.sleep(0)
    await history.close()
    with pytest.raises(BadCopy, match="too long"):
        await taking


async def test_the_end_of_the_program_waits_for_no_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "LAST_WRITE_S", 0.05)
    history = await begun(tmp_path)
    asking = asyncio.ensure_future(history._database.run(endless))
    await asyncio.sleep(0)
    await history.close()
    with pytest.raises(DatabaseError, match="interrupted"):
        await asking
