"""Login and logout, people, tokens, browsers, the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import FastAPI, Path, Query, Request, Response

from twcmaster.api.access import COOKIE, Admin, House, HouseDep, Reader, Steerer, address_of, asker
from twcmaster.api.auth.doorkeeper import Identity
from twcmaster.api.problems import ApiProblem, documented, kept, not_found, revoked
from twcmaster.api.schemas import auth as shown
from twcmaster.api.section import Section
from twcmaster.model.accounts import LOGIN_LASTS, Role, Token, User

Id = Annotated[str, Path(max_length=40)]


async def get_auth(house: HouseDep, request: Request) -> shown.AuthState:
    """What the login page must know; answers without login."""
    identity = asker(house, request)
    return shown.AuthState(
        auth="none" if house.doorkeeper.open_door else "password",
        setup_needed=house.doorkeeper.setup_needed,
        me=_me(identity) if identity else None,
    )


async def post_setup(house: HouseDep, request: Request, response: Response, first: shown.FirstPassword) -> shown.Me:
    """Set the owner's password with the one-time code from log or terminal; logs in."""
    address = address_of(request)
    user = await house.doorkeeper.first_password(first.code, first.name, first.password.get_secret_value(), address)
    house.doorkeeper.audit(user.name, "set the first password", address)
    return _let_in(house, user, request, response)


async def post_login(house: HouseDep, request: Request, response: Response, login: shown.LoginIn) -> shown.Me:
    """Log in; sets the cookie."""
    address = address_of(request)
    user = await house.doorkeeper.check_password(login.name, login.password.get_secret_value(), address)
    house.doorkeeper.audit(user.name, "logged in", address)
    return _let_in(house, user, request, response)


async def post_logout(house: HouseDep, who: Reader, request: Request, response: Response) -> None:
    """Log out here; the cookie is worth nothing afterwards."""
    house.doorkeeper.log_out(who.key_hash)
    house.doorkeeper.audit(who.name, "logged out", address_of(request))
    response.delete_cookie(COOKIE, path=_cookie_path(request), httponly=True, samesite="strict")


def _let_in(house: House, user: User, request: Request, response: Response) -> shown.Me:
    agent = request.headers.get("user-agent", "")
    cookie = house.doorkeeper.log_in(user, address_of(request), agent)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(LOGIN_LASTS.total_seconds()),
        path=_cookie_path(request),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    identity = house.doorkeeper.by_cookie(cookie)
    if identity is None:
        raise ApiProblem(
            503, "not_kept", "Login not kept", "The login could not be kept.", "Check the disk; the log says more."
        )
    return _me(identity)


def _cookie_path(request: Request) -> str:
    return str(request.scope.get("outer_path", "")) or "/"


def _me(identity: Identity) -> shown.Me:
    return shown.Me(name=identity.name, role=identity.role, scopes=identity.scopes)


async def post_password(house: HouseDep, who: Steerer, request: Request, change: shown.PasswordChange) -> None:
    """Change one's own password. Every browser of this person is logged out."""
    user = await confirmed(house, who, change.old_password.get_secret_value(), request)
    if user is None:
        raise ApiProblem(409, "no_password", "No password here", f'"{who.name}" has none.', "Log in as a person.")
    async with house.writing:
        await house.doorkeeper.set_password(user, change.new_password.get_secret_value())
    house.doorkeeper.audit(who.name, "changed the password", address_of(request))


async def confirmed(house: House, who: Identity, password: str, request: Request) -> User | None:
    """The person behind a login, asked for the password again. None where there is none to ask: tokens, no login."""
    if not who.by_cookie:
        return None
    return await house.doorkeeper.check_password(who.name, password, address_of(request))


# ── people ──


async def get_users(house: HouseDep, _: Admin) -> shown.Users:
    """Everybody who may log in."""
    return shown.Users(users=[_user(user) for user in house.facade.accounts.users()])


async def post_user(house: HouseDep, who: Admin, request: Request, user: shown.UserIn) -> shown.User:
    """Let a further person in."""
    async with house.writing:
        if any(other.name == user.name for other in house.facade.accounts.users()):
            raise ApiProblem(409, "exists", "There is one already", f'"{user.name}" exists.', "Choose another name.")
        made = await house.doorkeeper.new_user(user.name, user.role, user.password.get_secret_value())
    house.doorkeeper.audit(who.name, f"let in {made.name} as {made.role}", address_of(request))
    return _user(made)


async def delete_user(house: HouseDep, who: Admin, request: Request, name: Id) -> None:
    """Let a person in no more; all browsers are logged out."""
    async with house.writing:
        _check_removable(house.facade.accounts.users(), name)
        with kept():
            await house.facade.accounts.remove_user(name)
    house.doorkeeper.audit(who.name, f"removed {name}", address_of(request))


def _check_removable(users: Sequence[User], name: str) -> None:
    if not any(user.name == name for user in users):
        raise not_found(f'There is nobody called "{name}".', "GET /auth/users lists everybody.")
    if not any(user.role is Role.OWNER for user in users if user.name != name):
        raise ApiProblem(
            409, "last_owner", "The last owner stays", f'"{name}" is the only owner.', "Make another first."
        )


def _user(user: User) -> shown.User:
    return shown.User(name=user.name, role=user.role, created_at=user.created_at)


# ── tokens ──


async def get_tokens(house: HouseDep, _: Admin) -> shown.Tokens:
    """All tokens, without their keys."""
    return shown.Tokens(tokens=[_token(token) for token in house.facade.accounts.tokens()])


async def post_token(house: HouseDep, who: Admin, request: Request, wanted: shown.TokenIn) -> shown.NewToken:
    """Make a token. Its key is in this answer and nowhere else, ever."""
    token, key = await house.doorkeeper.new_token(wanted.label, wanted.scope, wanted.expires_at, who.name)
    house.doorkeeper.audit(who.name, f'made token "{token.label}" ({token.scope})', address_of(request))
    return shown.NewToken(**_token(token).model_dump(), key=key)


async def delete_token(house: HouseDep, who: Admin, request: Request, token_id: Id) -> None:
    """Revoke a token."""
    found = next((token for token in house.facade.accounts.tokens() if token.id == token_id), None)
    if found is None:
        raise not_found(f'There is no token "{token_id}".', "GET /auth/tokens lists them all.")
    with revoked():
        await house.facade.accounts.remove_token(token_id)
    house.doorkeeper.audit(who.name, f'revoked token "{found.label}"', address_of(request))


def _token(token: Token) -> shown.Token:
    return shown.Token(
        id=token.id,
        label=token.label,
        scope=token.scope,
        created_at=token.created_at,
        created_by=token.created_by,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )


# ── browsers and log ──


async def get_logins(house: HouseDep, who: Steerer) -> shown.Logins:
    """Browsers in which one is logged in; owners see everybody's."""
    mine = [login for login in house.facade.accounts.logins() if who.role is Role.OWNER or login.user == who.name]
    return shown.Logins(
        logins=[
            shown.Login(
                id=login.id,
                user=login.user,
                created_at=login.created_at,
                last_used_at=login.last_used_at,
                expires_at=login.expires_at,
                address=login.address,
                agent=login.agent,
                this_one=login.key_hash == who.key_hash,
            )
            for login in mine
        ]
    )


async def delete_login(house: HouseDep, who: Steerer, request: Request, login_id: Id) -> None:
    """Log a browser out."""
    found = next((login for login in house.facade.accounts.logins() if login.id == login_id), None)
    if found is None or (who.role is not Role.OWNER and found.user != who.name):
        raise not_found(f'There is no login "{login_id}".', "GET /auth/logins lists them.")
    with revoked():
        await house.facade.accounts.remove_login(login_id)
    house.doorkeeper.audit(who.name, f"logged out a browser of {found.user}", address_of(request))


async def get_audit(
    house: HouseDep,
    _: Admin,
    most: Annotated[int, Query(ge=1, le=500)] = 100,
    skip: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> shown.AuditLog:
    """Who did what, newest first."""
    entries = await house.facade.accounts.audit_log(skip, most)
    return shown.AuditLog(
        entries=[shown.AuditEntry(at=e.at, who=e.who, what=e.what, address=e.address) for e in entries]
    )


def add_to(app: FastAPI, prefix: str) -> None:
    """Add all routes of this file."""
    routes = Section(app, f"{prefix}/auth", "login")
    let_in, admin = documented(403, 409, 429, 503), documented(401, 403)
    routes.add("", get_auth, responses=documented())
    routes.add("/setup", post_setup, methods=["POST"], responses=let_in)
    routes.add("/login", post_login, methods=["POST"], responses=let_in)
    routes.add("/logout", post_logout, methods=["POST"], status_code=204, responses=admin)
    routes.add(
        "/password", post_password, methods=["POST"], status_code=204, responses=documented(401, 403, 409, 429, 503)
    )
    routes.add("/users", get_users, responses=admin)
    routes.add("/users", post_user, methods=["POST"], status_code=201, responses=documented(401, 403, 409, 503))
    routes.add(
        "/users/{name}", delete_user, methods=["DELETE"], status_code=204, responses=documented(401, 403, 404, 409, 503)
    )
    routes.add("/tokens", get_tokens, responses=admin)
    routes.add("/tokens", post_token, methods=["POST"], status_code=201, responses=documented(401, 403, 409, 503))
    routes.add(
        "/tokens/{token_id}",
        delete_token,
        methods=["DELETE"],
        status_code=204,
        responses=documented(401, 403, 404, 503),
    )
    routes.add("/logins", get_logins, responses=admin)
    routes.add(
        "/logins/{login_id}",
        delete_login,
        methods=["DELETE"],
        status_code=204,
        responses=documented(401, 403, 404, 503),
    )
    routes.add("/audit", get_audit, responses=admin)
