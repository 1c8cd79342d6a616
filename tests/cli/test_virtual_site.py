"""The site that a config is simulated on: what each of its wires carries, and what all cars together could take."""

from __future__ import annotations

import pytest

from twcmaster.cli.virtual_site import Guests, conductors, ideal_car, plan_of
from twcmaster.config.load import parse
from twcmaster.config.schema import Config
from twcmaster.sim.site_plan import SitePlan
from twcmaster.sim.sun import Day, constant

ONE_PHASE = """
[[circuit]]
name = "house"
limit_a = 40
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "house"
"""
THREE_PHASES = """
[[circuit]]
name = "house"
limit_a = 35
volts = 230
phases = 3
[[bus]]
name = "garage"
link = "/dev/ttyUSB0"
circuit = "house"
connector_limit_a = 32
"""
SUB_CIRCUIT = """
[[circuit]]
name = "shed"
parent = "house"
limit_a = 16
"""


def connector(unit_id: str, *lines: str) -> str:
    return "\n".join(["[[connector]]", 'bus = "garage"', f'id = "{unit_id}"', *lines, ""])


def planned(text: str, connectors: int = 1) -> tuple[Config, SitePlan]:
    config = parse(text)
    return config, plan_of(config, Day(constant(0.0), constant(0.0)), Guests(connectors), 0.0)


@pytest.mark.parametrize(
    "text, connectors, watts_per_amp, maximum_a",
    [
        (ONE_PHASE, 1, 240, 40),
        (ONE_PHASE, 3, 240, 40),
        (ONE_PHASE + connector("1A2B", "limit_a = 10"), 1, 240, 10),
        (ONE_PHASE + connector("1A2B", "limit_a = 10") + connector("3C4D", "limit_a = 12"), 1, 240, 22),
        (ONE_PHASE + connector("1A2B", 'circuit = "shed"') + SUB_CIRCUIT, 1, 240, 16),
        (
            ONE_PHASE
            + connector("1A2B", 'circuit = "shed"')
            + connector("3C4D", 'circuit = "shed"')
            + connector("5E6F", "limit_a = 20")
            + SUB_CIRCUIT,
            1,
            240,
            36,
        ),
        (THREE_PHASES, 1, 690, 32),
        (THREE_PHASES, 2, 690, 35),
        (THREE_PHASES + connector("1A2B", 'phases = ["L1"]') + connector("3C4D", 'phases = ["L2"]'), 1, 230, 64),
        (THREE_PHASES + connector("1A2B", 'phases = ["L2"]') + connector("3C4D", 'phases = ["L2"]'), 1, 230, 35),
        # One on all phases beside one on a single phase: amps are counted as those of the smaller.
        (THREE_PHASES + connector("1A2B") + connector("3C4D", 'phases = ["L2"]'), 1, 230, 32 + 35 + 32),
    ],
)
def test_the_best_possible_takes_what_units_and_every_circuit_carry_on_each_phase(
    text: str, connectors: int, watts_per_amp: float, maximum_a: int
) -> None:
    car = ideal_car(*planned(text, connectors))
    assert (car.watts_per_amp, car.minimum_a, car.maximum_a) == (watts_per_amp, 6, maximum_a)


def test_only_units_on_the_same_phase_add_up_in_a_wire() -> None:
    text = THREE_PHASES + connector("1A2B", 'phases = ["L1"]') + connector("3C4D", 'phases = ["L2"]')
    assert conductors(*planned(text)) == {
        "house L1": (35, ("garage/1A2B",)),
        "house L2": (35, ("garage/3C4D",)),
    }


def test_a_wire_carries_what_its_inner_circuits_carry() -> None:
    text = ONE_PHASE + connector("1A2B", 'circuit = "shed"') + connector("3C4D") + SUB_CIRCUIT
    assert conductors(*planned(text)) == {
        "house L1": (40, ("garage/1A2B", "garage/3C4D")),
        "shed L1": (16, ("garage/1A2B",)),
    }


def test_a_unit_on_three_phases_loads_all_of_them() -> None:
    assert conductors(*planned(THREE_PHASES)) == {f"house L{phase}": (35, ("garage/1001",)) for phase in (1, 2, 3)}
