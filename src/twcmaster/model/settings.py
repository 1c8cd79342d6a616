"""Wishes: what people and programs have asked for. One frozen document, changed only by commands, kept in the database.

Wishes can never exceed the installation's facts: limits are applied after them, whatever they say.
A *scope* is the site or one wall connector; a connector's own wish wins over the site's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

#: The scope that stands for the whole site; any other scope is a connector's key, "bus/1A2B".
SITE = "site"


class Mode(StrEnum):
    """A standing mode."""

    OFF = "off"
    FIXED = "fixed"
    SOLAR = "solar"
    #: Follow the sun, and the connector's minimum when there is none.
    SOLAR_MIN = "solar_min"


@dataclass(frozen=True, slots=True)
class StandingMode:
    """A mode that holds until it is changed, or until `until`; then `then` holds."""

    mode: Mode
    #: For FIXED: amps, for the whole scope (the site's are shared by its cars).
    amps: float | None = None
    until: datetime | None = None
    #: What holds after `until`, itself without an end. None: the scope then has no mode of its own.
    then: StandingMode | None = None


@dataclass(frozen=True, slots=True)
class ChargeNow:
    """Charge at once, whatever the sun does. Ends at the first of its conditions."""

    started_at: datetime
    #: None: as much as the limits allow.
    amps: float | None = None
    until: datetime | None = None
    energy_kwh: float | None = None
    until_unplugged: bool = False
    #: Energy charged under it so far, kWh.
    charged_kwh: float = 0.0
    #: Whether a car was there at any time since the start, and since when none is (for `until_unplugged`).
    car_seen: bool = False
    gone_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A time of the week in which a mode holds. An end at or before the start is on the next day; equal is 24 hours.

    Where windows of one scope overlap, the one further down the list wins.
    """

    #: Names the window within its scope; empty in a command: the next free number.
    id: str
    #: 0 is Monday. A window over midnight belongs to the day it starts on.
    days: frozenset[int]
    start: time
    end: time
    mode: Mode
    amps: float | None = None
    enabled: bool = True


class SaveKind(StrEnum):
    """What a save-power signal asks for."""

    OFF = "off"
    AMPS = "amps"
    WATTS = "watts"


@dataclass(frozen=True, slots=True)
class SavePower:
    """An outside signal to use less, from a grid operator or a demand-response day."""

    kind: SaveKind
    #: Amps or watts for all cars together behind `circuit` (None: the whole site); not used for OFF.
    value: float = 0.0
    circuit: str | None = None
    until: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class ScopeWishes:
    """What is asked for one scope."""

    standing: StandingMode | None = None
    charge_now: ChargeNow | None = None
    windows: tuple[Window, ...] = ()
    #: Lower numbers are served first; equals share.
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """All wishes. `version` counts the changes, so that two editors can notice each other."""

    version: int = 0
    scopes: Mapping[str, ScopeWishes] = field(default_factory=dict)
    save_power: tuple[SavePower, ...] = ()

    def of(self, scope: str) -> ScopeWishes:
        """The wishes of one scope, empty when there are none."""
        return self.scopes.get(scope, ScopeWishes())
