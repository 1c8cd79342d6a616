"""The whole program under passing clouds: how much of the best possible it reaches.

The thresholds lie well below what is measured (benchmarks/README.md): these fail when something is broken, not when a
knob was turned.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from twcmaster import app
from twcmaster.cli.simulation import SETTLE_S, Trial, simulate
from twcmaster.cli.virtual_site import Guests, ideal_car, plan_of
from twcmaster.config.load import parse
from twcmaster.sim.optimum import best
from twcmaster.sim.recording import Recording
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.traces import SLOW, Stretch, clear, cloudy, steps

LENGTH_S = 1200
CONFIG = """
[[circuit]]
name = "garage"
limit_a = 32
[[bus]]
name = "garage"
link = "/dev/null"
circuit = "garage"
connector_limit_a = 32
allow_relay_commands = true
[control]
mode = "solar"
[[meter]]
name = "grid"
role = "grid"
kind = "constant"
power_w = 0
every_s = {every_s}
"""


def plug_in(site: VirtualSite, graph: app.Graph) -> None:
    for car in site.cars.values():
        car.plug_in(0.0)


def lived(stretch: Stretch, every_s: float, protocol: int = 1) -> tuple[Recording, float]:
    """What happened, and its share of the optimum."""
    config = parse(CONFIG.format(every_s=every_s))
    plan = plan_of(config, stretch.day, Guests(1, protocol), stretch.start_s - SETTLE_S)
    recording = simulate(Trial(config, plan, stretch.length_s, datetime(2026, 6, 21, tzinfo=UTC), prepare=plug_in))
    possible = best(recording.net_w(), ideal_car(config, plan)).score.value_wh
    return recording, recording.score().value_wh / possible


@pytest.mark.parametrize(
    "stretch, every_s, protocol, share",
    [
        (clear(1, LENGTH_S), 2.0, 1, 0.95),
        (steps(1, LENGTH_S), 2.0, 2, 0.93),
        (cloudy(1, LENGTH_S), 2.0, 1, 0.88),
        (cloudy(2, LENGTH_S), 5.0, 2, 0.88),
        (cloudy(3, LENGTH_S, SLOW, "slow"), 60.0, 1, 0.70),
    ],
    ids=lambda value: value.name if isinstance(value, Stretch) else None,
)
def test_the_sun_is_followed(stretch: Stretch, every_s: float, protocol: int, share: float) -> None:
    recording, reached = lived(stretch, every_s, protocol)
    assert reached > share
    assert recording.closings <= 3


def test_the_same_sky_gives_the_same_day() -> None:
    first, _ = lived(cloudy(4, 600), 2.0)
    second, _ = lived(cloudy(4, 600), 2.0)
    assert first == second


def test_a_step_of_a_kilowatt_is_followed_within_seconds() -> None:
    stretch = steps(5, LENGTH_S)
    recording, _ = lived(stretch, 2.0)
    sun_w, cars_w = recording.pv_w, recording.cars_w
    at = [
        s for s in range(60, LENGTH_S - 20) if abs(sun_w[s] - sun_w[s - 1]) > 900 and min(cars_w[s - 1 : s + 1]) > 2400
    ]
    assert len(at) > 4
    for second in at:
        step_w = sun_w[second] - sun_w[second - 1]
        after_s = 5 if step_w < 0 else 12
        made_w = cars_w[second + after_s] - cars_w[second - 1]
        assert made_w / step_w > 0.6, second
