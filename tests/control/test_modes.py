"""Which wish wins for each connector, with which amps and in which words: the rules for modes, windows, charge-now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from tests.control.small_world import GATE, LEFT, NOON, settings, world
from twcmaster.control import modes
from twcmaster.control.rules import charge_now, schedule, standing
from twcmaster.model.plan import Claim
from twcmaster.model.settings import ChargeNow, Mode, ScopeWishes, Settings, StandingMode, Window

HOUR = timedelta(hours=1)
#: NOON is a Sunday.
SUNDAY = frozenset({6})


def lunch(mode: Mode, amps: float | None = None) -> Window:
    return Window("1", SUNDAY, time(11), time(14), mode, amps)


def winner(wishes: Settings, key: str = LEFT.key, clock: datetime = NOON) -> Claim | None:
    instant = world(wishes, clock)
    claims = [c for rule in (charge_now, schedule, standing) for c in rule.claims(instant)[0] if c.key == key]
    return max(claims, key=lambda claim: claim.priority, default=None)


def told(wishes: Settings, key: str = LEFT.key, clock: datetime = NOON) -> str | None:
    claim = winner(wishes, key, clock)
    return None if claim is None else claim.reason.text


FIXED, OFF, SOLAR = StandingMode(Mode.FIXED, 20), StandingMode(Mode.OFF), StandingMode(Mode.SOLAR)
NOW = ChargeNow(NOON - HOUR, 16, NOON + 9.5 * HOUR, 5, charged_kwh=2.13)


@pytest.mark.parametrize(
    "wishes, text",
    [
        (settings(ScopeWishes(FIXED)), "Fixed at 20 A for the site"),
        (settings(ScopeWishes(StandingMode(Mode.FIXED))), "Full power for the site"),
        (settings(ScopeWishes(OFF)), "Off"),
        (settings(ScopeWishes(FIXED), {LEFT.key: ScopeWishes(OFF)}), "Off for this connector"),
        (settings(ScopeWishes(OFF), {LEFT.key: ScopeWishes(FIXED)}), "Fixed at 20 A for this connector"),
        (settings(ScopeWishes(replace(OFF, until=NOON + 18 * HOUR, then=SOLAR))), "Off until Solar resumes at 6:00"),
        (
            settings(ScopeWishes(replace(FIXED, until=NOON + HOUR, then=OFF))),
            "Fixed at 20 A for the site until 13:00, then Off",
        ),
        (
            settings(ScopeWishes(SOLAR), {LEFT.key: ScopeWishes(replace(OFF, until=NOON + 30 * HOUR))}),
            "Off for this connector until Mon 18:00, then as the site",
        ),
        (settings(ScopeWishes(OFF, windows=(lunch(Mode.FIXED, 10),))), "10 A for the site by schedule until 14:00"),
        (settings(ScopeWishes(FIXED, windows=(lunch(Mode.OFF),))), "Off by schedule until 14:00"),
        (settings(ScopeWishes(OFF, NOW)), "Charging now at 16 A until 21:30 (2.1 of 5 kWh)"),
        (settings(ScopeWishes(OFF, ChargeNow(NOON, until=NOON + 24 * HOUR))), "Charging now until Mon 12:00"),
        (settings(ScopeWishes(OFF, ChargeNow(NOON, until_unplugged=True))), "Charging now until unplugged"),
        (
            settings(ScopeWishes(OFF, ChargeNow(NOON, until_unplugged=True, until=NOON + HOUR))),
            "Charging now until unplugged, at most until 13:00",
        ),
        # A connector's window is stronger than its mode and the site's window, weaker than charge-now for the site.
        (
            settings(
                ScopeWishes(windows=(lunch(Mode.OFF),)), {LEFT.key: ScopeWishes(OFF, windows=(lunch(Mode.FIXED, 8),))}
            ),
            "8 A for this connector by schedule until 14:00",
        ),
        (
            settings(ScopeWishes(charge_now=NOW), {LEFT.key: ScopeWishes(windows=(lunch(Mode.OFF),))}),
            "Charging now at 16 A until 21:30 (2.1 of 5 kWh)",
        ),
        (
            settings(ScopeWishes(charge_now=NOW), {LEFT.key: ScopeWishes(charge_now=ChargeNow(NOON, 9, energy_kwh=1))}),
            "Charging now at 9 A (0.0 of 1 kWh)",
        ),
        # What follows the sun is claimed elsewhere.
        (settings(ScopeWishes(SOLAR)), None),
        (settings(), None),
    ],
)
def test_the_winning_wish_says_why(wishes: Settings, text: str | None) -> None:
    assert told(wishes) == text


@pytest.mark.parametrize(
    "wishes, minutes, before, after",
    [
        (
            settings(ScopeWishes(replace(OFF, until=NOON, then=FIXED))),
            0,
            "Off until 12:00, then 20 A",
            "Fixed at 20 A for the site",
        ),
        (
            settings(ScopeWishes(OFF, replace(NOW, until=NOON))),
            0,
            "Charging now at 16 A until 12:00 (2.1 of 5 kWh)",
            "Off",
        ),
        (
            settings(ScopeWishes(FIXED, windows=(lunch(Mode.OFF),))),
            120,
            "Off by schedule until 14:00",
            "Fixed at 20 A for the site",
        ),
        (
            settings(ScopeWishes(FIXED, windows=(lunch(Mode.OFF),))),
            -60,
            "Fixed at 20 A for the site",
            "Off by schedule until 14:00",
        ),
    ],
)
def test_wishes_change_on_the_second(wishes: Settings, minutes: int, before: str, after: str) -> None:
    at = NOON + timedelta(minutes=minutes)
    assert told(wishes, clock=at - timedelta(seconds=1)) == before
    assert told(wishes, clock=at) == after


def test_energy_ends_charge_now_at_once() -> None:
    assert told(settings(ScopeWishes(OFF, replace(NOW, charged_kwh=5.0)))) == "Off"


def test_amps_of_the_site_are_one_budget_and_a_connectors_own_are_its_own() -> None:
    wishes = settings(ScopeWishes(FIXED), {LEFT.key: ScopeWishes(StandingMode(Mode.FIXED, 8))})
    claims, pools = standing.claims(world(wishes))
    assert [(pool.name, pool.budget_a) for pool in pools] == [("site", 20)]
    assert [(claim.pool, claim.amps) for claim in claims] == [(None, 8), ("site", None), ("site", None)]
    claims, pools = charge_now.claims(world(settings(ScopeWishes(OFF, NOW))))
    assert [(pool.name, pool.budget_a) for pool in pools] == [("charge_now", 16)]
    assert {(claim.pool, claim.amps) for claim in claims} == {("charge_now", None)}


def test_full_power_has_no_budget() -> None:
    wishes = settings(ScopeWishes(StandingMode(Mode.FIXED), ChargeNow(NOON, until_unplugged=True)))
    for rule in (standing, charge_now):
        claims, pools = rule.claims(world(wishes))
        assert pools == ()
        assert {(claim.pool, claim.amps) for claim in claims} == {(None, None)}


@pytest.mark.parametrize("rule", [standing, schedule, charge_now])
def test_priorities_become_tiers(rule: object) -> None:
    wishes = ScopeWishes(FIXED, NOW, (lunch(Mode.FIXED, 10),))
    claims, _ = rule.claims(world(settings(wishes, {GATE.key: ScopeWishes(priority=2)})))  # type: ignore[attr-defined]
    assert {claim.key: claim.tier for claim in claims} == {"bus/1A2B": 0, "bus/3C4D": 0, "other/C0DE": 2}


@pytest.mark.parametrize(
    "wishes, priority",
    [
        (settings(ScopeWishes(SOLAR)), 10),
        (settings(ScopeWishes(OFF), {LEFT.key: ScopeWishes(SOLAR)}), 15),
        (settings(ScopeWishes(OFF, windows=(lunch(Mode.SOLAR),))), 20),
        (settings(ScopeWishes(OFF), {LEFT.key: ScopeWishes(windows=(lunch(Mode.SOLAR),))}), 25),
    ],
)
def test_the_sun_is_followed_with_the_priority_of_who_asked(wishes: Settings, priority: int) -> None:
    wish = modes.strongest(world(wishes))[LEFT.key]
    assert (wish.mode, wish.priority) == (Mode.SOLAR, priority)
