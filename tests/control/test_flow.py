"""Where the power comes from, from whatever meters there are. What is not known stays unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.control import small_world
from twcmaster.control.flow import Flow, flow, origin
from twcmaster.model.energy import MeterFacts, ReadingView
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.model.world import World

CARS_W = 10.0 * 3 * 230


def seen(*meters: tuple[str, float | None], cars: bool = True, age_s: float = 1.0, sees_cars: bool = True) -> World:
    left = small_world.charging(small_world.LEFT, 10.0) if cars else small_world.LEFT
    bare = small_world.world(small_world.settings(), connectors=(left,))
    readings = {
        f"{role}{index}": ReadingView(
            MeterFacts(f"{role}{index}", MeterRole(role), every_s=2.0, includes_charger=sees_cars),
            Reading(bare.now - age_s, power_w=power_w, soc_percent=61.0 if role == "battery" else None),
        )
        for index, (role, power_w) in enumerate(meters)
    }
    return replace(bare, readings=readings)


@pytest.mark.parametrize(
    "world,solar_w,grid_w,house_w",
    [
        (seen(), None, None, None),
        (seen(("grid", 8000)), None, 8000, 8000 - CARS_W),
        (seen(("grid", -500), ("pv", 8000)), 8000, -500, 600),
        (seen(("grid", 1000), sees_cars=False), None, 1000 + CARS_W, 1000),
        (seen(("pv", 3000), ("pv", 2000)), 5000, None, None),
        (seen(("pv", 3000), ("pv", None)), None, None, None),
        (seen(("grid", 1000), ("pv", None)), None, 1000, None),
        (seen(("house", 7500)), None, None, 600),
        (seen(("house", 600), sees_cars=False), None, None, 600),
        (seen(("grid", 100), ("battery", 7000)), None, 100, 200),
        (seen(("grid", 100), ("battery", None)), None, 100, None),
        (seen(("grid", 8000), age_s=11.0), None, None, None),
    ],
)
def test_what_follows_from_the_meters(
    world: World, solar_w: float | None, grid_w: float | None, house_w: float | None
) -> None:
    now = flow(world)
    assert (now.solar_w, now.grid_w, now.house_w, now.cars_w) == (solar_w, grid_w, house_w, CARS_W)


def test_a_battery_tells_how_full_it_is() -> None:
    assert flow(seen(("battery", 0))).battery_percent == 61
    assert flow(seen(("battery", 0), age_s=60)).battery_percent is None


def test_connectors_that_tell_nothing_draw_nothing_known() -> None:
    unheard = replace(small_world.LEFT, actual_a=None)
    assert flow(small_world.world(small_world.settings(), connectors=(unheard,))).cars_w is None
    assert flow(small_world.world(small_world.settings(), connectors=())).cars_w is None


@pytest.mark.parametrize(
    "cars_w,grid_w,battery_w,shares",
    [
        (4000, -500, None, (1, 0, 0)),
        (4000, 1000, None, (0.75, 0.25, 0)),
        (4000, 9000, None, (0, 1, 0)),
        (4000, 0, 1000, (0.75, 0, 0.25)),
        (4000, 3000, 5000, (0, 0.75, 0.25)),
        (4000, -500, -2000, (1, 0, 0)),
        (4000, None, 1000, None),
        (None, 1000, None, None),
        (0, 1000, None, None),
    ],
)
def test_where_the_cars_power_comes_from(
    cars_w: float | None, grid_w: float | None, battery_w: float | None, shares: tuple[float, float, float] | None
) -> None:
    found = origin(Flow(None, grid_w, None, battery_w, None, cars_w))
    assert (None if found is None else (found.solar, found.grid, found.battery)) == shares
