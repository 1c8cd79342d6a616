"""The small reality with a house around it: load on each phase, sun, a battery, and meters that may lie or die.

What a meter shows is computed from the truth, as late as the meter is; what the controller gets is what arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tests.control.virtual_house import NOON, VirtualHouse
from twcmaster.control.commands import apply, initial
from twcmaster.control.expiry import expire, note
from twcmaster.control.known import known_of
from twcmaster.model.commands import Command, CommandRefused
from twcmaster.model.energy import EnergyFacts, MeterFacts, ReadingView
from twcmaster.model.plan import Alarm, Offer
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.model.settings import Mode, Settings
from twcmaster.model.world import World

BEGIN = 1000.0
VOLTS = 240.0


@dataclass
class VirtualMeter:
    """One meter: it measures every `every_s`, and what it measured arrives `delay_s` later."""

    role: MeterRole = MeterRole.GRID
    every_s: float = 2.0
    delay_s: float = 0.0
    #: Whether a reading carries the time of its measurement, or that of its arrival.
    stamped: bool = True
    #: What the config says, and what is so.
    includes_charger: bool = True
    sees_cars: bool = True
    tells_phases: bool = False
    alive: bool = True
    #: What it says instead of the truth, in watts.
    lie: Callable[[float], float] | None = None
    newest: Reading | None = None
    arrived_at: float | None = None
    _next_at: float = BEGIN
    _coming: list[Reading] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.role)

    def facts(self) -> MeterFacts:
        return MeterFacts(self.name, self.role, self.every_s, self.includes_charger)

    def move(self, now: float, measure: Callable[[VirtualMeter], Reading]) -> bool:
        """Measure when it is time; whether something has arrived."""
        if self.alive and now >= self._next_at:
            self._next_at = now + self.every_s
            self._coming.append(measure(self))
        if not self._coming or self._coming[0].taken_at + self.delay_s > now + 1e-9:
            return False
        arrived = self._coming.pop(0)
        self.newest = arrived if self.stamped else replace(arrived, taken_at=now)
        self.arrived_at = now
        return True


class MeteredHouse:
    """A VirtualHouse behind one grid connection. `load_w` is on each phase; sun and battery spread evenly."""

    def __init__(
        self,
        house: VirtualHouse,
        meters: list[VirtualMeter],
        energy: EnergyFacts,
        mode: Mode = Mode.SOLAR,
        phases: tuple[int, ...] = (1,),
    ) -> None:
        self.house = house
        self.meters = meters
        self.phases = phases
        self.pv_w = 0.0
        self.load_w = dict.fromkeys(phases, 0.0)
        #: Discharge positive, as its meter has it, and how full it is.
        self.battery_w = 0.0
        self.soc_percent: float | None = None
        self.wishes: Settings = initial(mode)
        self.clock_offset = timedelta()
        self.zone = NOON.tzinfo
        house.energy = replace(energy, meters={meter.name: meter.facts() for meter in meters})
        house.surroundings = self._move
        house.world_changes = self._world

    # ── the truth ────────────────────────────────────────────────────────────────────────────────────────────────

    def cars_w(self) -> float:
        return sum(unit.drawn_a * len(unit.phases_in_use()) for unit in self.house.units) * VOLTS

    def grid_w(self) -> float:
        return sum(self.load_w.values()) + self.cars_w() - self.pv_w - self.battery_w

    def import_a(self, phase: int) -> float:
        """What flows through the main fuse."""
        even_w = (self.pv_w + self.battery_w) / len(self.phases)
        return (self.load_w[phase] - even_w) / VOLTS + sum(unit.amps_on(phase) for unit in self.house.units)

    def house_a(self, phase: int) -> float:
        return self.import_a(phase) - sum(unit.amps_on(phase) for unit in self.house.units)

    # ── what the controller sees ─────────────────────────────────────────────────────────────────────────────────

    @property
    def now(self) -> float:
        return self.house.now

    def clock(self) -> datetime:
        return (NOON + timedelta(seconds=self.now - BEGIN) + self.clock_offset).astimezone(self.zone)

    def meter(self, role: MeterRole = MeterRole.GRID) -> VirtualMeter:
        return next(meter for meter in self.meters if meter.role is role)

    def ask(self, command: Command) -> None:
        """A command as in the daemon; one that makes no sense changes nothing."""
        known = known_of(self.house.site(), (self.house._view(unit) for unit in self.house.units))
        try:
            self.wishes = apply(self.wishes, command, self.clock(), known)
        except CommandRefused:
            return

    def run(self, seconds: float) -> None:
        self.house.run(seconds)

    def offer(self, key: str) -> Offer:
        assert self.house.plan is not None
        return next(offer for offer in self.house.plan.offers if offer.key == key)

    def unit_a(self, key: str) -> float:
        """What its car really draws."""
        return self.house.unit(key).drawn_a

    def codes(self, key: str) -> set[str]:
        """The codes of all reasons that a connector is told."""
        offer = self.offer(key)
        return {offer.wish.code, *(limit.code for limit in offer.limits)}

    def plan_alarms(self) -> tuple[Alarm, ...]:
        assert self.house.plan is not None
        return self.house.plan.alarms

    def alarms(self) -> set[str]:
        return {alarm.code for alarm in self.plan_alarms()}

    def _move(self, house: VirtualHouse) -> bool:
        news = [meter.move(house.now, self._measure) for meter in self.meters]
        return any(news)

    def _measure(self, meter: VirtualMeter) -> Reading:
        cars_w = self.cars_w()
        unseen_w = 0.0 if meter.sees_cars else cars_w
        watts = {
            MeterRole.GRID: self.grid_w() - unseen_w,
            MeterRole.PV: self.pv_w,
            MeterRole.HOUSE: sum(self.load_w.values()) + cars_w - unseen_w,
            MeterRole.BATTERY: self.battery_w,
            MeterRole.CHARGER: cars_w,
        }[meter.role]
        if meter.lie is not None:
            watts = meter.lie(watts)
        soc = self.soc_percent if meter.role is MeterRole.BATTERY else None
        return Reading(self.now, watts, self._phase_a(meter), soc_percent=soc)

    def _phase_a(self, meter: VirtualMeter) -> tuple[float | None, float | None, float | None] | None:
        if not meter.tells_phases:
            return None
        seen = self.import_a if meter.sees_cars else self.house_a
        amps = {phase: seen(phase) for phase in self.phases}
        if meter.lie is not None:
            amps = {phase: meter.lie(one * VOLTS) / VOLTS for phase, one in amps.items()}
        return amps.get(1), amps.get(2), amps.get(3)

    def _world(self, world: World) -> World:
        readings = {meter.name: ReadingView(meter.facts(), meter.newest) for meter in self.meters}
        world = replace(world, clock=self.clock(), settings=self.wishes, readings=readings)
        world = replace(world, settings=note(world, 1.0))
        self.wishes, _ = expire(world)
        return replace(world, settings=self.wishes)
