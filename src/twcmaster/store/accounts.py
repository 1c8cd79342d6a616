"""Users, tokens, browser logins and the audit log, in one SQLite file of their own: a backup never holds them.

All but the audit log is kept in memory as well, so that no request waits for a disk. What grants access (users, tokens)
is confirmed only when it is on disk. What merely notes (logins, uses, audit) is written in the background, again and
again when the disk fails: whoever has the password can log in and look, even on a full disk, and no command waits.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from importlib.resources import files
from itertools import islice
from pathlib import Path

from twcmaster.model.accounts import LOGIN_LASTS, AuditEntry, Login, Token, User
from twcmaster.store import accounts_tables as tables
from twcmaster.store.database import Database, DatabaseError, read_only

KEPT_AUDIT_IN_MEMORY = 500
#: Times of last use are for people: they may lag this much, for the sake of the SD card.
FLUSH_EVERY_S = 900.0
#: What the disk did not take is tried again after this long.
RETRY_S = 60.0
LAST_WRITE_S = 1.0

Work = Callable[[sqlite3.Connection], object]


@dataclass(frozen=True, slots=True)
class _Notes:
    """What one transaction writes."""

    tokens: Sequence[Token]
    logins: Sequence[Login]
    ended: Collection[str]
    audit: Sequence[AuditEntry]


class Accounts:
    """The accounts of one installation. `notice(level, text)` is told what people should know."""

    def __init__(self, path: Path, clock: Callable[[], datetime], notice: Callable[[str, str], None]) -> None:
        self._database = Database(path, files("twcmaster.store") / "accounts_migrations", clock)
        self._clock = clock
        self._notice = notice
        self._users: dict[str, User] = {}
        self._tokens: dict[str, Token] = {}
        self._logins: dict[str, Login] = {}
        #: Keys of tokens and logins that are newer here than on disk.
        self._unwritten: set[str] = set()
        #: Keys that open nothing any more, while the disk may still know them.
        self._ended: set[str] = set()
        self._unwritten_audit: deque[AuditEntry] = deque(maxlen=KEPT_AUDIT_IN_MEMORY)
        self._recent_audit: deque[AuditEntry] = deque(maxlen=KEPT_AUDIT_IN_MEMORY)
        self._news = asyncio.Event()
        self._writing = asyncio.Lock()
        self._failing = False

    async def load(self) -> None:
        """Read everything. Never fails: says what is wrong and goes on with what can be read."""
        try:
            self._take(await self._database.run(tables.load))
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
            tables.put_user(connection, user)
        tables.put_all(connection, list(self._tokens.values()), list(self._logins.values()))
        tables.end(connection, tuple(self._ended))
        work(connection)

    async def _load_read_only(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            self._take(await loop.run_in_executor(None, read_only, self._database.path, tables.read))
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
        return None if key_hash in self._ended else self._tokens.get(key_hash)

    def login_by_hash(self, key_hash: str) -> Login | None:
        return None if key_hash in self._ended else self._logins.get(key_hash)

    # ── changes that are confirmed when they are on disk ──

    async def put_user(self, user: User) -> None:
        """Add or replace a user; a replaced one is logged out everywhere. Raises DatabaseError."""
        await self._run(lambda c: tables.put_user(c, user))
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
        await self._run(lambda c: tables.put_token(c, token))
        self._tokens[token.key_hash] = token

    async def remove_token(self, token_id: str) -> None:
        """Revoke a token. Raises DatabaseError: it opens nothing then, but stays in the list, to be revoked again."""
        await self._end({key for key, token in self._tokens.items() if token.id == token_id})

    async def remove_login(self, login_id: str) -> None:
        """End a login. Raises DatabaseError: it opens nothing then, but stays in the list, to be ended again."""
        await self._end({key for key, login in self._logins.items() if login.id == login_id})

    async def _end(self, keys: Collection[str]) -> None:
        self._ended.update(keys)
        self._news.set()
        await self._run(lambda c: tables.end(c, keys))
        self._forget(keys)

    def _forget(self, keys: Collection[str]) -> None:
        self._tokens = {key: token for key, token in self._tokens.items() if key not in keys}
        self._logins = {key: login for key, login in self._logins.items() if key not in keys}
        self._ended.difference_update(keys)

    # ── changes that go on without a disk ──

    def put_login(self, login: Login) -> None:
        """Add a login."""
        self._logins[login.key_hash] = login
        self._unwritten.add(login.key_hash)
        self._news.set()

    def log_out(self, key_hash: str) -> None:
        """End the login with this key."""
        if self._logins.pop(key_hash, None) is not None:
            self._ended.add(key_hash)
            self._news.set()

    def used(self, key_hash: str, now: datetime) -> None:
        """Note a use; a login lasts longer by it."""
        token, login = self._tokens.get(key_hash), self._logins.get(key_hash)
        if token is not None:
            self._tokens[key_hash] = replace(token, last_used_at=now)
        if login is not None:
            self._logins[key_hash] = replace(login, last_used_at=now, expires_at=now + LOGIN_LASTS)
        self._unwritten.add(key_hash)

    def audit(self, entry: AuditEntry) -> None:
        """Keep who did what."""
        self._recent_audit.appendleft(entry)
        self._unwritten_audit.append(entry)
        self._news.set()

    async def audit_log(self, skip: int, most: int) -> Sequence[AuditEntry]:
        """Who did what, newest first; from memory where the disk does not tell."""
        try:
            if await self._flush():
                return await self._database.run(lambda c: tables.audit_log(c, skip, most))
        except DatabaseError as error:
            self._failed(error)
        return tuple(islice(self._recent_audit, skip, skip + most))

    async def run(self) -> None:
        """Write what has come up, and once in a while times of last use, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_EVERY_S):
                    await self._news.wait()
            self._news.clear()
            if not await self._flush():
                await asyncio.sleep(RETRY_S)
                self._news.set()

    async def close(self) -> None:
        """Write what is left, and let go of the file."""
        try:
            async with asyncio.timeout(LAST_WRITE_S):
                await self._flush()
                await self._database.close()
        except TimeoutError:
            self._notice("warning", "The disk did not take the last logins and entries of the audit log in time")

    async def _flush(self) -> bool:
        """Write what is only in memory; whether the disk took it."""
        async with self._writing:
            notes = self._notes()
            if not any((notes.tokens, notes.logins, notes.ended, notes.audit)):
                return True
            worked = False
            try:
                worked = await self._try(partial(_write, notes))
            finally:
                # Also when this is cancelled: better written twice than lost.
                if not worked:
                    self._put_back(notes)
            self._forget(notes.ended if worked else ())
            return worked

    def _notes(self) -> _Notes:
        """Everything that is to be written; it no longer counts as unwritten."""
        keys, audit = self._unwritten, tuple(self._unwritten_audit)
        self._unwritten = set()
        self._unwritten_audit.clear()
        tokens = [token for key in keys if (token := self.token_by_hash(key)) is not None]
        logins = [login for key in keys if (login := self.login_by_hash(key)) is not None]
        # Whoever was removed while logging in has no row to refer to: one such login would hold up all others.
        logins = [login for login in logins if login.user in self._users]
        return _Notes(tokens, logins, frozenset(self._ended), audit)

    def _put_back(self, notes: _Notes) -> None:
        self._unwritten.update(token.key_hash for token in notes.tokens)
        self._unwritten.update(login.key_hash for login in notes.logins)
        self._unwritten_audit = deque([*notes.audit, *self._unwritten_audit], KEPT_AUDIT_IN_MEMORY)

    async def _try(self, work: Work) -> bool:
        try:
            await self._run(work)
        except DatabaseError as error:
            self._failed(error)
            return False
        self._failing = False
        return True

    def _failed(self, error: DatabaseError) -> None:
        if not self._failing:
            self._notice("warning", f"Logins and the audit log are kept in memory only: {error}")
        self._failing = True


def _write(notes: _Notes, connection: sqlite3.Connection) -> None:
    tables.put_all(connection, notes.tokens, notes.logins)
    tables.end(connection, notes.ended)
    tables.put_audit(connection, notes.audit)
