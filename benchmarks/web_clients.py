"""People and programs that ask much: WebSockets that watch, and a steady stream of requests.

    python -m benchmarks.web_clients --port 8080 --key twc_… --seconds 60

prints one JSON object. Requests fall due at fixed times, whether earlier ones have been answered or not, and each is
timed from when it was due: a server that stalls cannot hide it by being asked less. How late this process itself was
is told besides, since that counts against the server, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import connect

CONNECTIONS = 10


@dataclass(slots=True)
class Tally:
    """What came of it."""

    took_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    failed: int = 0
    answered_bytes: int = 0
    states: int = 0
    state_bytes: int = 0


async def ask(options: argparse.Namespace, due: asyncio.Queue[float], tally: Tally) -> None:
    """Answer by answer over one connection that stays open."""
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection("127.0.0.1", options.port)
    head = f"GET {options.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {options.key}\r\n\r\n".encode()
    while True:
        at = await due.get()
        writer.write(head)
        status, length = _read_head(await reader.readuntil(b"\r\n\r\n"))
        tally.answered_bytes += len(await reader.readexactly(length))
        tally.failed += status != 200
        tally.took_s.append(loop.time() - at)


def _read_head(head: bytes) -> tuple[int, int]:
    first, *lines = head.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return int(first.split()[1]), int(fields["content-length"])


async def watch(options: argparse.Namespace, tally: Tally) -> None:
    """One page that is open."""
    url = f"ws://127.0.0.1:{options.port}/api/v1/live"
    headers = {"Authorization": f"Bearer {options.key}"}
    async with connect(url, additional_headers=headers, compression=None) as websocket:
        async for message in websocket:
            tally.states += 1
            tally.state_bytes += len(message)


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Everybody at once; the figures."""
    loop, tally = asyncio.get_running_loop(), Tally()
    due: asyncio.Queue[float] = asyncio.Queue()
    tasks = [asyncio.create_task(watch(options, tally)) for _ in range(options.watchers)]
    tasks += [asyncio.create_task(ask(options, due, tally)) for _ in range(CONNECTIONS)]
    started = loop.time()
    for number in range(int(options.seconds * options.rate)):
        at = started + number / options.rate
        await asyncio.sleep(at - loop.time())
        tally.late_s.append(loop.time() - at)
        due.put_nowait(at)
    await asyncio.sleep(1)
    broken = [repr(task.exception()) for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return _figures(options, tally, broken)


def _figures(options: argparse.Namespace, tally: Tally, broken: list[str]) -> dict[str, Any]:
    return {
        "asked": int(options.seconds * options.rate),
        "answered": len(tally.took_s),
        "failed": tally.failed,
        "broken": broken,
        "answer_bytes": tally.answered_bytes // max(1, len(tally.took_s)),
        "took_ms": quantiles_ms(tally.took_s),
        "client_late_ms": quantiles_ms(tally.late_s),
        "states_per_watcher_s": tally.states / max(1, options.watchers) / options.seconds,
        "state_bytes": tally.state_bytes // max(1, tally.states),
    }


def quantiles_ms(seconds: list[float]) -> dict[str, float]:
    """Median, 99th percentile and largest."""
    ordered = sorted(seconds) or [0.0]
    at = {"p50": len(ordered) // 2, "p99": int(len(ordered) * 0.99), "max": len(ordered) - 1}
    return {name: round(ordered[index] * 1000, 2) for name, index in at.items()}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", required=True, help="an API token")
    parser.add_argument("--path", default="/api/v1/state")
    parser.add_argument("--watchers", type=int, default=50)
    parser.add_argument("--rate", type=float, default=100.0, help="requests per second")
    parser.add_argument("--seconds", type=float, default=60.0)
    print(json.dumps(asyncio.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
