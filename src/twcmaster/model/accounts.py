"""Who may do what: people with passwords, programs with tokens, and a record of what they did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: A browser's login ends after this long without use.
LOGIN_LASTS = timedelta(days=30)


class Role(StrEnum):
    """What a person is here."""

    OWNER = "owner"
    #: Sees everything that is no secret and may steer the charging; changes no facts and no accounts.
    GUEST = "guest"


class Scope(StrEnum):
    """What a request needs; each includes the ones before it."""

    READ = "read"
    STEER = "steer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """A person. `password_hash` is the text that api/auth/passwords.py makes."""

    name: str
    role: Role
    password_hash: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A program's key. The key itself is shown once and never kept: `key_hash` is its SHA-256, in hex."""

    id: str
    label: str
    scope: Scope
    key_hash: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Login:
    """A browser in which somebody is logged in. `key_hash` is the SHA-256 of its cookie, in hex."""

    id: str
    user: str
    key_hash: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    #: Where it came from, as the person recognises it.
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that somebody did."""

    at: datetime
    who: str
    what: str
    address: str = ""
