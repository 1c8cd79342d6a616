"""What a virtual site is made of, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.faults import NO_FAULTS, Faults
from twcmaster.sim.house import HomeBattery
from twcmaster.sim.line import WHOLE_FRAMES
from twcmaster.sim.sun import Day, constant


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
