"""A simulated day in small: recordings and outcomes made by hand."""

from __future__ import annotations

from collections.abc import Sequence

from twcmaster.protocol.messages import UnitState
from twcmaster.sim.house import Balance
from twcmaster.sim.optimum import IdealCar, best
from twcmaster.sim.outcome import Outcome, Prices, cost_of
from twcmaster.sim.recording import Recording
from twcmaster.sim.site import SiteSample, UnitSample

CAR = IdealCar()
NOON_S = 12 * 3600.0


def unit(unit_id: int, draw_a: float, limit_a: float = 32.0, *, plugged: bool = True) -> UnitSample:
    return UnitSample("garage", unit_id, UnitState.CHARGING, limit_a, limit_a, draw_a, plugged, 1, 0.0, 0.0, None)


def sample(pv_w: float, load_w: float, *units: UnitSample) -> SiteSample:
    cars_w = sum(one.draw_a for one in units) * 240.0
    return SiteSample(Balance(NOON_S, pv_w, load_w, cars_w, 0.0), units)


def recording(samples: Sequence[SiteSample], step_s: float = 1.0, closings: int = 1) -> Recording:
    made = Recording(NOON_S, step_s, closings=closings)
    for one in samples:
        made.add(one, (one.balance.grid_w / 240.0, 0.0, 0.0))
    return made


def outcome(made: Recording, name: str = "june", config: str = "home", **more: object) -> Outcome:
    score = made.score()
    facts: dict[str, object] = {
        "recording": made,
        "score": score,
        "optimum": best(made.net_w(), CAR, made.step_s),
        "overload_a": {"garage": -8.0},
        "cost": cost_of(score, Prices()),
    }
    return Outcome(name, config, **facts | more)  # type: ignore[arg-type]
