"""Users, tokens and logins: kept, revoked, and what goes on without a disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from twcmaster.model.accounts import LOGIN_LASTS, AuditEntry, Login, Role, Scope, Token, User
from twcmaster.store import accounts as accounts_module
from twcmaster.store.accounts import Accounts
from twcmaster.store.database import DatabaseError

NOW = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)
OWNER = User("owner", Role.OWNER, "scrypt$…", NOW)
GUEST = User("Kim", Role.GUEST, "scrypt$…", NOW)
TOKEN = Token("t1", "heat pump", Scope.STEER, "aa", NOW, "owner", NOW + timedelta(days=9))
LOGIN = Login("l1", "owner", "bb", NOW, NOW, NOW + LOGIN_LASTS, "192.168.1.20", "Browser")


class Told(list[tuple[str, str]]):
    def __call__(self, level: str, text: str) -> None:
        self.append((level, text))


def accounts(folder: Path, told: Told | None = None) -> Accounts:
    return Accounts(folder / "accounts.db", lambda: NOW, told if told is not None else Told())


async def test_what_is_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    kept = accounts(tmp_path)
    await kept.load()
    for change in (kept.put_user(OWNER), kept.put_user(GUEST), kept.put_token(TOKEN)):
        await change
    kept.put_login(LOGIN)
    kept.used("aa", NOW + timedelta(hours=1))
    kept.used("bb", NOW + timedelta(hours=1))
    kept.audit(AuditEntry(NOW, "owner", "did something", "192.168.1.20"))
    await kept.close()
    again = accounts(tmp_path)
    await again.load()
    assert sorted(user.name for user in again.users()) == ["Kim", "owner"]
    token, login = again.token_by_hash("aa"), again.login_by_hash("bb")
    assert token is not None
    assert login is not None
    assert token.last_used_at == NOW + timedelta(hours=1)
    assert login.expires_at == NOW + timedelta(hours=1) + LOGIN_LASTS, "use makes it last"
    assert [entry.what for entry in await again.audit_log(0, 9)] == ["did something"]
    await again.close()
    assert (tmp_path / "accounts.db").stat().st_mode & 0o077 == 0, "nobody else may read it"


@pytest.mark.parametrize("change", [lambda a: a.remove_user("owner"), lambda a: a.put_user(OWNER)])
async def test_a_user_who_goes_or_changes_is_logged_out(tmp_path: Path, change: Callable[[Accounts], Any]) -> None:
    kept = accounts(tmp_path)
    await kept.load()
    await kept.put_user(OWNER)
    kept.put_login(LOGIN)
    await change(kept)
    assert kept.login_by_hash("bb") is None
    await kept.close()
    again = accounts(tmp_path)
    await again.load()
    assert again.logins() == ()
    await again.close()


async def test_a_login_that_is_over_does_not_come_back(tmp_path: Path) -> None:
    kept = accounts(tmp_path)
    await kept.load()
    await kept.put_user(OWNER)
    kept.put_login(LOGIN)
    await kept.close()
    later = Accounts(tmp_path / "accounts.db", lambda: NOW + LOGIN_LASTS, Told())
    await later.load()
    assert later.logins() == ()
    await later.close()


async def test_revoked_is_revoked(tmp_path: Path) -> None:
    kept = accounts(tmp_path)
    await kept.load()
    await kept.put_token(TOKEN)
    await kept.remove_token("t1")
    assert kept.token_by_hash("aa") is None
    await kept.close()
    again = accounts(tmp_path)
    await again.load()
    assert again.tokens() == ()
    await again.close()


async def test_a_damaged_file_is_moved_aside_and_said(tmp_path: Path) -> None:
    (tmp_path / "accounts.db").write_bytes(b"no database at all" * 1000)
    told = Told()
    kept = accounts(tmp_path, told)
    await kept.load()
    assert kept.users() == ()
    assert "setup code" in told[0][1]
    assert list(tmp_path.glob("accounts.db.aside-*"))
    await kept.put_user(OWNER)
    await kept.close()


async def test_a_file_damaged_meanwhile_loses_nobody_and_brings_nobody_back(tmp_path: Path) -> None:
    told = Told()
    kept = accounts(tmp_path, told)
    await kept.load()
    for user in (OWNER, GUEST):
        await kept.put_user(user)
    await kept.put_token(TOKEN)
    with pytest.raises(DatabaseError):
        await kept._database.run(lambda connection: connection.execute("nonsense"))
    (tmp_path / "accounts.db").write_bytes(b"no database at all" * 1000)
    await kept.remove_user(GUEST.name)
    kept.put_login(LOGIN)
    assert [level for level, text in told if "aside-" in text] == ["error"]
    await kept.close()
    again = accounts(tmp_path)
    await again.load()
    assert [user.name for user in again.users()] == [OWNER.name]
    assert again.token_by_hash("aa") is not None
    assert again.login_by_hash("bb") is not None
    await again.close()


async def test_without_a_disk_access_is_not_granted_but_logins_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    kept = accounts(tmp_path, told)
    await kept.load()
    await kept.put_user(OWNER)

    monkeypatch.setattr(kept._database, "run", full)
    for change in (kept.put_user(GUEST), kept.put_token(TOKEN), kept.remove_user("owner")):
        with pytest.raises(DatabaseError):
            await change
    assert [user.name for user in kept.users()] == ["owner"]
    kept.put_login(LOGIN)
    assert kept.login_by_hash("bb") == LOGIN
    for number in range(3):
        kept.audit(AuditEntry(NOW, "owner", f"thing {number}"))
    assert [entry.what for entry in await kept.audit_log(1, 1)] == ["thing 1"]
    assert len(told) == 1, "said once"
    await kept.close()


async def full(_: object) -> None:
    raise DatabaseError("The disk is full: free some space.")


@pytest.mark.parametrize("again", ["asked for", "by itself"])
async def test_what_is_revoked_stays_so_when_the_disk_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    kept = accounts(tmp_path)
    await kept.load()
    await kept.put_user(OWNER)
    await kept.put_token(TOKEN)
    kept.put_login(LOGIN)
    await kept._flush()
    with monkeypatch.context() as patched:
        patched.setattr(kept._database, "run", full)
        for revoking in (kept.remove_token("t1"), kept.remove_login("l1")):
            with pytest.raises(DatabaseError):
                await revoking
        assert kept.token_by_hash("aa") is None
        assert kept.login_by_hash("bb") is None
        assert (len(kept.tokens()), len(kept.logins())) == (1, 1), "so that one can try again"
    if again == "asked for":
        await kept.remove_token("t1")
        await kept.remove_login("l1")
    else:
        await kept._flush()
    assert (kept.tokens(), kept.logins()) == ((), ())
    await kept.close()
    later = accounts(tmp_path)
    await later.load()
    assert (later.tokens(), later.logins()) == ((), ())
    await later.close()


async def test_what_is_noted_waits_for_no_disk_and_is_written_in_the_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts_module, "RETRY_S", 0.01)
    kept = accounts(tmp_path)
    await kept.load()
    await kept.put_user(OWNER)
    running = asyncio.ensure_future(kept.run())
    with monkeypatch.context() as patched:
        patched.setattr(kept._database, "run", full)
        kept.put_login(LOGIN)
        kept.audit(AuditEntry(NOW, "owner", "did something"))
        await asyncio.sleep(0.02)
    async with asyncio.timeout(10):
        while written(tmp_path) != (1, 1):  # noqa: ASYNC110 - the file tells nobody
            await asyncio.sleep(0.01)
    kept.log_out("bb")
    kept.audit(AuditEntry(NOW, "owner", "logged out"))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await kept.close()
    assert written(tmp_path) == (0, 2)


def written(folder: Path) -> tuple[int, int]:
    """Logins and entries of the audit log on disk."""
    with closing(sqlite3.connect(folder / "accounts.db")) as connection:
        logins, audit = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("logins", "audit")
        )
    return logins, audit


async def test_no_key_or_password_stands_in_the_file(tmp_path: Path) -> None:
    kept = accounts(tmp_path)
    await kept.load()
    await kept.put_user(OWNER)
    await kept.put_token(TOKEN)
    await kept.close()
    with sqlite3.connect(tmp_path / "accounts.db") as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(tokens)")]
    connection.close()
    assert "key_hash" in columns
    assert "key" not in columns
    assert (tmp_path / "accounts.db").stat().st_size > 0
