"""Dividing amps: whole amps, max-min fair, under any number of overlapping limits.

Every limit, be it a circuit's phase or a budget, is one `Constraint`: a number of amps and who draws from it. First
everybody who can get its minimum is admitted, in order of rank; then all admitted rise together, a step at a time,
until each meets its cap or a constraint that is used up. What does not divide evenly stays where it is, else goes by
rank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import floor

from twcmaster.model.plan import Reason

#: Float noise in sums of amps is far below this, real limits far above.
EPSILON_A = 1e-6


@dataclass(frozen=True, slots=True)
class Ask:
    """One connector that takes part in the division. A lower `rank` is served first."""

    key: str
    minimum_a: int
    cap_a: int
    rank: tuple[int | float | str, ...]
    #: Lower tiers are filled before higher ones rise above their minimum.
    tier: int = 0
    #: It will draw its minimum whatever it is told.
    unstoppable: bool = False
    #: Its contactor has just closed: no priority of another opens it already.
    must_stay: bool = False
    #: It gets only what all others leave unused.
    leftover: bool = False
    #: A car is there, as far as one can tell; else this is a trial for one that may be.
    shows: bool = True
    #: Two units answer to it: each amp that it is given is drawn twice.
    doubled: bool = False
    #: What it is offered now: an amp that does not divide stays where it is.
    current_a: int = 0


@dataclass(frozen=True, slots=True)
class Constraint:
    """Amps that the members may use together, after what others use has been taken off."""

    name: str
    limit_a: float
    members: frozenset[str]
    reason: Reason
    #: What one amp of a member takes of the limit, where that is not one: a three-phase car on a budget of power.
    weights: Mapping[str, float] = field(default_factory=dict)

    def weight(self, key: str) -> float:
        """What one amp of this member takes of the limit."""
        return self.weights.get(key, 1.0)

    def load(self, amps: Mapping[str, float]) -> float:
        """What the members take of the limit with these amps."""
        if not self.weights:
            return sum(amps[key] for key in self.members)
        return sum(amps[key] * self.weight(key) for key in self.members)


@dataclass(frozen=True, slots=True)
class Shares:
    """Amps per connector, and for each the constraints that kept it from more."""

    amps: Mapping[str, int]
    bound_by: Mapping[str, tuple[Constraint, ...]]


class _Division:
    """The state of one division: amps given and room left in each constraint."""

    def __init__(self, asks: Sequence[Ask], constraints: Sequence[Constraint]) -> None:
        self.amps = {ask.key: 0 for ask in asks}
        self.room = [constraint.limit_a for constraint in constraints]
        #: For each connector the constraints that it is in, by index, and what one of its amps takes there.
        self.of: dict[str, list[tuple[int, float]]] = {key: [] for key in self.amps}
        times = {ask.key: 2.0 if ask.doubled else 1.0 for ask in asks}
        for index, constraint in enumerate(constraints):
            for key in constraint.members & self.amps.keys():
                self.of[key].append((index, constraint.weight(key) * times[key]))

    def free_a(self, key: str) -> float:
        return min((self.room[index] / weight for index, weight in self.of[key]), default=float("inf")) + EPSILON_A

    def give(self, key: str, amps: int) -> None:
        self.amps[key] += amps
        for index, weight in self.of[key]:
            self.room[index] -= amps * weight


def allocate(asks: Sequence[Ask], constraints: Sequence[Constraint]) -> Shares:
    """Whole amps for each ask: 0, or at least its minimum and at most its cap."""
    ranked = sorted(asks, key=lambda ask: (not ask.unstoppable, not ask.must_stay, not ask.shows, ask.tier, ask.rank))
    division = _Division(ranked, constraints)
    _serve(division, [ask for ask in ranked if not ask.leftover])
    _serve(division, [ask for ask in ranked if ask.leftover])
    return Shares(division.amps, _bound_by(division, ranked, constraints))


def _serve(division: _Division, ranked: Sequence[Ask]) -> None:
    admitted = [ask for ask in ranked if _admit(division, ask)]
    for tier in sorted({ask.tier for ask in admitted}):
        _raise_together(division, [ask for ask in admitted if ask.tier == tier])


def _admit(division: _Division, ask: Ask) -> bool:
    fits = ask.cap_a >= ask.minimum_a and division.free_a(ask.key) >= ask.minimum_a
    if fits or ask.unstoppable:
        division.give(ask.key, ask.minimum_a)
    return fits


def _raise_together(division: _Division, group: Sequence[Ask]) -> None:
    rising = [ask for ask in group if division.amps[ask.key] < ask.cap_a]
    while rising:
        step = min(_common_step(division, rising), *(ask.cap_a - division.amps[ask.key] for ask in rising))
        if step < 1:
            _give_remainder(division, rising)
        for ask in rising if step >= 1 else ():
            division.give(ask.key, step)
        rising = [a for a in rising if division.amps[a.key] < a.cap_a and division.free_a(a.key) >= 1]


def _common_step(division: _Division, rising: Sequence[Ask]) -> int:
    """How many amps everybody who still rises can get at once."""
    takes = [0.0] * len(division.room)
    for ask in rising:
        for index, weight in division.of[ask.key]:
            takes[index] += weight
    shares = (floor((division.room[i] + EPSILON_A) / taken) for i, taken in enumerate(takes) if taken)
    return min(shares, default=max(ask.cap_a for ask in rising))


def _give_remainder(division: _Division, rising: Sequence[Ask]) -> None:
    for ask in sorted(rising, key=lambda ask: -ask.current_a):
        if division.free_a(ask.key) >= 1:
            division.give(ask.key, 1)


def _bound_by(
    division: _Division, asks: Sequence[Ask], constraints: Sequence[Constraint]
) -> dict[str, tuple[Constraint, ...]]:
    bound: dict[str, tuple[Constraint, ...]] = {}
    for ask in asks:
        amps = division.amps[ask.key]
        needed = 1 if amps else ask.minimum_a
        if amps < ask.cap_a:
            tight = [i for i, weight in division.of[ask.key] if division.room[i] + EPSILON_A < needed * weight]
            bound[ask.key] = tuple(constraints[i] for i in sorted(tight, key=lambda i: division.room[i]))
    return bound
