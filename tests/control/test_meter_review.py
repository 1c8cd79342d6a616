"""What is strange about a meter by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.control.meter_answers import energy, failed, told
from twcmaster.control.meter_review import Answer, Finding, Level, doubts
from twcmaster.model.energy import BatteryFacts, FuseFacts


def findings(role: str, answers: Sequence[Answer], waiting: Sequence[str] = (), **facts: Any) -> list[Finding]:
    return doubts(energy(role, **facts), [{role: answer} for answer in answers], waiting)


THREE_PHASE_FUSE = FuseFacts("grid", 63.0, (1, 2, 3), 230.0)
BATTERY = BatteryFacts("battery", 80.0)


@pytest.mark.parametrize(
    "role, answers, facts, expected",
    [
        # All is well.
        ("grid", [told(-2310.0)], {}, {}),
        ("grid", [told(0.0)], {}, {}),
        ("pv", [told(0.0)], {}, {}),
        ("pv", [told(-20.0)], {}, {}),  # an inverter at night
        ("pv", [told(8000.0)], {}, {}),
        ("grid", [told(12.0), told(-3.0)], {}, {}),  # a battery keeps it near zero; whole watts
        ("grid", [told(8.3), told(412.0)], {}, {}),
        ("battery", [told(None, soc_percent=55.0)], {}, {}),
        ("battery", [told(-3000.0, soc_percent=1.0)], {"battery": BATTERY}, {}),
        # No answer, or not always.
        ("grid", [failed(), failed()], {}, {"no_answer": "error"}),
        ("grid", [failed(), told(500.0)], {}, {"unsteady": "warning"}),
        ("grid", [], {}, {}),
        # Time.
        ("grid", [told(500.0, took_s=0.4), told(500.0, took_s=2.5)], {}, {"slow": "warning"}),
        ("grid", [told(500.0, age_s=10.0)], {}, {}),
        ("grid", [told(500.0, age_s=10.1)], {}, {"old": "warning"}),
        ("grid", [told(500.0, age_s=10.1), told(500.0, age_s=1.0)], {}, {}),
        ("grid", [told(500.0, age_s=1199.0)], {}, {"old": "warning"}),
        ("grid", [told(500.0, age_s=1201.0)], {}, {"old": "error"}),
        # What its use needs.
        ("grid", [told(None, energy_kwh=4.0)], {}, {"no_power": "error"}),
        ("battery", [told(-3000.0)], {"battery": BATTERY}, {"no_soc": "error"}),
        ("grid", [told(500.0)], {"fuse": THREE_PHASE_FUSE}, {"no_phases": "warning"}),
        ("grid", [told(500.0, phase_a=(1.0, None, 1.0))], {"fuse": THREE_PHASE_FUSE}, {"no_phases": "warning"}),
        ("grid", [told(690.0, phase_a=(1.0, 1.0, 1.0))], {"fuse": THREE_PHASE_FUSE}, {}),
        ("grid", [told(500.0)], {"fuse": FuseFacts("grid", 63.0)}, {}),
        ("grid", [told(500.0)], {"fuse": FuseFacts("other", 63.0, (1, 2, 3))}, {}),
        # Signs.
        ("pv", [told(-900.0)], {}, {"negative": "error"}),
        ("pv", [told(-900.0), told(900.0)], {}, {}),
        ("house", [told(-900.0)], {}, {"negative": "error"}),
        ("charger", [told(-900.0)], {}, {"negative": "error"}),
        ("grid", [told(-900.0)], {}, {}),
        ("battery", [told(-900.0)], {}, {}),
        # Units.
        ("grid", [told(3.45, phase_a=(5.0, 5.0, 5.0))], {}, {"kilowatts": "error"}),
        ("grid", [told(-3.45, phase_a=(-5.0, -5.0, -5.0))], {}, {"kilowatts": "error"}),
        ("grid", [told(3450.0, phase_a=(5.0, 5.0, 5.0))], {}, {}),
        ("grid", [told(3.45, phase_a=(0.1, 0.1, 0.1))], {}, {"tiny": "warning"}),
        ("grid", [told(60.0, phase_a=(5.0, -5.0, 0.2))], {}, {}),  # one phase feeds the other two
        ("house", [told(1.81)], {}, {"tiny": "warning"}),
        ("house", [told(2.0)], {}, {"tiny": "warning"}),
        ("house", [told(0.0)], {}, {}),
        ("pv", [told(4.123), told(4.2)], {}, {"tiny": "warning"}),
        ("pv", [told(4.0), told(5.0)], {}, {}),  # at dawn
        ("grid", [told(2_310_000.0)], {}, {"too_large": "error"}),
        ("battery", [told(500.0, soc_percent=0.83)], {}, {"share": "warning"}),
        ("battery", [told(500.0, soc_percent=0.0)], {}, {}),
    ],
)
def test_a_meter_by_itself(
    role: str, answers: Sequence[Answer], facts: dict[str, Any], expected: dict[str, str]
) -> None:
    found = findings(role, answers, **facts)
    assert {one.code: one.level.value for one in found} == expected
    assert all(one.meter == role for one in found)


def test_a_meter_that_speaks_when_it_likes_is_not_slow() -> None:
    assert findings("grid", [told(500.0, took_s=30.0)], waiting=["grid"]) == []


def test_a_battery_needs_watts_only_where_a_grid_meter_hides_them() -> None:
    answers = {"pv": told(500.0), "battery": told(None, soc_percent=50.0)}
    assert doubts(energy("pv", "battery", battery=BATTERY), [answers]) == []
    found = doubts(energy("grid", "battery", battery=BATTERY), [answers | {"grid": told(5000.0)}])
    assert [one.code for one in found] == ["no_power"]


def test_findings_speak_in_sentences_and_name_the_key() -> None:
    one = findings("grid", [told(3.45, phase_a=(5.0, 5.0, 5.0))])[0]
    assert one.text == "grid tells 3.45 W, but its amps are worth a thousand times as much: it tells kilowatts."
    assert one.remedy == 'Set unit = "kW" where its power_w is.'
    assert one.level is Level.ERROR
    told_error = findings("grid", [failed("grid: asked http://x: no answer. Is it on?")])[0]
    assert told_error.text == "grid never told anything usable: asked http://x: no answer. Is it on?"
