"""A virtual house: sun, load, cars and perhaps a battery, and what meters at its nodes would show.

    grid = load + cars - sun - battery          (import, discharge and generation positive)

The house takes its cars from the wall connectors that feed them, so what a meter shows is what the master caused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from twcmaster.model.ports import MeterError
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.protocol.connector import Connector
from twcmaster.sim.daytime import DayClock
from twcmaster.sim.sun import Day


@dataclass(slots=True)
class HomeBattery:
    """Takes surplus, gives to whatever lacks, as fast as it can."""

    capacity_kwh: float = 10.0
    max_w: float = 3000.0
    soc_percent: float = 50.0
    power_w: float = 0.0

    def settle(self, lacking_w: float, elapsed_s: float) -> float:
        """Live `elapsed_s` at the former power, then answer to what the rest of the house lacks. Discharge positive."""
        self.soc_percent -= self.power_w * elapsed_s / 3.6e6 / self.capacity_kwh * 100
        self.soc_percent = min(100.0, max(0.0, self.soc_percent))
        give_w = self.max_w if self.soc_percent > 0 else 0.0
        take_w = self.max_w if self.soc_percent < 100 else 0.0
        self.power_w = max(-take_w, min(give_w, lacking_w))
        return self.power_w


@dataclass(frozen=True, slots=True)
class Socket:
    """A wall connector and the site phases that its L1, L2, L3 are wired to."""

    connector: Connector
    phases: tuple[int, ...] = (1,)


@dataclass(frozen=True, slots=True)
class Balance:
    """The house at one instant, watts."""

    day_s: float
    pv_w: float
    load_w: float
    cars_w: float
    battery_w: float

    @property
    def grid_w(self) -> float:
        """Import positive."""
        return self.load_w + self.cars_w - self.pv_w - self.battery_w


class House:
    """Everything behind one grid connection with 1 or 3 phases of `volts` each."""

    def __init__(
        self,
        day: Day,
        clock: DayClock,
        sockets: Sequence[Socket] = (),
        battery: HomeBattery | None = None,
        phases: int = 1,
        volts: float = 240.0,
    ) -> None:
        self.day = day
        self.clock = clock
        self.sockets = tuple(sockets)
        self.battery = battery
        self.phases = phases
        self.volts = volts
        self._at = clock.starts_at

    def balance(self, now: float) -> Balance:
        """The house now. Times must not go back."""
        day_s = self.clock.day_s(now)
        pv_w, load_w = self.day.pv.at(day_s), self.day.load.at(day_s)
        cars_w = 0.0
        for socket in self.sockets:
            socket.connector.session.step(now)
            cars_w += socket.connector.session.power_w
        battery_w = 0.0
        if self.battery is not None:
            battery_w = self.battery.settle(load_w + cars_w - pv_w, (now - self._at) * self.clock.speed)
        self._at = now
        return Balance(day_s, pv_w, load_w, cars_w, battery_w)

    def phase_a(self, balance: Balance) -> tuple[float, float, float]:
        """Import on each phase; all but the cars spreads evenly. Unused phases show 0."""
        even_a = (balance.grid_w - balance.cars_w) / self.phases / self.volts
        amps = [even_a if phase < self.phases else 0.0 for phase in range(3)]
        for socket in self.sockets:
            for phase, draw_a in zip(socket.phases, socket.connector.session.phase_a, strict=False):
                amps[phase - 1] += draw_a
        return (amps[0], amps[1], amps[2])


class SimMeter:
    """One meter in a virtual house: the Meter port.

    It takes a new measurement every `every_s` and hands it out `delay_s` later; asked more often, it repeats itself.
    """

    def __init__(
        self,
        house: House,
        role: MeterRole,
        every_s: float = 1.0,
        delay_s: float = 0.0,
        *,
        sees_cars: bool = True,
    ) -> None:
        self._house = house
        self._role = role
        #: Whether a grid or house meter sits where the cars' current passes too.
        self._sees_cars = sees_cars
        self._every_s = every_s
        self._delay_s = delay_s
        self._taken: list[Reading] = []
        #: A reason makes every reading fail with it.
        self.broken: str | None = None
        #: Readings take this long, as with a device that hardly answers.
        self.hang_s = 0.0

    async def read(self) -> Reading:
        """Raises MeterError when broken, and before the first measurement is out."""
        await asyncio.sleep(self.hang_s)
        now = asyncio.get_running_loop().time()
        if self.broken is not None:
            raise MeterError(f"sim {self._role} meter: {self.broken}")
        if not self._taken or now - self._taken[-1].taken_at >= self._every_s:
            self._taken.append(self._measure(now))
        while len(self._taken) > 1 and self._taken[1].taken_at + self._delay_s <= now:
            del self._taken[0]
        if self._taken[0].taken_at + self._delay_s > now:
            raise MeterError(f"sim {self._role} meter: no measurement yet; the first takes {self._delay_s} s")
        return self._taken[0]

    async def close(self) -> None:
        """Nothing to release."""

    def _measure(self, now: float) -> Reading:
        balance = self._house.balance(now)
        unseen_w = 0.0 if self._sees_cars else balance.cars_w
        match self._role:
            case MeterRole.GRID:
                phase_a = self._house.phase_a(balance) if self._sees_cars else None
                return Reading(now, balance.grid_w - unseen_w, phase_a=phase_a)
            case MeterRole.PV:
                return Reading(now, balance.pv_w)
            case MeterRole.HOUSE:
                return Reading(now, balance.load_w + balance.cars_w - unseen_w)
            case MeterRole.BATTERY:
                battery = self._house.battery
                return Reading(now, balance.battery_w, soc_percent=None if battery is None else battery.soc_percent)
            case MeterRole.CHARGER:
                return Reading(now, balance.cars_w)
