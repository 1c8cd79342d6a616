"""The daemon against virtual units in another process, over real pseudo-terminals or TCP: what the README claims.

    python -m benchmarks.bus                    all scenarios, about ten minutes
    python -m benchmarks.bus join rough         only these

The figures on the wire come from `units_server`, which knows nothing of the daemon; CPU and memory from the kernel.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import floor
from benchmarks.processes import ROOT, cpu_s, rss_kb, virtual_units


@dataclass(frozen=True)
class Scenario:
    """One run: arguments for the units, seconds, how many buses, seconds that the daemon starts late."""

    what: str
    units: tuple[str, ...]
    seconds: float = 90.0
    buses: int = 1
    restart_at: float | None = None


SCENARIOS = {
    "join": Scenario("three cars join, 40 A circuit", ("--cars", "join", "--protocol", "mixed"), 100),
    "rough": Scenario(
        "noise, lost and cut frames, late answers, resets",
        ("--cars", "join", "--protocol", "mixed", "--faults", "rough", "--reply-jitter", "0.08"),
        180,
    ),
    "idle": Scenario("three connectors, no cars", ("--cars", "none"), 90),
    "unplug": Scenario("the adapter vanishes for 8 s", ("--cars", "all", "--unplug-at", "40", "--unplug-for", "8"), 80),
    "conflict": Scenario("a unit comes with the master's id", ("--cars", "all", "--conflict"), 60),
    "restart": Scenario("the daemon is killed and started again", ("--cars", "all", "--beats"), 70, restart_at=40),
    "hundred": Scenario(
        "100 buses of 3 connectors over TCP", ("--cars", "all", "--via", "tcp", "--settle", "25"), 100, buses=100
    ),
}


def main() -> None:
    """Run the scenarios named on the command line and print a table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("scenario", nargs="*", help=f"of: {', '.join(SCENARIOS)}")
    names = options.parse_args().scenario or list(SCENARIOS)
    for name in names:
        print(f"{name}: {SCENARIOS[name].what}", flush=True)
        found = run(SCENARIOS[name]) | (floor.lines() if name == "idle" else {})
        for label, value in found.items():
            print(f"    {label:40} {value}", flush=True)


def run(scenario: Scenario) -> dict[str, object]:
    """One scenario's figures."""
    with (
        tempfile.TemporaryDirectory(prefix="twc-") as folder,
        virtual_units(Path(folder), _arguments(scenario)) as (units, links),
    ):
        config = _write_config(Path(folder), links)
        started = time.monotonic()
        daemon = _start_daemon(config)
        if scenario.restart_at is not None:
            time.sleep(scenario.restart_at)
            daemon.kill()
            daemon.wait()
            started = time.monotonic()
            daemon = _start_daemon(config)
        usage = _watch(daemon, units, settle_s=15.0)
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(5)
        return _figures(json.loads((Path(folder) / "figures.json").read_text()), usage, started)


def _arguments(scenario: Scenario) -> list[str]:
    arguments = ["--buses", str(scenario.buses), "--seconds", str(scenario.seconds)]
    if "--via" not in scenario.units:
        arguments += ["--via", "pty"]
    return [*arguments, *scenario.units]


def _write_config(folder: Path, links: list[str]) -> Path:
    lines = ["[control]", f"amps = {min(10000, 40 * len(links))}"]
    for index, link in enumerate(links):
        lines += ["[[circuit]]", f'name = "c{index}"', "limit_a = 40"]
        lines += ["[[bus]]", f'name = "b{index}"', f'link = "{link}"', f'circuit = "c{index}"']
    # The page has a benchmark of its own.
    lines += ["[web]", "enabled = false"]
    lines += ["[service]", f'state_dir = "{folder}"', f'socket = "{folder}/socket"', 'log = "warning"']
    path = folder / "site.toml"
    path.write_text("\n".join(lines))
    return path


def _start_daemon(config: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "twcmaster", "run", "--config", str(config)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _watch(daemon: subprocess.Popen[bytes], units: subprocess.Popen[str], settle_s: float) -> dict[str, float]:
    """CPU per minute after the start has settled, and peak memory, until the units have ended."""
    time.sleep(settle_s)
    cpu, at = cpu_s(daemon.pid), time.monotonic()
    most_kb = 0
    while units.poll() is None:
        time.sleep(0.5)
        now_cpu, now = cpu_s(daemon.pid), time.monotonic()
        most_kb = max(most_kb, rss_kb(daemon.pid))
    return {"cpu_s_per_min": (now_cpu - cpu) / (now - at) * 60, "rss_mb": most_kb / 1000}


def _figures(wire: dict[str, Any], usage: dict[str, float], started: float) -> dict[str, object]:
    beats = [at for unit in wire["units"] for at in unit.get("beats", [unit["first_heartbeat_at"]]) if at]
    first = min((at for at in beats if at > started), default=0.0)
    found: dict[str, object] = {f"gap {key}": f"{wire['gap_s'][key]:.2f} s" for key in ("mean", "p99", "max")}
    found["over the circuit, offered"] = f"{sum(bus['over_offered_amp_s'] for bus in wire['buses']):.1f} A·s"
    found["over the circuit, drawn"] = f"{sum(bus['over_drawn_amp_s'] for bus in wire['buses']):.1f} A·s"
    found["units in error"] = f"{wire['error_s']:.1f} s"
    found["units never linked"] = wire["units_never_linked"]
    if wire["relink_s"] is not None:
        found["relinked after"] = f"{wire['relink_s']:.2f} s"
    if first > started:
        found["process start to first heartbeat"] = f"{first - started:.2f} s"
    found["CPU"] = f"{usage['cpu_s_per_min']:.3f} s/min"
    found["resident memory"] = f"{usage['rss_mb']:.1f} MB"
    return found


if __name__ == "__main__":
    main()
