"""A virtual site for a config: a wall connector for each one it names, a car at each, house and sun from a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from twcmaster.config.load import ALL_PHASES, site_facts
from twcmaster.config.schema import BusRole, Config
from twcmaster.model.site import BusFacts, Circuit, Site
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.house import HomeBattery
from twcmaster.sim.optimum import IdealCar
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan
from twcmaster.sim.sun import Day

#: Three whole days at full power: no car is ever full, so that following the sun is all that counts.
ENDLESS_KWH = 1000.0
FIRST_ID = 0x1001
_THREE = 3
#: A quotient of the same watts must not fall a whole amp short.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Guests:
    """What the config does not say: how many connectors a bus has that names none, and their protocol (None: by it)."""

    connectors: int = 1
    protocol: int | None = None


def plan_of(config: Config, day: Day, guests: Guests, start_s: float, speed: float = 1.0) -> SitePlan:
    """The site. Protocol 2 where relay commands are allowed, else 1: those that can be stopped."""
    site = site_facts(config)
    masters = [section.name for section in config.bus if section.role is BusRole.MASTER]
    buses = tuple(BusPlan(name, tuple(_units(site, site.buses[name], guests))) for name in masters)
    phases = max(len(circuit.phases) for circuit in site.circuits.values())
    volts = config.circuit[0].volts
    battery = None if config.battery is None else HomeBattery(max_w=config.battery.charge_w)
    return SitePlan(buses, day, battery, phases, volts, speed=speed, start_s=start_s)


def ideal_car(config: Config, plan: SitePlan) -> IdealCar:
    """All cars of the plan as one: as many amps as units, wires and breakers carry together, phase by phase."""
    site = site_facts(config)
    wired = _wired(site, plan)
    cars = [unit.car for bus in plan.buses for unit in bus.units if unit.car is not None]
    per_amp = min(car.volts * car.phases for car in cars)
    most_w = max(car.volts for car in cars) * sum(_most_a(site, wired, phase) for phase in ALL_PHASES)
    least = min(site.buses[bus.name].minimum_a for bus in plan.buses)
    return IdealCar(per_amp, least, int(most_w / per_amp + _ROUNDING))


def conductors(config: Config, plan: SitePlan) -> dict[str, tuple[float, tuple[str, ...]]]:
    """Each phase of each circuit with its limit and the units that it feeds: nothing else adds up in one wire."""
    site = site_facts(config)
    wired = _wired(site, plan)
    fed = {
        (circuit, phase): tuple(
            unit.key for unit in wired if phase in unit.phases and circuit in site.path(unit.circuit)
        )
        for circuit in site.circuits.values()
        for phase in ALL_PHASES
    }
    return {f"{circuit.name} L{phase}": (circuit.limit_a, keys) for (circuit, phase), keys in fed.items() if keys}


@dataclass(frozen=True, slots=True)
class _Wired:
    """A unit of the plan, where it hangs, and what it can do at most."""

    key: str
    circuit: str
    phases: tuple[int, ...]
    most_a: float


def _wired(site: Site, plan: SitePlan) -> list[_Wired]:
    return [_place(site.buses[bus.name], unit) for bus in plan.buses for unit in bus.units]


def _place(bus: BusFacts, unit: UnitPlan) -> _Wired:
    unit_id = unit.settings.unit_id
    facts = bus.connectors.get(unit_id)
    return _Wired(_key(bus, unit_id), facts.circuit if facts else bus.circuit, unit.phases, unit.settings.max_ca / 100)


def _most_a(site: Site, wired: Sequence[_Wired], phase: int) -> float:
    """What one phase can give all units: no circuit passes on more than its own limit."""

    def through(circuit: Circuit) -> float:
        units = sum(unit.most_a for unit in wired if unit.circuit == circuit.name and phase in unit.phases)
        inner = sum(through(child) for child in site.circuits.values() if child.parent == circuit.name)
        return min(circuit.limit_a, units + inner)

    return sum(through(circuit) for circuit in site.circuits.values() if circuit.parent is None)


def _key(bus: BusFacts, unit_id: int) -> str:
    """How recordings name a unit."""
    return f"{bus.name}/{unit_id:04X}"


def _units(site: Site, bus: BusFacts, guests: Guests) -> list[UnitPlan]:
    ids = list(bus.connectors) or [FIRST_ID + index for index in range(guests.connectors)]
    protocol = guests.protocol or (2 if bus.allow_relay_commands else 1)
    return [_unit(site, bus, unit_id, protocol) for unit_id in ids]


def _unit(site: Site, bus: BusFacts, unit_id: int, protocol: int) -> UnitPlan:
    facts = bus.connectors.get(unit_id)
    circuit = site.circuits[facts.circuit if facts else bus.circuit]
    wired = facts.phases if facts else circuit.phases
    volts = round(circuit.volts)
    three = len(wired) == _THREE
    settings = ConnectorSettings(
        unit_id,
        protocol=protocol,
        max_ca=int(facts.limit_a if facts else bus.connector_limit_a) * 100,
        volts=(volts, volts, volts) if three else (volts, 0, 0),
    )
    car = CarSpec(
        name=_key(bus, unit_id),
        battery_kwh=ENDLESS_KWH,
        soc_percent=10.0,
        max_a=80.0,
        phases=len(wired),
        volts=circuit.volts,
    )
    return UnitPlan(settings, car, tuple(max(1, phase) for phase in wired))
