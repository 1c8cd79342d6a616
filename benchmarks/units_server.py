"""Virtual wall connectors behind TCP ports or pseudo-terminals, and a stopwatch on what a master does to them.

    python -m benchmarks.units_server --buses 2 --units 3 --via tcp --cars join --seconds 120

prints one JSON line with the addresses as soon as they can be opened, then waits for `--seconds` or SIGTERM and
prints one JSON object with the figures. Gaps between heartbeats are measured on the wire by a listener of its own,
amps inside the units: nothing here trusts the master, or knows anything of its code.

`first_heartbeat_at` is on the machine's monotonic clock, so that whoever started the master can subtract.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.framing import FrameDecoder
from twcmaster.protocol.messages import ConnectorHeartbeat, ConnectorLinkReady, MasterHeartbeat, decode
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.endpoints import PtyEndpoint, TcpEndpoint
from twcmaster.sim.faults import NO_FAULTS, ROUGH
from twcmaster.sim.line import Line
from twcmaster.sim.site import VirtualSite, VirtualUnit
from twcmaster.sim.site_plan import BusPlan, SitePlan, UnitPlan

SAMPLE_S = 0.1
SERIES_EVERY = 10
FAULTS = {"none": NO_FAULTS, "rough": ROUGH}


@dataclass(slots=True)
class WireWatch:
    """Listens to one line and notes when which unit was spoken to."""

    line: Line
    decoder: FrameDecoder = field(default_factory=FrameDecoder)
    beats: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    link_ready_at: dict[int, float] = field(default_factory=dict)
    limits_sent: int = 0

    def __post_init__(self) -> None:
        self.line.attach(self.hear)

    def hear(self, data: bytes) -> None:
        now = asyncio.get_running_loop().time()
        for body in self.decoder.feed(data):
            message = decode(body)
            if isinstance(message, MasterHeartbeat):
                self.beats[message.receiver].append(now)
                self.limits_sent += message.command != 0
            elif isinstance(message, ConnectorHeartbeat):
                self.answers[message.sender] += 1
            elif isinstance(message, ConnectorLinkReady):
                self.link_ready_at.setdefault(message.sender, now)


@dataclass(slots=True)
class AmpWatch:
    """Adds up what the units of one bus allow and what their cars draw, against the circuit that feeds them."""

    circuit_a: float
    peak_offered_a: float = 0.0
    peak_drawn_a: float = 0.0
    over_offered_as: float = 0.0
    over_drawn_as: float = 0.0
    amp_hours: float = 0.0
    series: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, offered_a: float, drawn_a: float, elapsed_s: float) -> None:
        self.peak_offered_a = max(self.peak_offered_a, offered_a)
        self.peak_drawn_a = max(self.peak_drawn_a, drawn_a)
        self.over_offered_as += max(0.0, offered_a - self.circuit_a) * elapsed_s
        self.over_drawn_as += max(0.0, drawn_a - self.circuit_a) * elapsed_s
        self.amp_hours += drawn_a * elapsed_s / 3600


class Bench:
    """The site, its watchers, and the script of what happens to it."""

    def __init__(self, options: argparse.Namespace, directory: Path) -> None:
        self.options = options
        self.loop = asyncio.get_running_loop()
        self.started_at = self.loop.time()
        self.site = VirtualSite(site_plan(options))
        self.wires = {name: WireWatch(line) for name, line in self.site.lines.items()}
        self.amps = {name: AmpWatch(options.circuit_a) for name in self.site.lines}
        self.endpoints: list[TcpEndpoint | PtyEndpoint] = [
            self._endpoint(number, name, directory) for number, name in enumerate(self.site.lines)
        ]
        self.latest_s = 0.0
        self.plugged_back_at: float | None = None

    def _endpoint(self, number: int, bus: str, directory: Path) -> TcpEndpoint | PtyEndpoint:
        if self.options.via == "pty":
            return self.site.pty_endpoint(bus, directory / bus)
        port = self.options.base_port + number if self.options.base_port else 0
        return self.site.tcp_endpoint(bus, self.options.host, port)

    async def plug_in(self) -> None:
        for endpoint in self.endpoints:
            if isinstance(endpoint, TcpEndpoint):
                await endpoint.plug_in()
            else:
                endpoint.plug_in()

    async def unplug(self) -> None:
        for endpoint in self.endpoints:
            if isinstance(endpoint, TcpEndpoint):
                await endpoint.unplug()
            else:
                endpoint.unplug()

    async def sample(self) -> None:
        """Ten times a second: who allows and draws how much. Notes how late this process itself runs."""
        due, count, before = self.loop.time(), 0, self.loop.time()
        while True:
            due += SAMPLE_S
            await asyncio.sleep(max(0.0, due - self.loop.time()))
            now = self.loop.time()
            self.latest_s = max(self.latest_s, now - due)
            count += 1
            for name, (offered_a, drawn_a) in self._sums(now).items():
                self.amps[name].add(offered_a, drawn_a, now - before)
                if self.options.series and count % SERIES_EVERY == 0:
                    self.amps[name].series.append((round(now - self.started_at, 1), offered_a, round(drawn_a, 2)))
            before = now

    def _sums(self, now: float) -> dict[str, tuple[float, float]]:
        sums = dict.fromkeys(self.site.lines, (0.0, 0.0))
        for unit in self.site.units:
            sample = unit.sample(now)
            offered_a, drawn_a = sums[unit.bus]
            sums[unit.bus] = (offered_a + (sample.pilot_a if sample.plugged else 0.0), drawn_a + sample.draw_a)
        return sums

    async def play(self) -> None:
        """Cars join one by one; the adapters vanish for a while."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._cars())
            if self.options.unplug_at is not None:
                tasks.create_task(self._replug())

    async def _cars(self) -> None:
        if self.options.cars == "none":
            return
        for number in range(self.options.units):
            if self.options.cars == "join":
                await asyncio.sleep(self.options.join_every)
            for unit in self.site.units[number :: self.options.units]:
                if unit.car is not None:
                    unit.car.plug_in(self.loop.time())

    async def _replug(self) -> None:
        await asyncio.sleep(self.options.unplug_at)
        await self.unplug()
        await asyncio.sleep(self.options.unplug_for)
        await self.plug_in()
        self.plugged_back_at = self.loop.time()

    def report(self) -> dict[str, Any]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        units = [self._unit_report(unit) for unit in self.site.units]
        gaps = [gap for unit in self.site.units for gap in self._gaps(unit)]
        return {
            "seconds": round(self.loop.time() - self.started_at, 1),
            "gap_s": gap_figures(gaps),
            "error_s": round(sum(unit["error_s"] for unit in units), 1),
            "units_never_linked": sum(not unit["heartbeats"] for unit in units),
            "relink_s": self._relink_s(),
            "buses": [self._bus_report(name) for name in self.site.lines],
            "units": units,
            "this_process": {
                "cpu_s": round(usage.ru_utime + usage.ru_stime, 2),
                "latest_wakeup_s": round(self.latest_s, 4),
            },
        }

    def _gaps(self, unit: VirtualUnit) -> list[float]:
        from_s = self.started_at + self.options.settle
        times = [at for at in self.wires[unit.bus].beats.get(unit.connector.unit_id, []) if at >= from_s]
        return [later - earlier for earlier, later in pairwise(times)]

    def _unit_report(self, unit: VirtualUnit) -> dict[str, Any]:
        wire, unit_id, session = self.wires[unit.bus], unit.connector.unit_id, unit.connector.session
        beats = wire.beats.get(unit_id, [])
        ready_at = wire.link_ready_at.get(unit_id)
        return {
            "bus": unit.bus,
            "id": f"{unit_id:04X}",
            "protocol": unit.connector.settings.protocol,
            "heartbeats": len(beats),
            "answers": wire.answers.get(unit_id, 0),
            "gap_s": gap_figures(self._gaps(unit)),
            "first_heartbeat_at": beats[0] if beats else None,
            "first_heartbeat_after_link_ready_s": round(beats[0] - ready_at, 3) if beats and ready_at else None,
            "state": session.state(self.loop.time()).name,
            "error_s": round(session.trouble.error_s, 1),
            "faults": session.trouble.count,
            "contactor_closings": session.contactor.closings,
            "relay_chatter": session.contactor.chatter,
            "breaks_under_load": session.contactor.breaks_under_load,
            "hazards": unit.connector.hazards,
            "energy_wh": round(session.meter.energy_wh, 1),
            **({"beats": beats} if self.options.beats else {}),
        }

    def _bus_report(self, name: str) -> dict[str, Any]:
        amps, line = self.amps[name], self.site.lines[name]
        return {
            "bus": name,
            "circuit_a": amps.circuit_a,
            "peak_offered_a": amps.peak_offered_a,
            "peak_drawn_a": round(amps.peak_drawn_a, 2),
            "over_offered_amp_s": round(amps.over_offered_as, 2),
            "over_drawn_amp_s": round(amps.over_drawn_as, 2),
            "amp_hours": round(amps.amp_hours, 3),
            "collisions": line.counts.collisions,
            "line_share": round(line.counts.bytes / 960 / max(0.1, self.loop.time() - self.started_at), 3),
            "limits_sent": self.wires[name].limits_sent,
            **({"series": amps.series} if self.options.series else {}),
        }

    def _relink_s(self) -> float | None:
        """From the adapters' return until the last unit was spoken to again."""
        if self.plugged_back_at is None:
            return None
        firsts = []
        for unit in self.site.units:
            later = [at for at in self.wires[unit.bus].beats[unit.connector.unit_id] if at > self.plugged_back_at]
            if not later:
                return None
            firsts.append(later[0] - self.plugged_back_at)
        return round(max(firsts), 3)


def gap_figures(gaps: list[float]) -> dict[str, float] | None:
    """Mean, median, 99th percentile and largest, seconds."""
    if len(gaps) < 2:
        return None
    ordered = sorted(gaps)
    return {
        "mean": round(statistics.fmean(ordered), 4),
        "p50": round(ordered[len(ordered) // 2], 4),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 4),
        "max": round(ordered[-1], 4),
    }


def site_plan(options: argparse.Namespace) -> SitePlan:
    """What the options describe."""
    rng = random.Random(options.seed)
    buses = []
    for number in range(options.buses):
        ids = rng.sample(range(0x0100, 0xFFFF), options.units)
        if options.conflict and not number:
            ids[-1] = 0x7777
        units = tuple(_unit_plan(options, number, place, unit_id) for place, unit_id in enumerate(ids))
        buses.append(BusPlan(f"bus{number}", units, FAULTS[options.faults]))
    return SitePlan(tuple(buses), seed=options.seed)


def _unit_plan(options: argparse.Namespace, bus: int, place: int, unit_id: int) -> UnitPlan:
    protocol = {"1": 1, "2": 2, "mixed": 2 - place % 2}[options.protocol]
    settings = ConnectorSettings(
        unit_id,
        sign=unit_id & 0xFF,
        protocol=protocol,
        max_ca=options.max_a * 100,
        reply_delay_s=options.reply_delay,
        reply_jitter_s=options.reply_jitter,
    )
    car = CarSpec(name=f"car {bus}.{place}", max_a=float(options.max_a), soc_percent=20.0)
    return UnitPlan(settings, None if options.cars == "none" else car)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Virtual wall connectors for benchmarks.")
    parser.add_argument("--buses", type=int, default=1)
    parser.add_argument("--units", type=int, default=3, help="wall connectors on each bus")
    parser.add_argument("--via", choices=("tcp", "pty"), default="tcp")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--base-port", type=int, default=0, help="first TCP port; 0 picks free ones")
    parser.add_argument("--directory", type=Path, help="where the links to the pseudo-terminals go")
    parser.add_argument("--protocol", choices=("1", "2", "mixed"), default="2")
    parser.add_argument("--faults", choices=tuple(FAULTS), default="none")
    parser.add_argument("--cars", choices=("none", "all", "join"), default="none")
    parser.add_argument("--join-every", type=float, default=15.0, help="seconds between two cars that join")
    parser.add_argument("--max-a", type=int, default=48, help="what each unit and each car can do")
    parser.add_argument("--circuit-a", type=float, default=40.0, help="limit of the circuit that feeds one bus")
    parser.add_argument("--reply-delay", type=float, default=0.08)
    parser.add_argument("--reply-jitter", type=float, default=0.02)
    parser.add_argument("--conflict", action="store_true", help="one unit comes with the usual master id 7777")
    parser.add_argument("--unplug-at", type=float, help="take the adapters away after this many seconds ...")
    parser.add_argument("--unplug-for", type=float, default=5.0, help="... for this long")
    parser.add_argument(
        "--settle", type=float, default=5.0, help="leave this many seconds at the start out of the gaps"
    )
    parser.add_argument("--seconds", type=float, help="stop by itself; otherwise on SIGTERM or SIGINT")
    parser.add_argument("--series", action="store_true", help="add amps offered and drawn, second by second")
    parser.add_argument("--beats", action="store_true", help="add when each heartbeat came, on the monotonic clock")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the figures here instead of to the standard output")
    return parser.parse_args(arguments)


async def serve(options: argparse.Namespace) -> dict[str, Any]:
    """Run the bench to its end; the figures."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.seconds is not None:
        loop.call_later(options.seconds, stop.set)
    with tempfile.TemporaryDirectory(prefix="units-") as temporary:
        bench = Bench(options, options.directory or Path(temporary))
        await bench.plug_in()
        ready = {"urls": [endpoint.url for endpoint in bench.endpoints], "monotonic": bench.started_at}
        print(json.dumps(ready), flush=True)
        tasks = [asyncio.create_task(bench.sample()), asyncio.create_task(bench.play())]
        await stop.wait()
        report = bench.report()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bench.unplug()
    return report


def main(arguments: list[str] | None = None) -> None:
    """Run and print."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    text = json.dumps(asyncio.run(serve(options)), indent=1)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
