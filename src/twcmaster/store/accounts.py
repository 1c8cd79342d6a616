"""Users, tokens, browser logins and the audit log, in one SQLite file of their own: a backup never holds them.

All but the audit log is kept in memory as well, so that no request waits for a disk. What grants access (users, tokens)
is confirmed only when it is on disk. What merely notes (logins, uses, audit) goes on in memory when the disk fails:
whoever has the password can log in and look, even on a full disk.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path

from twcmaster.model.accounts import LOGIN_LASTS, AuditEntry, Login, Role, Scope, Token, User
from twcmaster.store.database import Database, DatabaseError, read_only

KEPT_AUDIT = 20_000
KEPT_AUDIT_IN_MEMORY = 500
#: Times of last use are for people: they may lag this much, for the sake of the SD card.
FLUSH_EVERY_S = 900.0
LAST_WRITE_S = 1.0

Work = Callable[[sqlite3.Connection], object]


class Accounts:
    """The accounts of one installation. `notice(level, text)` is told what people should know."""

    def __init__(self, path: Path, clock: Callable[[], datetime], notice: Callable[[str, str], None]) -> None:
        self._database = Database(path, files("twcmaster.store") / "accounts_migrations", clock)
        self._clock = clock
        self._notice = notice
        self._users: dict[str, User] = {}
        self._tokens: dict[str, Token] = {}
        self._logins: dict[str, Login] = {}
        self._used: set[str] = set()
        #: What could not be written; also the newest of what could.
        self._recent_audit: deque[AuditEntry] = deque(maxlen=KEPT_AUDIT_IN_MEMORY)
        self._failing = False

    async def load(self) -> None:
        """Read everything. Never fails: says what is wrong and goes on with what can be read."""
        try:
            self._take(await self._database.run(_load))
        except DatabaseError as error:
            self._notice("error", f"Users and tokens cannot be changed until this is mended: {error}")
            await self._load_read_only()
        for message in self._database.take_messages():
            self._notice("error", f"{message} Set a new password with the setup code")

    async def _run(self, work: Work) -> None:
        """Write something; into a file that was begun afresh, all else that is known, too. Raises DatabaseError."""
        failure: DatabaseError | None = None
        try:
            await self._database.run(work)
        except DatabaseError as error:
            failure = error
        begun_afresh = self._database.take_messages()
        for message in begun_afresh:
            self._notice("error", f"{message} Users and tokens go on: they are written into it")
        if begun_afresh:
            await self._database.run(lambda connection: self._put_everything(connection, work))
        elif failure is not None:
            raise failure

    def _put_everything(self, connection: sqlite3.Connection, work: Work) -> None:
        for user in self._users.values():
            _put_user(connection, user)
        _put_all(connection, list(self._tokens.values()), list(self._logins.values()))
        work(connection)

    async def _load_read_only(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._take(await loop.run_in_executor(None, read_only, self._database.path, _read))
        except DatabaseError as error:
            self._notice("error", f"Users and tokens cannot be read: {error}")

    def _take(self, found: tuple[list[User], list[Token], list[Login]]) -> None:
        users, tokens, logins = found
        now = self._clock()
        self._users = {user.name: user for user in users}
        self._tokens = {token.key_hash: token for token in tokens}
        self._logins = {login.key_hash: login for login in logins if login.expires_at > now}

    # ── lookups ──

    def users(self) -> Sequence[User]:
        return tuple(self._users.values())

    def tokens(self) -> Sequence[Token]:
        return tuple(self._tokens.values())

    def logins(self) -> Sequence[Login]:
        return tuple(self._logins.values())

    def token_by_hash(self, key_hash: str) -> Token | None:
        return self._tokens.get(key_hash)

    def login_by_hash(self, key_hash: str) -> Login | None:
        return self._logins.get(key_hash)

    # ── changes that are confirmed when they are on disk ──

    async def put_user(self, user: User) -> None:
        """Add or replace a user; a replaced one is logged out everywhere. Raises DatabaseError."""
        await self._run(lambda c: _put_user(c, user))
        self._users[user.name] = user
        self._forget_logins(user.name)

    async def remove_user(self, name: str) -> None:
        """Remove a user and its logins. Raises DatabaseError."""
        await self._run(lambda c: c.execute("DELETE FROM users WHERE name = ?", (name,)))
        self._users.pop(name, None)
        self._forget_logins(name)

    def _forget_logins(self, user: str) -> None:
        self._logins = {key: login for key, login in self._logins.items() if login.user != user}

    async def put_token(self, token: Token) -> None:
        """Add or replace a token. Raises DatabaseError."""
        await self._run(lambda c: _put_token(c, token))
        self._tokens[token.key_hash] = token

    async def remove_token(self, token_id: str) -> None:
        """Revoke a token: at once, and on disk. Raises DatabaseError."""
        self._tokens = {key: token for key, token in self._tokens.items() if token.id != token_id}
        await self._run(lambda c: c.execute("DELETE FROM tokens WHERE id = ?", (token_id,)))

    # ── changes that go on without a disk ──

    async def put_login(self, login: Login) -> None:
        """Add a login."""
        self._logins[login.key_hash] = login
        await self._try(lambda c: _put_login(c, login))

    async def remove_login(self, login_id: str) -> None:
        """End a login."""
        self._logins = {key: login for key, login in self._logins.items() if login.id != login_id}
        await self._try(lambda c: c.execute("DELETE FROM logins WHERE id = ?", (login_id,)))

    def used(self, key_hash: str, now: datetime) -> None:
        """Note a use; a login lasts longer by it."""
        token, login = self._tokens.get(key_hash), self._logins.get(key_hash)
        if token is not None:
            self._tokens[key_hash] = replace(token, last_used_at=now)
        if login is not None:
            self._logins[key_hash] = replace(login, last_used_at=now, expires_at=now + LOGIN_LASTS)
        self._used.add(key_hash)

    async def audit(self, entry: AuditEntry) -> None:
        """Keep who did what."""
        self._recent_audit.appendleft(entry)
        row = (_text(entry.at), entry.who, entry.what, entry.address)
        await self._try(lambda c: c.execute("INSERT INTO audit (at, who, what, address) VALUES (?, ?, ?, ?)", row))

    async def audit_log(self, skip: int, most: int) -> Sequence[AuditEntry]:
        """Who did what, newest first; from memory where the disk does not tell."""
        try:
            return await self._database.run(lambda c: _audit(c, skip, most))
        except DatabaseError:
            return tuple(islice(self._recent_audit, skip, skip + most))

    async def run(self) -> None:
        """Keep times of last use, once in a while, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self._flush()

    async def close(self) -> None:
        """Write what is left, and let go of the file."""
        try:
            async with asyncio.timeout(LAST_WRITE_S):
                await self._flush()
                await self._database.close()
        except TimeoutError:
            self._notice("warning", "The disk did not take the last times of use in time")

    async def _flush(self) -> None:
        used, self._used = self._used, set()
        tokens = [token for key in used if (token := self._tokens.get(key)) is not None]
        logins = [login for key in used if (login := self._logins.get(key)) is not None]
        if tokens or logins:
            await self._try(lambda c: _put_all(c, tokens, logins))

    async def _try(self, work: Work) -> None:
        try:
            await self._run(work)
        except DatabaseError as error:
            if not self._failing:
                self._notice("warning", f"Logins and the audit log are kept in memory only: {error}")
            self._failing = True
        else:
            self._failing = False


def _load(connection: sqlite3.Connection) -> tuple[list[User], list[Token], list[Login]]:
    connection.execute("DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?", (KEPT_AUDIT,))
    return _read(connection)


def _read(connection: sqlite3.Connection) -> tuple[list[User], list[Token], list[Login]]:
    users = connection.execute("SELECT name, role, password_hash, created_at FROM users")
    tokens = connection.execute(
        "SELECT id, label, scope, key_hash, created_at, created_by, expires_at, last_used_at FROM tokens"
    )
    logins = connection.execute(
        "SELECT id, user, key_hash, created_at, last_used_at, expires_at, address, agent FROM logins"
    )
    return (
        [User(name, Role(role), password, _time(at)) for name, role, password, at in users],
        [
            Token(id_, label, Scope(scope), key, _time(at), by, _maybe(expires), _maybe(used))
            for id_, label, scope, key, at, by, expires, used in tokens
        ],
        [
            Login(id_, user, key, _time(at), _time(used), _time(expires), address, agent)
            for id_, user, key, at, used, expires, address, agent in logins
        ],
    )


def _audit(connection: sqlite3.Connection, skip: int, most: int) -> tuple[AuditEntry, ...]:
    rows = connection.execute(
        "SELECT at, who, what, address FROM audit ORDER BY number DESC LIMIT ? OFFSET ?", (most, skip)
    )
    return tuple(AuditEntry(_time(at), who, what, address) for at, who, what, address in rows)


def _put_all(connection: sqlite3.Connection, tokens: Sequence[Token], logins: Sequence[Login]) -> None:
    for token in tokens:
        _put_token(connection, token)
    for login in logins:
        _put_login(connection, login)


def _put_user(connection: sqlite3.Connection, user: User) -> None:
    row = (user.name, user.role.value, user.password_hash, _text(user.created_at))
    # Replacing the row removes its logins, too: they refer to it.
    connection.execute("INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?)", row)


def _put_token(connection: sqlite3.Connection, token: Token) -> None:
    expires = None if token.expires_at is None else _text(token.expires_at)
    used = None if token.last_used_at is None else _text(token.last_used_at)
    row = (token.id, token.label, token.scope.value, token.key_hash, _text(token.created_at), token.created_by)
    connection.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, expires, used))


def _put_login(connection: sqlite3.Connection, login: Login) -> None:
    times = (_text(login.created_at), _text(login.last_used_at), _text(login.expires_at))
    row = (login.id, login.user, login.key_hash, *times, login.address, login.agent)
    connection.execute("INSERT OR REPLACE INTO logins VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _time(text)
