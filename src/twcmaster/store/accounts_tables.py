"""The SQL of the accounts. Every function is given the connection and runs on its thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from twcmaster.model.accounts import AuditEntry, Login, Role, Scope, Token, User

KEPT_AUDIT = 20_000


def load(connection: sqlite3.Connection) -> tuple[list[User], list[Token], list[Login]]:
    """Everything but the audit log, whose oldest entries go."""
    connection.execute("DELETE FROM audit WHERE number <= (SELECT max(number) FROM audit) - ?", (KEPT_AUDIT,))
    return read(connection)


def read(connection: sqlite3.Connection) -> tuple[list[User], list[Token], list[Login]]:
    """Everything but the audit log."""
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


def audit_log(connection: sqlite3.Connection, skip: int, most: int) -> tuple[AuditEntry, ...]:
    """Who did what, newest first."""
    rows = connection.execute(
        "SELECT at, who, what, address FROM audit ORDER BY number DESC LIMIT ? OFFSET ?", (most, skip)
    )
    return tuple(AuditEntry(_time(at), who, what, address) for at, who, what, address in rows)


def put_all(connection: sqlite3.Connection, tokens: Sequence[Token], logins: Sequence[Login]) -> None:
    """Add or replace many."""
    for token in tokens:
        put_token(connection, token)
    for login in logins:
        put_login(connection, login)


def put_user(connection: sqlite3.Connection, user: User) -> None:
    """Add or replace one, whose logins end by that."""
    row = (user.name, user.role.value, user.password_hash, _text(user.created_at))
    # Replacing the row removes its logins, too: they refer to it.
    connection.execute("INSERT OR REPLACE INTO users VALUES (?, ?, ?, ?)", row)


def put_token(connection: sqlite3.Connection, token: Token) -> None:
    """Add or replace one."""
    expires = None if token.expires_at is None else _text(token.expires_at)
    used = None if token.last_used_at is None else _text(token.last_used_at)
    row = (token.id, token.label, token.scope.value, token.key_hash, _text(token.created_at), token.created_by)
    connection.execute("INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, expires, used))


def put_login(connection: sqlite3.Connection, login: Login) -> None:
    """Add or replace one."""
    times = (_text(login.created_at), _text(login.last_used_at), _text(login.expires_at))
    row = (login.id, login.user, login.key_hash, *times, login.address, login.agent)
    connection.execute("INSERT OR REPLACE INTO logins VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)


def put_audit(connection: sqlite3.Connection, entries: Iterable[AuditEntry]) -> None:
    """Add to the audit log."""
    rows = [(_text(entry.at), entry.who, entry.what, entry.address) for entry in entries]
    connection.executemany("INSERT INTO audit (at, who, what, address) VALUES (?, ?, ?, ?)", rows)


def end(connection: sqlite3.Connection, key_hashes: Iterable[str]) -> None:
    """Remove the tokens and logins with these keys."""
    keys = [(key_hash,) for key_hash in key_hashes]
    connection.executemany("DELETE FROM tokens WHERE key_hash = ?", keys)
    connection.executemany("DELETE FROM logins WHERE key_hash = ?", keys)


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _maybe(text: str | None) -> datetime | None:
    return None if text is None else _time(text)
