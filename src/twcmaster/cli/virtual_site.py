"""A virtual site for a config: a wall connector for each one it names, a car at each, house and sun from a day."""

from __future__ import annotations

from dataclasses import dataclass

from twcmaster.config.load import site_facts
from twcmaster.config.schema import BusRole, Config
from twcmaster.model.site import BusFacts, Site
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
    """All cars of the plan as one: as many amps as they and the outermost circuit can take."""
    site = site_facts(config)
    units = [(bus.name, unit) for bus in plan.buses for unit in bus.units]
    per_amp = min(unit.car.volts * unit.car.phases for _, unit in units if unit.car is not None)
    wires = sum(site.buses[name].connector_limit_a for name, _ in units)
    outermost = {site.path(site.buses[name].circuit)[-1].name for name, _ in units}
    breakers = sum(site.circuits[name].limit_a for name in outermost)
    least = min(site.buses[name].minimum_a for name, _ in units)
    return IdealCar(per_amp, least, int(min(wires, breakers)))


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
        name=f"{bus.name}/{unit_id:04X}",
        battery_kwh=ENDLESS_KWH,
        soc_percent=10.0,
        max_a=80.0,
        phases=len(wired),
        volts=circuit.volts,
    )
    return UnitPlan(settings, car, tuple(max(1, phase) for phase in wired))
