"""One stretch of weather under the production graph: what all benchmarks of following the sun run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from twcmaster import app
from twcmaster.cli.simulation import SETTLE_S, Trial, simulate
from twcmaster.cli.virtual_site import Guests, ideal_car, plan_of
from twcmaster.config.load import parse
from twcmaster.sim.optimum import Optimum, best
from twcmaster.sim.recording import Recording
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.traces import Stretch

DATE = datetime(2026, 6, 21, tzinfo=UTC)
CONFIG = """
[[circuit]]
name = "garage"
limit_a = {limit_a}
[[bus]]
name = "garage"
link = "/dev/null"
circuit = "garage"
connector_limit_a = 32
allow_relay_commands = true
[control]
mode = "{mode}"
amps = {limit_a}
[[meter]]
name = "grid"
role = "grid"
kind = "constant"
power_w = 0
every_s = {every_s}
{more}
"""


@dataclass(frozen=True)
class Setup:
    """Meter and connectors."""

    every_s: float = 2.0
    connectors: int = 1
    protocol: int = 1
    #: How old a measurement is when it can be read.
    delay_s: float = 0.0
    mode: str = "solar"
    limit_a: float = 32.0
    #: More sections of the config.
    more: str = ""

    def __str__(self) -> str:
        late = f", {self.delay_s:g} s late" if self.delay_s else ""
        return f"{self.every_s:g} s meter{late}, {self.connectors} x protocol {self.protocol}"


@dataclass(frozen=True)
class Result:
    """What happened, and the best that was possible."""

    recording: Recording
    optimum: Optimum

    @property
    def share(self) -> float:
        """Value as a share of the optimum's."""
        return self.recording.score().value_wh / self.optimum.score.value_wh


def run(stretch: Stretch, setup: Setup) -> Result:
    """Live through a stretch, every car plugged in from the beginning."""
    values = {"limit_a": setup.limit_a, "every_s": setup.every_s, "mode": setup.mode, "more": setup.more}
    config = parse(CONFIG.format(**values))
    plan = plan_of(config, stretch.day, Guests(setup.connectors, setup.protocol), stretch.start_s - SETTLE_S)
    recording = simulate(Trial(config, plan, stretch.length_s, DATE, setup.delay_s, prepare=_plug_in))
    return Result(recording, best(recording.net_w(), ideal_car(config, plan)))


def _plug_in(site: VirtualSite, graph: app.Graph) -> None:  # noqa: ARG001 - the shape that a trial asks for
    for car in site.cars.values():
        car.plug_in(0.0)
