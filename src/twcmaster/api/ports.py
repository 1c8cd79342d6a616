"""What the API needs from the rest of the program. `app.py` fills a `Facade`; nothing here knows who is behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from twcmaster.model.accounts import AuditEntry, Login, Token, User
from twcmaster.model.commands import Command
from twcmaster.model.history import ChargeSession, Energy, Series, StoreHealth
from twcmaster.model.plan import Plan
from twcmaster.model.settings import Settings
from twcmaster.model.unit_facts import UnitFacts
from twcmaster.model.world import World


class NotPossible(Exception):
    """Something that was asked for cannot be done now. `hint` says what would help."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


class Snapshot(Protocol):
    """One instant, as the hub hands it out."""

    @property
    def number(self) -> int: ...
    @property
    def world(self) -> World: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def buses(self) -> Mapping[str, Mapping[str, object]]: ...


class Notice(Protocol):
    """Something that happened."""

    @property
    def number(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def level(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def text(self) -> str: ...


class Live(Protocol):
    """The hub: newest snapshot, recent notices (oldest first)."""

    @property
    def newest(self) -> Snapshot | None: ...
    @property
    def notices(self) -> Sequence[Notice]: ...
    def watch(self) -> AsyncIterator[Snapshot]: ...


class Wishes(Protocol):
    """The settings and the one way to change them."""

    @property
    def settings(self) -> Settings: ...
    async def command(self, command: Command, who: str, version: int | None = None) -> Settings:
        """The settings with the command in effect and safely kept; with `version`, only if they still have it.

        Raises CommandRefused, and OSError (with a text for people) when it cannot be kept.
        """


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame on a bus. `sent`: by this program. `body` without framing, checksum included."""

    number: int
    at: datetime
    sent: bool
    body: bytes


class Buses(Protocol):
    """The buses, as far as people may look at and touch them."""

    def names(self) -> Sequence[str]: ...
    def health(self, bus: str) -> Mapping[str, object]:
        """Role, link, and every counter there is."""

    def frames(self, bus: str) -> Sequence[Frame]:
        """The newest frames, oldest first."""

    def watch_frames(self, bus: str, seconds: float | None = None) -> AsyncIterator[Sequence[Frame]]:
        """Frames as they come, several at once for slow readers, the oldest dropped for very slow ones."""

    def units(self) -> Mapping[str, UnitFacts]:
        """What connectors have told of themselves, by connector key."""

    async def send(self, bus: str, body: bytes) -> bytes | None:
        """One debug message (without checksum) and its answer, None when there is none. Raises NotPossible."""


class History(Protocol):
    """What was."""

    @property
    def health(self) -> StoreHealth: ...
    def running(self) -> Mapping[str, ChargeSession]:
        """The sessions that are going on, by connector key."""

    async def series(self, start: datetime, end: datetime, step_s: int) -> Series: ...
    async def energy(self, edges: Sequence[datetime]) -> Sequence[Energy]:
        """One entry for each pair of neighbouring edges."""

    async def sessions(self, start: datetime, end: datetime, before_id: int | None, most: int) -> list[ChargeSession]:
        """Newest first."""


class Accounts(Protocol):
    """Users, tokens, logins and the audit log. Lookups answer from memory.

    What grants or ends access is on disk when the call returns, or OSError is raised, with a text for people. What has
    no `async` waits for no disk.
    """

    def users(self) -> Sequence[User]: ...
    def tokens(self) -> Sequence[Token]: ...
    def logins(self) -> Sequence[Login]: ...
    def token_by_hash(self, key_hash: str) -> Token | None: ...
    def login_by_hash(self, key_hash: str) -> Login | None: ...
    async def put_user(self, user: User) -> None:
        """Add or replace; a replaced user is logged out everywhere."""

    async def remove_user(self, name: str) -> None:
        """And all logins of it."""

    async def put_token(self, token: Token) -> None: ...
    async def remove_token(self, token_id: str) -> None:
        """It opens nothing any more, even if OSError is raised; then it stays in the list, to be revoked again."""

    async def remove_login(self, login_id: str) -> None:
        """As with a token."""

    def put_login(self, login: Login) -> None: ...
    def log_out(self, key_hash: str) -> None: ...
    def used(self, key_hash: str, now: datetime) -> None:
        """Note the use of a token or login, which lasts longer by it; kept once in a while."""

    def audit(self, entry: AuditEntry) -> None: ...
    async def audit_log(self, skip: int, most: int) -> Sequence[AuditEntry]:
        """Newest first."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake in a config: where, what, and what to write instead."""

    path: str
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ConfigView:
    """The config file as it is. `toml` is without secrets; `digest` names this very content."""

    path: Path | None
    toml: str
    values: Mapping[str, Any]
    digest: str
    writable: bool


@dataclass(frozen=True, slots=True)
class PortView:
    """A serial port of this machine."""

    device: str
    name: str
    kind: str
    product: str | None
    allowed: bool
    used_by: Sequence[str]


@dataclass(frozen=True, slots=True)
class Heard:
    """What listening on a link for a while gave."""

    connected: bool
    problem: str | None
    bytes: int
    frames: int
    damaged: int
    connectors: Sequence[str]
    masters: Sequence[str]
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class MeterTried:
    """What asking a meter once gave."""

    power_w: float | None
    phase_a: tuple[float | None, float | None, float | None] | None
    soc_percent: float | None
    took_s: float
    problem: str | None


class Setup(Protocol):
    """The config file and what the setup flow needs around it."""

    async def read(self) -> ConfigView: ...
    def schema(self) -> Mapping[str, Any]:
        """JSON schema of the config."""

    async def check(self, toml: str) -> Sequence[ConfigProblem]: ...
    async def draft(self, changes: Mapping[str, Any]) -> str:
        """The file's text with `changes` in it: whole sections replaced, comments kept, None removes a section."""

    async def write(self, toml: str, digest: str, who: str) -> ConfigView:
        """Validate, back up, replace atomically and apply. Raises NotPossible; `digest` must be the current one."""

    async def ports(self) -> Sequence[PortView]: ...
    async def listen(self, link: str, seconds: float) -> Heard: ...
    async def try_meter(self, section: Mapping[str, Any]) -> MeterTried: ...


class Backup(Protocol):
    """Everything worth keeping, in one file."""

    async def save(self) -> Path:
        """A zip with settings, history, config without secrets, in a temporary file that the caller removes."""

    async def restore(self, archive: Path, who: str) -> Sequence[str]:
        """Put it back, whole or not at all; what was restored, in words. Raises NotPossible."""

    async def diagnostics(self) -> Path:
        """A zip for a bug report, without secrets, in a temporary file that the caller removes."""


@dataclass(frozen=True, slots=True)
class Facade:
    """All of it."""

    version: str
    #: Changes with every start of the daemon.
    run_id: str
    clock: Callable[[], datetime]
    #: Monotonic seconds.
    now: Callable[[], float]
    live: Live
    wishes: Wishes
    buses: Buses
    history: History
    accounts: Accounts
    setup: Setup
    backup: Backup
