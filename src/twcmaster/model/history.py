"""What the history keeps: means over time, and charging sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum


class Step(IntEnum):
    """Width of one kept interval, seconds."""

    FINE = 10
    MINUTE = 60
    QUARTER = 900


@dataclass(frozen=True, slots=True)
class Series:
    """Means per interval. `at_s[i]` is the start of interval i, seconds since 1970; None: nothing was measured.

    Columns: `solar_w`, `grid_w` (import positive), `house_w` (without the cars), `battery_w` (discharge positive),
    `battery_percent`, `cars_w`, of these `cars_solar_w`, `cars_grid_w` and `cars_battery_w`; and for each wall
    connector `KEY:power_w`, `KEY:offered_a`, `KEY:drawn_a`.
    """

    step_s: int
    at_s: Sequence[int]
    columns: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of one period, kWh. None: nothing in the period told."""

    start: datetime
    end: datetime
    solar_kwh: float | None = None
    imported_kwh: float | None = None
    exported_kwh: float | None = None
    house_kwh: float | None = None
    charged_kwh: float | None = None
    charged_from_solar_kwh: float | None = None
    charged_from_grid_kwh: float | None = None
    charged_from_battery_kwh: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class ChargeSession:
    """One car at one wall connector, from the first ampere until it is unplugged or stays idle. `id` counts up."""

    id: int
    connector: str
    connector_name: str
    started_at: datetime
    #: None: still going on.
    ended_at: datetime | None = None
    energy_kwh: float = 0.0
    #: None: no meter told where the energy came from.
    solar_kwh: float | None = None
    peak_a: float = 0.0
    #: Last four signs of the car's VIN.
    vin_tail: str | None = None
    cost: float | None = None
    charging_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """Whether the history is being kept."""

    ok: bool
    problem: str | None = None
    size_bytes: int = 0
