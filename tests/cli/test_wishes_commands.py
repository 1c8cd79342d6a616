"""`set`, `explain` and `changes` against wishes that answer on a real socket, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest

from tests.cli.conftest import Invoke
from tests.cli.processes import call, daemon, lab
from tests.control.small_world import GATE, LEFT, METERED_FACTS, NOON, RIGHT, charging, world
from twcmaster.control.commands import initial
from twcmaster.control.decide import decide
from twcmaster.control.known import known_of
from twcmaster.control.memory import Memory
from twcmaster.model.settings import SITE, Mode, Settings
from twcmaster.runtime.console import Console, Operations
from twcmaster.runtime.hub import Hub
from twcmaster.runtime.wishes import Around, Wishes
from twcmaster.runtime.wishes_operations import wishes_operations
from twcmaster.store.settings_store import WishesInMemory

CARS = tuple(replace(unit, heard_at=999.0) for unit in (charging(LEFT, 16), RIGHT, GATE))


class Served:
    """Wishes behind a console."""

    def __init__(self, path: Path, *, decided: bool = True) -> None:
        self.path = path
        self.wishes: Wishes
        self._decided = decided
        self._stop: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        known = known_of(METERED_FACTS, CARS)
        around = Around(lambda: NOON, lambda: known, lambda level, text: None, lambda: None)
        self.wishes, hub = Wishes(WishesInMemory(), initial(Mode.SOLAR), around), Hub(lambda: NOON)
        if self._decided:
            instant = world(initial(Mode.FIXED, 20), NOON, CARS)
            hub.publish(instant, decide(instant, Memory())[0], {})
        console, stop = Console(self.path), asyncio.Event()
        console.open()
        answers = wishes_operations(self.wishes, hub, lambda: NOON, lambda: known)
        tasks = [
            asyncio.ensure_future(console.run(Operations(answers))),
            asyncio.ensure_future(self.wishes.run()),
        ]
        self._stop.set_result((asyncio.get_running_loop(), stop))
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._stop.result(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        loop, stop = self._stop.result()
        loop.call_soon_threadsafe(stop.set)
        self._thread.join(timeout=10)

    @property
    def settings(self) -> Settings:
        return self.wishes.settings


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path / "run" / "t.sock") as served:
        yield served


def said(twcmaster: Invoke, served: Served, *arguments: str) -> str:
    result = twcmaster(*arguments, "--socket", served.path)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    "arguments, answer",
    [
        (["mode", "solar_min"], "Solar+min for the site.\nNow: Solar+min.\n"),
        (["mode", "fixed", "--amps", "16"], "16 A for the site.\nNow: 16 A.\n"),
        (["mode", "fixed"], "Full power for the site.\nNow: Full power.\n"),
        (
            ["mode", "off", "--until", "6:00", "--then", "solar_min"],
            "Off for the site until 6:00, then Solar+min.\nNow: Off until 6:00, then Solar+min.\n",
        ),
        (
            ["mode", "off", "--connector", "left bay"],
            "Off for left bay.\nNow (bus/1A2B): Off.\n",
        ),
        (["charge-now"], "Charge now for the site, for 24 hours.\nNow: Charge now until Mon 12:00, then Solar.\n"),
        (
            ["charge-now", "--kwh", "10", "--amps", "12", "--connector", "1A2B"],
            """Charge now at 12 A for 1A2B, until 10 kWh are charged.
Now (bus/1A2B): Charge now until 10 kWh are charged, then Solar.
""",
        ),
        (
            ["charge-now", "--until", "90 min"],
            "Charge now for the site, until 13:30.\nNow: Charge now until 13:30, then Solar.\n",
        ),
        (["charge-now", "--cancel"], "No charge now was running for the site.\nNow: Solar.\n"),
        (
            ["schedule", "daily 22:00-6:00 16 A"],
            "Schedule for the site: 1 window.\nNow: Solar until 22:00, then 16 A.\n",
        ),
        (["save-power", "4.2kW", "--until", "2 h"], "Save power: 4.2 kW at most until 14:00.\nNow: Solar.\n"),
        (["save-power", "10 A", "--circuit", "garage"], "Save power behind garage: 10 A at most.\nNow: Solar.\n"),
        (["priority", "Gate", "2"], "Priority 2 for Gate.\nNow (other/C0DE): Solar.\n"),
    ],
)
def test_each_command_says_what_it_did_and_what_holds(
    twcmaster: Invoke, served: Served, arguments: list[str], answer: str
) -> None:
    assert said(twcmaster, served, "set", *arguments) == answer


@pytest.mark.parametrize(
    "before, arguments, says",
    [
        (["charge-now"], ["charge-now", "--cancel"], "Charge now cancelled for the site."),
        (
            ["charge-now"],
            ["charge-now", "--cancel", "--connector", "Gate"],
            "No charge now was running for other/C0DE.",
        ),
        (["save-power", "off"], ["save-power", "end"], "Save power ended."),
        (["mode", "off"], ["save-power", "end"], "There was no save power to end."),
        (
            ["save-power", "10A", "--source", "grid", "--until", "2 h"],
            ["save-power", "end"],
            "There was no save power to end; still in force: 10 A at most until 14:00 (grid).",
        ),
        (
            ["save-power", "10A", "--source", "grid"],
            ["save-power", "end", "--source", "nobody", "--circuit", "yard"],
            "There was no save power to end behind yard (nobody); still in force: 10 A at most (grid).",
        ),
    ],
)
def test_ending_says_what_ended_and_what_still_holds(
    twcmaster: Invoke, served: Served, before: list[str], arguments: list[str], says: str
) -> None:
    said(twcmaster, served, "set", *before)
    assert said(twcmaster, served, "set", *arguments).splitlines()[0] == says


def test_ending_one_of_two_signals_names_the_other(twcmaster: Invoke, served: Served) -> None:
    said(twcmaster, served, "set", "save-power", "off", "--circuit", "garage")
    said(twcmaster, served, "set", "save-power", "4kW", "--source", "grid")
    told = said(twcmaster, served, "set", "save-power", "end", "--source", "grid")
    assert told.startswith("Save power ended (grid); still in force: no charging behind garage.\n")


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["mode", "off", "--until", "99999999 h"], "That is more than a year from now."),
        (["mode", "off", "--until", "0001-01-01T00:00"], "That time has passed already."),
        (["mode", "fixed", "--amps", "3"], "3 A is too little: no car charges below 6 A here."),
        (["mode", "off", "--connector", "attic"], 'There is no connector "attic". There are bus/1A2B (Left bay)'),
        (["mode", "follow"], "The site always has a mode: off, fixed, solar, solar_min."),
        (["charge-now", "--until", "soon"], '"soon" is not a time. Write it like "21:30"'),
        (["schedule", "someday 1:00-2:00 off"], '"someday" is not a day.'),
        (["schedule", "--remove", "9"], "There is no window 9. There are: none."),
        (["save-power", "off", "--circuit", "attic"], 'There is no circuit "attic". There are main, garage, yard.'),
        (["priority", "Gate", "1000"], "Priorities go from 0 (served first) to 99."),
    ],
)
def test_what_is_refused_ends_with_1_and_the_reason(
    twcmaster: Invoke, served: Served, arguments: list[str], says: str
) -> None:
    before = served.settings
    result = twcmaster("set", *arguments, "--socket", served.path)
    assert result.exit_code == 1
    assert says in result.output
    assert served.settings == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["mode", "warp"],
        ["charge-now", "--cancel", "--amps", "3"],
        ["schedule", "--clear", "daily 1:00-2:00 off"],
        ["schedule", "--remove", "1", "daily 1:00-2:00 off"],
        ["save-power", "a bit"],
        ["priority", "Gate"],
    ],
)
def test_wrong_usage_ends_with_2(twcmaster: Invoke, arguments: list[str]) -> None:
    assert twcmaster("set", *arguments).exit_code == 2


def test_windows_are_shown_added_and_removed(twcmaster: Invoke, served: Served) -> None:
    said(twcmaster, served, "set", "schedule", "daily 22:00-6:00 16 A", "weekend 8:00-20:00 off")
    said(twcmaster, served, "set", "schedule", "--add", "mon 1:00-2:00 full")
    shown = said(twcmaster, served, "set", "schedule")
    assert shown.splitlines() == [
        "  1  daily 22:00-6:00 16 A",
        "  2  weekend 8:00-20:00 off",
        "  3  mon 1:00-2:00 full",
        "Now: Off until 20:00, then Solar.",
    ]
    said(twcmaster, served, "set", "schedule", "--remove", "1", "--remove", "3")
    assert [window.id for window in served.settings.of(SITE).windows] == ["2"]
    said(twcmaster, served, "set", "schedule", "--clear")
    assert said(twcmaster, served, "set", "schedule") == "No windows.\nNow: Solar.\n"


def test_who_changed_what_is_told(twcmaster: Invoke, served: Served) -> None:
    assert said(twcmaster, served, "changes") == "Nothing has been changed yet.\n"
    said(twcmaster, served, "set", "mode", "off")
    said(twcmaster, served, "set", "charge-now", "--until", "21:30")
    told = said(twcmaster, served, "changes", "--most", "1")
    assert told.startswith("2026-06-21 10:00:00 UTC  ")
    assert told.endswith("(command line): charge now for the site, until 21:30\n")


def test_explain_says_why_and_what_would_give_more(twcmaster: Invoke, served: Served) -> None:
    lines = said(twcmaster, served, "explain", "Left bay").splitlines()
    assert lines[0].startswith("Left bay (1A2B): ")
    assert "draws 16.0 A" in lines[0]
    assert "  Wish   Fixed at 20 A for the site" in lines
    assert "         for more: Set more amps, or charge now." in lines
    assert "  Next   Solar" in lines
    everybody = said(twcmaster, served, "explain")
    assert [name in everybody for name in ("Left bay", "Right bay", "Gate")] == [True] * 3


def test_explain_before_the_first_decision(twcmaster: Invoke, tmp_path: Path) -> None:
    with Served(tmp_path / "t.sock", decided=False) as served:
        result = twcmaster("explain", "--socket", served.path)
    assert result.exit_code == 1
    assert "has not decided anything yet. Try again in a few seconds." in result.output


def test_without_a_daemon_it_ends_with_3(twcmaster: Invoke, tmp_path: Path) -> None:
    for arguments in (["set", "mode", "off"], ["explain"], ["changes"]):
        result = twcmaster(*arguments, "--socket", tmp_path / "none.sock")
        assert result.exit_code == 3


@pytest.mark.smoke
async def test_wishes_survive_the_death_of_the_daemon(tmp_path: Path) -> None:
    async with lab(tmp_path) as here:
        at = ("--socket", here.socket)
        async with daemon(here) as process:
            await here.until(here.socket.exists)
            told = await call("set", "mode", "fixed", "--amps", "14", *at)
            assert (told.code, told.err) == (0, "")
            process.kill()
        async with daemon(here):
            here.plug_in_car()
            await here.until(lambda: here.site.sample().units[0].draw_a > 7)
            explained, changes = await asyncio.gather(call("explain", "Left bay", *at), call("changes", *at))
            assert "Fixed at 14 A for the site" in explained.out
            assert "14 A for the site" in changes.out
