"""Whatever people ask for, in any order: no circuit is overloaded, and a save-power signal is obeyed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.control.test_limits_hold import both
from tests.control.virtual_house import NOON, VirtualHouse, VirtualUnit, garage
from twcmaster.control.commands import apply, initial
from twcmaster.control.expiry import expire, note
from twcmaster.control.known import known_of
from twcmaster.model.commands import (
    CancelChargeNow,
    Command,
    CommandRefused,
    SetMode,
    SetPriority,
    SetSavePower,
    SetSchedule,
    StartChargeNow,
)
from twcmaster.model.settings import SITE, Mode, SaveKind, Settings, Window
from twcmaster.model.world import World

BEGIN = 1000.0
scopes = st.sampled_from([SITE, "a", "b", "c"])
amps = st.sampled_from([6, 8, 13, 24, 40])
ends = st.none() | st.integers(5, 200).map(lambda seconds: NOON + timedelta(seconds=seconds))
modes = st.sampled_from(Mode)
windows = st.builds(
    lambda start, length, mode: Window(
        "",
        frozenset(range(7)),
        (NOON + timedelta(minutes=start)).time(),
        (NOON + timedelta(minutes=start + length)).time(),
        mode,
    ),
    st.integers(-3, 3),
    st.integers(1, 4),
    modes,
)
commands = st.one_of(
    st.builds(lambda scope, amps, until: SetMode(Mode.FIXED, scope, amps, until), scopes, st.none() | amps, ends),
    st.builds(lambda scope, mode, until: SetMode(mode, scope, None, until), scopes, modes, ends),
    st.builds(StartChargeNow, scopes, st.none() | amps, ends, st.none() | st.floats(0.01, 0.3), st.booleans()),
    st.builds(CancelChargeNow, scopes),
    st.builds(SetSchedule, st.lists(windows, max_size=3).map(tuple), scopes),
    st.builds(SetPriority, scopes, st.integers(0, 3)),
    st.builds(
        SetSavePower,
        st.none() | st.sampled_from(SaveKind),
        st.sampled_from([0, 7, 16, 3000]),
        st.none() | st.just("garage"),
        ends,
    ),
)


class AskedHouse:
    """A house whose wishes change while it runs, as in the daemon."""

    def __init__(self, units: list[VirtualUnit], script: list[tuple[int, Command]], loss: float, seed: int) -> None:
        dice = random.Random(seed)
        self.wishes: Settings = initial(Mode.FIXED)
        self.script = sorted(script, key=lambda step: step[0])
        self.house = VirtualHouse(
            garage(), units, lossy=lambda: dice.random() < loss, check=both, world_changes=self._world
        )

    def _world(self, world: World) -> World:
        clock = NOON + timedelta(seconds=world.now - BEGIN)
        world = replace(world, clock=clock, settings=self.wishes)
        while self.script and world.now - BEGIN >= self.script[0][0]:
            self._ask(self.script.pop(0)[1], world)
        world = replace(world, settings=self.wishes)
        world = replace(world, settings=note(world, 1.0))
        self.wishes, _ = expire(world)
        return replace(world, settings=self.wishes)

    def _ask(self, command: Command, world: World) -> None:
        try:
            self.wishes = apply(self.wishes, command, world.clock, known_of(world.site, world.connectors))
        except CommandRefused:
            return


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 220), commands), max_size=10),
    st.integers(0, 999),
    st.floats(0, 0.2),
    st.lists(st.sampled_from([1, 2]), min_size=3, max_size=3),
)
def test_no_sequence_of_wishes_overloads_a_circuit(
    script: list[tuple[int, Command]], seed: int, loss: float, protocols: list[int]
) -> None:
    units = [
        VirtualUnit(key, protocol, shows_plug=True, phase_of_second=number / 10)
        for number, (key, protocol) in enumerate(zip("abc", protocols, strict=True))
    ]
    asked = AskedHouse(units, script, loss, seed)
    for unit in units[: 1 + seed % 3]:
        unit.arrive(10.0 + seed % 30)
    asked.house.run(240)


@settings(max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 100), commands.filter(lambda c: not isinstance(c, SetSavePower))), max_size=8),
    st.sampled_from([SaveKind.OFF, SaveKind.AMPS, SaveKind.WATTS]),
)
def test_no_wish_is_stronger_than_save_power(script: list[tuple[int, Command]], kind: SaveKind) -> None:
    units = [VirtualUnit(key, 1, shows_plug=True) for key in "abc"]
    value = {SaveKind.OFF: 0, SaveKind.AMPS: 13, SaveKind.WATTS: 13 * 240}[kind]
    asked = AskedHouse(units, [*script, (101, SetSavePower(kind, value))], 0.0, 0)
    for unit in units:
        unit.arrive(30.0)
    asked.house.run(200)
    assert sum(asked.house.offers()) <= value / (240 if kind is SaveKind.WATTS else 1)
    assert sum(unit.drawn_a for unit in units) <= 13
