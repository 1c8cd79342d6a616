"""Page and API of the real daemon, with login: what they cost the bus, the memory, and whoever waits.

    python -m benchmarks.web               all scenarios, about five minutes
    python -m benchmarks.web load          heartbeats, answers and memory while 50 watch and 100 a second ask
    python -m benchmarks.web paint         weight of the page, and its first paint in Chromium

Daemon, virtual units and clients are processes of their own; gaps are measured on the wire, memory by the kernel.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.processes import ROOT, cpu_s, forget_peak, peak_rss_kb, rss_kb, virtual_units, written_bytes
from benchmarks.units_server import gap_figures
from tests.web.house import House

SETTLE_S, IDLE_S, LOAD_S, AFTER_S = 15.0, 60.0, 120.0, 30.0
UNITS = ("--units", "3", "--via", "pty", "--cars", "all", "--beats")
STATIC = ROOT / "src/twcmaster/api/static"
PAINTS = 5
_PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) done(entry.startTime);
}).observe({type: "paint", buffered: true}))"""


def main() -> None:
    """Run the scenarios named on the command line and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("scenario", nargs="*", help=f"of: {', '.join(SCENARIOS)}")
    for name in options.parse_args().scenario or list(SCENARIOS):
        print(f"{name}:", flush=True)
        for label, value in SCENARIOS[name]().items():
            print(f"    {label:44} {value}", flush=True)


@dataclass
class Bench:
    """The daemon with an owner and virtual units, each a process of its own."""

    house: House
    pid: int
    units: subprocess.Popen[str]

    def wire(self) -> dict[str, Any]:
        """Stop everything; what was seen on the wire."""
        self.house.stop()
        self.units.terminate()
        self.units.wait(15)
        figures: dict[str, Any] = json.loads((self.house.folder / "figures.json").read_text())
        return figures


@contextmanager
def bench() -> Iterator[Bench]:
    """Everything running."""
    with tempfile.TemporaryDirectory(prefix="twc-") as folder, virtual_units(Path(folder), UNITS) as (units, links):
        house = House(Path(folder), links[0])
        house.write_config()
        house.start()
        assert house.daemon is not None
        try:
            yield Bench(house, house.daemon.pid, units)
        finally:
            house.stop()


def load() -> dict[str, object]:
    """Heartbeat gaps, answers, CPU and memory: alone, under load, after it."""
    with bench() as running:
        key, pid = _token(running.house), running.pid
        time.sleep(SETTLE_S)
        alone = _spent(pid, partial(time.sleep, IDLE_S))
        busy = _spent(pid, partial(_clients, running.house, key))
        after = _spent(pid, partial(time.sleep, AFTER_S))
        gaps = _gaps(running.wire(), {"alone": alone, "under load": busy})
    return gaps | _answers(busy["result"]) | _usage({"alone": alone, "under load": busy, "after it": after})


def _token(house: House) -> str:
    with house.client() as client:
        answer = client.post("auth/tokens", json={"label": "benchmark", "scope": "read"})
        answer.raise_for_status()
        return str(answer.json()["key"])


def _spent(pid: int, work: Callable[[], Any]) -> dict[str, Any]:
    """What a process used while `work` was done, per second, and its largest and last memory."""
    forget_peak(pid)
    begin, cpu, disk = time.monotonic(), cpu_s(pid), written_bytes(pid)
    result = work()
    end = time.monotonic()
    return {
        "result": result,
        "span": (begin, end),
        "cpu": (cpu_s(pid) - cpu) / (end - begin),
        "written_mb_day": (written_bytes(pid) - disk) / (end - begin) * 86400 / 1e6,
        "peak_mb": peak_rss_kb(pid) / 1000,
        "rss_mb": rss_kb(pid) / 1000,
    }


def _clients(house: House, key: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.web_clients", "--port", str(house.port), "--key", key]
    command += ["--seconds", str(LOAD_S)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _gaps(wire: Mapping[str, Any], phases: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    """Heartbeat gaps of each phase."""
    found: dict[str, object] = {}
    for name, phase in phases.items():
        begin, end = phase["span"]
        beats = ([at for at in unit["beats"] if begin <= at <= end] for unit in wire["units"])
        gaps = gap_figures([later - earlier for one in beats for earlier, later in pairwise(one)])
        assert gaps is not None
        found[f"heartbeat gap {name}: mean / p99 / max"] = " / ".join(
            f"{gaps[k]:.2f} s" for k in ("mean", "p99", "max")
        )
    return found


def _answers(heard: Mapping[str, Any]) -> dict[str, object]:
    took, late = heard["took_ms"], heard["client_late_ms"]
    return {
        "GET /state: p50 / p99 / max": f"{took['p50']} / {took['p99']} / {took['max']} ms",
        "  of which the client's own: p50 / p99 / max": f"{late['p50']} / {late['p99']} / {late['max']} ms",
        "answered, failed": f"{heard['answered']} of {heard['asked']}, {heard['failed']} {heard['broken']}",
        "states to each watcher": f"{heard['states_per_watcher_s']:.2f}/s of {heard['state_bytes']} bytes",
    }


def _usage(phases: Mapping[str, Mapping[str, Any]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, phase in phases.items():
        found[f"memory {name}: at the end / most"] = f"{phase['rss_mb']:.1f} / {phase['peak_mb']:.1f} MB"
        found[f"CPU {name}"] = f"{phase['cpu']:.1%}"
        found[f"written {name}"] = f"{phase['written_mb_day']:.1f} MB/day"
    return found


def _weigh(sizes: list[int], request: Any) -> None:
    sizes.append(request.sizes()["responseBodySize"])


def paint() -> dict[str, object]:
    """The page's weight as a browser fetches it, and how soon it shows something."""
    from playwright.sync_api import sync_playwright

    from tests.web.conftest import CHROMIUM, FLAGS

    with bench() as running, sync_playwright() as playwright:
        cookie = _cookie(running.house)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        painted_ms, fetched = [], 0
        for _ in range(PAINTS):
            context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
            context.add_cookies([cookie])
            page = context.new_page()
            sizes: list[int] = []
            page.on("requestfinished", partial(_weigh, sizes))
            page.goto(running.house.url, wait_until="load")
            painted_ms.append(float(page.evaluate(_PAINTED)))
            page.get_by_text("Live", exact=True).wait_for()
            fetched = sum(sizes)
            context.close()
        browser.close()
    return {
        "whole page, gzipped": f"{_weight_bytes() / 1000:.1f} kB",
        "fetched to show the first page": f"{fetched / 1000:.1f} kB",
        "first paint: median / max": f"{median(painted_ms):.0f} / {max(painted_ms):.0f} ms",
    }


def _cookie(house: House) -> Any:
    """That of an owner who is logged in."""
    with house.client() as client:
        name, value = next(iter(client.cookies.items()))
    return {"name": name, "value": value, "url": house.url}


def _weight_bytes() -> int:
    """All files, gzipped where that is how they are sent."""
    whole = [path for path in STATIC.rglob("*") if path.is_file() and path.suffix != ".gz"]
    copies = (path.with_name(f"{path.name}.gz") for path in whole)
    return sum((copy if copy.exists() else path).stat().st_size for path, copy in zip(whole, copies, strict=True))


SCENARIOS = {"load": load, "paint": paint}

if __name__ == "__main__":
    main()
