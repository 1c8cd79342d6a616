"""One virtual wall connector with a car in front of it, to be put on a real bus."""

from __future__ import annotations

import random

from twcmaster.protocol.connector import Connector
from twcmaster.protocol.connector_car import Car, NoCar
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.car import VirtualCar
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.daytime import DayClock


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
