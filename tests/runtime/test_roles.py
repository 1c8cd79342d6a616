"""What a bus's role makes of it: play a wall connector, or only listen."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest

from twcmaster.app import Graph, Options
from twcmaster.config.load import parse
from twcmaster.links.guard import Checker, GuardedLink, Refusal
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.endpoints import MemoryLink
from twcmaster.sim.line import Line
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan

CONFIG = """
[[circuit]]
name = "garage"
limit_a = 40
[[bus]]
name = "ours"
link = "/dev/one"
circuit = "garage"
[[bus]]
name = "other"
link = "/dev/two"
circuit = "garage"
role = "{role}"
[virtual]
id = "2433"
max_a = 32
car_a = 12
[control]
amps = 20
"""


class CountingLink(MemoryLink):
    """Counts what is written to it, below the guard."""

    def __init__(self, line: Line, name: str, written: Counter[str]) -> None:
        super().__init__(line, name)
        self.name = name
        self.written = written

    def write(self, data: bytes) -> None:
        self.written[self.name] += 1
        super().write(data)


def live(role: str, units: tuple[UnitPlan, ...] = ()) -> tuple[Graph, Counter[str]]:
    """Both buses on one line, for half a minute; how often each was written to."""
    written: Counter[str] = Counter()

    async def main() -> tuple[Graph, Counter[str]]:
        site = VirtualSite(SitePlan((BusPlan("line", units),)))
        line = site.lines["line"]

        def link_of(url: str, check: Checker, refused: Refusal) -> GuardedLink:
            return GuardedLink(CountingLink(line, url, written), check, refused)

        options = Options(link_of=link_of, clock=lambda: datetime(2026, 6, 21, 12, tzinfo=UTC))
        graph = Graph(parse(CONFIG.format(role=role)), options)
        running = asyncio.ensure_future(graph.run())
        await asyncio.sleep(30)
        options.stop.set()
        await running
        return graph, written

    return run_virtual(main())


def test_a_connector_that_we_play_charges_under_our_own_master() -> None:
    graph, _ = live("connector")
    unit = graph.buses["ours"].master.units[0x2433]
    assert unit.max_ca == 3200
    assert unit.actual_ca == pytest.approx(1176, abs=20)
    assert not any("not sent" in notice.text for notice in graph.hub.notices)


def test_listening_hears_everybody_and_sends_nothing() -> None:
    graph, written = live("listen", (UnitPlan(ConnectorSettings(0x1839)),))
    told = [notice.text for notice in graph.hub.notices if notice.where == "other"]
    assert "heard connector 1839" in told
    assert "heard a master 7777" in told
    assert written["/dev/two"] == 0
    assert written["/dev/one"] > 30
