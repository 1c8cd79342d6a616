"""The site's clock knows the rules of its zone, also when it is the computer's own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twcmaster import app


@pytest.mark.parametrize(
    "configured, computer", [("Europe/Berlin", "Asia/Tokyo"), ("", "Europe/Berlin"), ("", ":Europe/Berlin")]
)
def test_the_next_clock_change_is_known(configured: str, computer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", computer)
    zone = app.wall_clock(configured)().tzinfo
    january, july = (datetime(2026, month, 1, tzinfo=UTC).astimezone(zone).utcoffset() for month in (1, 7))
    assert (january, july) == (timedelta(hours=1), timedelta(hours=2))


@pytest.mark.parametrize("name", ["CET-1CEST,M3.5.0,M10.5.0/3", "Nowhere/Land", "../etc/passwd"])
def test_a_zone_that_nobody_knows_still_gives_a_clock(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", name)
    assert app.wall_clock("")().utcoffset() is not None


@pytest.mark.skipif(not Path("/etc/localtime").exists(), reason="this computer has no zone")
def test_without_a_word_it_is_the_zone_of_the_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    clock = app.wall_clock("")()
    assert clock.utcoffset() == clock.astimezone().utcoffset()
