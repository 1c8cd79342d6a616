"""What endpoints ask for: the facade, and somebody who may do what they offer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes
from starlette.requests import HTTPConnection

from twcmaster.api.auth.doorkeeper import EVERYBODY, Doorkeeper, Identity
from twcmaster.api.encoder import StateEncoder
from twcmaster.api.ports import Facade
from twcmaster.api.problems import ApiProblem
from twcmaster.api.web_settings import WebSettings
from twcmaster.model.accounts import Scope

COOKIE = "twcmaster_login"
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="login", description="A browser after login")
_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A program with an API token")


@dataclass(frozen=True, slots=True)
class House:
    """What endpoints work with."""

    facade: Facade
    doorkeeper: Doorkeeper
    encoder: StateEncoder
    settings: WebSettings
    #: Held from looking at a version to writing the next one.
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)


async def _house(connection: HTTPConnection) -> House:
    return cast("House", connection.app.state.house)


async def _facade(connection: HTTPConnection) -> Facade:
    return cast("House", connection.app.state.house).facade


async def _identity(
    needed: SecurityScopes,
    connection: HTTPConnection,
    cookie: Annotated[str | None, Security(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> Identity:
    house = cast("House", connection.app.state.house)
    identity = identify(house, cookie, bearer.credentials if bearer else None)
    if identity is None:
        raise stranger(house)
    for scope in needed.scopes:
        if not identity.may(Scope(scope)):
            raise _too_little(identity, scope)
    return identity


def identify(house: House, cookie: str | None, bearer: str | None) -> Identity | None:
    """Who sent this; a token goes before a cookie."""
    if house.doorkeeper.open_door:
        return EVERYBODY
    if bearer is not None:
        return house.doorkeeper.by_token(bearer)
    return house.doorkeeper.by_cookie(cookie) if cookie else None


def asker(house: House, connection: HTTPConnection) -> Identity | None:
    """Who is behind a connection now: logins end and tokens are revoked while it stays open."""
    kind, _, key = connection.headers.get("authorization", "").partition(" ")
    return identify(house, connection.cookies.get(COOKIE), key if kind.lower() == "bearer" else None)


def stranger(house: House) -> ApiProblem:
    """401 with the next step."""
    if house.doorkeeper.setup_needed:
        detail, todo = "Nobody has set a password yet.", "Open the page and enter the setup code from the log."
    else:
        detail, todo = "This needs a login or a valid token.", "Log in, or send Authorization: Bearer TOKEN."
    return ApiProblem(401, "login_needed", "Please log in", detail, todo, {"WWW-Authenticate": "Bearer"})


def _too_little(identity: Identity, scope: str) -> ApiProblem:
    detail = f'"{identity.name}" may {", ".join(identity.scopes)}, but this needs {scope}.'
    return ApiProblem(403, "not_allowed", "Not allowed", detail, "Ask the owner, or use a token with that scope.")


HouseDep = Annotated[House, Depends(_house)]
FacadeDep = Annotated[Facade, Depends(_facade)]
Reader = Annotated[Identity, Security(_identity, scopes=["read"])]
Steerer = Annotated[Identity, Security(_identity, scopes=["steer"])]
Admin = Annotated[Identity, Security(_identity, scopes=["admin"])]


def address_of(connection: HTTPConnection) -> str:
    """Where a request comes from, as far as it can be trusted."""
    return connection.client.host if connection.client else "local"
