"""Facts about one virtual car: battery, charger, habits, and when it is at home."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visit:
    """Every day from `arrive_s` to `leave_s` (seconds after midnight; leaving earlier than arriving: next morning)."""

    arrive_s: float
    leave_s: float
    #: Energy driven away since the last visit.
    used_kwh: float = 15.0
    #: Each arrival and departure moves by up to this much either way.
    jitter_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CarSpec:
    """A car. Currents are per phase."""

    name: str = "car"
    battery_kwh: float = 75.0
    soc_percent: float = 50.0
    target_percent: float = 90.0
    max_a: float = 32.0
    phases: int = 1
    volts: float = 240.0
    #: Share of what the charger takes that reaches the battery.
    efficiency: float = 0.92
    #: It refuses to charge with less than this.
    minimum_a: float = 6.0
    ramp_a_per_s: float = 3.0
    fall_a_per_s: float = 60.0
    #: From a change of the pilot signal to the first answer of the charger.
    reaction_s: float = 0.0
    #: Share by which it stays below what it is offered.
    underdraw: float = 0.02
    taper_from_percent: float = 95.0
    #: A car that has nothing to charge sleeps after this long, and looks unplugged then. None: never.
    sleeps_after_s: float | None = None
    #: Each raise may leave it stuck near 5 A, until it has seen `spike_a` for 5 s.
    stuck_chance: float = 0.0
    spike_a: float = 16.0
    #: A Tesla stops when a protocol-1 unit offers 0 A; a plain load does not.
    heeds_zero: bool = True
    vin: str = "5YJ3E7EB0TEST0001"
    #: Without visits the car is plugged and unplugged by hand only.
    visits: tuple[Visit, ...] = ()
