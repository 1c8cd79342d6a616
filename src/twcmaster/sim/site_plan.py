"""What a virtual site is made of, as plain values, and a ready-made one for the demo."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec, Visit
from twcmaster.sim.faults import NO_FAULTS, Faults
from twcmaster.sim.house import HomeBattery
from twcmaster.sim.line import WHOLE_FRAMES
from twcmaster.sim.sun import Day, broken_clouds, constant, household

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A wall connector, the car that parks there, and the site phases its L1, L2, L3 are wired to."""

    settings: ConnectorSettings
    car: CarSpec | None = None
    phases: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True)
class BusPlan:
    """One RS-485 line."""

    name: str
    units: tuple[UnitPlan, ...]
    faults: Faults = NO_FAULTS
    chunk_bytes: int = WHOLE_FRAMES
    #: The adapter hands back what it sends.
    echo: bool = False


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A whole site. Equal plans under virtual time live through equal days."""

    buses: tuple[BusPlan, ...]
    day: Day = field(default_factory=lambda: Day(constant(0.0), constant(0.0)))
    battery: HomeBattery | None = None
    phases: int = 1
    volts: float = 240.0
    seed: int = 1
    #: Simulated seconds per second, for everything but the wire, and the second of the day to start at.
    speed: float = 1.0
    start_s: float = 0.0


def demo_plan(seed: int = 1, speed: float = 1.0, start_s: float = 9.5 * _HOUR_S) -> SitePlan:
    """A North American house with sun, clouds and three wall connectors: a commuter, a second car at noon, a guest."""
    rng = random.Random(f"{seed} demo day")
    commuter = CarSpec(
        name="commuter",
        soc_percent=55.0,
        max_a=48.0,
        sleeps_after_s=1800.0,
        visits=(Visit(17.25 * _HOUR_S, 7.75 * _HOUR_S, 18.0, 900.0), Visit(9.75 * _HOUR_S, 12.5 * _HOUR_S, 4.0, 600.0)),
    )
    family = CarSpec(
        name="family",
        vin="5YJYGDEE0TEST0002",
        soc_percent=48.0,
        max_a=32.0,
        visits=(Visit(10.5 * _HOUR_S, 15.5 * _HOUR_S, 9.0, 600.0), Visit(18.0 * _HOUR_S, 8.5 * _HOUR_S, 6.0, 900.0)),
    )
    guest = CarSpec(
        name="guest",
        vin="",
        battery_kwh=40.0,
        soc_percent=62.0,
        max_a=16.0,
        visits=(Visit(13.0 * _HOUR_S, 16.0 * _HOUR_S, 12.0, 1200.0),),
    )
    units = (
        UnitPlan(ConnectorSettings(0x1839, sign=0x52, serial="A18F0011839"), commuter),
        UnitPlan(ConnectorSettings(0x2433, sign=0xC6, serial="A18F0012433"), family),
        UnitPlan(ConnectorSettings(0x022C, sign=0x39, protocol=1, serial="A16J000022C"), guest),
    )
    day = Day(broken_clouds(9000.0, rng), household(rng))
    return SitePlan((BusPlan("garage", units),), day, seed=seed, speed=speed, start_s=start_s)
