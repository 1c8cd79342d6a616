"""Wishes that end: on the second, by energy, by unplugging, and with a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.control.small_world import GATE, LEFT, NOON, RIGHT, charging, settings, world
from twcmaster.control.expiry import drawn_w, expire, note
from twcmaster.model.settings import (
    SITE,
    ChargeNow,
    Mode,
    SaveKind,
    SavePower,
    ScopeWishes,
    Settings,
    StandingMode,
)
from twcmaster.model.world import Activity, Presence, WallConnector

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
SOLAR = StandingMode(Mode.SOLAR)
UNPLUG = ChargeNow(NOON, until_unplugged=True)


def now(wish: ChargeNow, scope: str = SITE) -> Settings:
    return settings(ScopeWishes(SOLAR), {scope: ScopeWishes(SOLAR, wish)})


def left(wishes: Settings, connectors: tuple[WallConnector, ...] = (LEFT, RIGHT, GATE), after: timedelta = HOUR) -> str:
    """What `expire` says has ended; empty when nothing has."""
    kept, ended = expire(world(wishes, NOON + after, connectors))
    assert (kept is wishes) is (not ended)
    assert kept.version == wishes.version + bool(ended)
    again, nothing = expire(world(kept, NOON + after, connectors))
    assert again is kept
    assert nothing == ()
    return "; ".join(one.text for one in ended)


@pytest.mark.parametrize(
    "wishes, says, then",
    [
        (now(ChargeNow(NOON, until=NOON + HOUR)), "Charge now has ended: it was set until 13:00", ScopeWishes(SOLAR)),
        (
            settings(ScopeWishes(StandingMode(Mode.OFF, None, NOON + HOUR, SOLAR))),
            "Off has ended as set, now Solar",
            ScopeWishes(SOLAR),
        ),
        (
            settings(ScopeWishes(StandingMode(Mode.FIXED, 16, NOON + HOUR))),
            "16 A has ended as set, now no mode of its own",
            ScopeWishes(),
        ),
        (
            settings(save_power=(SavePower(SaveKind.OFF, until=NOON + HOUR, source="grid"),)),
            "Save power has ended (grid)",
            ScopeWishes(),
        ),
    ],
)
def test_times_end_on_the_second(wishes: Settings, says: str, then: ScopeWishes) -> None:
    assert left(wishes, after=HOUR - SECOND) == ""
    assert left(wishes) == says
    kept, _ = expire(world(wishes, NOON + HOUR))
    assert kept.of(SITE) == then
    assert kept.save_power == ()


def test_several_things_end_at_once_and_the_rest_stays() -> None:
    wishes = settings(
        ScopeWishes(SOLAR, ChargeNow(NOON, until=NOON + HOUR)),
        {LEFT.key: ScopeWishes(charge_now=ChargeNow(NOON, until=NOON + 2 * HOUR), priority=1)},
        (SavePower(SaveKind.OFF), SavePower(SaveKind.AMPS, 6, "yard", NOON + HOUR)),
    )
    kept, ended = expire(world(wishes, NOON + HOUR))
    assert [(one.scope, one.kind) for one in ended] == [(SITE, "charge_now"), ("yard", "save_power")]
    assert kept.of(LEFT.key) == wishes.of(LEFT.key)
    assert kept.save_power == (SavePower(SaveKind.OFF),)


# ── energy ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "unit, watts",
    [
        (charging(LEFT, 16), 16 * 3 * 230),
        (charging(LEFT, 16, phase_a=(16.0, 0.0, 0.0)), 16 * 230),
        (charging(LEFT, 16, phase_a=(8.0, 8.0, 0.0)), 16 * 2 * 230),
        (charging(LEFT, 16, phase_a=(0.0, 0.0, 0.5)), 16 * 3 * 230),
        (replace(LEFT, actual_a=0.0, phase_a=(16.0, 16.0, 16.0)), 0),
        (charging(GATE, 10), 10 * 230),
        (replace(LEFT, actual_a=0.25), 0),
        (replace(LEFT, actual_a=None), 0),
    ],
)
def test_power_of_a_car(unit: WallConnector, watts: float) -> None:
    assert drawn_w(world(settings()).site, unit) == pytest.approx(watts)


@pytest.mark.parametrize(
    "scope, seconds, kwh",
    [
        (SITE, 1, 13.8 / 3600),
        (LEFT.key, 1, 11.5 / 3600),
        (GATE.key, 10, 2.3 / 360),
        (RIGHT.key, 1, 0),
        (SITE, 11, 0),
        (SITE, -1, 0),
    ],
)
def test_energy_is_summed_over_the_scope(scope: str, seconds: float, kwh: float) -> None:
    cars = (charging(LEFT, 50 / 3), RIGHT, charging(GATE, 10))
    wish = note(world(now(ChargeNow(NOON, energy_kwh=5), scope), connectors=cars), seconds).of(scope).charge_now
    assert wish is not None
    assert wish.charged_kwh == pytest.approx(kwh)


def test_charge_now_ends_when_its_energy_is_in_the_car() -> None:
    wishes, cars = now(ChargeNow(NOON, energy_kwh=0.5)), (charging(LEFT, 20), RIGHT, GATE)
    told = []
    for _ in range(140):
        wishes = note(world(wishes, connectors=cars), 1.0)
        told.append([one.text for one in expire(world(wishes, connectors=cars))[1]])
    assert wishes.version == 7
    # 13.8 kW for 130.4 s
    assert told.index(["Charge now has ended: 0.5 kWh charged"]) == 130


# ── unplugging ───────────────────────────────────────────────────────────────────────────────────────────────────────

PLUGGED = replace(LEFT, activity=Activity.STOPPED, plugged=True)
UNPLUGGED = replace(LEFT, plugged=False)
#: A unit that does not tell the plug.
BUSY, FREE = charging(LEFT, 16, protocol=1), replace(LEFT, protocol=1)
SILENT = replace(FREE, presence=Presence.LOST)


def over(*course: tuple[int, WallConnector], wish: ChargeNow = UNPLUG) -> str:
    """What has ended after a course of (minute, how the connector is then), looked at every minute."""
    wishes, steps = now(wish, LEFT.key), dict(course)
    unit, last = steps[0], max(steps)
    for minute in range(last + 1):
        unit = steps.get(minute, unit)
        wishes = note(world(wishes, NOON + minute * SECOND * 60, (unit,)), 1.0)
        _, ended = expire(world(wishes, NOON + minute * SECOND * 60, (unit,)))
        if ended:
            return f"{minute}: {ended[0].text}"
    return ""


@pytest.mark.parametrize(
    "course, says",
    [
        ([(0, PLUGGED), (30, UNPLUGGED)], "30: Charge now has ended: the car was unplugged"),
        ([(0, PLUGGED), (500, PLUGGED)], ""),
        # Set before the car is there.
        ([(0, UNPLUGGED), (10, PLUGGED), (60, UNPLUGGED)], "60: Charge now has ended: the car was unplugged"),
        ([(0, UNPLUGGED), (1440, UNPLUGGED)], "1440: Charge now has ended: no car came within 24 hours"),
        # Without plug state ten quiet minutes tell.
        ([(0, BUSY), (30, FREE), (60, FREE)], "40: Charge now has ended: the car was unplugged"),
        ([(0, BUSY), (30, FREE), (39, BUSY), (60, BUSY)], ""),
        # Silence says nothing.
        ([(0, BUSY), (30, SILENT), (300, SILENT)], ""),
    ],
)
def test_until_unplugged(course: list[tuple[int, WallConnector]], says: str) -> None:
    assert over(*course) == says


def test_for_the_site_the_last_car_counts() -> None:
    both, one, none = (
        (PLUGGED, replace(PLUGGED, key=RIGHT.key)),
        (PLUGGED, replace(RIGHT, plugged=False)),
        (UNPLUGGED, replace(RIGHT, plugged=False)),
    )
    wishes = note(world(now(UNPLUG), connectors=both), 1.0)
    assert left(note(world(wishes, connectors=one), 1.0), one) == ""
    assert left(note(world(wishes, connectors=none), 1.0), none) == "Charge now has ended: the car was unplugged"


def test_nothing_noted_is_the_same_value() -> None:
    wishes = now(ChargeNow(NOON, until=NOON + HOUR))
    assert note(world(wishes), 1.0) is wishes
