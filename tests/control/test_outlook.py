"""What comes next, in words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

import twcmaster.control
from tests.control.small_world import LEFT, NOON, settings
from twcmaster.control.command_words import say
from twcmaster.control.outlook import Outlook, outlook
from twcmaster.control.remedies import remedy
from twcmaster.model.commands import (
    CancelChargeNow,
    Command,
    SetMode,
    SetPriority,
    SetSavePower,
    SetSchedule,
    StartChargeNow,
)
from twcmaster.model.plan import Reason
from twcmaster.model.settings import (
    SITE,
    ChargeNow,
    Mode,
    SaveKind,
    ScopeWishes,
    Settings,
    StandingMode,
    Window,
)

HOUR = timedelta(hours=1)
SOLAR, OFF = StandingMode(Mode.SOLAR), StandingMode(Mode.OFF)
NIGHT = Window("1", frozenset(range(7)), time(22), time(6), Mode.FIXED, 16)
NOW = ChargeNow(NOON, until=NOON + HOUR)


@pytest.mark.parametrize(
    "wishes, text, changes_at",
    [
        (settings(), "Nothing", None),
        (settings(ScopeWishes(SOLAR)), "Solar", None),
        (settings(ScopeWishes(SOLAR, windows=(NIGHT,))), "Solar until 22:00, then 16 A", NOON + 10 * HOUR),
        (
            settings(ScopeWishes(replace(OFF, until=NOON + 18 * HOUR, then=SOLAR))),
            "Off until 6:00, then Solar",
            NOON + 18 * HOUR,
        ),
        (settings(ScopeWishes(SOLAR, NOW)), "Charge now until 13:00, then Solar", NOON + HOUR),
        (settings(ScopeWishes(SOLAR, replace(NOW, amps=9))), "Charge now at 9 A until 13:00, then Solar", NOON + HOUR),
        # Into the night window: what comes then is what holds then.
        (
            settings(ScopeWishes(SOLAR, replace(NOW, until=NOON + 11 * HOUR), (NIGHT,))),
            "Charge now until 23:00, then 16 A",
            NOON + 11 * HOUR,
        ),
        # The end of the mode under the window does not show before the window ends.
        (
            settings(
                ScopeWishes(replace(OFF, until=NOON - HOUR, then=SOLAR), windows=(replace(NIGHT, start=time(11)),))
            ),
            "16 A until 6:00, then Solar",
            NOON + 18 * HOUR,
        ),
        (
            settings(ScopeWishes(SOLAR, ChargeNow(NOON, energy_kwh=5))),
            "Charge now until 5 kWh are charged, then Solar",
            None,
        ),
        (
            settings(ScopeWishes(OFF, ChargeNow(NOON, energy_kwh=5, until_unplugged=True))),
            "Charge now until 5 kWh are charged or until unplugged, then Off",
            None,
        ),
        # The other way of saying the same is no change.
        (settings(ScopeWishes(replace(OFF, until=NOON + HOUR, then=OFF))), "Off", None),
    ],
)
def test_the_site(wishes: Settings, text: str, changes_at: datetime | None) -> None:
    assert outlook(wishes, SITE, NOON) == Outlook(text, changes_at)


def test_a_connector_with_what_the_site_asks_of_it() -> None:
    wishes = settings(ScopeWishes(SOLAR, windows=(NIGHT,)), {LEFT.key: ScopeWishes(OFF)})
    assert outlook(wishes, LEFT.key, NOON).text == "Off until 22:00, then 16 A"
    own = replace(NIGHT, start=time(11), end=time(13), mode=Mode.SOLAR_MIN, amps=None)
    wishes = settings(ScopeWishes(SOLAR, NOW), {LEFT.key: ScopeWishes(windows=(own,))})
    assert outlook(wishes, LEFT.key, NOON).text == "Charge now until 13:00, then Solar"


@pytest.mark.parametrize(
    "command, text",
    [
        (SetMode(Mode.SOLAR), "Solar for the site"),
        (SetMode(None, LEFT.key), "bus/1A2B follows the site again"),
        (SetMode(Mode.OFF, until=NOON + 18 * HOUR, then=Mode.SOLAR), "Off for the site until 6:00, then Solar"),
        (StartChargeNow(), "charge now for the site, for 24 hours"),
        (
            StartChargeNow(LEFT.key, 16, NOON + HOUR, 5, until_unplugged=True),
            "charge now at 16 A for bus/1A2B, until 13:00 or until 5 kWh are charged or until unplugged",
        ),
        (CancelChargeNow(), "charge now cancelled for the site"),
        (SetSchedule((NIGHT,)), "schedule for the site: 1 window"),
        (SetSchedule(()), "schedule for the site: no windows"),
        (SetPriority(LEFT.key, 2), "priority 2 for bus/1A2B"),
        (
            SetSavePower(SaveKind.WATTS, 4200, "garage", NOON + HOUR, "grid"),
            "save power behind garage: 4.2 kW at most until 13:00 (grid)",
        ),
        (SetSavePower(SaveKind.OFF), "save power: no charging"),
        (SetSavePower(None, source="grid"), "save power ended (grid)"),
    ],
)
def test_commands_in_words(command: Command, text: str) -> None:
    assert say(command, NOON) == text


def test_each_reason_that_a_decision_can_give_has_a_remedy() -> None:
    folder = Path(next(iter(twcmaster.control.__path__)))
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    codes = set(re.findall(r'Reason\(\s*"(\w+)"', source)) | {"standing_off", "standing_fixed", "schedule_fixed"}
    assert {"circuit", "save_power", "car_limit"} <= codes
    assert [code for code in sorted(codes) if remedy(Reason(code, "")) is None] == []
