"""Meters at work in the whole program: a late one, one that is not what the config says, a battery's, a fuse's."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from tests.runtime.house_under_test import Lived, live, mean, steps
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.house import HomeBattery, SimMeter
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan
from twcmaster.sim.sun import Day, broken_clouds, constant

HOUR_S = 3600
SOLAR = """
[[circuit]]
name = "garage"
limit_a = 40
volts = 240
[[bus]]
name = "garage"
link = "/dev/null"
circuit = "garage"
[control]
mode = "solar"
[[meter]]
name = "grid"
role = "grid"
kind = "constant"
power_w = 0
every_s = 1
includes_charger = {sees}
"""
PROTOCOL_1 = ConnectorSettings(0x1839, sign=1, protocol=1)


def cloudy(seed: int = 3) -> SitePlan:
    day = Day(broken_clouds(8000.0, random.Random(seed)), constant(400.0))
    bus = BusPlan("garage", (UnitPlan(PROTOCOL_1, CarSpec(battery_kwh=200.0)),))
    return SitePlan((bus,), day, start_s=10.0 * HOUR_S)


class Late(SimMeter):
    """A meter that tells what was so some seconds ago, and does not say so."""

    def __init__(self, site: VirtualSite, role: MeterRole, late_s: float) -> None:
        super().__init__(site.house, role, every_s=0.01)
        self._late_s = late_s
        self._passed: deque[Reading] = deque()

    async def read(self) -> Reading:
        self._passed.append(await super().read())
        now = self._passed[-1].taken_at
        while len(self._passed) > 1 and self._passed[1].taken_at <= now - self._late_s:
            self._passed.popleft()
        return replace(self._passed[0], taken_at=now)


def test_how_late_a_meter_is_is_learned_from_the_cars() -> None:
    lived = live(SOLAR.format(sees="true"), cloudy(), HOUR_S, lambda site, section: Late(site, section.role, 4.0))
    assert next(delay for delay in lived.delay_s if delay is not None) == 0.0, "nothing is known at first"
    assert set(lived.delay_s[-HOUR_S // 2 :]) == {4.0}
    assert "although it is said" not in lived.told
    assert max(draw for (draw,) in lived.cars_a) > 6, "the car did charge"


@pytest.mark.parametrize(
    "said, really, words",
    [
        ("true", False, "does not move when the cars do, although it is said to include them"),
        ("false", True, "moves when the cars do, although it is said not to include them"),
        ("true", True, ""),
        ("false", False, ""),
    ],
)
def test_a_meter_that_is_not_what_the_config_says_is_told_of(said: str, really: bool, words: str) -> None:
    def meter_of(site: VirtualSite, section: Any) -> SimMeter:
        return site.meter(section.role, 1.0, sees_cars=really)

    lived = live(SOLAR.format(sees=said), cloudy(), HOUR_S, meter_of)
    assert words in lived.told
    assert ("although it is said" in lived.told) is bool(words)
    assert max(draw for (draw,) in lived.cars_a) > 6, "the car did charge"


BATTERY = """
[[meter]]
name = "battery"
role = "battery"
kind = "constant"
power_w = 0
soc_percent = 50
every_s = 1
[battery]
meter = "battery"
car_from_percent = 80
charge_w = 3000
discharge_to_car = {allowed}
"""
#: Sun for house and battery, or house and car; then a dark hour.
DARK_S = 5400
SUNNY = steps((0, 3500), (12 * HOUR_S + DARK_S, 0), (15 * HOUR_S, 0))


def with_battery(soc_percent: float, allowed: str) -> Lived:
    battery = HomeBattery(capacity_kwh=10.0, max_w=3000.0, soc_percent=soc_percent)
    bus = BusPlan("garage", (UnitPlan(PROTOCOL_1, CarSpec(battery_kwh=200.0)),))
    plan = SitePlan((bus,), Day(SUNNY, constant(500.0)), battery, start_s=12.0 * HOUR_S)
    config = SOLAR.format(sees="true") + BATTERY.format(allowed=allowed)
    return live(config, plan, DARK_S + 1800, lambda site, section: site.meter(section.role, 1.0))


def test_the_car_waits_for_the_battery_and_the_battery_does_not_feed_the_car() -> None:
    lived = with_battery(75.0, "false")
    first = next(second for second, (draw,) in enumerate(lived.cars_a) if draw > 5)
    soc = [percent for percent in lived.soc if percent is not None]
    assert soc[first - 60] >= 79.0, "the battery came first"
    assert 80.0 <= soc[first] < 82.0, "and no longer than it was to"
    assert mean([draw for (draw,) in lived.cars_a[first + 300 : DARK_S]]) == pytest.approx(12, abs=1.0)
    dark = slice(DARK_S + 120, None)
    assert max(draw for (draw,) in lived.cars_a[dark]) == 0.0
    assert mean(lived.battery_w[dark]) == pytest.approx(500.0, abs=5.0), "only the house is fed"


def test_a_battery_that_may_feed_the_car_does() -> None:
    lived = with_battery(85.0, "true")
    dark = slice(DARK_S + 120, DARK_S + 600)
    assert min(draw for (draw,) in lived.cars_a[dark]) > 5.0
    assert mean(lived.battery_w[dark]) > 1500.0


FUSE = """
[[circuit]]
name = "house"
limit_a = 63
volts = 230
phases = 3
[[bus]]
name = "carport"
link = "/dev/null"
circuit = "house"
connector_limit_a = 32
[[connector]]
bus = "carport"
id = "1839"
name = "Left"
phases = ["L1", "L2", "L3"]
[[connector]]
bus = "carport"
id = "022C"
name = "Right"
phases = ["L2", "L3", "L1"]
[control]
mode = "fixed"
amps = 64
[[meter]]
name = "grid"
role = "grid"
kind = "constant"
power_w = 0
every_s = 1
[fuse]
meter = "grid"
fuse_a = 25
"""
STEP_S = 600
#: The house takes 5 A on each phase, and then 17 A.
HEAVY = steps((0, 3 * 230 * 5.0), (STEP_S, 3 * 230 * 17.0), (2 * STEP_S, 3 * 230 * 5.0))


def one_phase_cars() -> SitePlan:
    """Each car uses its connector's first wire: L1 on the left, L2 on the right."""
    units = tuple(
        UnitPlan(
            ConnectorSettings(unit_id, sign=unit_id & 0xFF, protocol=2, volts=(230, 230, 230)),
            CarSpec(name=name, battery_kwh=200.0, phases=1, volts=230.0),
            wired,
        )
        for unit_id, name, wired in ((0x1839, "left", (1, 2, 3)), (0x022C, "right", (2, 3, 1)))
    )
    return SitePlan((BusPlan("carport", units),), Day(constant(0.0), HEAVY), phases=3, volts=230.0)


def test_one_phase_cars_on_different_phases_each_get_what_the_fuse_leaves_of_theirs() -> None:
    lived = live(FUSE, one_phase_cars(), 3 * STEP_S)
    before = lived.cars_a[STEP_S - 60]
    assert before == pytest.approx((19.0, 19.0), abs=1.0), "25 A less 5 A of the house, less one to be safe"
    over = [second for second, amps in enumerate(lived.phase_a) if max(amps) > 25.0]
    assert over, "the step takes the fuse by surprise"
    assert (over[0], over[-1]) >= (STEP_S, STEP_S)
    assert over[-1] - STEP_S <= 4, "and three seconds after the first reading that shows it all is well"
    assert lived.cars_a[STEP_S + 60] == pytest.approx((7.0, 7.0), abs=0.5)
    assert max(amps[2] for amps in lived.phase_a) < 18.0, "nobody is on L3"
    assert lived.cars_a[-1] == pytest.approx((19.0, 19.0), abs=1.0), "what was taken comes back"


def test_a_fuse_whose_meter_falls_silent_leaves_only_what_is_safe() -> None:
    def dying(site: VirtualSite, section: Any) -> SimMeter:
        meter = site.meter(section.role, 1.0)
        site._loop.call_at(STEP_S / 2, setattr, meter, "broken", "no answer")
        return meter

    lived = live(FUSE, one_phase_cars(), STEP_S, dying)
    assert lived.cars_a[STEP_S // 2 - 10] == pytest.approx((19.0, 19.0), abs=1.0)
    assert max(max(draws) for draws in lived.cars_a[STEP_S // 2 + 90 :]) <= 6.0
    assert "meter grid: sim grid meter: no answer" in "\n".join(
        f"{notice.where}: {notice.text}" for notice in lived.graph.hub.notices
    )
    assert "The main fuse is not watched" in lived.told
