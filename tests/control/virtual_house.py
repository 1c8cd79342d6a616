"""A small model of reality for control tests: units, cars and a lossy line, independent of the code under test.

Time moves in steps of 0.1 s. Each unit gets a heartbeat about once a second that carries the newest offer handed to
the bus; request and answer may be lost. The controller sees only what answers carried. Truth is kept apart: what each
unit's accepted limit is, and what its car draws.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from twcmaster.control.commands import initial
from twcmaster.control.decide import decide
from twcmaster.control.memory import Memory
from twcmaster.model.energy import EnergyFacts
from twcmaster.model.plan import Plan
from twcmaster.model.settings import Mode
from twcmaster.model.site import BusFacts, Circuit, Site
from twcmaster.model.world import Activity, Presence, WallConnector, World

STEP_S = 0.1
NOON = datetime(2026, 6, 21, 12, 0, tzinfo=UTC)


@dataclass
class VirtualUnit:
    """One unit with its car. `wants_a` is what the car would draw without a limit; 0: it does not want any."""

    key: str
    protocol: int = 1
    circuit: str = "garage"
    limit_a: float = 40.0
    minimum_a: int = 6
    phases: tuple[int, ...] = (1,)
    car: bool = False
    wants_a: float = 0.0
    shows_plug: bool = False
    #: Which of its conductors the car uses (None: all), and whether the unit tells its plug and amps per phase.
    car_on: tuple[int, ...] | None = None
    tells_more: bool = False
    #: The truth.
    accepted_a: float = 0.0
    drawn_a: float = 0.0
    alive: bool = True
    last_beat_at: float = 0.0
    #: What the master knows.
    offer_a: int = 0
    sent_a: float | None = None
    sent_at: float | None = None
    heard_at: float | None = None
    seen: tuple[Activity, float, float, bool | None] | None = None
    linked_at: float = 0.0
    closings: int = 0
    phase_of_second: float = 0.0
    duplicate: bool = False
    #: It hears us, its answers are lost; and the bus has forgotten it and says nothing to it.
    mute: bool = False
    forgotten: bool = False

    def arrive(self, wants_a: float) -> None:
        self.car, self.wants_a = True, wants_a
        if self.protocol == 2:
            self.accepted_a = 0.0

    def leave(self) -> None:
        self.car, self.wants_a, self.drawn_a = False, 0.0, 0.0
        if self.protocol == 2:
            self.accepted_a = 0.0

    def allowed_a(self) -> float:
        if not self.car:
            return 0.0
        if self.protocol == 2 and 0 < self.accepted_a < self.minimum_a:
            return float(self.minimum_a)
        return self.accepted_a if self.accepted_a >= self.minimum_a else 0.0

    def phases_in_use(self) -> tuple[int, ...]:
        """The site's phases that its car loads."""
        return self.phases if self.car_on is None else tuple(self.phases[index] for index in self.car_on)

    def amps_on(self, phase: int) -> float:
        return self.drawn_a if phase in self.phases_in_use() else 0.0

    def phase_a(self, drawn_a: float) -> tuple[float, float, float] | None:
        """What it reports of a draw, conductor by conductor."""
        if not self.tells_more:
            return None
        used = range(len(self.phases)) if self.car_on is None else self.car_on
        first, second, third = (drawn_a if index in used else 0.0 for index in range(3))
        return first, second, third

    def forget(self) -> None:
        self.forgotten = True

    def find(self, now: float) -> None:
        """The bus meets it as if for the first time."""
        self.forgotten, self.linked_at, self.heard_at, self.seen, self.sent_a = False, now, None, None, None

    def move(self, now: float) -> None:
        if now - self.last_beat_at > 25.0:
            # A unit that has lost its master stops its car and starts none.
            self.accepted_a = 0.0
        goal = min(self.allowed_a(), self.wants_a)
        if goal < 5.0:
            goal = 0.0
        before = self.drawn_a
        self.drawn_a = min(goal, self.drawn_a + 3 * STEP_S) if goal > self.drawn_a else max(goal, self.drawn_a - 1.0)
        self.closings += before == 0.0 < self.drawn_a

    def activity(self) -> Activity:
        if self.drawn_a > 0:
            return Activity.CHARGING
        if not self.car:
            return Activity.READY
        if self.protocol == 1 and self.accepted_a == 0:
            return Activity.STOPPED if self.shows_plug else Activity.READY
        return Activity.WAITING if self.wants_a else Activity.STOPPED

    def hear_limit(self, amps: float, now: float) -> None:
        self.last_beat_at = now
        if self.protocol == 1:
            self.accepted_a = amps
        elif self.car and (amps > 0 or self.drawn_a > 0):
            self.accepted_a = amps if amps > 0 else float(self.minimum_a)


@dataclass
class VirtualHouse:
    """Circuits, units, a controller; `lossy()` says whether the next frame is lost."""

    circuits: tuple[Circuit, ...]
    units: list[VirtualUnit]
    fixed_a: float = 1000.0
    lossy: Callable[[], bool] = lambda: False
    now: float = 1000.0
    memory: Memory = field(default_factory=Memory)
    plan: Plan | None = None
    controller_runs: bool = True
    check: Callable[[VirtualHouse], None] = lambda house: None
    world_changes: Callable[[World], World] = lambda world: world
    allow_relay: bool = False
    energy: EnergyFacts = field(default_factory=EnergyFacts)
    fallback_a: int = 0
    #: What else moves in the house; whether it has news that the controller must hear at once.
    surroundings: Callable[[VirtualHouse], bool] = lambda house: False

    def site(self) -> Site:
        buses = {
            u.circuit: BusFacts(
                u.circuit, u.circuit, u.limit_a, fallback_a=self.fallback_a, allow_relay_commands=self.allow_relay
            )
            for u in self.units
        }
        return Site("test", {c.name: c for c in self.circuits}, buses, self.energy)

    def run(self, seconds: float, at: Mapping[float, Callable[[VirtualHouse], None]] | None = None) -> None:
        end, events, start = self.now + seconds, dict(at or {}), self.now
        while self.now < end - 1e-9:
            self.now = round(self.now + STEP_S, 3)
            for due in [t for t in events if start + t <= self.now]:
                events.pop(due)(self)
            for unit in self.units:
                self._heartbeat(unit)
                unit.move(self.now)
            news = self.surroundings(self)
            if self.controller_runs and (news or abs(self.now - round(self.now)) < 1e-6):
                self.tick()
            self.check(self)

    def tick(self) -> None:
        views = tuple(self._view(u) for u in self.units if not u.forgotten)
        wishes = initial(Mode.FIXED, self.fixed_a)
        world = self.world_changes(World(self.now, NOON, self.site(), views, settings=wishes))
        self.plan, self.memory = decide(world, self.memory)
        for offer in self.plan.offers:
            self.unit(offer.key).offer_a = offer.amps

    def unit(self, key: str) -> VirtualUnit:
        return next(u for u in self.units if u.key == key)

    def offers(self) -> tuple[int, ...]:
        return tuple(u.offer_a for u in self.units)

    def _heartbeat(self, unit: VirtualUnit) -> None:
        if round((self.now - unit.phase_of_second) / STEP_S) % 10:
            return
        if not unit.alive or unit.forgotten:
            return
        tells = unit.heard_at is not None and (unit.protocol == 1 or unit.offer_a > 0 or unit.drawn_a > 0)
        if tells and unit.sent_a != unit.offer_a:
            unit.sent_a, unit.sent_at = float(unit.offer_a), self.now
        if self.lossy():
            return
        unit.last_beat_at = self.now
        if tells:
            unit.hear_limit(float(unit.offer_a), self.now)
        if not self.lossy() and not unit.mute:
            unit.heard_at = self.now + 0.05
            echo = unit.accepted_a if unit.car or unit.protocol == 1 else 0.0
            unit.seen = (unit.activity(), echo, unit.drawn_a, unit.car if unit.tells_more else None)

    def _view(self, unit: VirtualUnit) -> WallConnector:
        activity, echo, actual, plugged = unit.seen or (None, None, None, None)
        silent_s = self.now - (unit.heard_at if unit.heard_at is not None else unit.linked_at)
        if unit.heard_at is None:
            presence = Presence.LINKING
        elif silent_s < 4:
            presence = Presence.ONLINE
        else:
            presence = Presence.SILENT if silent_s < 26 else Presence.LOST
        return WallConnector(
            key=unit.key,
            name=unit.key,
            bus=unit.circuit,
            circuit=unit.circuit,
            protocol=unit.protocol,
            phases=unit.phases,
            limit_a=unit.limit_a,
            minimum_a=unit.minimum_a,
            presence=presence,
            linked_at=unit.linked_at,
            heard_at=unit.heard_at,
            beat_at=unit.last_beat_at,
            activity=activity,
            echo_a=echo,
            actual_a=actual,
            sent_a=unit.sent_a,
            sent_at=unit.sent_at,
            plugged=plugged,
            phase_a=None if actual is None else unit.phase_a(actual),
            can_stop=unit.protocol == 1,
            duplicate=unit.duplicate,
        )


def garage(limit_a: float = 40.0) -> tuple[Circuit, ...]:
    return (Circuit("garage", limit_a),)


def charging(key: str, drawn_a: float, **more: object) -> VirtualUnit:
    """A unit found in the middle of a session."""
    unit = VirtualUnit(key, car=True, wants_a=drawn_a, accepted_a=drawn_a, drawn_a=drawn_a)
    return replace(unit, **more)  # type: ignore[arg-type]
