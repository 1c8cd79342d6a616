"""What cars drew in the last minutes: a reading of the house is only understood with the draw at that very moment.

A trail is a short list of (time, amps) of one connector, each as it answered, straight lines between. A connector
answers about once a second, so at any moment its draw is only known to lie between two answers: `Span` says how far
that leaves it open.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

#: One point: when, how many amps on each phase in use.
Point = tuple[float, float]
Trail = tuple[Point, ...]

#: Changes below this are noise of the ammeter: points that carry nothing else are not kept.
NOISE_A = 0.06
#: Most points that are kept, whatever happens.
LONGEST = 240


@dataclass(frozen=True, slots=True)
class Span:
    """A draw that is known to lie between two bounds; `likely` is the best guess."""

    low: float
    likely: float
    high: float

    def plus(self, other: Span) -> Span:
        """The sum of two draws."""
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def times(self, factor: float) -> Span:
        """Amps as watts, for example; the factor is not negative."""
        return Span(self.low * factor, self.likely * factor, self.high * factor)

    def nearest(self, value: float) -> float:
        """What lies within the bounds and nearest to this."""
        return min(self.high, max(self.low, value))


ZERO = Span(0.0, 0.0, 0.0)


def extend(trail: Trail, at: float, amps: float, keep_s: float) -> Trail:
    """The trail with a new answer; a stretch without changes keeps its two ends only. Forgets what is too old."""
    if trail and at <= trail[-1][0]:
        return trail
    steady = len(trail) > 1 and abs(trail[-1][1] - amps) < NOISE_A and abs(trail[-2][1] - amps) < NOISE_A
    kept = trail[:-1] if steady else trail
    if len(kept) > 1 and (kept[1][0] <= at - keep_s or len(kept) > LONGEST):
        kept = kept[1:]
    return (*kept, (at, amps))


def around(trail: Trail, since: float, until: float) -> Span:
    """The draw at some moment between `since` and `until`: bounds from the answers before, between and after."""
    if not trail:
        return ZERO
    first = _last_at_or_before(trail, since)
    last = _last_at_or_before(trail, until)
    if trail[last][0] < until and last + 1 < len(trail):
        last += 1
    amps = [point[1] for point in trail[first : last + 1]]
    return Span(min(amps), at(trail, (since + until) / 2), max(amps))


def at(trail: Trail, moment: float) -> float:
    """The draw at a moment, as far as the straight line between two answers tells."""
    index = _last_at_or_before(trail, moment)
    before, amps = trail[index]
    if index + 1 == len(trail) or moment <= before:
        return amps
    after, amps_after = trail[index + 1]
    return amps + (amps_after - amps) * (moment - before) / (after - before)


def mean(trail: Trail, since: float, until: float) -> float:
    """The mean draw over a stretch of time that is not empty."""
    inside = [point[0] for point in trail if since < point[0] < until]
    edges = [since, *inside, until]
    total = 0.0
    for left, right in pairwise(edges):
        total += (at(trail, left) + at(trail, right)) / 2 * (right - left)
    return total / (until - since)


def _last_at_or_before(trail: Trail, moment: float) -> int:
    for index in range(len(trail) - 1, 0, -1):
        if trail[index][0] <= moment:
            return index
    return 0
