"""Meters that could never serve what they are there for are mistakes in the file."""

from __future__ import annotations

import pytest

from tests.config.test_config import GOOD, problems_of
from twcmaster.config.load import parse

SOLAR = GOOD.replace('mode = "fixed"', 'mode = "solar"')
BATTERY = '[battery]\nmeter = "one"\n'


def meter(role: str, kind: str, *lines: str, name: str = "one") -> str:
    head = f'[[meter]]\nname = "{name}"\nrole = "{role}"\nkind = "{kind}"\n'
    return head + "".join(f"{line}\n" for line in lines)


FILE = 'path = "/run/house"'
MODBUS = 'host = "10.0.0.9"'


@pytest.mark.parametrize(
    "text, path, says",
    [
        (GOOD + meter("battery", "file", FILE, 'power_w = "p"') + BATTERY, "meter[0].soc_percent", "[battery] needs"),
        (GOOD + meter("battery", "constant", "power_w = 5") + BATTERY, "meter[0].soc_percent", "[battery] needs it"),
        (SOLAR + meter("grid", "file", FILE, 'phase_a = ["a"]'), "meter[0].power_w", "in watts. For example: power_w"),
        (SOLAR + meter("pv", "constant", "energy_kwh = 5"), "meter[0].power_w", "counts the surplus in watts"),
        (GOOD + meter("grid", "constant"), "meter[0].constant", "for example power_w = 500"),
        (GOOD + meter("grid", "constant", "power_w = 1e300"), "meter[0].constant.power_w", "less than or equal"),
        (GOOD + meter("grid", "constant", "phase_a = [1, nan, 2]"), "meter[0].constant.phase_a[1]", "finite"),
        (
            GOOD + meter("grid", "modbus", MODBUS, 'power_w = { register = 65533, type = "u64" }'),
            "meter[0].modbus.power_w[0]",
            "u64 takes 4 of them, from 65532 at most",
        ),
    ],
)
def test_what_cannot_work_is_told(text: str, path: str, says: str) -> None:
    assert says in problems_of(text)[path]


@pytest.mark.parametrize(
    "text",
    [
        GOOD + meter("battery", "constant", "soc_percent = 0") + BATTERY,
        GOOD + meter("battery", "file", FILE, 'soc_percent = "soc"') + BATTERY,
        GOOD + meter("grid", "file", FILE, 'phase_a = ["a"]'),
        SOLAR + meter("grid", "constant", "power_w = 0"),
        SOLAR + meter("grid", "constant", "power_w = 0") + meter("pv", "constant", "energy_kwh = 5", name="sun"),
        GOOD + meter("grid", "modbus", MODBUS, 'power_w = { register = 65532, type = "u64" }'),
        GOOD + meter("grid", "modbus", MODBUS, "power_w = 65535"),
    ],
)
def test_what_can_work_is_accepted(text: str) -> None:
    assert parse(text).meter
