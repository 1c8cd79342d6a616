"""Facts about the site's energy: its meters, what they see, the main fuse, a home battery, how the sun is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twcmaster.model.reading import MeterRole, Reading


@dataclass(frozen=True, slots=True)
class MeterFacts:
    """What the config says of one meter."""

    name: str
    role: MeterRole
    #: How often it is asked.
    every_s: float = 2.0
    #: Grid and house meters: whether the cars' current passes through it.
    includes_charger: bool = True


@dataclass(frozen=True, slots=True)
class FuseFacts:
    """The main fuse and the meter that sees what flows through it."""

    meter: str
    #: Per phase.
    fuse_a: float
    phases: tuple[int, ...] = (1,)
    volts: float = 240.0


@dataclass(frozen=True, slots=True)
class PeakFacts:
    """A limit for the mean import of each interval, as some tariffs bill it."""

    meter: str
    limit_w: float
    interval_s: float = 900.0


@dataclass(frozen=True, slots=True)
class BatteryFacts:
    """A home battery: who comes first, and whether it may feed cars."""

    meter: str
    #: From this state of charge on, cars come first; below, the battery does. 0: cars always.
    car_from_soc: float = 0.0
    #: Once cars come first, the state of charge may fall this far below `car_from_soc` before that ends.
    hysteresis_soc: float = 5.0
    #: What the battery takes while it comes first.
    charge_w: float = 3000.0
    discharge_to_car: bool = False


@dataclass(frozen=True, slots=True)
class SolarFacts:
    """How surplus is counted."""

    #: Aim at this much import: 100 allows 100 W from the grid, -100 keeps 100 W of export in reserve.
    grid_target_w: float = 0.0
    #: Load of the house, where only the sun is measured.
    house_w: float = 0.0


@dataclass(frozen=True, slots=True)
class Prices:
    """What a kilowatt-hour costs, and what the grid pays for one. `currency`: ISO 4217, such as EUR."""

    grid_per_kwh: float
    feed_in_per_kwh: float
    currency: str


@dataclass(frozen=True, slots=True)
class EnergyFacts:
    """All of it."""

    meters: Mapping[str, MeterFacts] = field(default_factory=dict)
    fuse: FuseFacts | None = None
    peak: PeakFacts | None = None
    battery: BatteryFacts | None = None
    solar: SolarFacts = SolarFacts()
    prices: Prices | None = None

    def of_role(self, role: MeterRole) -> tuple[MeterFacts, ...]:
        """The meters of one role; several add up."""
        return tuple(meter for meter in self.meters.values() if meter.role is role)


@dataclass(frozen=True, slots=True)
class ReadingView:
    """The newest reading of one meter, if there ever was one, and what is wrong with the meter now, if anything."""

    facts: MeterFacts
    reading: Reading | None = None
    problem: str | None = None

    def age_s(self, now: float) -> float | None:
        """How old the reading is; None: there is none."""
        return None if self.reading is None else now - self.reading.taken_at
