"""What decisions must remember from tick to tick: one explicit value that goes in and comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from twcmaster.control.balance import Balance
from twcmaster.control.demand import Demand
from twcmaster.control.fuse import Guard
from twcmaster.control.habits import Habits
from twcmaster.control.peak import Peak
from twcmaster.control.spike import Spike
from twcmaster.control.sun import Sun
from twcmaster.model.world import WallConnector


@dataclass(frozen=True, slots=True)
class Held:
    """What is remembered of one wall connector. Times are monotonic seconds, None means never."""

    #: Newest limit handed to the bus, whole amps, and when it last changed.
    offer_a: int
    offered_at: float
    #: Largest limit that may still be in force in the unit.
    outstanding_a: float
    #: How far the measured draw has been above that limit within the last minute.
    excess_a: float = 0.0
    excess_at: float = 0.0
    #: Since when a car has been drawing, and when we last took all amps away from one that was.
    charging_since: float | None = None
    withdrawn_at: float | None = None
    #: Since when its contactor has been open on our command.
    opened_at: float | None = None
    demand: Demand = field(default_factory=Demand)
    spike: Spike = field(default_factory=Spike)
    habits: Habits = field(default_factory=Habits)


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything remembered."""

    held: Mapping[str, Held] = field(default_factory=dict)
    #: Who was there, or may still have been drawing, at the last decision.
    seen: tuple[WallConnector, ...] = ()
    #: What meters and answers tell of the surplus, and how the sun is being followed.
    balance: Balance = field(default_factory=Balance)
    sun: Sun = field(default_factory=Sun)
    #: What the house leaves of the main fuse, and of the billed peak.
    guard: Guard = field(default_factory=Guard)
    peak: Peak = field(default_factory=Peak)

    def of_connectors(self) -> Memory:
        """What still holds under another config: who may be drawing what, and when contactors were switched."""
        return Memory(self.held, self.seen)
