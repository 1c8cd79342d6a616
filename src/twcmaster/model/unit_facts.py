"""What a wall connector has told of itself besides its state: for people to read, never for decisions."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """None: not known (yet, or this unit never tells)."""

    lifetime_kwh: float | None = None
    volts: tuple[int, int, int] | None = None
    firmware: str | None = None
    serial: str | None = None
    model: str | None = None
    #: Of the car plugged in now; whole, to be shortened before it is shown.
    vin: str | None = None
    #: Heartbeats sent, answered, and unanswered within their window; of those, answered later.
    beats: int = 0
    answers: int = 0
    missed: int = 0
    late: int = 0
    reply_mean_s: float | None = None
