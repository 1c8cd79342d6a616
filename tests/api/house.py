"""A house for the API, served by the real server on loopback.

Hub, wishes, history, accounts and config file are real; time stands still; buses say what they are told to.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from unittest.mock import patch

import httpx2
from fastapi import FastAPI

from tests.control import small_world
from twcmaster.api.access import House as ApiHouse
from twcmaster.api.auth.passwords import hash_password
from twcmaster.api.build import build
from twcmaster.api.embedded import EmbeddedServer, assemble
from twcmaster.api.ports import Facade, Frame, NotPossible
from twcmaster.api.web_settings import WebSettings
from twcmaster.control.decide import decide
from twcmaster.control.known import Known, known_of
from twcmaster.control.memory import Memory
from twcmaster.model.accounts import Role, Scope, User
from twcmaster.model.energy import MeterFacts, ReadingView
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.model.settings import SITE, Mode, ScopeWishes, Settings, StandingMode
from twcmaster.model.unit_facts import UnitFacts
from twcmaster.model.world import World
from twcmaster.protocol.messages import checksum
from twcmaster.runtime.hub import Hub
from twcmaster.runtime.wishes import Around, Wishes
from twcmaster.serving.setup import SetupDesk
from twcmaster.store.accounts import Accounts
from twcmaster.store.history import History
from twcmaster.store.settings_store import WishesInMemory

PASSWORD = "correct horse"
VIN = "5YJ3E1EA7KF000316"
CONFIG = """\
# Our house
[site]
name = "Home"          # as on the bell

[[circuit]]
name = "garage"
limit_a = 32
volts = 230
phases = 3

[[bus]]
name = "bus"
link = "socket://10.0.0.5:8899"
circuit = "garage"

[[meter]]
name = "grid"
role = "grid"
kind = "http"
url = "http://me:hush@10.0.0.9/status"
password = "swordfish"
power_w = "total"
"""
METERS = {
    "grid": (MeterRole.GRID, Reading(999.0, power_w=-1500.0, phase_a=(-2.0, -2.0, -2.5))),
    "roof": (MeterRole.PV, Reading(999.0, power_w=5200.0)),
}
_BODY = bytes.fromhex("FD E0 1A 2B 77 77 01 05 DC 01 4A 00 00 00 00")
FRAME = _BODY + bytes([checksum(_BODY)])


@cache
def kept_password() -> str:
    """Hashing is slow on purpose: once is enough."""
    return hash_password(PASSWORD)


class Clock:
    """A wall clock that tests set."""

    def __init__(self) -> None:
        self.at = small_world.NOON

    def __call__(self) -> datetime:
        return self.at

    def go_on(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Buses:
    """Buses that say what they are told to."""

    answer: bytes | None = FRAME
    refuse: str = ""
    sent: list[bytes] = field(default_factory=list)
    kept: list[Frame] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    counters: dict[str, object] = field(default_factory=dict)

    def names(self) -> Sequence[str]:
        return ("bus", "other")

    def health(self, bus: str) -> Mapping[str, object]:
        counted = {"frames_received": 1000, "frames_damaged": 2, "bytes_received": 20_000, "second_master": False}
        return {"role": "master", "link": "/dev/ttyUSB0", "connected": True, "reconnects": 1} | counted | self.counters

    def frames(self, bus: str) -> Sequence[Frame]:
        return self.kept

    async def watch_frames(self, bus: str, seconds: float | None = None) -> AsyncIterator[Sequence[Frame]]:
        seen = 0
        while True:
            if len(self.kept) > seen:
                news, seen = self.kept[seen:], len(self.kept)
                yield news
            if seconds is not None:
                return
            await self.news.wait()
            self.news.clear()

    def units(self) -> Mapping[str, UnitFacts]:
        return {
            "bus/1A2B": UnitFacts(4711.0, (230, 231, 229), "4.5.3", "A16K0001234", "TWC2", VIN, 100, 98, 2, 1, 0.031)
        }

    async def send(self, bus: str, body: bytes) -> bytes | None:
        if self.refuse:
            raise NotPossible(self.refuse, "docs/protocol.md lists what may be sent.")
        self.sent.append(body)
        return self.answer

    def hear(self, body: bytes = FRAME) -> None:
        """A frame comes in."""
        self.kept.append(Frame(len(self.kept) + 1, small_world.NOON, sent=False, body=body))
        self.news.set()


class Backup:
    """Backup and restore are tested with a real site, in tests/serving."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0
        self.restored: list[bytes] = []

    async def save(self) -> Path:
        self._made += 1
        path = self._folder / f"made-{self._made}.zip"
        path.write_bytes(b"PK\x05\x06" + bytes(18))
        return path

    async def diagnostics(self) -> Path:
        return await self.save()

    async def restore(self, archive: Path, who: str) -> Sequence[str]:
        self.restored.append(archive.read_bytes())
        if not self.restored[-1].startswith(b"PK"):
            raise NotPossible("This is no backup.", "Choose a file that Backup has made.")
        return ["5 settings"]


class House:
    """Everything behind the API."""

    def __init__(self, folder: Path, **web: object) -> None:
        self.clock = Clock()
        self.told: list[tuple[str, str]] = []
        self.hub = Hub(self.clock)
        self.buses = Buses()
        self.history = History(folder / "history.db", self.clock, self.notice)
        self.accounts = Accounts(folder / "accounts.db", self.clock, self.notice)
        self.wishes = Wishes(WishesInMemory(), first_settings(), Around(self.clock, self._known, self.notice, _nothing))
        self.config = folder / "site.toml"
        self.config.write_text(CONFIG)
        self.restarts = 0
        self.backup = Backup(folder)
        self.settings = WebSettings(**({"port": 0, "static_dir": folder / "static"} | web))  # type: ignore[arg-type]
        self.world = self._world()

    def notice(self, level: str, text: str) -> None:
        self.told.append((level, text))
        self.hub.notice(level, "house", text)

    def _known(self) -> Known:
        return known_of(small_world.METERED_FACTS, self.world.connectors)

    def _restarted(self) -> None:
        self.restarts += 1

    def _world(self) -> World:
        readings = {
            name: ReadingView(MeterFacts(name, role, every_s=2.0), reading) for name, (role, reading) in METERS.items()
        }
        left = small_world.charging(small_world.LEFT, 5.0, plugged=True, phase_a=(5.0, 5.0, 5.0), heard_at=999.5)
        others = (replace(small_world.RIGHT, heard_at=999.0), replace(small_world.GATE, heard_at=999.0))
        bare = small_world.world(first_settings(), self.clock(), (left, *others))
        return replace(bare, readings=readings)

    def publish(self, **changes: object) -> None:
        """One more decision."""
        self.world = replace(self.world, clock=self.clock(), settings=self.wishes.settings, **changes)  # type: ignore[arg-type]
        plan, _ = decide(self.world, Memory())
        self.hub.publish(self.world, plan, {})

    def facade(self) -> Facade:
        return Facade(
            version="1.2.3",
            run_id="b3f1",
            clock=self.clock,
            now=lambda: self.world.now + 0.5,
            live=self.hub,
            wishes=self.wishes,
            buses=self.buses,
            history=self.history,
            accounts=self.accounts,
            setup=SetupDesk(self.config, self.clock, self._restarted),
            backup=self.backup,
        )

    async def owner(self, name: str = "owner") -> None:
        """Somebody has set a password."""
        await self.accounts.put_user(User(name, Role.OWNER, kept_password(), self.clock()))

    async def guest(self, name: str = "guest") -> None:
        await self.accounts.put_user(User(name, Role.GUEST, kept_password(), self.clock()))


def first_settings() -> Settings:
    return small_world.settings(ScopeWishes(standing=StandingMode(Mode.FIXED, 20.0)))


def _nothing() -> None:
    return


@dataclass
class Served:
    """A house with its server."""

    house: House
    server: EmbeddedServer
    url: str

    @property
    def ws(self) -> str:
        return self.url.replace("http", "ws", 1)

    def client(self, **headers: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(base_url=self.url, headers=headers)

    async def with_token(self, scope: Scope = Scope.ADMIN) -> httpx2.AsyncClient:
        """A program's client."""
        _, key = await self.server.house.doorkeeper.new_token(f"test {scope}", scope, None, "owner")
        return self.client(Authorization=f"Bearer {key}")

    async def with_cookie(self, name: str = "owner") -> httpx2.AsyncClient:
        """A browser's client, logged in and on our page."""
        user = next(user for user in self.house.accounts.users() if user.name == name)
        cookie = self.server.house.doorkeeper.log_in(user, "127.0.0.1", "Test Browser")
        return self.client(Cookie=f"twcmaster_login={cookie}", Origin=self.url)


@cache
def _built() -> FastAPI:
    return build("1.2.3")


def _reused(_version: str, house: ApiHouse) -> FastAPI:
    """Building the application takes a third of a second: one serves all tests, one house after another."""
    _built().state.house = house
    return _built()


@asynccontextmanager
async def served(folder: Path, *, owner: bool = True, **web: object) -> AsyncIterator[Served]:
    """The house, served on loopback. With `owner`, somebody has set a password."""
    house = House(folder, **web)
    await house.accounts.load()
    await house.history.load(0.0)
    if owner:
        await house.owner()
    house.publish()
    with patch("twcmaster.api.embedded.build", _reused):
        server = assemble(house.facade(), house.settings)
    listening = socket.create_server(("127.0.0.1", 0))
    scheme = "https" if house.settings.tls_cert else "http"
    url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
    tasks = [asyncio.ensure_future(server.run_until_cancelled([listening])), asyncio.ensure_future(house.wishes.run())]
    while not server.started:  # noqa: ASYNC110 - uvicorn says it by a flag
        await asyncio.sleep(0.001)
    try:
        yield Served(house, server, url)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await house.accounts.close()
        await house.history.close()


__all__ = ["CONFIG", "PASSWORD", "SITE", "House", "Served", "served"]
