"""Wishes in a running daemon: confirmed means kept, in any order of commands, ends, slow and failing disks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.control.small_world import GATE, LEFT, METERED_FACTS, NOON, RIGHT, SITE_FACTS, charging, world
from tests.runtime import site_under_test
from tests.runtime.site_under_test import SiteUnderTest, Step, play, unit
from twcmaster.control.commands import initial
from twcmaster.control.known import known_of
from twcmaster.model.commands import Change, Command, CommandRefused, SetMode, SetPriority, StartChargeNow
from twcmaster.model.settings import SITE, Mode, Settings, StandingMode
from twcmaster.runtime.wishes import BY_ITSELF, MOST_WAITING, Around, Wishes
from twcmaster.sim.clock import run_virtual
from twcmaster.store.settings_store import SettingsStore

T = TypeVar("T")
START = initial(Mode.SOLAR)
HOUR = timedelta(hours=1)
CARS = (charging(LEFT, 16), RIGHT, GATE)


@dataclass
class Disk:
    """A keeper that takes its time and may fail."""

    takes_s: float = 0.01
    full: bool = False
    document: Settings | None = None
    log: list[Change] = field(default_factory=list)
    saves: int = 0
    closed: bool = False

    async def load(self) -> Settings | None:
        await asyncio.sleep(self.takes_s)
        return self.document

    async def save(self, settings: Settings, change: Change | None) -> None:
        await asyncio.sleep(self.takes_s)
        if self.full:
            raise OSError("disk is full")
        self.saves += 1
        self.document = settings
        self.log += [] if change is None else [change]

    async def changes(self, most: int) -> tuple[Change, ...]:
        return tuple(reversed(self.log[-most:]))

    async def close(self) -> None:
        self.closed = True


class Daemon:
    """Wishes with a disk, a clock that goes with the loop, and somebody who follows every second."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.told: list[str] = []
        self.woken = 0
        known = known_of(METERED_FACTS, CARS)
        around = Around(self.clock, lambda: known, lambda level, text: self.told.append(text), self._wake)
        self.wishes = Wishes(disk, START, around)

    def clock(self) -> datetime:
        return NOON + timedelta(seconds=asyncio.get_running_loop().time())

    def _wake(self) -> None:
        self.woken += 1

    def tick(self) -> None:
        now = asyncio.get_running_loop().time()
        self.wishes.follow(replace(world(self.wishes.settings, self.clock(), CARS), now=now))

    async def follow(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(1)


def with_daemon(main: Callable[[Daemon], Awaitable[T]], disk: Disk | None = None) -> T:
    async def run() -> T:
        daemon = Daemon(disk or Disk())
        await daemon.wishes.load()
        tasks = [asyncio.ensure_future(daemon.wishes.run()), asyncio.ensure_future(daemon.follow())]
        result = await main(daemon)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await daemon.wishes.close()
        assert daemon.disk.closed
        return result

    return run_virtual(run())


def test_a_command_is_confirmed_when_it_is_on_disk_and_in_effect_then() -> None:
    async def main(daemon: Daemon) -> None:
        asked = asyncio.ensure_future(daemon.wishes.command(SetMode(Mode.OFF), "owner"))
        await asyncio.sleep(0.005)
        assert daemon.wishes.settings == START
        assert daemon.woken == 0
        settings = await asked
        assert settings.of(SITE).standing == StandingMode(Mode.OFF)
        assert daemon.wishes.settings is settings
        assert daemon.disk.document is settings
        assert daemon.woken == 1
        assert daemon.told == ["owner: Off for the site"]
        (entry,) = await daemon.wishes.changes(5)
        assert (entry.who, entry.version) == ("owner", 1)
        assert '"set_mode"' in entry.what
        assert entry.at.tzinfo is UTC

    with_daemon(main)


def test_the_settings_of_the_last_run_come_first() -> None:
    async def main(daemon: Daemon) -> Settings:
        return daemon.wishes.settings

    assert with_daemon(main, Disk(document=initial(Mode.OFF))) == initial(Mode.OFF)
    assert with_daemon(main) == START


@pytest.mark.parametrize(
    "command, full, error",
    [(SetMode(Mode.FIXED, amps=3), False, CommandRefused), (SetMode(Mode.OFF), True, OSError)],
)
def test_what_is_refused_or_cannot_be_kept_changes_nothing(
    command: Command, full: bool, error: type[Exception]
) -> None:
    async def main(daemon: Daemon) -> None:
        daemon.disk.full = full
        with pytest.raises(error):
            await daemon.wishes.command(command, "owner")
        assert daemon.wishes.settings == START
        assert daemon.told == []
        daemon.disk.full = False
        await daemon.wishes.command(SetMode(Mode.OFF), "owner")
        assert daemon.disk.saves == 1

    with_daemon(main)


def test_what_changes_nothing_is_confirmed_and_not_written() -> None:
    async def main(daemon: Daemon) -> None:
        assert await daemon.wishes.command(SetMode(Mode.SOLAR), "owner") is daemon.wishes.settings
        assert daemon.disk.saves == 0

    with_daemon(main)


def test_who_asked_may_leave_meanwhile() -> None:
    async def main(daemon: Daemon) -> None:
        asked = asyncio.ensure_future(daemon.wishes.command(SetMode(Mode.OFF), "owner"))
        await asyncio.sleep(0.005)
        asked.cancel()
        await asyncio.sleep(0.1)
        assert daemon.wishes.settings.of(SITE).standing == StandingMode(Mode.OFF)
        assert daemon.disk.document == daemon.wishes.settings

    with_daemon(main)


def test_a_command_whose_sender_left_before_its_turn_is_forgotten() -> None:
    async def main(daemon: Daemon) -> None:
        first = asyncio.ensure_future(daemon.wishes.command(SetPriority(LEFT.key, 1), "one"))
        second = asyncio.ensure_future(daemon.wishes.command(SetMode(Mode.OFF), "two"))
        await asyncio.sleep(0.005)
        second.cancel()
        await first
        await asyncio.sleep(0.1)
        assert daemon.wishes.settings.of(SITE) == START.of(SITE)

    with_daemon(main)


def test_commands_at_once_are_handled_one_after_the_other() -> None:
    async def main(daemon: Daemon) -> None:
        commands = [SetPriority(key, number) for number, key in enumerate((LEFT.key, RIGHT.key, GATE.key), start=1)]
        await asyncio.gather(*(daemon.wishes.command(command, "all") for command in commands))
        assert [daemon.wishes.settings.of(key).priority for key in (LEFT.key, RIGHT.key, GATE.key)] == [1, 2, 3]
        assert [entry.version for entry in daemon.disk.log] == [1, 2, 3]

    with_daemon(main)


def test_of_two_who_edit_the_same_version_the_second_is_told() -> None:
    async def main(daemon: Daemon) -> None:
        first = daemon.wishes.command(SetMode(Mode.OFF), "one", version=0)
        second = daemon.wishes.command(SetMode(Mode.SOLAR_MIN), "two", version=0)
        outcomes = await asyncio.gather(first, second, return_exceptions=True)
        assert isinstance(outcomes[1], CommandRefused)
        assert "Somebody else" in str(outcomes[1])
        assert daemon.wishes.settings.of(SITE).standing == StandingMode(Mode.OFF)

    with_daemon(main)


def test_too_many_commands_for_a_hanging_disk_are_refused_at_once() -> None:
    async def main(daemon: Daemon) -> None:
        daemon.disk.takes_s = 60
        waiting = [asyncio.ensure_future(daemon.wishes.command(SetMode(Mode.OFF), "x")) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0.01)
        # The first is being handled.
        waiting.append(asyncio.ensure_future(daemon.wishes.command(SetMode(Mode.OFF), "x")))
        await asyncio.sleep(0.01)
        with pytest.raises(OSError, match="does not keep up"):
            await daemon.wishes.command(SetMode(Mode.OFF), "x")
        # Decisions go on meanwhile.
        daemon.tick()
        for one in waiting:
            one.cancel()

    with_daemon(main)


def test_what_ends_by_itself_takes_effect_at_once_and_is_written_with_a_sentence() -> None:
    async def main(daemon: Daemon) -> None:
        await daemon.wishes.command(StartChargeNow(until=NOON + HOUR), "owner")
        await asyncio.sleep(3601)
        assert daemon.wishes.settings.of(SITE).charge_now is None
        assert daemon.disk.document == daemon.wishes.settings
        assert (daemon.disk.log[-1].who, daemon.disk.log[-1].version) == (BY_ITSELF, 2)
        assert daemon.disk.log[-1].what == "Charge now has ended: it was set until 13:00 (site)"
        assert daemon.told[-1] == daemon.disk.log[-1].what

    with_daemon(main)


def test_what_ended_while_the_disk_was_full_is_written_when_it_is_not() -> None:
    async def main(daemon: Daemon) -> None:
        await daemon.wishes.command(StartChargeNow(until=NOON + HOUR), "owner")
        daemon.disk.full = True
        await asyncio.sleep(3700)
        assert daemon.wishes.settings.of(SITE).charge_now is None
        assert "not on disk yet: disk is full" in daemon.told[-1]
        daemon.disk.full = False
        await asyncio.sleep(120)
        assert daemon.disk.document == daemon.wishes.settings
        assert daemon.disk.log[-1].what == "Charge now has ended: it was set until 13:00 (site)"

    with_daemon(main)


def test_a_command_brings_what_ended_before_it_to_disk() -> None:
    async def main(daemon: Daemon) -> None:
        await daemon.wishes.command(StartChargeNow(until=NOON + HOUR), "owner")
        daemon.disk.full = True
        await asyncio.sleep(3600)
        daemon.disk.full = False
        await daemon.wishes.command(SetMode(Mode.OFF), "owner")
        assert [entry.who for entry in daemon.disk.log] == ["owner", BY_ITSELF, "owner"]

    with_daemon(main)


def test_progress_is_written_once_a_minute_and_at_the_end() -> None:
    disk = Disk()

    async def main(daemon: Daemon) -> float:
        await daemon.wishes.command(StartChargeNow(energy_kwh=50), "owner")
        await asyncio.sleep(605)
        assert 10 <= disk.saves <= 12
        assert len(disk.log) == 1
        return _charged(daemon.wishes.settings)

    # 16 A on three phases of 230 V for 605 s
    assert with_daemon(main, disk) == pytest.approx(16 * 3 * 0.23 * 605 / 3600, abs=0.01)
    assert _charged(disk.document) == pytest.approx(16 * 3 * 0.23 * 605 / 3600, abs=0.01)


def _charged(settings: Settings | None) -> float:
    charge_now = None if settings is None else settings.of(SITE).charge_now
    assert charge_now is not None
    return charge_now.charged_kwh


def test_a_disk_that_hangs_does_not_hold_up_the_end() -> None:
    async def main(daemon: Daemon) -> Daemon:
        await daemon.wishes.command(StartChargeNow(until=NOON + HOUR), "owner")
        await asyncio.sleep(3600.5)
        await daemon.wishes.command(StartChargeNow(until=NOON + 2 * HOUR), "owner")
        daemon.disk.takes_s = 1000
        daemon.wishes._unsaved = True
        return daemon

    async def run() -> list[str]:
        daemon = Daemon(Disk())
        task = asyncio.ensure_future(daemon.wishes.run())
        await main(daemon)
        task.cancel()
        begun = asyncio.get_running_loop().time()
        await daemon.wishes.close()
        assert asyncio.get_running_loop().time() - begun <= 1.1
        return daemon.told

    assert "did not take the last changes in time" in run_virtual(run())[-1]


Event = tuple[int, bool, int]
events = st.lists(st.tuples(st.integers(0, 300), st.booleans(), st.integers(0, 6)), max_size=15)
COMMANDS: tuple[Command, ...] = (
    SetMode(Mode.OFF),
    SetMode(Mode.FIXED, amps=10, until=NOON + timedelta(seconds=200)),
    StartChargeNow(energy_kwh=0.2),
    StartChargeNow(LEFT.key, until=NOON + timedelta(seconds=100)),
    SetPriority(LEFT.key, 5),
    SetMode(None, LEFT.key),
    SetMode(Mode.FIXED, amps=1),
)


@given(events, st.floats(0.001, 3))
def test_what_was_confirmed_is_on_disk_whatever_happens(script: list[Event], takes_s: float) -> None:
    async def main(daemon: Daemon) -> None:
        begun = asyncio.get_running_loop().time()
        for at, full, number in sorted(script):
            await asyncio.sleep(begun + at - asyncio.get_running_loop().time())
            daemon.disk.full = full
            try:
                confirmed = await daemon.wishes.command(COMMANDS[number], "x")
            except (CommandRefused, OSError):
                continue
            assert daemon.disk.document is not None or confirmed == START
            assert daemon.disk.document is None or daemon.disk.document.version == confirmed.version
        daemon.disk.full = False
        await asyncio.sleep(500)
        assert daemon.disk.document is None or daemon.disk.document.version == daemon.wishes.settings.version
        versions = [entry.version for entry in daemon.disk.log]
        assert versions == sorted(set(versions))

    with_daemon(main, Disk(takes_s=takes_s))


# ── in the whole graph ───────────────────────────────────────────────────────────────────────────────────────────────

ONE = (unit(0x1839),)


def say(command: Command) -> Step:
    async def step(test: SiteUnderTest) -> None:
        await test.graph.wishes.command(command, "owner")

    return step


def offers(expected: int) -> Step:
    def step(test: SiteUnderTest) -> None:
        assert list(test.offers().values()) == [expected]

    return step


def test_commands_reach_the_wire_and_end_by_themselves() -> None:
    test = play(
        ONE,
        {
            5: lambda test: test.plug_in(0),
            81: say(SetMode(Mode.FIXED, amps=10)),
            95: offers(10),
            96: say(StartChargeNow(amps=20, until=site_under_test.START + timedelta(seconds=200))),
            115: offers(20),
            199: offers(20),
            203: offers(10),
        },
    )
    assert test.told("owner: 10 A for the site")
    assert test.told("Charge now has ended")


def test_wishes_hold_through_a_restart(tmp_path: Path) -> None:
    async def command() -> None:
        store = SettingsStore(tmp_path / "settings.db", lambda: NOON, lambda level, text: None)
        await store.save(initial(Mode.OFF), None)
        await store.close()

    asyncio.run(command())
    store = SettingsStore(tmp_path / "settings.db", lambda: NOON, lambda level, text: None)
    known = known_of(SITE_FACTS, ())
    wishes = run_virtual(_loaded(store, Around(lambda: NOON, lambda: known, lambda level, text: None, lambda: None)))
    assert wishes == initial(Mode.OFF)


async def _loaded(store: SettingsStore, around: Around) -> Settings:
    wishes = Wishes(store, START, around)
    await wishes.load()
    await wishes.close()
    return wishes.settings
