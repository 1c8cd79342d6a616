"""Disks that are full, read-only or damaged, at the start and in the middle of it: said, charging goes on, mended."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.serving.running import House, Kept, keeping, running
from twcmaster.model.accounts import AuditEntry, Login, Role, Scope, Token, User
from twcmaster.model.commands import SetMode
from twcmaster.model.settings import SITE, Mode
from twcmaster.sim.clock import run_virtual
from twcmaster.store import database
from twcmaster.store.database import DatabaseError

NOW = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
TOKEN = Token("t1", "heat pump", Scope.READ, "aa", NOW, "owner", None)
OWNER = User("owner", Role.OWNER, "scrypt$…", NOW)
LOGIN = Login("l1", "owner", "bb", NOW, NOW, datetime(2027, 1, 1, tzinfo=UTC), "10.0.0.2", "Browser")
FILES = ("settings.db", "history.db", "accounts.db")


class Full(sqlite3.Connection):
    """A connection to a disk on which nothing more fits."""

    def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorname = "SQLITE_FULL"
            raise error
        return super().execute(sql, *more)


def full(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Full))


def read_only(patched: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    patched.setattr(database, "_open", refused)


Trouble = Callable[[pytest.MonkeyPatch], None]
REMEDIES: dict[Trouble, str] = {full: "The disk is full: free some space", read_only: "Read-only file system"}


def databases(house: House, kept: Kept) -> list[database.Database]:
    keeper = house.graphs[-1].wishes._keeper
    return [keeper._database, kept.stores.history._database, kept.stores.accounts._database]  # type: ignore[attr-defined]


async def closed(house: House, kept: Kept) -> None:
    """Something goes wrong with each file, so that the next attempt opens it anew."""
    for kind in databases(house, kept):
        with pytest.raises(DatabaseError):
            await kind.run(lambda connection: connection.execute("nonsense"))


async def nothing_is_kept(house: House, kept: Kept, remedy: str) -> None:
    """What must be safe is refused with the remedy, the rest goes on in memory, the car charges."""
    with pytest.raises(OSError, match=remedy):
        await kept.facade.wishes.command(SetMode(Mode.FIXED, SITE, 10.0), "owner")
    with pytest.raises(DatabaseError, match=remedy):
        await kept.facade.accounts.put_token(TOKEN)
    kept.facade.accounts.put_login(LOGIN)
    kept.facade.accounts.audit(AuditEntry(NOW, "owner", "looked at it", "10.0.0.2"))
    await asyncio.sleep(180)
    assert house.drawn_a() > 19
    assert house.told("error", "The history is not being kept") == 1
    assert house.told("error", "Charging goes on") == 1
    assert house.told("warning", "kept in memory only") == 1
    assert not kept.facade.history.health.ok
    assert remedy in (kept.facade.history.health.problem or "")
    assert kept.facade.accounts.login_by_hash("bb") == LOGIN
    assert (await kept.facade.accounts.audit_log(0, 1))[0].what == "looked at it"


async def all_is_kept_again(house: House, kept: Kept, least_kwh: float) -> None:
    await kept.facade.wishes.command(SetMode(Mode.FIXED, SITE, 10.0), "owner")
    await kept.facade.accounts.put_token(TOKEN)
    await asyncio.sleep(130)
    assert 9 < house.drawn_a() < 10.1
    assert kept.facade.history.health.ok
    assert house.told("info", "being kept again") <= 1
    charged_kwh = (await kept.facade.history.energy([house.clock().replace(hour=0), house.clock()]))[0].charged_kwh
    assert charged_kwh is not None
    assert charged_kwh > least_kwh, "what flowed meanwhile is in it"


@pytest.mark.parametrize("trouble", [full, read_only])
def test_a_disk_that_fails_in_the_middle_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Trouble
) -> None:
    async def main() -> None:
        async with running(tmp_path) as house, keeping(house) as kept:
            await kept.facade.accounts.put_user(OWNER)
            await house.charging()
            await closed(house, kept)
            with monkeypatch.context() as patched:
                trouble(patched)
                await nothing_is_kept(house, kept, REMEDIES[trouble])
            await all_is_kept_again(house, kept, least_kwh=0.25)

    run_virtual(main())


@pytest.mark.parametrize("trouble", [full, read_only])
def test_a_disk_that_fails_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Trouble) -> None:
    async def main() -> None:
        with monkeypatch.context() as patched:
            trouble(patched)
            async with running(tmp_path) as house, keeping(house) as kept:
                await house.charging()
                await nothing_is_kept(house, kept, REMEDIES[trouble])
                assert house.told("error", "Settings cannot be changed until this is mended") == 1
                assert house.told("error", "Users and tokens cannot be changed until this is mended") == 1

    run_virtual(main())


def test_damaged_files_are_moved_aside_at_the_start(tmp_path: Path) -> None:
    async def main() -> None:
        (tmp_path / "state").mkdir()
        for name in FILES:
            (tmp_path / "state" / name).write_bytes(b"once upon a time " * 1000)
        async with running(tmp_path) as house, keeping(house) as kept:
            await house.charging()
            await all_is_kept_again(house, kept, least_kwh=0.06)
            aside_is_told(house)
            assert house.told("error", "Set a new password with the setup code") == 1

    run_virtual(main())


def test_files_damaged_in_the_middle_of_it_are_moved_aside(tmp_path: Path) -> None:
    async def main() -> None:
        async with running(tmp_path) as house, keeping(house) as kept:
            await kept.facade.accounts.put_user(OWNER)
            await house.charging()
            await closed(house, kept)
            for name in FILES:
                (tmp_path / "state" / name).write_bytes(b"once upon a time " * 1000)
            await all_is_kept_again(house, kept, least_kwh=0.06)
            aside_is_told(house)
            assert kept.facade.accounts.users() == (OWNER,), "who is known stays known until the restart"

    run_virtual(main())


def aside_is_told(house: House) -> None:
    for name in FILES:
        (aside,) = (house.site.state_dir).glob(f"{name}.aside-*")
        assert aside.read_bytes().startswith(b"once upon")
        assert house.told("error", f"It is kept as {aside.name}") == 1
