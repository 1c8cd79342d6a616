"""The benchmark's stopwatch must be right before its figures mean anything."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from benchmarks.units_server import AmpWatch, WireWatch, gap_figures, parse, serve, site_plan
from tests.sim.wire import heartbeat, make_unit
from twcmaster.sim.clock import run_virtual
from twcmaster.sim.line import BYTE_S, Line


@pytest.mark.parametrize(
    "gaps, figures",
    [
        ([], None),
        ([1.0], None),
        ([1.0, 3.0], {"mean": 2.0, "p50": 3.0, "p99": 3.0, "max": 3.0}),
        ([1.0] * 199 + [9.0], {"mean": 1.04, "p50": 1.0, "p99": 1.0, "max": 9.0}),
        ([1.0] * 98 + [9.0] * 2, {"mean": 1.16, "p50": 1.0, "p99": 9.0, "max": 9.0}),
    ],
)
def test_gap_figures(gaps: list[float], figures: dict[str, float] | None) -> None:
    assert gap_figures(gaps) == figures


def test_amps_over_the_circuit_add_up_as_amp_seconds() -> None:
    watch = AmpWatch(circuit_a=40.0)
    for offered_a, drawn_a in ((38.0, 30.0), (46.0, 42.0), (40.0, 40.0)):
        watch.add(offered_a, drawn_a, 0.5)
    assert (watch.over_offered_as, watch.over_drawn_as) == (3.0, 1.0)
    assert (watch.peak_offered_a, watch.peak_drawn_a) == (46.0, 42.0)
    assert watch.amp_hours == pytest.approx(112 * 0.5 / 3600)


def test_the_wire_watch_notes_who_was_spoken_to_and_when() -> None:
    async def main() -> WireWatch:
        line = Line(random.Random(1))
        line.seat(make_unit(0x1111, boot_ready_s=1e6))
        watch = WireWatch(line)
        adapter = line.attach(lambda _: None)
        for command in (0, 5, 0):
            adapter.write(heartbeat(0x1111, command, 600))
            await asyncio.sleep(1.0)
        return watch

    watch = run_virtual(main())
    assert watch.beats[0x1111] == pytest.approx([second + 18 * BYTE_S for second in range(3)])
    assert watch.answers[0x1111] == 3
    assert watch.limits_sent == 1


def test_options_describe_the_site() -> None:
    plan = site_plan(parse(["--buses", "2", "--units", "3", "--protocol", "mixed", "--cars", "all", "--conflict"]))
    units = [unit for bus in plan.buses for unit in bus.units]
    assert [unit.settings.protocol for unit in units] == [2, 1, 2, 2, 1, 2]
    assert [unit.settings.unit_id == 0x7777 for unit in units] == [False, False, True, False, False, False]
    assert len({unit.settings.unit_id for unit in units}) == 6
    assert all(unit.car is not None for unit in units)
    assert site_plan(parse(["--seed", "2"])) == site_plan(parse(["--seed", "2"]))


@pytest.mark.smoke
@pytest.mark.parametrize("via", ["tcp", "pty"])
async def test_it_serves_and_reports(via: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = parse(["--buses", "2", "--via", via, "--directory", str(tmp_path), "--seconds", "0.6", "--cars", "all"])
    report = await serve(options)
    ready = json.loads(capsys.readouterr().out)
    assert len(ready["urls"]) == 2
    assert ready["urls"][0].startswith("socket://127.0.0.1:" if via == "tcp" else str(tmp_path))
    assert report["units_never_linked"] == 6
    assert [bus["peak_drawn_a"] for bus in report["buses"]] == [0, 0]
    json.dumps(report)
