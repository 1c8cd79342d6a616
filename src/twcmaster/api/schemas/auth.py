"""Login, people, tokens, and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr

from twcmaster.api.schemas.problem import Answer, Request
from twcmaster.model.accounts import Role, Scope

UserName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\s\x00-\x1f/][^\x00-\x1f/]*$")]
#: Longer ones would only cost time to hash.
NewPassword = Annotated[SecretStr, Field(min_length=8, max_length=200)]
AnyPassword = Annotated[SecretStr, Field(max_length=200)]


class Me(Answer):
    """Who asks."""

    name: str
    role: Role | None = Field(description="null: a program with a token")
    scopes: list[Scope]


class AuthState(Answer):
    """What the login page must know; answers without login."""

    auth: Literal["password", "none"]
    setup_needed: bool = Field(
        description="True: nobody has set a password yet; the log and the terminal show the code"
    )
    me: Me | None


class FirstPassword(Request):
    """The owner's first password, with the one-time code from the log or terminal."""

    code: Annotated[str, Field(min_length=1, max_length=40, examples=["K7QF-2M9X"])]
    name: UserName = "owner"
    password: NewPassword


class LoginIn(Request):
    """Name and password."""

    name: UserName = "owner"
    password: AnyPassword


class PasswordChange(Request):
    """One's own password."""

    old_password: AnyPassword
    new_password: NewPassword


class UserIn(Request):
    """A further person."""

    name: UserName
    password: NewPassword
    role: Role = Role.GUEST


class User(Answer):
    """A person."""

    name: str
    role: Role
    created_at: datetime


class Users(Answer):
    """Everybody."""

    users: list[User]


def _one_line(text: str) -> str:
    if not text.isprintable() or text.isspace():
        raise ValueError("must be one line of signs that can be shown")
    return text


class TokenIn(Request):
    """A key for a program."""

    label: Annotated[str, Field(min_length=1, max_length=60, examples=["heat pump"]), AfterValidator(_one_line)]
    scope: Scope = Scope.READ
    expires_at: AwareDatetime | None = None


class Token(Answer):
    """A program's key, without the key."""

    id: str
    label: str
    scope: Scope
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None


class NewToken(Token):
    """A new key, shown this once."""

    key: str = Field(examples=["twc_4fT0…"])


class Tokens(Answer):
    """All keys."""

    tokens: list[Token]


class Login(Answer):
    """A browser in which somebody is logged in."""

    id: str
    user: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    agent: str
    this_one: bool


class Logins(Answer):
    """All browsers."""

    logins: list[Login]


class AuditEntry(Answer):
    """Something that somebody did."""

    at: datetime
    who: str
    what: str
    address: str


class AuditLog(Answer):
    """Newest first."""

    entries: list[AuditEntry]
