"""What people ask for: the settings, and the commands that change them."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from twcmaster.api.schemas.problem import Answer, Request
from twcmaster.control.commands import LAST_PRIORITY
from twcmaster.model.settings import SITE, Mode, SaveKind

Scope = Annotated[
    str,
    Field(
        min_length=1,
        max_length=80,
        description='"site", or the key of a connector',
        examples=["site", "garage/1A2B"],
    ),
]
Amps = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
Day = Annotated[int, Field(ge=0, le=6, description="0 is Monday")]


class WindowIn(Request):
    """A time of the week in which a mode holds. An end at or before the start is on the next day; equal: 24 hours."""

    id: str = Field("", max_length=40, description="Empty: a free one is chosen")
    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    start: time
    end: time
    mode: Mode
    amps: Amps | None = None
    enabled: bool = True


class Window(Answer):
    """A time of the week in which a mode holds."""

    id: str
    days: list[int]
    start: str = Field(examples=["22:00"])
    end: str = Field(examples=["06:00"])
    mode: Mode
    amps: float | None
    enabled: bool


class StandingMode(Answer):
    """A mode that holds until it is changed, or until `until`; then `then` does."""

    mode: Mode
    amps: float | None
    until: datetime | None
    then: Mode | None


class ChargeNow(Answer):
    """Charging at once, whatever the sun does. It ends at the first of its conditions."""

    started_at: datetime
    amps: float | None
    until: datetime | None
    energy_kwh: float | None
    until_unplugged: bool
    charged_kwh: float


class ScopeSettings(Answer):
    """What is asked for one scope."""

    scope: str
    standing: StandingMode | None
    charge_now: ChargeNow | None
    windows: list[Window]
    priority: int


class SavePower(Answer):
    """An outside signal to use less."""

    kind: SaveKind
    value: float
    circuit: str | None
    until: datetime | None
    source: str


class Settings(Answer):
    """All wishes. `version` is also the ETag: send it back as If-Match with what you change."""

    version: int
    scopes: list[ScopeSettings]
    save_power: list[SavePower]


class Schedule(Answer):
    """The windows of one scope, and what they do next."""

    scope: str
    windows: list[Window]
    version: int


class ScheduleIn(Request):
    """All windows of a scope; where they overlap, the one further down wins."""

    windows: Annotated[list[WindowIn], Field(max_length=100)]


class SetMode(Request):
    """Set the standing mode; `mode` null lets a connector follow the site again."""

    do: Literal["set_mode"]
    scope: Scope = SITE
    mode: Mode | None
    amps: Amps | None = None
    until: AwareDatetime | None = None
    then: Mode | None = None


class ChargeNowIn(Request):
    """Charge at once. With no end given it ends after 24 hours."""

    do: Literal["charge_now"]
    scope: Scope = SITE
    amps: Amps | None = None
    until: AwareDatetime | None = None
    for_s: Annotated[int, Field(gt=0, le=7 * 86400)] | None = None
    energy_kwh: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
    until_unplugged: bool = False


class CancelChargeNow(Request):
    """End charge-now early."""

    do: Literal["cancel_charge_now"]
    scope: Scope = SITE


class SetSchedule(Request):
    """Replace all windows of a scope. The same as PUT /schedule, for programs that only send commands."""

    do: Literal["set_schedule"]
    scope: Scope = SITE
    windows: Annotated[list[WindowIn], Field(max_length=100)]


class SetPriority(Request):
    """Lower numbers are served first; equals share."""

    do: Literal["set_priority"]
    scope: Scope
    priority: Annotated[int, Field(ge=0, le=LAST_PRIORITY)]


class SavePowerIn(Request):
    """Ask for less, for a circuit or the site; `kind` null ends the signal of this source."""

    do: Literal["save_power"]
    kind: SaveKind | None
    value: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = 0.0
    circuit: Annotated[str, Field(max_length=60)] | None = None
    until: AwareDatetime | None = None
    source: Annotated[str, Field(max_length=60)] = ""


Command = Annotated[
    SetMode | ChargeNowIn | CancelChargeNow | SetSchedule | SetPriority | SavePowerIn, Field(discriminator="do")
]
