"""What the meters are used for, and what energy costs: `[fuse]`, `[peak]`, `[battery]`, `[prices]`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from twcmaster.config.section import AMPS, LINE_VOLTS, PERCENT, Section

_PRICE = {"ge": 0, "le": 1_000_000, "allow_inf_nan": False}


@dataclass(frozen=True, kw_only=True)
class FuseSection(Section):
    """`[fuse]`: the main fuse, watched by a grid meter."""

    meter: str
    #: Per phase: what may flow for long.
    fuse_a: float = field(metadata=AMPS)
    #: Phases behind it, from L1 on. Default: one if every car hangs on L1 or no phase is named anywhere, else three.
    phases: Literal[1, 2, 3] | None = None
    #: Line voltage of one phase, for meters that only tell watts. Default: the first circuit's.
    volts: float | None = field(default=None, metadata=LINE_VOLTS)


@dataclass(frozen=True, kw_only=True)
class PeakSection(Section):
    """`[peak]`: a limit for the mean import of each interval of the clock, as some tariffs bill it."""

    meter: str
    limit_kw: float = field(metadata={"gt": 0, "le": 1000, "allow_inf_nan": False})
    interval_min: Literal[5, 15, 30, 60] = 15


@dataclass(frozen=True, kw_only=True)
class BatterySection(Section):
    """`[battery]`: a home battery."""

    meter: str
    #: Cars come first from this state of charge on, the battery below it. 0: cars always come first.
    car_from_percent: float = field(default=0.0, metadata=PERCENT)
    #: Once cars come first, the state of charge may fall by this much before the battery does again.
    hysteresis_percent: float = field(default=5.0, metadata=PERCENT)
    #: What the battery takes while it comes first.
    charge_w: float = field(default=3000.0, metadata={"ge": 0, "le": 100_000, "allow_inf_nan": False})
    #: Whether cars may be charged out of the battery.
    discharge_to_car: bool = False


@dataclass(frozen=True, kw_only=True)
class PricesSection(Section):
    """`[prices]`: money for one kilowatt-hour, taxes included; for the history and nothing else."""

    #: ISO 4217.
    currency: str = field(metadata={"pattern": r"^[A-Z]{3}$"})
    grid_per_kwh: float = field(metadata=_PRICE)
    #: What the grid pays for a kilowatt-hour that no car takes.
    feed_in_per_kwh: float = field(default=0.0, metadata=_PRICE)
