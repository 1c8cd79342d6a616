"""A simulated day of three connectors under the production graph: seconds of real time.

python -m benchmarks.day            the whole day
python -m benchmarks.day 7200       the first two hours
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

from twcmaster.app import Graph, Options
from twcmaster.config.load import parse
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.demo_house import demo_plan
from twcmaster.sim.site import VirtualSite

CONFIG = """
[[circuit]]
name = "garage"
limit_a = 40
[[bus]]
name = "garage"
link = "/dev/null"
circuit = "garage"
[control]
amps = 40
"""
MIDNIGHT = datetime(2026, 6, 21, tzinfo=UTC)


async def live(seconds: float) -> tuple[int, float]:
    """Heartbeats sent and energy charged in kWh."""
    site = VirtualSite(demo_plan(start_s=0.0))
    loop = asyncio.get_running_loop()

    def link_of(url: str, check: Checker, refusal: Refusal) -> GuardedLink:  # noqa: ARG001 - the port's shape
        return GuardedLink(site.memory_link("garage"), check, refusal)

    options = Options(link_of=link_of, clock=lambda: MIDNIGHT + timedelta(seconds=loop.time()), pick_sign=lambda: 0x77)
    graph = Graph(parse(CONFIG), options)
    loop.call_later(seconds, options.stop.set)
    await graph.run()
    beats = sum(unit.replies.beats for unit in graph.buses["garage"].master.units.values())
    return beats, sum(unit.energy_wh for unit in site.sample().units) / 1000


def main() -> None:
    """Live the day and say how long it took."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 86400.0
    begin, cpu = time.perf_counter(), time.process_time()
    beats, kwh = run_virtual(live(seconds))
    took, busy = time.perf_counter() - begin, time.process_time() - cpu
    print(f"{seconds:.0f} simulated seconds, {beats} heartbeats, {kwh:.1f} kWh: {took:.1f} s ({busy:.1f} s of CPU)")


if __name__ == "__main__":
    main()
