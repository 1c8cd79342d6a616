"""The composition root: builds the graph top to bottom from a config and runs it until told to stop.

Reads the wall clock (nobody else does). Vital tasks (buses, controller) end the program when they fail, and the service
manager starts it again within the ~10 s that a connector waits.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twcmaster.catalog import open_link, open_meter
from twcmaster.config.load import site_facts
from twcmaster.config.schema import BusRole, BusSection, Config
from twcmaster.control.commands import initial
from twcmaster.control.known import Known, known_of
from twcmaster.control.memory import Memory
from twcmaster.links.guard import Checker, Refusal, nothing_allowed
from twcmaster.model.ports import Link, Meter
from twcmaster.model.settings import Mode
from twcmaster.model.world import World
from twcmaster.protocol.allowlist import Role, SendPolicy, check
from twcmaster.protocol.master import Master, send_policy
from twcmaster.protocol.settings import KnownUnit, MasterSettings
from twcmaster.runtime.bus import Bus
from twcmaster.runtime.controller import Controller
from twcmaster.runtime.hub import Hub
from twcmaster.runtime.listener import Listener
from twcmaster.runtime.poll import MeterPoll
from twcmaster.runtime.pump import Hooks, Pump
from twcmaster.runtime.supervise import end_on_callback_errors, optional
from twcmaster.runtime.wishes import Around, Wishes
from twcmaster.store.known_units import KnownUnitEntry, KnownUnits
from twcmaster.store.settings_store import SettingsStore, WishesInMemory

if TYPE_CHECKING:
    from twcmaster.config.meters import MeterSection

log = logging.getLogger("twcmaster")

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def wall_clock(timezone: str) -> Callable[[], datetime]:
    """A clock in the site's time zone (empty: the computer's own)."""
    zone = ZoneInfo(timezone) if timezone else _computers_zone()
    if zone is None:
        return lambda: datetime.now().astimezone()
    return lambda: datetime.now(zone)


def _computers_zone() -> ZoneInfo | None:
    """The zone that the computer is set to, with its rules: an offset alone would not know of the next clock change."""
    name = os.environ.get("TZ", "").removeprefix(":")
    try:
        if name:
            return ZoneInfo(name)
        with Path("/etc/localtime").open("rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        # No zone is set, or one that only the C library understands: its offset of the moment has to do.
        return None


def notice_for(hub: Hub, where: str) -> Callable[[str, str], None]:
    """A way to tell people something about `where`: in the log and in the hub."""

    def notice(level: str, text: str) -> None:
        hub.notice(level, where, text)
        log.log(_LEVELS[level], "%s: %s", where, text)

    return notice


@dataclass(frozen=True, slots=True)
class Options:
    """What differs between a daemon, a demo, a simulation and a test."""

    #: Where to keep known units; None: nowhere.
    state_dir: Path | None = None
    link_of: Callable[[str, Checker, Refusal], Link] = open_link
    meter_of: Callable[[MeterSection, Callable[[], datetime]], Meter] = open_meter
    clock: Callable[[], datetime] | None = None
    #: Given the built graph: further tasks to run beside it (console, views); they end with it.
    companions: Callable[[Graph], list[Callable[[], Coroutine[None, None, None]]]] = lambda graph: []  # noqa: ARG005
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    #: Where to publish; None: a hub of the graph's own. One that outlives the graph keeps its watchers.
    hub: Hub | None = None
    #: The byte that tells two copies of this program on one bus apart; a simulation picks its own, to be repeatable.
    pick_sign: Callable[[], int] = lambda: secrets.randbelow(256)
    #: What the graph before this one remembered of the connectors, on the same clock.
    memory: Memory = field(default_factory=Memory)


class Graph:
    """The running parts of one site."""

    def __init__(self, config: Config, options: Options) -> None:
        self.config = config
        self.site = site_facts(config)
        self.clock = options.clock or wall_clock(config.site.timezone)
        self.hub = options.hub or Hub(self.clock)
        self._options = options
        self.wishes = self._wishes()
        self._known = KnownUnits(options.state_dir / "units.json") if options.state_dir else None
        masters = [section for section in config.bus if section.role is BusRole.MASTER]
        self.buses = {section.name: self._bus(section) for section in masters}
        self.listeners = {
            section.name: self._listener(section) for section in config.bus if section.role is BusRole.LISTEN
        }
        self.played = {
            section.name: self._played(section) for section in config.bus if section.role is BusRole.CONNECTOR
        }
        self.controller = Controller(self.site, list(self.buses.values()), self.hub, self.clock, self.world_of)
        self.controller.memory = options.memory.of_connectors()
        self.meters = {section.name: self._meter(section) for section in config.meter}

    def _wishes(self) -> Wishes:
        control, state_dir, notice = self.config.control, self._options.state_dir, self.notice_for("wishes")
        keeper = SettingsStore(state_dir / "settings.db", self.clock, notice) if state_dir else WishesInMemory()
        around = Around(self.clock, self.known, notice, self._wake)
        return Wishes(keeper, initial(Mode(control.mode), control.amps), around)

    def _wake(self) -> None:
        self.controller.wake()

    def known(self) -> Known:
        """What a command is checked against, as of now."""
        return known_of(self.site, (view for bus in self.buses.values() for view in bus.connectors()))

    def _bus(self, section: BusSection) -> Bus:
        facts = self.site.buses[section.name]
        settings = self._master_settings(section)
        policy = send_policy(settings)
        link = self._options.link_of(section.link, lambda body: check(body, policy), self._refusal(section.name))
        master = Master(settings, asyncio.get_running_loop().time())
        phases = self.site.circuits[section.circuit].phases
        return Bus(facts, phases, link, master, self.notice_for(section.name), lambda: self._changed(section.name))

    def _meter(self, section: MeterSection) -> MeterPoll:
        facts = self.site.energy.meters[section.name]
        meter = self._options.meter_of(section, self.clock)
        return MeterPoll(facts, meter, self.controller.wake, self.notice_for(f"meter {section.name}"))

    def _master_settings(self, section: BusSection) -> MasterSettings:
        known = self._known.of(section.name) if self._known else ()
        return MasterSettings(
            connector_limit_ca=int(self.site.buses[section.name].connector_limit_a) * 100,
            master_id=int(section.master_id, 16),
            # Two copies of this program on one bus must be able to tell each other's frames from their own.
            sign=self._options.pick_sign(),
            reply_window_s=section.reply_window_s,
            minimum_ca=section.minimum_a * 100,
            minimum_protocol_1_ca=min(500, section.minimum_a * 100),
            fallback_ca=section.fallback_a * 100,
            allow_relay=section.allow_relay_commands,
            known_units=tuple(KnownUnit(u["id"], u["protocol"], u["max_ca"]) for u in known),
        )

    def _listener(self, section: BusSection) -> Pump:
        notice = self.notice_for(section.name)
        link = self._options.link_of(section.link, nothing_allowed, self._refusal(section.name))
        return Pump(link, Listener(notice, lambda message, now: None), notice, Hooks())  # noqa: ARG005

    def _played(self, section: BusSection) -> Pump:
        """A virtual wall connector of our own on somebody else's bus."""
        # The simulator is not loaded by those who do not need it.
        from twcmaster.sim.lone_unit import lone_unit, played_unit

        virtual, notice = self.config.virtual, self.notice_for(section.name)
        unit_id = int(virtual.id, 16) if virtual.id else None
        settings, car = played_unit(unit_id, virtual.protocol, virtual.max_a, virtual.car_a)
        policy = SendPolicy(Role.CONNECTOR)
        link = self._options.link_of(section.link, lambda body: check(body, policy), self._refusal(section.name))
        unit = lone_unit(settings, car, secrets.randbits(32), asyncio.get_running_loop().time())
        return Pump(link, unit, notice, Hooks())

    def _refusal(self, bus: str) -> Callable[[str, bytes], None]:
        notice = self.notice_for(bus)
        return lambda reason, body: notice("error", f"not sent: {reason} ({body.hex(' ').upper()})")

    def notice_for(self, where: str) -> Callable[[str, str], None]:
        """A way to tell people something about `where`: in the log and in the hub."""
        return notice_for(self.hub, where)

    def world_of(self, bare: World) -> World:
        """The world as the buses see it, with the wishes of the config."""
        readings = {name: poll.view() for name, poll in self.meters.items()}
        spike_cure = self.config.control.spike_cure
        world = replace(bare, settings=self.wishes.settings, spike_cure=spike_cure, readings=readings)
        settings = self.wishes.follow(world)
        return world if settings is world.settings else replace(world, settings=settings)

    def _changed(self, bus: str) -> None:
        self.controller.wake()
        if self._known is None:
            return
        heard = [unit for unit in self.buses[bus].master.units.values() if unit.heard_at is not None]
        entries = [KnownUnitEntry(id=u.id, protocol=u.protocol, max_ca=u.max_ca) for u in heard]
        if entries:
            self._remember(bus, entries)

    def _remember(self, bus: str, entries: list[KnownUnitEntry]) -> None:
        if self._known is None:
            return
        try:
            self._known.remember(bus, entries)
        except OSError as error:
            self.notice_for(bus)("warning", f"cannot remember connectors for the next start: {error}")

    async def run(self) -> None:
        """Run until `options.stop` is set, or until a vital part fails, whose error is raised."""
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        end_on_callback_errors(loop, failed)
        pumps = (*self.listeners.values(), *self.played.values())
        parts = [*(bus.run for bus in self.buses.values()), *(pump.run for pump in pumps)]
        vital = [asyncio.ensure_future(run()) for run in (*parts, self._decide)]
        others = [asyncio.ensure_future(run()) for run in self._options.companions(self)]
        others += [asyncio.ensure_future(self._keep_reading(name)) for name in self.meters]
        others.append(asyncio.ensure_future(optional("the settings", self.wishes.run, self.notice_for("wishes"))))
        others.append(asyncio.ensure_future(self._stopped()))
        try:
            await asyncio.wait((failed, *vital, others[-1]), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end([*vital, *others])
            await self.wishes.close()
            loop.set_exception_handler(None)
        for task in (failed, *vital):
            if task.done() and not task.cancelled():
                task.result()
        failed.cancel()

    async def _decide(self) -> None:
        # Buses go on as they were meanwhile; a decision without people's wishes could end a session for nothing.
        await self.wishes.load()
        await self.controller.run()

    async def _keep_reading(self, name: str) -> None:
        await optional(f"meter {name}", self.meters[name].run, self.notice_for(f"meter {name}"))

    async def _stopped(self) -> None:
        await self._options.stop.wait()


async def _end(tasks: Sequence[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def run(config: Config, options: Options) -> None:
    """Build the site's graph and run it until `options.stop` is set."""
    await Graph(config, options).run()
