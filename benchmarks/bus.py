"""The daemon against virtual units in another process, over real pseudo-terminals or TCP: what the README claims.

    python -m benchmarks.bus                    all scenarios, about ten minutes
    python -m benchmarks.bus join rough         only these

The figures on the wire come from `units_server`, which knows nothing of the daemon; CPU and memory from the kernel.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


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
    "restart": Scenario("the daemon is killed and started again", ("--cars", "all"), 70, restart_at=40),
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
        for label, value in run(SCENARIOS[name]).items():
            print(f"    {label:34} {value}", flush=True)


def run(scenario: Scenario) -> dict[str, object]:
    """One scenario's figures."""
    with tempfile.TemporaryDirectory(prefix="twc-") as folder, _units(scenario, Path(folder)) as (units, links):
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


@contextmanager
def _units(scenario: Scenario, folder: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    arguments = ["--buses", str(scenario.buses), "--directory", str(folder), "--seconds", str(scenario.seconds)]
    if "--via" not in scenario.units:
        arguments += ["--via", "pty"]
    command = [sys.executable, "-m", "benchmarks.units_server", *arguments, *scenario.units]
    command += ["--out", str(folder / "figures.json")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 30)
        if not ready:
            raise TimeoutError("the virtual units did not start")
        first = json.loads(process.stdout.readline())
        try:
            yield process, list(first["urls"])
        finally:
            process.terminate()


def _write_config(folder: Path, links: list[str]) -> Path:
    lines = ["[control]", f"amps = {min(10000, 40 * len(links))}"]
    for index, link in enumerate(links):
        lines += ["[[circuit]]", f'name = "c{index}"', "limit_a = 40"]
        lines += ["[[bus]]", f'name = "b{index}"', f'link = "{link}"', f'circuit = "c{index}"']
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
    cpu, at = _cpu_s(daemon.pid), time.monotonic()
    rss_kb = 0
    while units.poll() is None:
        time.sleep(0.5)
        now_cpu, now = _cpu_s(daemon.pid), time.monotonic()
        rss_kb = max(rss_kb, _rss_kb(daemon.pid))
    return {"cpu_s_per_min": (now_cpu - cpu) / (now - at) * 60, "rss_mb": rss_kb / 1000}


def _cpu_s(pid: int) -> float:
    """User and system seconds so far; nanoseconds where the scheduler counts them (ticks are too coarse here)."""
    fields = Path(f"/proc/{pid}/schedstat").read_text().split()
    if fields and int(fields[0]):
        return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / TICKS_PER_S


def _rss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def _figures(wire: dict[str, Any], usage: dict[str, float], started: float) -> dict[str, object]:
    first = min(unit["first_heartbeat_at"] or 0 for unit in wire["units"])
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
