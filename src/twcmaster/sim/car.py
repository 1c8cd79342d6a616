"""A virtual car: a battery that fills, a charger that ramps, and the habits that make masters stumble.

It implements the `Car` port of the wire (twcmaster.protocol.connector_car): the unit asks it to live until now under
the pilot signal that held. Everything is exact between two calls (ramps are integrated, not sampled), so a car may be
asked once a second or a hundred times. Chance comes from a generator seeded with the site's seed and the car's name.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from twcmaster.sim.car_spec import CarSpec, Visit
from twcmaster.sim.daytime import DAY_S, DayClock

#: What a car draws while it is stuck after a raise, and how long it must see the spike to come loose.
STUCK_A = 5.2
SPIKE_S = 5.0
#: Tapering never goes below this before the battery is full.
TAPER_LEAST_A = 2.0
#: A full battery asks again once it has lost this much.
REFILL_PERCENT = 2.0
_NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class _Move:
    """An arrival or a departure."""

    day_s: float
    arrives: bool
    used_kwh: float


class VirtualCar:
    """One car and its parking space."""

    def __init__(self, spec: CarSpec, seed: int = 0, clock: DayClock | None = None) -> None:
        self.spec = spec
        self.clock = clock or DayClock()
        self.plugged = False
        self.awake = True
        self.draw_a = 0.0
        self.soc_percent = spec.soc_percent
        self.target_percent = spec.target_percent
        #: The owner's own limit in the car, and whether the owner lets it charge.
        self.max_a = spec.max_a
        self.enabled = True
        self.charged_kwh = 0.0
        self._rng = random.Random(f"{seed} {spec.name}")
        self._full = False
        self._stuck = False
        self._spike_since: float | None = None
        self._pilot_a = 0.0
        self._coming_pilot_a = 0.0
        self._pilot_changed_at = 0.0
        self._idle_since = self.clock.starts_at
        self._at = self.clock.starts_at
        self._moves = _agenda(spec.visits, self._rng)
        self._move: _Move | None = None
        self._move_at = -_NEVER
        self._plan_move()

    @property
    def phases(self) -> int:
        return self.spec.phases

    @property
    def vin(self) -> str:
        return self.spec.vin

    @property
    def stuck(self) -> bool:
        """Whether it hangs near 5 A after a raise."""
        return self._stuck

    # ── the port ─────────────────────────────────────────────────────────────────────────────────────────────────

    def advance(self, pilot_a: float, now: float, *, closed: bool) -> None:
        """Live until `now`."""
        elapsed_s = now - self._at
        self._at = now
        if now >= self._move_at:
            self._move_car(now)
        if not self.plugged:
            return
        if pilot_a != self._pilot_a:
            self._see_pilot(pilot_a, now)
        if self._stuck:
            self._watch_spike(now)
        self._draw(self._goal_a(closed=closed), elapsed_s, closed=closed)
        if self.spec.sleeps_after_s is not None:
            self._doze(self.spec.sleeps_after_s, now)

    def wants(self, pilot_a: float) -> bool:
        """Whether it asks for power at this pilot signal."""
        if not self.plugged or not self.awake or not self.enabled or self._full:
            return False
        return pilot_a >= self.spec.minimum_a or not self.spec.heeds_zero

    # ── the charger ──────────────────────────────────────────────────────────────────────────────────────────────

    def _see_pilot(self, pilot_a: float, now: float) -> None:
        if pilot_a != self._coming_pilot_a:
            self._coming_pilot_a = pilot_a
            self._pilot_changed_at = now
        if now - self._pilot_changed_at < self.spec.reaction_s:
            return
        raised = pilot_a > self._pilot_a
        self._pilot_a = pilot_a
        if raised and self.draw_a and pilot_a < self.spec.spike_a and self._rng.random() < self.spec.stuck_chance:
            self._stuck = True
            self._spike_since = None

    def _watch_spike(self, now: float) -> None:
        if self._pilot_a < self.spec.spike_a:
            self._spike_since = None
        elif self._spike_since is None:
            self._spike_since = now
        elif now - self._spike_since >= SPIKE_S:
            self._stuck = False

    def _goal_a(self, *, closed: bool) -> float:
        if not closed or not self.wants(self._pilot_a):
            return 0.0
        goal_a = min(self._pilot_a or self.max_a, self.max_a) * (1 - self.spec.underdraw)
        if self.soc_percent > self.spec.taper_from_percent:
            room = (100 - self.soc_percent) / (100 - self.spec.taper_from_percent)
            goal_a = min(goal_a, max(TAPER_LEAST_A, self.max_a * room))
        return min(goal_a, STUCK_A) if self._stuck else goal_a

    def _draw(self, goal_a: float, elapsed_s: float, *, closed: bool) -> None:
        before_a = self.draw_a
        if not closed:
            self.draw_a = 0.0
            self._check_level()
            return
        rate = self.spec.ramp_a_per_s if goal_a > before_a else self.spec.fall_a_per_s
        ramp_s = abs(goal_a - before_a) / rate
        if ramp_s <= elapsed_s:
            self.draw_a = goal_a
            amp_s = (before_a + goal_a) / 2 * ramp_s + goal_a * (elapsed_s - ramp_s)
        else:
            self.draw_a = before_a + (goal_a - before_a) * elapsed_s / ramp_s
            amp_s = (before_a + self.draw_a) / 2 * elapsed_s
        if amp_s:
            self._charge(amp_s)
        self._check_level()

    def _charge(self, amp_s: float) -> None:
        spec = self.spec
        kwh = amp_s * spec.volts * spec.phases / 3.6e6 * self.clock.speed
        self.charged_kwh += kwh
        self.soc_percent = min(100.0, self.soc_percent + kwh * spec.efficiency / spec.battery_kwh * 100)

    def _check_level(self) -> None:
        if self._full:
            self._full = self.soc_percent > self.target_percent - REFILL_PERCENT
        elif self.soc_percent >= self.target_percent:
            self._full = True

    # ── sleeping, coming and going ───────────────────────────────────────────────────────────────────────────────

    def _doze(self, after_s: float, now: float) -> None:
        if self.draw_a or self.wants(self.spec.minimum_a):
            self._idle_since = now
        elif now - self._idle_since >= after_s / self.clock.speed:
            self.awake = False

    def _plan_move(self) -> None:
        self._move = next(self._moves, None)
        self._move_at = _NEVER if self._move is None else self.clock.loop_time(self._move.day_s)

    def _move_car(self, now: float) -> None:
        while self._move is not None and self._move_at <= now:
            # What happened before the simulation began decides where the car stands, not what is in its battery.
            used_kwh = self._move.used_kwh if self._move.day_s >= self.clock.start_s else 0.0
            if self._move.arrives:
                self.plug_in(now, used_kwh)
            else:
                self.unplug()
            self._plan_move()

    def plug_in(self, now: float, used_kwh: float = 0.0) -> None:
        """The car comes home, having used some energy."""
        self.soc_percent = max(5.0, self.soc_percent - used_kwh / self.spec.battery_kwh * 100)
        self._full = self.soc_percent >= self.target_percent
        self.plugged = True
        self.awake = True
        self._stuck = False
        self._pilot_a = self._coming_pilot_a = 0.0
        self._idle_since = now

    def unplug(self) -> None:
        """The car leaves."""
        self.plugged = False
        self.draw_a = 0.0

    # ── what an owner can tell it by app ─────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Allow charging, and wake up."""
        self.enabled = True
        self.awake = True

    def stop(self) -> None:
        """Stop charging until told to start."""
        self.enabled = False

    def wake(self, now: float) -> None:
        self.awake = True
        self._idle_since = now

    def set_target(self, percent: float) -> None:
        """A new charge limit; a car that had reached the old one asks again when this one is higher."""
        self.target_percent = percent
        self._full = self.soc_percent >= percent


def _agenda(visits: tuple[Visit, ...], rng: random.Random) -> Iterator[_Move]:
    """Arrivals and departures in order, from the day before the first one on, for ever."""
    day_start_s = -DAY_S
    while visits:
        for visit in sorted(visits, key=lambda visit: visit.arrive_s):
            overnight_s = DAY_S if visit.leave_s <= visit.arrive_s else 0.0
            arrive_s = day_start_s + visit.arrive_s + rng.uniform(-visit.jitter_s, visit.jitter_s)
            leave_s = day_start_s + visit.leave_s + overnight_s + rng.uniform(-visit.jitter_s, visit.jitter_s)
            yield _Move(arrive_s, arrives=True, used_kwh=visit.used_kwh)
            yield _Move(max(arrive_s, leave_s), arrives=False, used_kwh=0.0)
        day_start_s += DAY_S
