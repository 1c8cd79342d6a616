"""What was: series for charts, energy per period, sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from twcmaster.api.schemas.problem import Answer

Cost = Annotated[
    float | None,
    Field(
        description="What was bought for charging, and what the sun's part would have earned, at the prices of the "
        "time. null: [prices] was not in the config then",
        examples=[2.41],
    ),
]
Currency = Annotated[str | None, Field(description="Of `cost`: ISO 4217, as the config says now", examples=["EUR"])]


class Series(Answer):
    """Means per interval, in columns as chart libraries want them. null: nothing was measured."""

    step_s: int = Field(examples=[60])
    at_s: list[int] = Field(description="Start of each interval, seconds since 1970", examples=[[1767225600]])
    columns: dict[str, list[float | None]] = Field(
        description="solar_w, grid_w, house_w, battery_w, battery_percent, cars_w; and for each wall connector "
        "KEY:power_w, KEY:offered_a, KEY:drawn_a",
        examples=[{"solar_w": [4200.0], "garage/1A2B:drawn_a": [10.4]}],
    )


class Energy(Answer):
    """Energy of one period, kWh. null: nothing told."""

    start: datetime
    end: datetime
    solar_kwh: float | None
    imported_kwh: float | None
    exported_kwh: float | None
    house_kwh: float | None
    charged_kwh: float | None
    charged_from_solar_kwh: float | None
    charged_from_grid_kwh: float | None
    charged_from_battery_kwh: float | None
    cost: Cost


class Summary(Answer):
    """A day by hours, a week or month by days, a year by months."""

    period: str
    currency: Currency
    total: Energy
    parts: list[Energy]


class Session(Answer):
    """One car at one wall connector, from the first ampere until it was unplugged or stayed idle."""

    id: int
    connector: str
    connector_name: str
    started_at: datetime
    ended_at: datetime | None = Field(description="null: still going on")
    energy_kwh: float
    solar_kwh: float | None
    solar_share: float | None = Field(description="0 to 1", examples=[0.92])
    peak_a: float
    charging_s: float
    vin_tail: str | None
    cost: Cost


class Sessions(Answer):
    """Newest first. `next_before` fetches the next page; null: that was all."""

    sessions: list[Session]
    currency: Currency
    next_before: int | None
