"""What happened at a virtual site, second by second, and what it was worth."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field

from twcmaster.sim.optimum import Score, score
from twcmaster.sim.site import SiteSample


def _floats() -> array[float]:
    return array("f")


@dataclass(slots=True)
class Recording:
    """One value per step of what happened."""

    start_s: float
    #: Simulated seconds between two values.
    step_s: float = 1.0
    pv_w: array[float] = field(default_factory=_floats)
    load_w: array[float] = field(default_factory=_floats)
    cars_w: array[float] = field(default_factory=_floats)
    battery_w: array[float] = field(default_factory=_floats)
    #: Import on the worst phase, and for each unit the amps drawn and the limit it holds.
    worst_phase_a: array[float] = field(default_factory=_floats)
    draw_a: dict[str, array[float]] = field(default_factory=dict)
    limit_a: dict[str, array[float]] = field(default_factory=dict)
    present: bytearray = field(default_factory=bytearray)
    closings: int = 0
    notices: list[str] = field(default_factory=list)

    def add(self, sample: SiteSample, phase_a: tuple[float, float, float]) -> None:
        """One step more."""
        balance = sample.balance
        self.pv_w.append(balance.pv_w)
        self.load_w.append(balance.load_w)
        self.cars_w.append(balance.cars_w)
        self.battery_w.append(balance.battery_w)
        self.worst_phase_a.append(max(phase_a))
        for unit in sample.units:
            key = f"{unit.bus}/{unit.unit_id:04X}"
            self.draw_a.setdefault(key, array("f")).append(unit.draw_a)
            self.limit_a.setdefault(key, array("f")).append(unit.limit_a)
        self.present.append(any(unit.plugged for unit in sample.units))

    def net_w(self) -> list[float]:
        """Sun less house, step by step."""
        return [pv - load for pv, load in zip(self.pv_w, self.load_w, strict=True)]

    def score(self) -> Score:
        """How well the sun was followed."""
        return score(self.net_w(), self.cars_w, self.closings, self.step_s)
