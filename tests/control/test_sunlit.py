"""Wall connectors as the solar decision sees them, and what is remembered of who runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.control.followed_sun import car
from tests.control.small_world import GATE, LEFT, RIGHT, charging, settings, world
from twcmaster.control import sunlit
from twcmaster.control.demand import Demand, Want
from twcmaster.control.habits import Habits
from twcmaster.control.memory import Held
from twcmaster.control.modes import ModeWish
from twcmaster.control.sun import Runner, Sun, next_in, next_out
from twcmaster.model.settings import SITE, Mode
from twcmaster.model.world import Presence, WallConnector


def held(offer_a: int = 0, want: Want = Want.NOTHING, **more: object) -> Held:
    return replace(Held(offer_a, 0.0, float(offer_a), demand=Demand(want=want)), **more)  # type: ignore[arg-type]


def wish(unit: WallConnector, mode: Mode = Mode.SOLAR, tier: int = 0) -> ModeWish:
    return ModeWish(unit.key, mode, None, SITE, 10, tier)


def runner(unit: WallConnector, own: Held, mode: Mode = Mode.SOLAR, stuck: bool = False) -> Runner:
    seen = world(settings(), connectors=(unit,))
    keys = frozenset({unit.key} if stuck else ())
    (found,) = sunlit.runners(seen, {unit.key: own}, {unit.key: wish(unit, mode)}, keys)
    return found


@pytest.mark.parametrize(
    "unit, conductors, watts",
    [
        (LEFT, None, 690.0),
        (LEFT, (0,), 230.0),
        (LEFT, (0, 2), 460.0),
        (GATE, None, 230.0),
    ],
)
def test_an_amp_is_worth_as_many_phases_as_the_car_was_seen_to_use(
    unit: WallConnector, conductors: tuple[int, ...] | None, watts: float
) -> None:
    own = held(habits=Habits(conductors=conductors))
    assert sunlit.watts_per_amp(world(settings()), unit, own) == watts
    assert runner(unit, own).watts_per_amp == watts


def test_draws_are_those_of_connectors_that_have_answered() -> None:
    heard = charging(LEFT, 9.5, heard_at=999.0)
    seen = world(settings(), connectors=(heard, RIGHT, GATE))
    own = {unit.key: held(10, habits=Habits(below_a=0.5), offered_at=990.0) for unit in (LEFT, RIGHT)}
    draws = sunlit.draws(seen, own)
    assert list(draws) == [LEFT.key]
    found = draws[LEFT.key]
    assert (found.heard_at, found.amps, found.offered_a, found.offered_at) == (999.0, 9.5, 9.5, 990.0)
    assert found.watts == 9.5 * 690


def test_calibration_offsets_of_idle_units_are_no_draw() -> None:
    idle = replace(LEFT, actual_a=0.25, heard_at=999.0)
    assert sunlit.draws(world(settings(), connectors=(idle,)), {LEFT.key: held()})[LEFT.key].watts == 0


@pytest.mark.parametrize(
    "unit, own, wants, leftover",
    [
        (LEFT, held(want=Want.NOTHING), False, False),
        (LEFT, held(want=Want.TRIAL), True, False),
        (LEFT, held(want=Want.POWER), True, False),
        (LEFT, held(want=Want.LEFTOVER), False, True),
        (replace(LEFT, presence=Presence.SILENT), held(want=Want.POWER), False, False),
        (replace(LEFT, duplicate=True), held(want=Want.POWER), False, False),
    ],
)
def test_who_wants_power(unit: WallConnector, own: Held, wants: bool, leftover: bool) -> None:
    found = runner(unit, own)
    assert (found.wants, found.leftover) == (wants, leftover)


def test_what_cannot_be_stopped_always_charges() -> None:
    assert runner(LEFT, held(), stuck=True).always
    assert runner(LEFT, held(), stuck=True).wants
    assert runner(LEFT, held(), Mode.SOLAR_MIN).always
    assert not runner(LEFT, held()).always


def test_the_most_it_takes_is_what_unit_and_car_allow_and_never_below_the_minimum() -> None:
    assert runner(LEFT, held()).maximum_a == 32
    capped = held()
    assert runner(LEFT, replace(capped, demand=replace(capped.demand, cap_a=16))).maximum_a == 16
    assert runner(LEFT, replace(capped, demand=replace(capped.demand, cap_a=2))).maximum_a == 6


def test_contactors_that_must_not_move_are_marked() -> None:
    fresh = held(10, charging_since=990.0)
    assert runner(charging(LEFT, 10.0), fresh).must_run
    assert not runner(charging(LEFT, 10.0), replace(fresh, charging_since=900.0)).must_run
    assert runner(LEFT, held(withdrawn_at=990.0)).must_rest
    assert not runner(LEFT, held(withdrawn_at=900.0)).must_rest


def test_cars_that_charge_for_another_reason_are_not_fed_by_the_sun() -> None:
    one, other = charging(LEFT, 10.0, heard_at=999.0), charging(GATE, 16.0, heard_at=999.0)
    seen = world(settings(), connectors=(one, other))
    draws = sunlit.draws(seen, {LEFT.key: held(10), GATE.key: held(16)})
    found = [runner(one, held(10))]
    assert sunlit.left_for_sun_w(10_000.0, draws, found) == 10_000 - 16 * 230
    assert sunlit.left_for_sun_w(None, draws, found) is None


# ── what is remembered ───────────────────────────────────────────────────────────────────────────────────────────────

KNOWN = {one.key: one for one in (car("a"), car("b"), car("c", tier=1), car("d", wants=False))}


def test_the_next_one_in_is_the_most_important_with_the_least_energy() -> None:
    found = next_in(Sun(energy_wh={"a": 5.0, "b": 3.0}), KNOWN)
    assert found is not None
    assert found.key == "b"
    resting = KNOWN | {"b": replace(KNOWN["b"], must_rest=True)}
    found = next_in(Sun(energy_wh={"a": 5.0, "b": 3.0}), resting)
    assert found is not None
    assert found.key == "a"
    assert next_in(Sun(running=("a", "b", "c")), KNOWN) is None


def test_the_next_one_out_is_the_least_important_with_the_most_energy() -> None:
    running = Sun(running=("a", "b", "c"), energy_wh={"a": 5.0, "b": 3.0})
    found = next_out(running, KNOWN)
    assert found is not None
    assert found.key == "c"
    found = next_out(running.without("c"), KNOWN)
    assert found is not None
    assert found.key == "a"
    assert next_out(Sun(running=("a",)), {"a": car("a", always=True)}) is None


def test_joining_and_leaving_weigh_afresh() -> None:
    sun = Sun(pays_since=3.0, costs_since=4.0).with_one_more("a", 50.0)
    assert (sun.running, sun.clicks, sun.since) == (("a",), (50.0,), {"a": 50.0})
    assert (sun.pays_since, sun.costs_since) == (None, None)
    left = replace(sun, costs_since=9.0).without("a")
    assert (left.running, left.clicks, left.costs_since) == ((), (50.0,), None)
