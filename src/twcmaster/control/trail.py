"""What cars drew in the last minutes: a reading of the house is only understood with the draw at that very moment.

A trail is a short list of (time, watts) of one connector, each as it answered, straight lines between. A connector
answers about once a second, so at any moment its draw is only known to lie between two answers: `Span` says how far
that leaves it open.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

#: One point: when, how many watts.
Point = tuple[float, float]
Trail = tuple[Point, ...]

#: Changes below this are noise of the ammeter: points that carry nothing else are not kept.
NOISE_W = 12.0
#: Most points that are kept, whatever happens.
LONGEST = 240


@dataclass(frozen=True, slots=True)
class Span:
    """A power that is known to lie between two bounds; `likely` is the best guess."""

    low_w: float
    likely_w: float
    high_w: float

    def plus(self, other: Span) -> Span:
        """The sum of two powers."""
        return Span(self.low_w + other.low_w, self.likely_w + other.likely_w, self.high_w + other.high_w)


ZERO = Span(0.0, 0.0, 0.0)


def extend(trail: Trail, at: float, watts: float, keep_s: float) -> Trail:
    """The trail with a new answer; a stretch without changes keeps its two ends only. Forgets what is too old."""
    if trail and at <= trail[-1][0]:
        return trail
    steady = len(trail) > 1 and abs(trail[-1][1] - watts) < NOISE_W and abs(trail[-2][1] - watts) < NOISE_W
    kept = trail[:-1] if steady else trail
    if len(kept) > 1 and (kept[1][0] <= at - keep_s or len(kept) > LONGEST):
        kept = kept[1:]
    return (*kept, (at, watts))


def around(trail: Trail, since: float, until: float) -> Span:
    """The draw at some moment between `since` and `until`: bounds from the answers before, between and after."""
    if not trail:
        return ZERO
    first = _last_at_or_before(trail, since)
    last = _last_at_or_before(trail, until)
    if trail[last][0] < until and last + 1 < len(trail):
        last += 1
    watts = [point[1] for point in trail[first : last + 1]]
    return Span(min(watts), at(trail, (since + until) / 2), max(watts))


def at(trail: Trail, moment: float) -> float:
    """The draw at a moment, as far as the straight line between two answers tells."""
    index = _last_at_or_before(trail, moment)
    before, watts = trail[index]
    if index + 1 == len(trail) or moment <= before:
        return watts
    after, watts_after = trail[index + 1]
    return watts + (watts_after - watts) * (moment - before) / (after - before)


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
