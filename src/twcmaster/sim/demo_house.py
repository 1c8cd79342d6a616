"""The house of the demo: sun and clouds over a North American roof, three wall connectors, cars that come and go.

The day may pass faster than the wire and the decisions, which keep real time. So that there is something to watch and
to follow, clouds last as many *real* seconds at any speed, and the house is seen as a meter would see it that averages
over a moment of real time.
"""

from __future__ import annotations

import random

from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec, Visit
from twcmaster.sim.house import HomeBattery
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan
from twcmaster.sim.sun import Clouds, Day, averaged, broken_clouds, household, in_turn

PEAK_W = 10_500.0
#: So many different days; then they repeat.
DAYS = 3
#: Real seconds that sun, shade and the edge between them last at least, and that the house's load is averaged over.
SUNNY_S, CLOUDY_S, EDGE_S, LOAD_S = 40.0, 18.0, 1.5, 2.0
_HOUR_S = 3600.0

_COMMUTER = CarSpec(
    name="commuter",
    soc_percent=40.0,
    max_a=20.0,
    sleeps_after_s=1800.0,
    visits=(Visit(17.25 * _HOUR_S, 7.75 * _HOUR_S, 18.0, 900.0), Visit(9.75 * _HOUR_S, 12.5 * _HOUR_S, 6.0, 600.0)),
)
_FAMILY = CarSpec(
    name="family",
    vin="5YJYGDEE0TEST0002",
    soc_percent=38.0,
    max_a=16.0,
    visits=(Visit(10.5 * _HOUR_S, 15.5 * _HOUR_S, 14.0, 600.0), Visit(18.0 * _HOUR_S, 8.5 * _HOUR_S, 10.0, 900.0)),
)
_GUEST = CarSpec(
    name="guest",
    vin="",
    battery_kwh=40.0,
    soc_percent=45.0,
    max_a=16.0,
    visits=(Visit(13.0 * _HOUR_S, 16.0 * _HOUR_S, 15.0, 1200.0),),
)


def demo_plan(
    seed: int = 1, speed: float = 1.0, start_s: float = 9.5 * _HOUR_S, battery: HomeBattery | None = None
) -> SitePlan:
    """A commuter, a second car at noon, a guest in the afternoon. `start_s`: of the first of the days."""
    units = (
        UnitPlan(ConnectorSettings(0x1839, sign=0x52, serial="A18F0011839"), _COMMUTER),
        UnitPlan(ConnectorSettings(0x2433, sign=0xC6, serial="A18F0012433"), _FAMILY),
        UnitPlan(ConnectorSettings(0x022C, sign=0x39, protocol=1, serial="A16J000022C"), _GUEST),
    )
    bus = BusPlan("garage", units)
    return SitePlan((bus,), _days(seed, speed), battery, seed=seed, speed=speed, start_s=start_s)


def _days(seed: int, speed: float) -> Day:
    days = [_day(random.Random(f"{seed} demo day {number}"), speed) for number in range(DAYS)]
    return Day(in_turn([day.pv for day in days]), in_turn([day.load for day in days]))


def _day(rng: random.Random, speed: float) -> Day:
    clouds = Clouds(max(150.0, SUNNY_S * speed), max(90.0, CLOUDY_S * speed), max(6.0, EDGE_S * speed))
    return Day(broken_clouds(PEAK_W, rng, clouds), averaged(household(rng), LOAD_S * speed))
