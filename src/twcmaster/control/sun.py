"""Words of following the sun: a connector that does, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from twcmaster.control.prospect import Prospect
from twcmaster.control.weather import Weather

#: Clicks of contactors are counted over this time.
HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Runner:
    """A connector that follows the sun. Watts per amp: its volts times the phases that its car uses."""

    key: str
    watts_per_amp: float
    minimum_a: int
    maximum_a: int
    tier: int = 0
    #: A car is there and wants power, as far as is known.
    wants: bool = False
    #: The unit shows a car; otherwise wanting power is only a trial for one that may be there.
    shows: bool = True
    #: Nothing shows a car, but one may be there: it gets what all others leave.
    leftover: bool = False
    drawing_w: float = 0.0
    #: It draws and is offered amps: its draw is not on its way out.
    charging: bool = False
    #: How far its draw stays below what it is offered.
    unused_w: float = 0.0
    #: Its contactor must not be opened yet, or closed yet.
    must_run: bool = False
    must_rest: bool = False
    #: It charges without sun too: told so, or because nothing can stop it.
    always: bool = False

    @property
    def minimum_w(self) -> float:
        """The least it takes while it charges."""
        return self.minimum_a * self.watts_per_amp

    @property
    def maximum_w(self) -> float:
        """The most it takes."""
        return self.maximum_a * self.watts_per_amp


@dataclass(frozen=True, slots=True)
class Sun:
    """What is remembered of following the sun."""

    at: float | None = None
    #: Who charges on it now, in the order in which they were let in.
    running: tuple[str, ...] = ()
    #: What they may be offered together.
    budget_w: float = 0.0
    #: What the surplus tends to do, and what it makes of one car more and of the last one that runs.
    weather: Weather = field(default_factory=Weather)
    joining: Prospect | None = None
    leaving: Prospect | None = None
    #: Since when it pays to let one more join, or the last one leave; None: it does not.
    pays_since: float | None = None
    costs_since: float | None = None
    #: When contactors were closed for the sun within the last hour, and who got how much today.
    clicks: tuple[float, ...] = ()
    #: Since when each of `running` has been let in.
    since: Mapping[str, float] = field(default_factory=dict)
    energy_wh: Mapping[str, float] = field(default_factory=dict)
    day: date | None = None

    def without(self, key: str) -> Sun:
        """Let one leave."""
        running = tuple(other for other in self.running if other != key)
        return replace(self, running=running, pays_since=None, costs_since=None)

    def with_one_more(self, key: str, now: float) -> Sun:
        """Let one join, which closes its contactor."""
        since = {**self.since, key: now}
        clicks = (*self.clicks, now)
        running = (*self.running, key)
        return replace(self, running=running, since=since, clicks=clicks, pays_since=None, costs_since=None)


def next_in(sun: Sun, known: Mapping[str, Runner]) -> Runner | None:
    """Who would join next: the most important, of equals a car that shows, of these the one with the least energy."""
    waiting = [r for r in known.values() if r.key not in sun.running and r.wants]
    return min(
        waiting, key=lambda r: (r.tier, r.must_rest, not r.shows, sun.energy_wh.get(r.key, 0.0), r.key), default=None
    )


def next_out(sun: Sun, known: Mapping[str, Runner]) -> Runner | None:
    """Who would leave next: the least important, of equals the one with the most energy today."""
    running = [known[key] for key in sun.running if not known[key].always]
    return max(running, key=lambda r: (r.tier, sun.energy_wh.get(r.key, 0.0), r.key), default=None)
