"""What a meter says, with its age: unknown is None, never 0."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MeterRole(StrEnum):
    """Where in the house a meter sits."""

    GRID = "grid"
    PV = "pv"
    HOUSE = "house"
    BATTERY = "battery"
    CHARGER = "charger"


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of a meter.

    `power_w`: import positive (grid), generation positive (pv), consumption positive (house, charger),
    discharge positive (battery). `phase_a` follows the same sign, L1, L2, L3. `soc_percent` is the home battery's
    state of charge. `taken_at` is on the loop's monotonic clock: when the measurement was made, as well as is known.
    """

    taken_at: float
    power_w: float | None = None
    phase_a: tuple[float | None, float | None, float | None] | None = None
    volts: tuple[float | None, float | None, float | None] | None = None
    soc_percent: float | None = None
    energy_kwh: float | None = None
