"""A virtual site brought to life: lines, units, cars, house and meters, all on one loop, all from one seed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace
from pathlib import Path

from twcmaster.model.reading import MeterRole
from twcmaster.protocol.connector import Connector
from twcmaster.protocol.connector_car import Car, NoCar
from twcmaster.protocol.messages import UnitState
from twcmaster.sim.car import VirtualCar
from twcmaster.sim.daytime import DayClock
from twcmaster.sim.endpoints import MemoryLink, PtyEndpoint, TcpEndpoint
from twcmaster.sim.house import Balance, House, SimMeter, Socket
from twcmaster.sim.line import Line
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan


@dataclass(frozen=True, slots=True)
class UnitSample:
    """One wall connector as nobody but the simulation can see it."""

    bus: str
    unit_id: int
    state: UnitState
    #: What it reports, what it allows the car, what the car draws.
    limit_a: float
    pilot_a: float
    draw_a: float
    plugged: bool
    contactor_closings: int
    error_s: float
    energy_wh: float
    soc_percent: float | None


@dataclass(frozen=True, slots=True)
class SiteSample:
    """The whole site at one instant."""

    balance: Balance
    units: tuple[UnitSample, ...]


@dataclass(slots=True)
class VirtualUnit:
    """One wall connector of the site with its car, if one ever parks there."""

    bus: str
    connector: Connector
    car: VirtualCar | None

    def sample(self, now: float) -> UnitSample:
        """How it stands at `now`, which is also the last instant that it lived to."""
        session = self.connector.session
        session.step(now)
        return UnitSample(
            bus=self.bus,
            unit_id=self.connector.unit_id,
            state=session.state(now),
            limit_a=session.limit_ca / 100,
            pilot_a=session.pilot_ca / 100,
            draw_a=session.meter.draw_a,
            plugged=session.car.plugged,
            contactor_closings=session.contactor.closings,
            error_s=session.trouble.error_s,
            energy_wh=session.meter.energy_wh,
            soc_percent=None if self.car is None else self.car.soc_percent,
        )


class VirtualSite:
    """Everything in a `SitePlan`, running on the current loop from the moment it is made."""

    def __init__(self, plan: SitePlan) -> None:
        self.plan = plan
        self._loop = asyncio.get_running_loop()
        self.clock = DayClock(self._loop.time(), plan.start_s, plan.speed)
        self.lines: dict[str, Line] = {}
        self.units: list[VirtualUnit] = []
        sockets: list[Socket] = []
        for bus in plan.buses:
            self.lines[bus.name] = Line(self._rng(f"line {bus.name}"), bus.faults, bus.chunk_bytes)
            for unit_plan in bus.units:
                unit = self._make_unit(bus, unit_plan)
                sockets.append(Socket(unit.connector, unit_plan.phases))
        battery = None if plan.battery is None else replace(plan.battery)
        self.house = House(plan.day, self.clock, sockets, battery, plan.phases, plan.volts)

    def _rng(self, purpose: str) -> random.Random:
        return random.Random(f"{self.plan.seed} {purpose}")

    def _make_unit(self, bus: BusPlan, plan: UnitPlan) -> VirtualUnit:
        unit_id = plan.settings.unit_id
        rng = self._rng(f"unit {bus.name} {unit_id:04X}")
        car = None if plan.car is None else VirtualCar(plan.car, self.plan.seed, self.clock)
        port: Car = NoCar() if car is None else car
        connector = Connector(plan.settings, port, lambda: rng.getrandbits(16), self._loop.time())
        self.lines[bus.name].seat(connector)
        unit = VirtualUnit(bus.name, connector, car)
        self.units.append(unit)
        return unit

    @property
    def cars(self) -> dict[str, VirtualCar]:
        """By name."""
        return {unit.car.spec.name: unit.car for unit in self.units if unit.car is not None}

    def _echo(self, bus: str) -> bool:
        return next(plan.echo for plan in self.plan.buses if plan.name == bus)

    def memory_link(self, bus: str) -> MemoryLink:
        """A new in-memory adapter on a bus."""
        return MemoryLink(self.lines[bus], bus, echo=self._echo(bus))

    def pty_endpoint(self, bus: str, link: Path) -> PtyEndpoint:
        """A pseudo-terminal on a bus, not plugged in yet."""
        return PtyEndpoint(self.lines[bus], link, echo=self._echo(bus))

    def tcp_endpoint(self, bus: str, host: str = "127.0.0.1", port: int = 0) -> TcpEndpoint:
        """A TCP port on a bus, not plugged in yet."""
        return TcpEndpoint(self.lines[bus], host, port)

    def meter(self, role: MeterRole, every_s: float = 1.0, delay_s: float = 0.0, *, sees_cars: bool = True) -> SimMeter:
        """A meter in the house."""
        return SimMeter(self.house, role, every_s, delay_s, sees_cars=sees_cars)

    def sample(self) -> SiteSample:
        """The site now."""
        now = self._loop.time()
        return SiteSample(self.house.balance(now), tuple(unit.sample(now) for unit in self.units))
