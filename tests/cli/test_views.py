"""What people read: sentences, the live view on 80 columns, lines elsewhere."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
from rich.console import Console

from twcmaster.cli import words
from twcmaster.cli.live import BAR_CELLS, LiveScreen, bar_text
from twcmaster.cli.screens import LineScreen, choose_screen, once

CONNECTOR: dict[str, Any] = {
    "key": "garage/1839",
    "id": "1839",
    "name": "Left bay",
    "bus": "garage",
    "circuit": "garage",
    "protocol": 2,
    "presence": "online",
    "heard_age_s": 0.4,
    "activity": "charging",
    "plugged": True,
    "limit_a": 40.0,
    "minimum_a": 6,
    "told_a": 16.0,
    "reported_a": 16.0,
    "drawn_a": 15.68,
    "phase_a": None,
    "offered_a": 16,
    "target_a": 16,
    "may_draw_a": 16.0,
    "lifetime_kwh": 924.0,
    "wish": {"code": "fixed", "text": "Fixed at 32 A for the site"},
    "limits": [{"code": "fixed", "text": "Fixed at 32 A for the site"}],
}
STATUS: dict[str, Any] = {
    "number": 1,
    "site": "Home",
    "time": "2026-06-21T12:00:00+00:00",
    "mode": {"code": "fixed", "amps": 32.0, "text": "32 A"},
    "connectors": [CONNECTOR],
    "circuits": [{"name": "garage", "limit_a": 40.0, "may_draw_a": 32.0, "drawn_a": 15.68}],
    "buses": [
        {
            "name": "garage",
            "link": "/dev/serial/by-id/usb-a-very-long-name-of-an-adapter-that-does-not-fit-if00-port0",
            "connected": True,
            "reconnects": 0,
            "frames_received": 120,
            "frames_damaged": 1,
            "second_master": False,
        }
    ],
    "alarms": [],
    "notices": [
        {"at": "2026-06-21T11:59:00+00:00", "level": "info", "where": "garage", "text": "connector 1839 answers"}
    ],
}


def connector(**changes: object) -> dict[str, Any]:
    return CONNECTOR | changes


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "Charging"),
        ({"activity": "ready", "plugged": None}, "No car"),
        ({"activity": "ready", "plugged": False}, "No car"),
        ({"activity": "ready", "plugged": True}, "Car plugged in, asleep or full"),
        ({"activity": None}, "State not told yet"),
        ({"activity": "error"}, "Fault: the connector reports an error"),
        ({"presence": "linking", "activity": None}, "Found, has not answered yet"),
        ({"presence": "silent", "heard_age_s": 6.2}, "No answer for 6 s"),
        ({"presence": "lost", "heard_age_s": 40.0}, "Lost: no answer for 40 s"),
        ({"presence": "lost", "heard_age_s": None}, "Lost: no answer"),
    ],
)
def test_a_state_in_words(changes: dict[str, object], expected: str) -> None:
    assert words.state_of(connector(**changes)) == expected


def test_a_reason_is_said_once() -> None:
    assert words.why(CONNECTOR) == "Fixed at 32 A for the site"
    assert words.why(connector(wish=None)) == "No decision yet"


@pytest.mark.parametrize(
    "offered_a, target_a, expected",
    [(16, 16, "16 A offered"), (6, 20, "6 A offered, soon 20 A"), (None, None, "nothing offered yet")],
)
def test_an_offer_in_words(offered_a: int | None, target_a: int | None, expected: str) -> None:
    assert words.offered(connector(offered_a=offered_a, target_a=target_a)) == expected


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({}, "Charging 1 car with 15.7 A."),
        ({"connectors": [connector(activity="ready")]}, "Nothing charges now."),
        ({"connectors": []}, "No wall connector heard yet"),
        ({"connectors": [], "buses": [{"connected": False}]}, "No connection to the adapter"),
    ],
)
def test_the_site_in_a_sentence(changes: dict[str, object], expected: str) -> None:
    assert words.summary(STATUS | changes).startswith(expected)


def test_unknown_amps_are_no_number() -> None:
    assert words.amps(None) == "?"
    assert "draws" not in words.connector_line(connector(drawn_a=None))


@pytest.mark.parametrize(
    "drawn_a, offered_a, full, shaded",
    [
        (None, None, 0, 0),
        (0, 0, 0, 0),
        (0, 40, 0, 24),
        (20, 40, 12, 12),
        (40, 40, 24, 0),
        (99, 40, 24, 0),
        (0.2, 6, 1, 3),
    ],
)
def test_a_bar_never_grows_beyond_its_room(drawn_a: float, offered_a: float, full: int, shaded: int) -> None:
    bar = bar_text(drawn_a, offered_a, 40.0).plain
    assert len(bar) == BAR_CELLS
    assert (bar.count("█"), bar.count("▒")) == (full, shaded)


def drawn(status: dict[str, Any], width: int, *, terminal: bool = True) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=terminal, color_system="standard" if terminal else None)
    with LiveScreen(console) as screen:
        screen.show(status)
    return out.getvalue()


@pytest.mark.parametrize("connectors", [0, 1, 3, 30])
def test_the_live_view_fits_80_columns(connectors: int) -> None:
    status = copy.deepcopy(STATUS)
    status["connectors"] = [
        connector(key=f"garage/{number:04X}", name="A connector with quite a long name, to be sure" * 2)
        for number in range(connectors)
    ]
    text = drawn(status, 80, terminal=False)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "Home" in text
    assert ("Charging" in text) == bool(connectors)


def test_the_live_view_shows_alarms_and_notices() -> None:
    status = STATUS | {"alarms": [{"code": "overload", "text": "Circuit garage is overloaded"}]}
    text = drawn(status, 80, terminal=False)
    assert "! Circuit garage is overloaded" in text
    assert "connector 1839 answers" in text


def test_without_a_terminal_each_change_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert isinstance(choose_screen(), LineScreen)
    with LineScreen() as screen:
        screen.show(STATUS)
        screen.show(STATUS | {"number": 2, "connectors": [connector(drawn_a=15.7, heard_age_s=0.9)]})
        before = capsys.readouterr().out.splitlines()
        screen.show(STATUS | {"number": 3, "connectors": [connector(offered_a=10, target_a=10)]})
        after = capsys.readouterr().out.splitlines()
    assert len(before) == 2
    assert "connector 1839 answers" in before[0]
    assert "Left bay (1839): Charging, 16 A offered, draws 16 A. Fixed at 32 A for the site." in before[1]
    assert len(after) == 1
    assert "10 A offered" in after[0]
    assert "\x1b" not in "".join(before + after)


def test_one_look_has_everything() -> None:
    text = "\n".join(once(STATUS))
    for part in ("Home", "Left bay (1839)", "Circuit garage", "Bus garage", "120 frames, 1 damaged"):
        assert part in text
