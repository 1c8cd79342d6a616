"""What the meters are used for: `[fuse]`, `[peak]`, `[battery]`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Amps = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]


class _Part(BaseModel):
    """A table of the file: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FuseSection(_Part):
    """`[fuse]`: the main fuse, watched by a grid meter."""

    meter: str
    #: Per phase: what may flow for long.
    fuse_a: Amps
    #: Phases behind it. Default: three if any circuit has three, else one.
    phases: Literal[1, 2, 3] | None = None
    #: Line voltage of one phase, for meters that only tell watts. Default: the first circuit's.
    volts: float | None = Field(None, ge=90, le=500)


class PeakSection(_Part):
    """`[peak]`: a limit for the mean import of each interval of the clock, as some tariffs bill it."""

    meter: str
    limit_kw: float = Field(gt=0, le=1000, allow_inf_nan=False)
    interval_min: Literal[5, 15, 30, 60] = 15


class BatterySection(_Part):
    """`[battery]`: a home battery."""

    meter: str
    #: Cars come first from this state of charge on, the battery below it. 0: cars always come first.
    car_from_percent: Percent = 0.0
    #: Once cars come first, the state of charge may fall by this much before the battery does again.
    hysteresis_percent: Percent = 5.0
    #: What the battery takes while it comes first.
    charge_w: float = Field(3000.0, ge=0, le=100_000, allow_inf_nan=False)
    #: Whether cars may be charged out of the battery.
    discharge_to_car: bool = False
