"""`[prices]`: money for a kilowatt-hour."""

from __future__ import annotations

import pytest

from tests.config.test_web import HOUSE
from twcmaster.config.load import parse, site_facts
from twcmaster.config.problems import ConfigError
from twcmaster.model.energy import Prices


def test_prices_reach_the_decisions_facts() -> None:
    config = parse(f'{HOUSE}[prices]\ncurrency = "NOK"\ngrid_per_kwh = 1.2\n')
    assert site_facts(config).energy.prices == Prices(1.2, 0.0, "NOK")
    assert site_facts(parse(HOUSE)).energy.prices is None


@pytest.mark.parametrize(
    "lines,place",
    [
        ("grid_per_kwh = 0.3", "prices.currency"),
        ('currency = "EUR"', "prices.grid_per_kwh"),
        ('currency = "€"\ngrid_per_kwh = 0.3', "prices.currency"),
        ('currency = "eur"\ngrid_per_kwh = 0.3', "prices.currency"),
        ('currency = "EUR"\ngrid_per_kwh = -0.3', "prices.grid_per_kwh"),
        ('currency = "EUR"\ngrid_per_kwh = nan', "prices.grid_per_kwh"),
    ],
)
def test_prices_that_make_no_sense_are_named(lines: str, place: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse(f"{HOUSE}[prices]\n{lines}\n")
    assert [problem.path for problem in told.value.problems] == [place]
