"""Who is who: setup code, passwords, browser logins, tokens. Everything that must hold before a request is heard."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from twcmaster.api.auth.back_off import BackOff
from twcmaster.api.auth.passwords import hash_password, verify_password
from twcmaster.api.ports import Accounts
from twcmaster.api.problems import ApiProblem
from twcmaster.api.problems import kept as safely_kept
from twcmaster.model.accounts import LOGIN_LASTS, AuditEntry, Login, Role, Scope, Token, User

TOKEN_PREFIX = "twc_"  # noqa: S105 - so that people and secret scanners recognise a leaked one
#: Uses are for people to read: once a minute is enough.
NOTE_USE_EVERY = timedelta(minutes=1)
MOST_LOGINS = 100
MOST_TOKENS = 100
MOST_USERS = 50
_KEY_BYTES = 32
#: Without the signs that are easily mistaken for one another.
_CODE_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_CODE_LENGTH = 8
_SCOPES_OF_ROLE = {Role.OWNER: Scope.ADMIN, Role.GUEST: Scope.STEER}
_LADDER = (Scope.READ, Scope.STEER, Scope.ADMIN)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `scope` is the highest one."""

    name: str
    scope: Scope
    role: Role | None = None
    #: SHA-256 of the cookie or token that came with the request.
    key_hash: str = ""
    #: A browser: its requests can be forged by other pages and need a proof of origin.
    by_cookie: bool = False

    def may(self, scope: Scope) -> bool:
        """Whether it reaches that far."""
        return _LADDER.index(self.scope) >= _LADDER.index(scope)

    @property
    def scopes(self) -> list[Scope]:
        """All that it reaches."""
        return list(_LADDER[: _LADDER.index(self.scope) + 1])


#: With `auth = "none"` everybody is this one.
EVERYBODY = Identity("everybody", Scope.ADMIN, Role.OWNER)


class Doorkeeper:
    """Decides who a request comes from. `now` is monotonic, `clock` the wall's."""

    def __init__(
        self, accounts: Accounts, clock: Callable[[], datetime], now: Callable[[], float], *, open_door: bool
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._now = now
        self._open = open_door
        self._back_off = BackOff()
        # Each hash takes 16 MB and a core for a moment.
        self._one_hash = asyncio.Lock()
        self._nobody = ""
        code = "".join(secrets.choice(_CODE_SIGNS) for _ in range(_CODE_LENGTH))
        self._code = f"{code[:4]}-{code[4:]}"

    @property
    def open_door(self) -> bool:
        """Whether there is no login at all."""
        return self._open

    @property
    def setup_needed(self) -> bool:
        """Whether nobody has set a password yet."""
        return not self._open and not any(user.role is Role.OWNER for user in self._accounts.users())

    @property
    def setup_code(self) -> str | None:
        """The one-time code, to be shown in log and terminal; None: it is not needed any more."""
        return self._code if self.setup_needed else None

    # ── who asks ──

    def by_cookie(self, cookie: str) -> Identity | None:
        """The person logged in with this cookie."""
        key_hash = hash_key(cookie)
        login = self._accounts.login_by_hash(key_hash)
        if login is None or login.expires_at <= self._clock():
            return None
        user = self._user(login.user)
        if user is None:
            return None
        self._note_use(key_hash, login.last_used_at)
        return Identity(user.name, _SCOPES_OF_ROLE[user.role], user.role, key_hash, by_cookie=True)

    def by_token(self, key: str) -> Identity | None:
        """The program with this token."""
        key_hash = hash_key(key)
        token = self._accounts.token_by_hash(key_hash)
        if token is None or (token.expires_at is not None and token.expires_at <= self._clock()):
            return None
        self._note_use(key_hash, token.last_used_at)
        return Identity(f"token {token.label}", token.scope, None, key_hash)

    def _note_use(self, key_hash: str, last: datetime | None) -> None:
        now = self._clock()
        if last is None or now - last >= NOTE_USE_EVERY:
            self._accounts.used(key_hash, now)

    def _user(self, name: str) -> User | None:
        return next((user for user in self._accounts.users() if user.name == name), None)

    # ── passwords ──

    async def first_password(self, code: str, name: str, password: str, address: str) -> User:
        """Make the owner's account. Raises ApiProblem."""
        if not self.setup_needed:
            raise ApiProblem(
                409, "already_set_up", "There is an owner already", "A password has been set.", "Log in with it."
            )
        self._slow_down(address, "")
        given = code.strip().upper().replace("-", "").replace(" ", "").encode()
        if not hmac.compare_digest(given, self._code.replace("-", "").encode()):
            self._back_off.failed(address, "", self._now())
            self.audit(name, "wrong setup code", address)
            raise _wrong("This is not the setup code.", "The code stands in the daemon's log and terminal.")
        self._back_off.succeeded(address, "")
        async with self._one_hash:
            kept = await asyncio.to_thread(hash_password, password)
        if not self.setup_needed:
            raise ApiProblem(
                409, "already_set_up", "There is an owner already", "Somebody was faster.", "Log in with that password."
            )
        return await self._put_user(name, Role.OWNER, kept)

    async def check_password(self, name: str, password: str, address: str) -> User:
        """The user with this password. Raises ApiProblem; guessing becomes slow."""
        self._slow_down(address, name)
        user = self._user(name)
        async with self._one_hash:
            # Others may have guessed meanwhile: the wait counts for those in the queue, too.
            self._slow_down(address, name)
            kept = user.password_hash if user else await self._hash_of_nobody()
            right = await asyncio.to_thread(verify_password, password, kept)
            if user is None or not right:
                self._back_off.failed(address, name, self._now())
                self.audit(name, "wrong password", address)
                raise _wrong("Name and password do not fit.", "Check both; capital letters count.")
        self._back_off.succeeded(address, name)
        return user

    async def set_password(self, user: User, password: str) -> User:
        """Give a user a new password and end all its logins. Called with the house's writing held."""
        if self._user(user.name) != user:
            detail = f'"{user.name}" has been changed or removed meanwhile.'
            raise ApiProblem(409, "changed", "Somebody else was faster", detail, "Log in again.")
        return await self.new_user(user.name, user.role, password)

    async def new_user(self, name: str, role: Role, password: str) -> User:
        """Make or replace a user."""
        others = [user for user in self._accounts.users() if user.name != name]
        if len(others) >= MOST_USERS:
            raise ApiProblem(
                409, "too_many", "Too many people", f"There are {MOST_USERS} already.", "Remove one first."
            )
        async with self._one_hash:
            kept = await asyncio.to_thread(hash_password, password)
        return await self._put_user(name, role, kept)

    async def _put_user(self, name: str, role: Role, kept: str) -> User:
        user = User(name, role, kept, self._clock())
        with safely_kept():
            await self._accounts.put_user(user)
        return user

    async def _hash_of_nobody(self) -> str:
        """An unknown name must take as long as a known one."""
        if not self._nobody:
            self._nobody = await asyncio.to_thread(hash_password, secrets.token_hex())
        return self._nobody

    def _slow_down(self, address: str, account: str) -> None:
        wait_s = self._back_off.wait_s(address, account, self._now())
        if wait_s > 0:
            detail = f"Too many wrong tries: the next one is heard in {wait_s:.0f} s."
            todo = "Wait, then try again. Lost passwords: docs/howto/login.md."
            raise ApiProblem(
                429, "slow_down", "Too many wrong tries", detail, todo, {"Retry-After": str(int(wait_s) + 1)}
            )

    # ── logins and tokens ──

    def log_in(self, user: User, address: str, agent: str) -> str:
        """A new login; the cookie's value."""
        for old in sorted(self._accounts.logins(), key=lambda login: login.last_used_at)[: 1 - MOST_LOGINS or None]:
            self._accounts.log_out(old.key_hash)
        cookie, now = secrets.token_urlsafe(_KEY_BYTES), self._clock()
        login = Login(
            secrets.token_hex(4), user.name, hash_key(cookie), now, now, now + LOGIN_LASTS, address[:60], agent[:120]
        )
        self._accounts.put_login(login)
        return cookie

    def log_out(self, key_hash: str) -> None:
        """End the login of this cookie."""
        self._accounts.log_out(key_hash)

    async def new_token(self, label: str, scope: Scope, expires_at: datetime | None, by: str) -> tuple[Token, str]:
        """A new token and its key, which nobody can show again."""
        if len(self._accounts.tokens()) >= MOST_TOKENS:
            raise ApiProblem(
                409, "too_many", "Too many tokens", f"There are {MOST_TOKENS} already.", "Revoke one first."
            )
        if expires_at is not None and expires_at <= self._clock():
            detail = "This token would be over before it is used."
            raise ApiProblem(409, "refused", "Over already", detail, "Give a time to come in expires_at, or none.")
        key = TOKEN_PREFIX + secrets.token_urlsafe(_KEY_BYTES)
        token = Token(secrets.token_hex(4), label, scope, hash_key(key), self._clock(), by, expires_at)
        with safely_kept():
            await self._accounts.put_token(token)
        return token, key

    def audit(self, who: str, what: str, address: str = "") -> None:
        """Keep who did what, in one line that can be shown."""
        who, what, address = _line(who, 60), _line(what, 400), _line(address, 60)
        self._accounts.audit(AuditEntry(self._clock(), who, what, address))


def hash_key(key: str) -> str:
    """How keys are kept. They are long and random: a plain hash is enough, and fast."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _line(text: str, most: int) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text[:most])


def _wrong(detail: str, what_to_do: str) -> ApiProblem:
    return ApiProblem(403, "wrong_password", "Not let in", detail, what_to_do)
