"""What a decision says, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Reason:
    """One link in the chain of reasons: `code` for programs, `text` for people, numbers filled in."""

    code: str
    text: str


class Relay(Enum):
    """A contactor command, only planned where the config allows it."""

    CLOSE = "close"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Claim:
    """One rule's wish for one connector. Among the claims of a connector the highest priority wins."""

    key: str
    rule: str
    priority: int
    reason: Reason
    #: Most amps that this wish asks for; None: whatever the limits allow. 0: nothing.
    amps: float | None = None
    #: Name of the budget that this wish shares with others, if any.
    pool: str | None = None
    #: When connectors compete, a lower tier number is served first.
    tier: int = 0


@dataclass(frozen=True, slots=True)
class Pool:
    """A budget in amps that all connectors whose winning claim names it share."""

    name: str
    budget_a: float
    reason: Reason
    #: What one offered amp of a connector takes of the budget, where that is not one.
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """What one wall connector is told now, and why."""

    key: str
    #: Whole amps told now, and what it will get when the others have made room.
    amps: int
    target_a: int
    #: What it may be drawing at this instant at most (its reservation).
    may_draw_a: float
    #: The wish that won, and every limit that holds the result down, most telling first.
    wish: Reason
    limits: tuple[Reason, ...] = ()
    relay: Relay | None = None


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that a person must know or do."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class CircuitLoad:
    """One circuit at this instant, worst case over its phases."""

    name: str
    limit_a: float
    may_draw_a: float
    drawn_a: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The outcome of one decision."""

    at: float
    offers: tuple[Offer, ...]
    circuits: tuple[CircuitLoad, ...] = ()
    alarms: tuple[Alarm, ...] = ()
