"""Whether all meters together make sense: each usual mistake is found and named, and nothing right is called wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.control.meter_answers import energy, failed, one_round, told
from twcmaster.control.meter_balance import Verdict, judge
from twcmaster.model.energy import EnergyFacts, SolarFacts
from twcmaster.model.reading import MeterRole


def verdict(roles: str, **power_w: float) -> Verdict:
    return judge(energy(*roles.split()), [one_round(**power_w)])


@pytest.mark.parametrize(
    "roles, power_w",
    [
        ("grid house", {"grid": 800, "house": 800}),
        ("grid house", {"grid": 800, "house": 940}),  # two meters, two moments
        ("grid house", {"grid": 10_000, "house": 9010}),  # meters of a tenth's precision
        ("grid pv house", {"grid": -2310, "pv": 4100, "house": 1790}),
        ("grid pv battery house", {"grid": -10, "pv": 4100, "battery": -2300, "house": 1790}),
        ("grid pv battery house", {"grid": 10, "pv": 0, "battery": 790, "house": 800}),
        # Cars: seen by both, by neither, by one of them.
        ("grid house charger", {"grid": 7800, "house": 7800, "charger": 7000}),
        ("grid- house- charger", {"grid": 800, "house": 800, "charger": 7000}),
        ("grid house- charger", {"grid": 7800, "house": 800, "charger": 7000}),
        ("grid- house charger", {"grid": 800, "house": 7800, "charger": 7000}),
    ],
)
def test_what_adds_up_is_said_to(roles: str, power_w: dict[str, float]) -> None:
    found = verdict(roles, **power_w)
    assert found.adds_up is True
    assert found.findings == ()
    assert found.text.startswith("It adds up: grid ")


@pytest.mark.parametrize(
    "roles, power_w, causes",
    [
        # Turned round.
        ("grid pv house", {"grid": 2310, "pv": 4100, "house": 1790}, ["grid meter is the wrong way round"]),
        ("grid house", {"grid": -800, "house": 800}, ["grid meter is", "house meter is"]),
        (
            "grid pv battery house",
            {"grid": -10, "pv": 4100, "battery": 2300, "house": 1790},
            ["battery meter is the wrong way round"],
        ),
        ("grid pv house", {"grid": 2790, "pv": -1000, "house": 3790}, ["pv meter is the wrong way round"]),
        # Kilowatts.
        ("grid pv house", {"grid": -2310, "pv": 4.1, "house": 1790}, ["pv meter tells kilowatts"]),
        ("grid pv house", {"grid": -2.31, "pv": 4100, "house": 1790}, ["grid meter tells kilowatts"]),
        ("grid pv house", {"grid": -2310, "pv": 4100, "house": 1.79}, ["house meter tells kilowatts"]),
        # Who sees the cars.
        (
            "grid house charger",
            {"grid": 7800, "house": 800, "charger": 7000},
            ["house meter does not see the cars (includes_charger = false)"],
        ),
        (
            "grid house- charger",
            {"grid": 7800, "house": 7800, "charger": 7000},
            ["grid meter does not see", "house meter sees the cars (includes_charger = true)"],
        ),
        ("grid house", {"grid": 10_000, "house": 8990}, ["device's own display"]),
        # Something that no single mistake explains.
        ("grid pv house", {"grid": 100, "pv": 4100, "house": 900}, ["device's own display"]),
    ],
)
def test_what_does_not_add_up_is_explained(roles: str, power_w: dict[str, float], causes: list[str]) -> None:
    found = verdict(roles, **power_w)
    assert found.adds_up is False
    gap = next(one for one in found.findings if one.code == "gap")
    assert gap.level.value == "error"
    assert gap.text == found.text
    assert [cause for cause in causes if cause not in gap.remedy] == []
    assert gap.remedy.count(", or if ") == len(causes) - 1, gap.remedy


@pytest.mark.parametrize(
    "roles, power_w, adds_up, words",
    [
        # Cars that nobody measures fill the gap, as long as it is one.
        ("grid house-", {"grid": 7800, "house": 800}, None, "if the cars draw 7,000 W now"),
        ("grid- house", {"grid": 800, "house": 7800}, None, "if the cars draw 7,000 W now"),
        ("grid house-", {"grid": 700, "house": 800}, None, "if the cars draw 0 W now"),
        ("grid house-", {"grid": 800, "house": 7800}, False, "less than nothing"),
        ("grid- house", {"grid": 7800, "house": 800}, False, "less than nothing"),
        # No house meter: what is left is what it uses.
        ("grid pv", {"grid": -2310, "pv": 4100}, None, "if house and cars use 1,790 W now"),
        ("grid pv charger", {"grid": 4700, "pv": 4100, "charger": 7000}, None, "if the house uses 1,800 W now"),
        ("grid pv", {"grid": -5200, "pv": 4100}, False, "less than nothing"),
        ("grid pv", {"grid": -4200, "pv": 4100}, None, "use 0 W now"),
        # Too few meters to say anything, and why that may be enough.
        ("grid", {"grid": -2310}, None, "cannot be told without a sun or house meter"),
        ("grid battery", {"grid": -2310, "battery": -500}, None, "cannot be told"),
        ("pv house", {"pv": 4100, "house": 1790}, None, "cannot be told without a grid meter"),
        ("pv", {"pv": 4100}, None, "house_w = 0"),
        ("house", {"house": 500}, None, "neither a grid nor a sun meter"),
    ],
)
def test_what_cannot_be_told_is_said_plainly(
    roles: str, power_w: dict[str, float], adds_up: bool | None, words: str
) -> None:
    found = verdict(roles, **power_w)
    assert found.adds_up is adds_up
    assert words in found.text
    assert bool(found.findings) == (adds_up is False)


@pytest.mark.parametrize(
    "power_w, suspicious",
    [
        ({"grid": 3500, "pv": 4000}, True),  # the surplus of 3.5 kW, told as import
        ({"grid": 2400, "pv": 4000}, True),
        ({"grid": 2300, "pv": 4000}, False),
        ({"grid": 7000, "pv": 4000}, False),  # no surplus can be that large
        ({"grid": 400, "pv": 450}, False),  # hardly any sun
        ({"grid": -3500, "pv": 4000}, False),
    ],
)
def test_a_surplus_told_as_import_is_suspected(power_w: dict[str, float], suspicious: bool) -> None:
    found = verdict("grid pv", **power_w)
    assert found.adds_up is None
    assert [one.code for one in found.findings] == (["turned"] if suspicious else [])
    if suspicious:
        assert found.findings[0].level.value == "warning"
        assert "scale = -1" in found.findings[0].remedy


def test_more_export_than_sun_names_both_explanations() -> None:
    remedy = verdict("grid pv", grid=-3500, pv=4.1).findings[0].remedy
    assert "the pv meter tells kilowatts" in remedy
    assert "the grid meter is the wrong way round" in remedy


@pytest.mark.parametrize("house", ["house", "house-"])
def test_a_house_below_the_draw_of_its_cars_does_not_see_them(house: str) -> None:
    found = verdict(f"grid {house} charger", grid=800, house=800, charger=7000)
    codes = [one.code for one in found.findings]
    assert ("below_cars" in codes) == (house == "house")


def test_the_middle_round_counts_and_incomplete_ones_do_not() -> None:
    facts = energy("grid", "house")
    rounds = [
        one_round(grid=800, house=800),
        one_round(grid=5800, house=800),  # the kettle went on between the two
        one_round(grid=800, house=790),
        {"grid": told(9000.0), "house": failed()},
        {"grid": told(None, energy_kwh=1.0), "house": told(50.0)},
    ]
    assert judge(facts, rounds).adds_up is True
    assert judge(facts, rounds[3:]).adds_up is None
    assert "in no round" in judge(facts, rounds[3:]).text
    assert judge(facts, []).adds_up is None


def test_meters_of_one_role_are_added() -> None:
    both = energy("grid", "pv", "house")
    roof, barn = both.meters["pv"], both.meters["pv"].__class__("barn", MeterRole.PV)
    facts = EnergyFacts({**both.meters, "pv": roof, "barn": barn}, solar=SolarFacts())
    assert judge(facts, [one_round(grid=-2310, pv=3000, barn=1100, house=1790)]).adds_up is True
    assert judge(facts, [{**one_round(grid=-2310, pv=3000, house=1790), "barn": failed()}]).adds_up is None


@given(
    st.floats(0, 20_000),
    st.floats(0, 20_000),
    st.floats(-5000, 5000),
    st.floats(0, 11_000),
    st.booleans(),
    st.booleans(),
)
def test_a_house_that_is_measured_well_is_never_called_wrong(
    house_w: float, sun_w: float, battery_w: float, cars_w: float, grid_sees: bool, house_sees: bool
) -> None:
    at_grid = house_w + (cars_w if grid_sees else 0.0) - sun_w - battery_w
    at_house = house_w + (cars_w if house_sees else 0.0)
    roles = f"grid{'' if grid_sees else '-'} pv battery house{'' if house_sees else '-'} charger"
    power_w = {"grid": at_grid, "pv": sun_w, "battery": battery_w, "house": at_house, "charger": cars_w}
    assert verdict(roles, **power_w).adds_up is True
    without = {name: value for name, value in power_w.items() if name != "charger"}
    assert verdict(roles.removesuffix(" charger"), **without).adds_up is not False
