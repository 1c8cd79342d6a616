"""The main fuse: what the house leaves of each phase, gone at once and back slowly, and the worst case in the dark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.control.small_meters import Said, world
from tests.control.small_world import LEFT, connector
from twcmaster.control.balance import Balance, CarDraw, observe
from twcmaster.control.fuse import (
    CALM_S,
    FLICKER_A,
    HEADROOM_A,
    REGAIN_A_PER_S,
    Guard,
    alarms,
    constraints,
    phases_used,
    watch,
)
from twcmaster.control.rhythm import STALE_LEAST_S
from twcmaster.model.energy import FuseFacts

FUSE_A = 35.0
#: What an empty house would leave.
ALL_A = FUSE_A - HEADROOM_A
FUSE = FuseFacts("grid", FUSE_A, (1, 2, 3), 230.0)
ONE_PHASE = replace(FUSE, phases=(1,))
THREE: Mapping[str, tuple[int, ...]] = {"bus/1A2B": (1, 2, 3)}


class Watched:
    """The guard over time, with cars whose draw is known at every moment."""

    def __init__(self, fuse: FuseFacts = FUSE, includes_charger: bool = True) -> None:
        self.fuse = fuse
        self.includes_charger = includes_charger
        self.now = 1000.0
        self.guard = Guard()
        self.balance = Balance()
        self.used = THREE
        self.cars_a = 0.0
        self.offered_at = 0.0

    def see(self, house_a: tuple[float, float, float], age_s: float = 0.0) -> dict[int, int]:
        """One reading, its cars included or not; what cars may use on each phase, in whole amps."""
        cars_a = self.cars_a if self.includes_charger else 0.0
        seen = [amps + cars_a * (phase in self.used["bus/1A2B"]) for phase, amps in enumerate(house_a, start=1)]
        return self.hear(Said("grid", None, self.now - age_s, (seen[0], seen[1], seen[2])))

    def hear(self, said: Said) -> dict[int, int]:
        said = replace(said, includes_charger=self.includes_charger)
        draws = {"bus/1A2B": CarDraw(self.now, self.cars_a, self.cars_a, self.offered_at, 230.0)}
        seen = world([said], self.now, energy={"fuse": self.fuse})
        self.balance = observe(seen, draws, self.balance)
        self.guard = watch(seen, self.balance, draws, self.used, self.guard)
        return {phase: int(amps + 1e-6) for phase, amps in self.guard.cars_a.items()}

    def wait(self, seconds: float, house_a: tuple[float, float, float]) -> dict[int, int]:
        """One reading a second."""
        left = {}
        for _ in range(round(seconds)):
            self.now += 1.0
            left = self.see(house_a)
        return left


def left(*house_a: float) -> dict[int, int]:
    return {phase: int(max(0.0, ALL_A - amps) + 1e-6) for phase, amps in enumerate(house_a, start=1)}


@pytest.mark.parametrize("house_a", [(0, 0, 0), (10, 0, 5), (33, 1, 1), (34, 35, 60), (-20, -5, 3)])
def test_cars_get_what_the_house_leaves_of_each_phase(house_a: tuple[float, float, float]) -> None:
    assert Watched().see(house_a) == left(*house_a)


@pytest.mark.parametrize("cars_a", [0.0, 6.0, 16.0, 32.0])
def test_what_cars_draw_is_not_held_against_them(cars_a: float) -> None:
    watched = Watched()
    watched.cars_a = cars_a
    assert watched.see((10, 0, 5)) == left(10, 0, 5)


def test_a_meter_that_does_not_see_cars_shows_the_house_alone() -> None:
    watched = Watched(includes_charger=False)
    watched.cars_a = 16.0
    assert watched.see((10, 0, 5)) == left(10, 0, 5)


@pytest.mark.parametrize(
    "said, amps",
    [
        (Said("grid", 6900.0), {1: 24, 2: 24, 3: 24}),
        (Said("grid", -6900.0), {1: 44, 2: 44, 3: 44}),
        # One phase is not told: it may carry all that the others do not, and never makes up for what they carry.
        (Said("grid", 6900.0, phase_a=(1.0, None, 1.0)), {1: 33, 2: 6, 3: 33}),
        (Said("grid", 6900.0, phase_a=(None, 28.0, 1.0)), {1: 33, 2: 6, 3: 33}),
        (Said("grid", 6900.0, phase_a=(None, None, 20.0)), {1: 24, 2: 24, 3: 14}),
        (Said("grid", -2300.0, phase_a=(5.0, None, 5.0)), {1: 29, 2: 34, 3: 29}),
        (Said("grid", 6900.0, phase_a=(1.0, 2.0, 3.0)), {1: 33, 2: 32, 3: 31}),
    ],
)
def test_what_amps_do_not_tell_the_watts_tell_at_their_worst(said: Said, amps: dict[int, int]) -> None:
    assert Watched().hear(said) == amps


def test_a_one_phase_fuse() -> None:
    watched = Watched(ONE_PHASE)
    watched.used = {"bus/1A2B": (1,)}
    assert watched.hear(Said("grid", 2300.0)) == {1: 24}


def test_what_the_house_takes_is_gone_with_the_first_reading_that_shows_it() -> None:
    watched = Watched()
    watched.cars_a = 30.0
    assert watched.wait(60, (2, 2, 2)) == left(2, 2, 2)
    watched.now += 1.0
    assert watched.see((22, 2, 2)) == left(22, 2, 2)


def test_it_comes_back_slowly_after_a_calm_while() -> None:
    watched = Watched()
    watched.wait(60, (2, 2, 2))
    low = watched.wait(1, (22, 2, 2))
    # Each row: seconds later with the house quiet again, and what cars may use on the first phase.
    assert watched.wait(CALM_S - 1, (2, 2, 2)) == low
    steps = [watched.wait(5, (2, 2, 2))[1] - low[1] for _ in range(6)]
    assert steps == pytest.approx([(5 * (index + 1)) * REGAIN_A_PER_S for index in range(6)], abs=1.1)
    assert steps[-1] > steps[0]
    assert watched.wait(20 / REGAIN_A_PER_S, (2, 2, 2)) == left(2, 2, 2)


def test_a_thermostat_does_not_pull_cars_up_and_down() -> None:
    watched = Watched()
    watched.wait(10, (2, 2, 2))
    watched.wait(5, (20, 2, 2))
    for _ in range(10):
        assert watched.wait(20, (2, 2, 2))[1] == left(20)[1]
        assert watched.wait(5, (20, 2, 2))[1] == left(20)[1]


def test_flicker_neither_hides_nor_restarts_the_calm() -> None:
    watched = Watched()
    watched.wait(5, (20, 0, 0))
    low = watched.wait(5, (2, 0, 0))[1]
    for second in range(120):
        watched.wait(1, (2 + (second % 2) * FLICKER_A * 0.9, 0, 0))
    assert watched.guard.cars_a[1] > low + 10


@pytest.mark.parametrize("age_s, known", [(STALE_LEAST_S - 0.1, True), (STALE_LEAST_S + 0.1, False)])
def test_an_old_reading_is_as_good_as_none(age_s: float, known: bool) -> None:
    watched = Watched()
    watched.see((2, 2, 2), age_s)
    assert bool(watched.guard.cars_a) is known
    assert ("silent" in watched.guard.problem) is not known


def test_a_meter_that_stumbles_often_is_not_believed_for_longer() -> None:
    watched = Watched()
    for _ in range(8):
        watched.see((10, 10, 10))
        watched.now += 4 * STALE_LEAST_S
    watched.see((10, 10, 10), age_s=STALE_LEAST_S + 0.1)
    assert "silent" in watched.guard.problem


@pytest.mark.parametrize(
    "said, problem",
    [
        (Said("grid", mute=True), "Meter grid has not told anything yet"),
        (Said("grid", None), "Meter grid tells neither amps nor watts"),
        (Said("grid", None, phase_a=(1.0, None, None)), "Meter grid tells neither amps nor watts"),
        (Said("pv", 5000.0), "Meter grid has not told anything yet"),
    ],
)
def test_a_fuse_that_cannot_be_seen_leaves_the_fallback_only(said: Said, problem: str) -> None:
    watched = Watched()
    watched.hear(said)
    assert watched.guard.problem == problem
    seen = world([said], energy={"fuse": FUSE})
    found = constraints(seen, watched.guard, {"a": (1,), "b": (1, 2)}, {"a": 6.0, "b": 8.0})
    assert [(one.name, one.limit_a, one.reason.code) for one in found] == [
        ("fuse on L1", 14.0, "fuse_blind"),
        ("fuse on L2", 8.0, "fuse_blind"),
    ]
    assert problem in found[0].reason.text
    (alarm,) = alarms(seen, watched.guard)
    assert alarm.code == "fuse_blind"
    assert problem in alarm.text


def test_each_loaded_phase_is_one_limit_and_says_so() -> None:
    watched = Watched()
    watched.see((10, 0, 5))
    seen = world([Said("grid", 0.0)], energy={"fuse": FUSE})
    found = constraints(seen, watched.guard, {"a": (1, 2), "b": (2,)}, {})
    assert [(one.name, round(one.limit_a), set(one.members)) for one in found] == [
        ("fuse on L1", 24, {"a"}),
        ("fuse on L2", 34, {"a", "b"}),
    ]
    assert found[0].reason.text == "Main fuse: the house leaves 24 of 35 A on L1"
    assert constraints(seen, watched.guard, {}, {}) == ()
    assert alarms(seen, watched.guard) == ()


def test_a_house_that_alone_is_too_much_is_said() -> None:
    watched = Watched()
    watched.see((36, 0, 0))
    (alarm,) = alarms(world([Said("grid", 0.0)], energy={"fuse": FUSE}), watched.guard)
    assert alarm.code == "fuse_over"


def test_without_a_fuse_in_the_config_nothing_is_watched() -> None:
    bare = world([Said("grid", 0.0)])
    guard = Guard()
    assert watch(bare, Balance(), {}, {}, guard) is guard
    assert constraints(bare, guard, THREE, {"bus/1A2B": 6.0}) == ()
    assert alarms(bare, guard) == ()


@pytest.mark.parametrize(
    "phases, conductors, used",
    [
        ((1, 2, 3), None, (1, 2, 3)),
        # Wired with a rotation: the unit's L1 is the site's L2.
        ((2, 3, 1), None, (2, 3, 1)),
        ((2, 3, 1), (0,), (2,)),
        ((2, 3, 1), (0, 2), (2, 1)),
        ((2,), None, (2,)),
        # What does not fit together counts everywhere.
        ((0,), None, (1, 2, 3)),
        ((2,), (1,), (2,)),
    ],
)
def test_a_car_counts_on_the_phases_it_uses(
    phases: tuple[int, ...], conductors: tuple[int, ...] | None, used: tuple[int, ...]
) -> None:
    unit = connector(LEFT.key, phases=phases)
    assert phases_used(FUSE, unit, conductors) == used
    assert phases_used(ONE_PHASE, unit, conductors) == (1,)


def test_a_one_phase_car_leaves_the_other_phases_alone() -> None:
    watched = Watched()
    watched.used, watched.cars_a = {"bus/1A2B": (2,)}, 16.0
    assert watched.see((10, 10, 10)) == left(10, 10, 10)


def test_a_car_on_the_move_moves_the_house_no_further_than_it_must() -> None:
    watched = Watched()
    watched.cars_a = 10.0
    watched.wait(30, (5, 5, 5))
    # Offered 20 A a moment ago; the reading is newer than the car's last answer.
    heard_at, watched.now = watched.now, watched.now + 1.0
    for import_a, house_a in ((15.0, 5.0), (25.0, 5.0), (27.0, 7.0)):
        draws = {"bus/1A2B": CarDraw(heard_at, 10.0, 20.0, heard_at + 0.5, 230.0)}
        seen = world([Said("grid", None, watched.now, (import_a,) * 3)], watched.now, energy={"fuse": FUSE})
        guard = watch(seen, watched.balance, draws, THREE, watched.guard)
        assert guard.house_a[1] == pytest.approx(house_a)
