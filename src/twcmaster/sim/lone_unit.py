"""One virtual wall connector with a car in front of it, to be put on a real bus."""

from __future__ import annotations

import random
import secrets

from twcmaster.protocol.connector import Connector
from twcmaster.protocol.connector_car import Car, NoCar
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car import VirtualCar
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.daytime import DayClock


def played_unit(
    unit_id: int | None, protocol: int, max_a: float, car_a: float, soc_percent: float = 50.0
) -> tuple[ConnectorSettings, CarSpec | None]:
    """A unit up to `max_a`, by chance where no id is given, and a car that takes up to `car_a` (0: no car)."""
    settings = ConnectorSettings(
        unit_id=unit_id or 0x1000 + secrets.randbelow(0xE000),
        sign=secrets.randbelow(256),
        protocol=protocol,
        max_ca=round(max_a * 100),
    )
    return settings, CarSpec(max_a=car_a, soc_percent=soc_percent) if car_a else None


def lone_unit(settings: ConnectorSettings, car: CarSpec | None, seed: int, now: float) -> Connector:
    """The unit, just powered up; its car, if there is one, has just been plugged in."""
    rng = random.Random(seed)
    return Connector(settings, _parked(car, seed, now), lambda: rng.getrandbits(16), now)


def _parked(spec: CarSpec | None, seed: int, now: float) -> Car:
    if spec is None:
        return NoCar()
    car = VirtualCar(spec, seed, DayClock(now))
    car.plug_in(now)
    return car
