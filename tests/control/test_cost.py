"""What a kilowatt-hour into a car costs, by where it comes from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.control import small_world
from twcmaster.control.cost import price_per_kwh
from twcmaster.control.flow import Origin
from twcmaster.model.energy import EnergyFacts, Prices


@pytest.mark.parametrize(
    "source,price",
    [
        (Origin(solar=1, grid=0, battery=0), 0.08),
        (Origin(solar=0, grid=1, battery=0), 0.32),
        (Origin(solar=0.25, grid=0.5, battery=0.25), 0.20),
        (Origin(solar=0, grid=0, battery=1), 0.08),
        (None, 0.32),
    ],
)
def test_the_price_of_a_kilowatt_hour(source: Origin | None, price: float) -> None:
    site = replace(small_world.SITE_FACTS, energy=EnergyFacts(prices=Prices(0.32, 0.08, "EUR")))
    world = replace(small_world.world(small_world.settings()), site=site)
    assert price_per_kwh(world, source) == pytest.approx(price)


def test_without_prices_nobody_knows() -> None:
    assert price_per_kwh(small_world.world(small_world.settings()), Origin(1, 0, 0)) is None
