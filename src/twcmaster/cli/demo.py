"""`twcmaster demo`: the production program on virtual wall connectors, over real bytes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import click

from twcmaster import app
from twcmaster.cli.daemon import Companion, console_of, logged_link, operations_of, start_logging
from twcmaster.cli.loading import load_config
from twcmaster.cli.places import SOCKET_NAME
from twcmaster.cli.screens import choose_screen
from twcmaster.cli.stopping import run_until_stopped
from twcmaster.runtime.console import Console, Operations
from twcmaster.sim.daytime import DayClock
from twcmaster.sim.site import VirtualSite
from twcmaster.sim.site_plan import demo_plan

#: Late morning: two cars are there; at the default speed one leaves after a minute and a guest comes in the second.
START_S = 11.4 * 3600
CONFIG = """\
# What the demo runs on. The same file would drive real connectors: only the link differs.
[site]
name = "Demo house"

[[circuit]]
name = "garage"
limit_a = 40          # 50 A breaker x 0.8
volts = 240

[[bus]]
name = "garage"
link = "{link}"
circuit = "garage"
connector_limit_a = 40

[[connector]]
bus = "garage"
id = "1839"
name = "Left bay"

[[connector]]
bus = "garage"
id = "2433"
name = "Right bay"

[[connector]]
bus = "garage"
id = "022C"
name = "Driveway"

[control]
mode = "fixed"
amps = 36
"""


@click.command(epilog="Example: twcmaster demo --speed 120")
@click.option(
    "--speed",
    type=click.FloatRange(min=1, max=600),
    default=60.0,
    show_default=True,
    help="How fast the cars' day passes. The wire always keeps real time.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another day.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after this time.")
def demo(speed: float, seed: int, seconds: float | None) -> None:
    """Show the program at work without any hardware.

    Three virtual wall connectors with cars that come and go sit behind a pseudo-terminal, and the same program that
    drives real ones drives them, byte by byte. Ctrl-C ends it and leaves nothing behind.
    """
    with tempfile.TemporaryDirectory(prefix="twcmaster-demo-") as folder:
        run_until_stopped(lambda stop: _demo(stop, Path(folder), speed, seed, seconds))


async def _demo(stop: asyncio.Event, folder: Path, speed: float, seed: int, seconds: float | None) -> None:
    site = VirtualSite(demo_plan(seed, speed, START_S))
    endpoint = site.pty_endpoint("garage", folder / "garage")
    endpoint.plug_in()
    config_file = folder / "demo.toml"
    config_file.write_text(CONFIG.format(link=endpoint.link), encoding="utf-8")
    log_file = folder / "demo.log"
    start_logging("info", log_file)
    console = Console(folder / SOCKET_NAME)
    console.open()
    _introduce(endpoint.link, folder, console.path, speed)
    if seconds is not None:
        asyncio.get_running_loop().call_later(seconds, stop.set)

    def companions(graph: app.Graph) -> list[Companion]:
        return [console_of(graph, console), lambda: _watch(operations_of(graph))]

    options = app.Options(
        state_dir=folder, link_of=logged_link, clock=_clock(site.clock), companions=companions, stop=stop
    )
    try:
        await app.run(load_config(config_file), options)
    finally:
        console.close()
        endpoint.unplug()


def _introduce(bus: Path, folder: Path, socket: Path, speed: float) -> None:
    click.echo(f"""\
Three virtual wall connectors with cars; their day passes {speed:g} times as fast.
  bus      {bus} -> {bus.readlink()}
  config   {folder}/demo.toml
  log      {folder}/demo.log
  look     twcmaster status --socket {socket}
  try      twcmaster override 1839 6 --for 30 --socket {socket}
  stop     Ctrl-C
""")


def _clock(day: DayClock) -> Callable[[], datetime]:
    """The demo's own time of day, today."""
    midnight = app.wall_clock("")().replace(hour=0, minute=0, second=0, microsecond=0)
    loop = asyncio.get_running_loop()
    return lambda: midnight + timedelta(seconds=day.day_s(loop.time()))


async def _watch(operations: Operations) -> None:
    with choose_screen() as screen:
        async for state in operations.streams["watch"]({}):
            screen.show(state)
