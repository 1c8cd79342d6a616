"""What a master knows of one wall connector: facts only, as heard and as told. Decisions live elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from twcmaster.protocol.messages import UnitState

#: An answering connector misses at most a few heartbeats to noise; longer is worth telling.
SILENT_AFTER_S = 4.0

#: States in which current flows or may flow within a second.
CHARGING_STATES = frozenset(
    (UnitState.CHARGING, UnitState.RAISING, UnitState.LOWERING, UnitState.ADJUSTED, UnitState.ADJUSTMENT_DONE)
)
#: States that only a unit with a car reports.
CAR_STATES = CHARGING_STATES | {UnitState.PLUGGED_NOT_CHARGING, UnitState.PLUGGED_READY, UnitState.STARTING}
#: States that say nothing about the car: whatever held before still holds.
PASSING_STATES = frozenset((UnitState.BUSY, UnitState.REPORTED_ONCE))


class Presence(Enum):
    """How present a connector is on the bus."""

    LINKING = "linking"  # found, but has not answered a heartbeat since
    ONLINE = "online"
    SILENT = "silent"  # unheard for SILENT_AFTER_S; still spoken to
    LOST = "lost"  # unheard for MasterSettings.silence_s; not spoken to until it asks again


@dataclass(slots=True)
class Replies:
    """How a connector answers heartbeats. Times in seconds after the end of our frame."""

    beats: int = 0
    answers: int = 0
    #: Heartbeats without an answer by the end of their window; `late` of those were answered after it.
    missed: int = 0
    late: int = 0
    last_s: float | None = None
    mean_s: float | None = None

    def answered(self, reply_s: float) -> None:
        self.answers += 1
        self.last_s = reply_s
        self.mean_s = reply_s if self.mean_s is None else self.mean_s + (reply_s - self.mean_s) / 16


@dataclass(slots=True)
class Unit:
    """One connector. None always means "not known"; times are the caller's monotonic seconds; ``_ca`` is 0.01 A."""

    id: int
    protocol: int
    max_ca: int
    #: When it was last found.
    linked_at: float
    sign: int | None = None
    #: Whether it has answered a heartbeat since it was found.
    answered: bool = False
    lost_at: float | None = None
    #: Last heartbeat answer (FDE0), and what it said.
    heard_at: float | None = None
    state: int | None = None
    limit_ca: int | None = None
    actual_ca: int | None = None
    #: The offer in force, already within wiring and unit; None until the first one.
    offer_ca: int | None = None
    lease_until: float | None = None
    #: Last limit that was put on the wire, and when; when the last heartbeat of any kind was.
    sent_ca: int | None = None
    sent_at: float | None = None
    beat_at: float | None = None
    #: FDB4: 0 unplugged, 1 charging, 3 plugged and not charging; 2 is not understood.
    plug: int | None = None
    plug_at: float | None = None
    #: FDEB, untouched: kWh on most units, Wh on some.
    energy_raw: int | None = None
    volts: tuple[int, int, int] | None = None
    half_amps: tuple[int, int, int] | None = None
    energy_at: float | None = None
    firmware: tuple[int, ...] | None = None
    serial: str | None = None
    model: str | None = None
    vin: str | None = None
    #: Two units answer to this id.
    duplicate: bool = False
    replies: Replies = field(default_factory=Replies)

    def presence(self, now: float) -> Presence:
        if self.lost_at is not None:
            return Presence.LOST
        if not self.answered or self.heard_at is None:
            return Presence.LINKING
        return Presence.SILENT if now >= self.heard_at + SILENT_AFTER_S else Presence.ONLINE

    def unheard_since(self) -> float:
        """When its silence began: at its last answer, or when it was found if it has not answered since."""
        return self.heard_at if self.answered and self.heard_at is not None else self.linked_at
