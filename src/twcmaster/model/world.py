"""Everything known at one instant, frozen: the only input of a decision besides its memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from twcmaster.model.energy import ReadingView
from twcmaster.model.settings import Settings
from twcmaster.model.site import Phases, Site


class Presence(Enum):
    """How well a wall connector can be heard."""

    LINKING = "linking"
    ONLINE = "online"
    SILENT = "silent"
    LOST = "lost"


class Activity(Enum):
    """What a wall connector says of itself, in words that do not depend on the wire."""

    READY = "ready"
    CHARGING = "charging"
    ERROR = "error"
    STOPPED = "stopped"
    WAITING = "waiting"
    STARTING = "starting"


@dataclass(frozen=True, slots=True)
class WallConnector:
    """One wall connector as it is known now. Currents are per phase conductor. None means not known."""

    key: str
    name: str
    bus: str
    circuit: str
    protocol: int
    phases: Phases
    #: The smaller of what the unit says it can do and what its wires carry.
    limit_a: float
    minimum_a: int
    presence: Presence
    linked_at: float
    #: Last answer, and last heartbeat sent to it.
    heard_at: float | None = None
    beat_at: float | None = None
    activity: Activity | None = None
    #: The limit that the unit itself reports, and what it measures.
    echo_a: float | None = None
    actual_a: float | None = None
    #: The limit last put on the wire for it, when, and the newest one handed to the bus loop.
    sent_a: float | None = None
    sent_at: float | None = None
    #: True: a plug is in the car (as the unit reports it); None: this unit does not tell.
    plugged: bool | None = None
    #: Amps on each phase as the unit measures them, where it does.
    phase_a: tuple[float, float, float] | None = None
    #: Two units share this id: whatever is offered is drawn twice.
    duplicate: bool = False
    #: Another master speaks on its bus, so that ours does not: it may have been offered anything.
    foreign_master: bool = False
    can_stop: bool = True
    """Whether an offer of 0 A stops a car here: protocol 1 does, protocol 2 needs the relay or the car."""


@dataclass(frozen=True, slots=True)
class World:
    """One instant."""

    now: float
    clock: datetime
    site: Site
    connectors: tuple[WallConnector, ...]
    spike_cure: bool = False
    #: What people and programs have asked for.
    settings: Settings = field(default_factory=Settings)
    #: The newest reading of each meter, by name.
    readings: Mapping[str, ReadingView] = field(default_factory=dict)
    extras: Mapping[str, object] = field(default_factory=dict)
