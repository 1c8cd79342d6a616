"""What a wall connector can tell of the car at its cable: the port between the unit and any model of a car.

A car lives by being asked: `advance` lets it live until `now` under the pilot signal that held since the last call.
Nothing in here knows of batteries or habits; those are the model's business (twcmaster.sim.car).
"""

from __future__ import annotations

from typing import Protocol


class Car(Protocol):
    """One parking space with or without a car in it. Attributes are as of the last `advance`."""

    @property
    def plugged(self) -> bool:
        """The plug is in the inlet, whether or not the car is awake."""

    @property
    def awake(self) -> bool:
        """A sleeping car looks unplugged to everything but the plug switch."""

    @property
    def draw_a(self) -> float:
        """Amperes on each phase in use."""

    @property
    def phases(self) -> int:
        """Phases that the car's charger loads, 1 to 3."""

    @property
    def vin(self) -> str:
        """Seventeen characters, or empty for a car that does not tell."""

    def advance(self, pilot_a: float, now: float, *, closed: bool) -> None:
        """Live until `now` with this pilot signal (0: none) and this position of the contactor since the last call."""

    def wants(self, pilot_a: float) -> bool:
        """Whether the car would ask for the contactor, or keep it, at this pilot signal."""


class NoCar:
    """An empty parking space."""

    plugged = False
    awake = False
    draw_a = 0.0
    phases = 1
    vin = ""

    def advance(self, pilot_a: float, now: float, *, closed: bool) -> None:
        """Nothing here ages."""

    def wants(self, pilot_a: float) -> bool:
        return False
