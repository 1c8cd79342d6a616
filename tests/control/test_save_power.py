"""Signals to use less: what they come to in amps, for whom, until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.control.small_world import GATE, LEFT, NOON, RIGHT, settings, world
from tests.control.virtual_house import VirtualHouse, charging, garage
from twcmaster.control.save_power import constraints
from twcmaster.model.settings import SITE, Mode, SaveKind, SavePower, ScopeWishes, Settings, StandingMode

HOUR = timedelta(hours=1)
ALL = {LEFT.key, RIGHT.key, GATE.key}


@pytest.mark.parametrize(
    "signal, amps, members, text",
    [
        (SavePower(SaveKind.OFF), 0, ALL, "Saving power: no charging"),
        (SavePower(SaveKind.AMPS, 10, until=NOON + HOUR), 10, ALL, "Saving power: 10 A at most until 13:00"),
        # Three phases make more watts of an amp: they count, whoever draws.
        (
            SavePower(SaveKind.WATTS, 4200, source="grid operator"),
            4200 / 690,
            ALL,
            "Saving power: 4.2 kW at most (asked by grid operator)",
        ),
        (SavePower(SaveKind.WATTS, 11500, "yard"), 50, {GATE.key}, "Saving power: 12 kW at most behind yard"),
        (SavePower(SaveKind.AMPS, 8, "garage"), 8, {LEFT.key, RIGHT.key}, "Saving power: 8 A at most behind garage"),
        (SavePower(SaveKind.AMPS, 8, "main"), 8, ALL, "Saving power: 8 A at most behind main"),
    ],
)
def test_a_signal_is_a_limit(signal: SavePower, amps: float, members: set[str], text: str) -> None:
    (limit,) = constraints(world(settings(save_power=(signal,))))
    assert limit.limit_a == pytest.approx(amps)
    assert (set(limit.members), limit.reason.text) == (members, text)


@pytest.mark.parametrize(
    "signal, connectors",
    [
        (SavePower(SaveKind.OFF, until=NOON), (LEFT, GATE)),
        (SavePower(SaveKind.OFF, circuit="yard"), (LEFT,)),
        (SavePower(SaveKind.OFF), ()),
    ],
)
def test_no_limit_when_it_is_over_or_concerns_nobody(signal: SavePower, connectors: tuple[object, ...]) -> None:
    assert constraints(world(settings(save_power=(signal,)), connectors=connectors)) == ()  # type: ignore[arg-type]


def test_signals_stand_beside_each_other() -> None:
    signals = (
        SavePower(SaveKind.AMPS, 10),
        SavePower(SaveKind.OFF, circuit="yard"),
        SavePower(SaveKind.AMPS, 8, source="b"),
    )
    assert [limit.limit_a for limit in constraints(world(settings(save_power=signals)))] == [10, 0, 8]


def _asking(*signals: SavePower) -> Settings:
    return Settings(scopes={SITE: ScopeWishes(StandingMode(Mode.FIXED))}, save_power=signals)


@pytest.mark.parametrize(
    "signal, protocol, offers",
    [
        (SavePower(SaveKind.AMPS, 15), 1, (8, 7)),
        (SavePower(SaveKind.WATTS, 3600), 1, (8, 7)),
        (SavePower(SaveKind.OFF), 1, (0, 0)),
        # These cannot be stopped by an offer: they go on at their minimum.
        (SavePower(SaveKind.OFF), 2, (6, 6)),
    ],
)
def test_cars_obey_within_the_minute_that_a_contactor_stays_closed(
    signal: SavePower, protocol: int, offers: tuple[int, int]
) -> None:
    house = VirtualHouse(garage(), [charging("a", 20.0, protocol=protocol), charging("b", 20.0, protocol=protocol)])
    house.run(10)
    assert house.offers() == (20, 20)

    house.world_changes = lambda world: replace(world, settings=_asking(signal))
    house.run(65)
    assert tuple(sorted(house.offers(), reverse=True)) == offers
