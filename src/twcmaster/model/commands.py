"""What people and programs can say. Each command changes the settings in one step, or is refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from twcmaster.model.settings import SITE, Mode, SaveKind, Window


class CommandRefused(Exception):
    """A command that makes no sense. The text says why and what would."""


@dataclass(frozen=True, slots=True)
class SetMode:
    """Set the standing mode of a scope; `mode` None lets a connector follow the site again."""

    mode: Mode | None
    scope: str = SITE
    amps: float | None = None
    #: A temporary mode ends here and the one before comes back (or `then`).
    until: datetime | None = None
    then: Mode | None = None


@dataclass(frozen=True, slots=True)
class StartChargeNow:
    """Charge at once. With no end given it ends after 24 hours."""

    scope: str = SITE
    amps: float | None = None
    until: datetime | None = None
    energy_kwh: float | None = None
    until_unplugged: bool = False


@dataclass(frozen=True, slots=True)
class CancelChargeNow:
    """End charge-now early."""

    scope: str = SITE


@dataclass(frozen=True, slots=True)
class SetSchedule:
    """Replace all windows of a scope."""

    windows: tuple[Window, ...]
    scope: str = SITE


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Lower numbers are served first; equals share."""

    scope: str
    priority: int


@dataclass(frozen=True, slots=True)
class SetSavePower:
    """Ask for less, for a circuit or the site; `kind` None ends it. The newest signal per circuit and source holds."""

    kind: SaveKind | None
    value: float = 0.0
    circuit: str | None = None
    until: datetime | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log of changes."""

    #: In UTC.
    at: datetime
    who: str
    #: A command as JSON, or a sentence when a wish ended by itself.
    what: str
    #: Of the settings that it led to.
    version: int


Command = SetMode | StartChargeNow | CancelChargeNow | SetSchedule | SetPriority | SetSavePower
