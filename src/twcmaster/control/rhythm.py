"""How often a meter usually has something new, and from when on its last reading is too old to act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from twcmaster.model.energy import ReadingView

#: A reading older than three usual intervals is stale; meters of a second or two may stumble for ten.
STALE_INTERVALS = 3.0
STALE_LEAST_S = 10.0
_GAPS = 5


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a meter's readings were taken: the last one, and the gaps between the last few."""

    last_at: float | None = None
    gaps_s: tuple[float, ...] = ()

    def usual_s(self, every_s: float) -> float:
        """The usual time between two readings, for a meter that is asked every `every_s`."""
        return max(every_s, median(self.gaps_s)) if self.gaps_s else every_s


FIRST = Rhythm()


def listen(rhythms: Mapping[str, Rhythm], readings: Mapping[str, ReadingView]) -> Mapping[str, Rhythm]:
    """The rhythms after a look at the newest readings; the very same value when nothing is new."""
    changed = {name: _beat(rhythms.get(name, FIRST), view) for name, view in readings.items()}
    return rhythms if changed == rhythms else changed


def _beat(rhythm: Rhythm, view: ReadingView) -> Rhythm:
    if view.reading is None or view.reading.taken_at == rhythm.last_at:
        return rhythm
    taken_at = view.reading.taken_at
    gaps = rhythm.gaps_s if rhythm.last_at is None else (*rhythm.gaps_s, taken_at - rhythm.last_at)[-_GAPS:]
    return Rhythm(taken_at, gaps)


def is_fresh(rhythm: Rhythm, view: ReadingView, now: float) -> bool:
    """Whether the newest reading may still be acted on."""
    age_s = view.age_s(now)
    return age_s is not None and age_s <= max(STALE_LEAST_S, STALE_INTERVALS * rhythm.usual_s(view.facts.every_s))
