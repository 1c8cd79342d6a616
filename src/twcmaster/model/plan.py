"""What a decision says, and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One link in the chain of reasons: `code` for programs, `text` for people, numbers filled in."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What one wall connector is told now, and why."""

    key: str
    #: Whole amps told now.
    amps: int
    #: Whole amps it will get when the others have made room.
    target_a: int
    #: What it may be drawing at this instant at most (its reservation).
    may_draw_a: float
    #: The wish that won.
    wish: Reason
    #: Every limit that tightened it, tightest first.
    limits: tuple[Reason, ...] = ()
    #: What would have to change for it to get more.
    more: str = ""
    #: Open or close the contactor by relay command (only where the config allows it).
    relay: str | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person must know or do."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CircuitLoad:
    """One circuit at this instant."""

    name: str
    limit_a: float
    #: Worst case over its phases: what the connectors may be drawing, and what they are seen to draw.
    may_draw_a: float
    drawn_a: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcome of one decision."""

    at: float
    offers: tuple[Offer, ...]
    circuits: tuple[CircuitLoad, ...] = ()
    alarms: tuple[Alarm, ...] = ()
