"""Wishes on disk: what is confirmed stays, whatever happens to the process, the file or the disk."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from tests.store.writer import document
from twcmaster.model.commands import Change
from twcmaster.model.settings import Settings
from twcmaster.store import database
from twcmaster.store.database import DatabaseError
from twcmaster.store.settings_store import SettingsStore, WishesInMemory

AT = datetime(2026, 6, 21, 12, 30, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "settings.db"


@asynccontextmanager
async def opened(path: Path, told: list[str] | None = None) -> AsyncIterator[SettingsStore]:
    """A store; unless messages are expected in `told`, there must not be any."""
    messages: list[str] = []
    store = SettingsStore(path, lambda: AT, lambda level, text: (messages if told is None else told).append(text))
    yield store
    await store.close()
    assert messages == []


def change(version: int) -> Change:
    return Change(AT, "owner", f"to {version}", version)


async def keep(path: Path, *versions: int) -> None:
    async with opened(path) as store:
        for version in versions:
            await store.save(document(version), change(version))


async def kept(path: Path) -> tuple[Settings | None, list[int]]:
    """The document, and the versions in the log, oldest first."""
    async with opened(path) as store:
        newest = await store.load()
        return newest, [entry.version for entry in reversed(await store.changes(1_000_000))]


async def test_a_new_installation_has_no_settings(path: Path) -> None:
    assert await kept(path) == (None, [])


async def test_settings_and_changes_come_back(path: Path) -> None:
    await keep(path, 1, 2, 3)
    async with opened(path) as store:
        assert await store.load() == document(3)
        assert await store.changes(2) == (change(3), change(2))


async def test_progress_is_kept_without_an_entry_in_the_log(path: Path) -> None:
    await keep(path, 1)
    async with opened(path) as store:
        await store.save(document(2), None)
    assert await kept(path) == (document(2), [1])


async def test_nobody_else_can_read_the_files(path: Path) -> None:
    async with opened(path) as store:
        await store.save(document(1), change(1))
        files = list(path.parent.iterdir())
        assert len(files) == 3
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_document_and_its_entry_are_one_step(path: Path) -> None:
    await keep(path, 1)
    async with opened(path) as store:
        broken = Change(AT, None, "nobody", 2)  # type: ignore[arg-type]
        with pytest.raises(DatabaseError):
            await store.save(document(2), broken)
        assert await store.load() == document(1)
        await store.save(document(2), change(2))
    assert await kept(path) == (document(2), [1, 2])


async def test_old_changes_go_in_the_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twcmaster.store.settings_store.KEPT_CHANGES", 3)
    await keep(path, 1, 2, 3, 4, 5)
    assert await kept(path) == (document(5), [3, 4, 5])


async def test_in_memory_nothing_is_kept_but_the_log() -> None:
    store = WishesInMemory()
    for version in (1, 2, 3):
        await store.save(document(version), change(version))
    assert await store.load() is None
    assert await store.changes(2) == (change(3), change(2))


# ── the process dies ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def zygote(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        yield process
        process.kill()


def killed_while_writing(zygote: subprocess.Popen[bytes], after: int, spin: int) -> int:
    """The last confirmed version of a writer that was killed a moment after its `after`-th confirmation."""
    assert zygote.stdin is not None
    assert zygote.stdout is not None
    zygote.stdin.write(b"go\n")
    pid, confirmed = 0, list[int]()
    for raw in zygote.stdout:
        line = raw.decode().strip()
        if line == "gone":
            return max(confirmed)
        if line.startswith("pid"):
            pid = int(line.split()[1])
        else:
            confirmed.append(int(line))
        if pid and len(confirmed) == after:
            sum(range(spin))
            os.kill(pid, signal.SIGKILL)
    raise AssertionError("the writer's parent has gone")


@pytest.mark.smoke
async def test_kill_9_loses_nothing_that_was_confirmed(path: Path, zygote: subprocess.Popen[bytes]) -> None:
    dice = random.Random(9)
    for _ in range(40):
        confirmed = killed_while_writing(zygote, dice.randrange(1, 6), dice.randrange(60_000))
        newest, versions = await kept(path)
        assert newest is not None
        assert newest.version in (confirmed, confirmed + 1)
        assert newest == document(newest.version)
        assert versions == list(range(1, newest.version + 1))


@pytest.mark.parametrize("seed", range(60))
async def test_a_torn_write_ahead_log_leaves_a_whole_older_state(path: Path, tmp_path: Path, seed: int) -> None:
    dice, torn = random.Random(seed), tmp_path / "torn" / path.name
    async with opened(path) as store:
        for version in range(1, 9):
            await store.save(document(version), change(version))
        shutil.copytree(path.parent, torn.parent)
    log = torn.with_name(torn.name + "-wal")
    whole = log.read_bytes()
    if seed % 2:
        log.write_bytes(whole[: dice.randrange(len(whole))])
    else:
        at = dice.randrange(len(whole))
        log.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    torn.with_name(torn.name + "-shm").unlink()
    newest, versions = await kept(torn)
    last = 0 if newest is None else newest.version
    assert newest == (document(last) if last else None)
    assert versions == list(range(1, last + 1))
    await keep(torn, last + 1)
    assert (await kept(torn))[0] == document(last + 1)


# ── the file is damaged, or from somewhere else ──────────────────────────────────────────────────────────────────────


def _nonsense(path: Path) -> None:
    path.write_bytes(b"once upon a time " * 1000)


def _scribbled(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    for at in range(4096, len(raw), 100):
        raw[at] ^= 0xFF
    path.write_bytes(raw)


def _newer(path: Path) -> None:
    _execute(path, "PRAGMA user_version = 99")


def _bad_document(path: Path) -> None:
    _execute(path, 'UPDATE settings SET document = \'{"format": 1, "scopes": 3}\'')


def _newer_document(path: Path) -> None:
    _execute(path, "UPDATE settings SET document = '{\"format\": 9}'")


def _no_json(path: Path) -> None:
    _execute(path, "UPDATE settings SET document = '{'")


def _execute(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "harm, says",
    [
        (_nonsense, "is damaged (file is not a database)"),
        (_scribbled, "is damaged ("),
        (_newer, "was written by a newer version of this program"),
        (_bad_document, "holds settings that cannot be read (scopes: "),
        (_newer_document, "written by a newer version of the program (format 9"),
        (_no_json, "holds settings that cannot be read ("),
    ],
)
async def test_what_cannot_be_read_is_moved_aside_and_begun_afresh(path: Path, harm: object, says: str) -> None:
    await keep(path, *range(1, 40))
    harm(path)  # type: ignore[operator]
    before, told = path.read_bytes(), list[str]()
    async with opened(path, told) as store:
        assert await store.load() is None
        (message,) = told
        assert says in message
        assert message.endswith("It is kept as settings.db.aside-20260621-123000, and a new one is begun.")
        await store.save(document(1), change(1))
    assert path.with_name("settings.db.aside-20260621-123000").read_bytes() == before
    assert await kept(path) == (document(1), [1])


async def test_damage_that_comes_while_running_costs_the_log_and_not_the_settings(path: Path) -> None:
    told: list[str] = []
    async with opened(path, told) as store:
        await store.save(document(1), change(1))
        with pytest.raises(DatabaseError):
            await store.save(document(2), Change(AT, None, "a failure closes the file", 2))  # type: ignore[arg-type]
        _nonsense(path)
        await store.save(document(2), change(2))
    assert "is damaged" in told[0]
    assert await kept(path) == (document(2), [2])


# ── the disk ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def _saved_until_it_fails(store: SettingsStore) -> tuple[int, str]:
    """The last version that was confirmed, and what was said of the next."""
    for version in range(2, 1000):
        try:
            await store.save(document(version), Change(AT, "owner", "x" * 2000, version))
        except DatabaseError as error:
            return version - 1, str(error)
    raise AssertionError("it never failed")


async def test_a_full_disk_is_told_and_nothing_is_confirmed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await keep(path, 1)
    real = database._prepare

    def on_a_small_disk(connection: sqlite3.Connection, migrations: Traversable) -> None:
        real(connection, migrations)
        connection.execute("PRAGMA max_page_count = 20")

    with monkeypatch.context() as patched:
        patched.setattr(database, "_prepare", on_a_small_disk)
        async with opened(path) as store:
            last, said = await _saved_until_it_fails(store)
            assert said == f"{path}: database or disk is full. The disk is full: free some space."
            assert await store.load() == document(last)
    assert (await kept(path))[1] == list(range(1, last + 1))
    await keep(path, 5000)
    assert (await kept(path))[0] == document(5000)


async def test_a_read_only_folder_is_told_and_the_wishes_hold(path: Path) -> None:
    await keep(path, 1)
    path.chmod(0o400)
    path.parent.chmod(0o500)
    told: list[str] = []
    if os.access(path, os.W_OK):
        pytest.skip("root may write everywhere")
    try:
        async with opened(path, told) as store:
            assert await store.load() == document(1)
            with pytest.raises(DatabaseError, match=r"permissions|write there"):
                await store.save(document(2), change(2))
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)
    assert "Settings cannot be changed until this is mended" in told[0]
    assert await kept(path) == (document(1), [1])


async def test_a_disk_that_went_read_only_is_told_and_the_wishes_hold(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(path, 1)
    told: list[str] = []

    def no_writing(*arguments: object) -> None:
        raise OSError(30, "Read-only file system")

    async with opened(path, told) as store:
        with monkeypatch.context() as patched:
            patched.setattr(database, "_open", no_writing)
            assert await store.load() == document(1)
            with pytest.raises(DatabaseError, match="Read-only file system"):
                await store.save(document(2), change(2))
        # Mended: the next change is confirmed again, without a restart.
        await store.save(document(2), change(2))
    assert len(told) == 1
    assert await kept(path) == (document(2), [1, 2])


async def test_a_folder_that_cannot_be_made_is_told_and_charging_goes_on(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    told: list[str] = []
    async with opened(tmp_path / "state" / "settings.db", told) as store:
        assert await store.load() is None
        with pytest.raises(DatabaseError, match="Check that its folder exists"):
            await store.save(document(1), change(1))
    assert "Settings cannot be changed until this is mended" in told[0]
    assert "so the mode of the config file holds" in told[1]


async def test_somebody_else_has_it_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.01)
    await keep(path, 1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with opened(path) as store:
        with pytest.raises(DatabaseError, match="Another program has it open"):
            await store.save(document(2), change(2))
        other.execute("ROLLBACK")
        other.close()
        await store.save(document(2), change(2))
    assert await kept(path) == (document(2), [1, 2])
