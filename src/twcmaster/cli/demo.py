"""`twcmaster demo`: the production program with its page on virtual wall connectors and meters, over real bytes."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import click

from twcmaster import app
from twcmaster.cli.daemon import Companion, Stage, operations_of, serve, start_logging
from twcmaster.cli.demo_config import DemoConfig
from twcmaster.cli.failure import Failure
from twcmaster.cli.loading import load_config
from twcmaster.cli.places import SOCKET_NAME
from twcmaster.cli.screens import choose_screen
from twcmaster.cli.stopping import run_until_stopped
from twcmaster.runtime.console import Console, ConsoleError, Operations
from twcmaster.sim.daytime import DAY_S, DayClock
from twcmaster.sim.demo_house import demo_plan
from twcmaster.sim.house import HomeBattery
from twcmaster.sim.meter_server import MeterServer
from twcmaster.sim.site import VirtualSite

#: Late morning of the second day: two cars are there; at the default speed one leaves after a minute and a guest
#: comes in the second.
START_S = DAY_S + 11.4 * 3600
DEFAULT_PORT = 8080


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was asked for on the command line. `port` None: no page."""

    speed: float
    seed: int
    battery: HomeBattery | None
    host: str
    port: int | None
    seconds: float | None

    @property
    def open_door(self) -> bool:
        """Without login: only to this computer itself."""
        return self.host == "localhost" or ip_address(self.host).is_loopback


def _checked_host(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    try:
        return value if value == "localhost" else str(ip_address(value))
    except ValueError:
        raise click.BadParameter("give an address of this computer, such as 127.0.0.1 or 0.0.0.0") from None


@click.command(epilog="Example: twcmaster demo --speed 120 --battery")
@click.option(
    "--speed",
    type=click.FloatRange(min=1, max=600),
    default=60.0,
    show_default=True,
    help="How fast the day passes. The wire and the decisions always keep real time.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another weather.")
@click.option("--battery", is_flag=True, help="The house has a battery too.")
@click.option("--port", type=click.IntRange(1, 0xFFFF), default=DEFAULT_PORT, show_default=True, help="Of the page.")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    callback=_checked_host,
    help="Where the page listens. 0.0.0.0: for other devices too, with login.",
)
@click.option("--no-page", is_flag=True, help="Only the view in this terminal.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after this time.")
def demo(speed: float, seed: int, battery: bool, port: int, host: str, no_page: bool, seconds: float | None) -> None:
    """Show the program at work without any hardware.

    A house with sun and clouds and three virtual wall connectors whose cars come and go: connectors behind a
    pseudo-terminal, meters behind HTTP, and the same program that drives real ones, with its page and a history of
    yesterday. Ctrl-C ends it and leaves nothing behind.
    """
    home_battery = HomeBattery(capacity_kwh=13.5, max_w=5000.0, soc_percent=35.0) if battery else None
    wanted = _Wanted(speed, seed, home_battery, host, None if no_page else _free_port(host, port), seconds)
    with tempfile.TemporaryDirectory(prefix="twcmaster-demo-") as folder:
        if wanted.port is not None:
            _make_history(wanted, Path(folder))
        run_until_stopped(lambda stop: _demo(stop, Path(folder), wanted))


def _free_port(host: str, port: int) -> int:
    """That port, or another one where something else listens there."""
    for candidate in (port, 0):
        try:
            with socket.create_server((host, candidate)) as probe:
                return int(probe.getsockname()[1])
        except OSError as error:
            problem = error
    raise Failure(f"The page cannot listen on {host}: {problem.strerror}. Give another --host, or --no-page.")


def _midnight() -> datetime:
    """The first of the demo's midnights: yesterday's."""
    today = app.wall_clock("")().replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=1)


def _make_history(wanted: _Wanted, folder: Path) -> None:
    # Only those who get a page pay for it.
    from twcmaster.cli.demo_past import Past, live_through

    click.echo("Living through yesterday first, so that there is something to look back on …")
    file = folder / "past.toml"
    nowhere = DemoConfig(folder / "garage", "http://127.0.0.1/", battery=wanted.battery is not None)
    file.write_text(nowhere.text(), encoding="utf-8")
    live_through(Past(load_config(file), folder, _midnight(), START_S, wanted.seed, wanted.battery))
    file.unlink()


async def _demo(stop: asyncio.Event, folder: Path, wanted: _Wanted) -> None:
    site = VirtualSite(demo_plan(wanted.seed, wanted.speed, START_S, wanted.battery))
    endpoint = site.pty_endpoint("garage", folder / "garage")
    meters = MeterServer(site.house)
    console = _open_console(folder)
    endpoint.plug_in()
    meter_url = await meters.open()
    auth = "none" if wanted.open_door else "password"
    written = DemoConfig(endpoint.link, meter_url, wanted.host, wanted.port, auth, battery=wanted.battery is not None)
    config_file = folder / "demo.toml"
    config_file.write_text(written.text(), encoding="utf-8")
    start_logging("info", folder / "demo.log")
    _introduce(wanted, folder, meter_url)
    if wanted.seconds is not None:
        asyncio.get_running_loop().call_later(wanted.seconds, stop.set)
    stage = Stage(folder, _clock(site.clock), wanted.speed, _beside)
    try:
        await serve(load_config(config_file), config_file, console, stop, stage)
    finally:
        console.close()
        await meters.close()
        endpoint.unplug()


def _open_console(folder: Path) -> Console:
    console = Console(folder / SOCKET_NAME)
    try:
        console.open()
    except ConsoleError as problem:
        raise Failure(f"{problem} For the demo: TMPDIR=/tmp twcmaster demo") from problem
    return console


def _introduce(wanted: _Wanted, folder: Path, meters: str) -> None:
    bus, socket_path = folder / "garage", folder / SOCKET_NAME
    page = "" if wanted.port is None else f"\n  page     {_page_words(wanted, folder)}"
    click.echo(f"""\
Three virtual wall connectors, sun and a house; their day passes {wanted.speed:g} times as fast.{page}
  bus      {bus} -> {bus.readlink()}
  meters   {meters}
  config   {folder}/demo.toml
  log      {folder}/demo.log
  look     twcmaster status --socket {socket_path}
  try      twcmaster set charge-now --connector 1839 --socket {socket_path}
  stop     Ctrl-C
""")


def _page_words(wanted: _Wanted, folder: Path) -> str:
    if wanted.open_door:
        return f"http://{_url_host(wanted.host)}:{wanted.port}   (only from this computer, without login)"
    return f"http://{_url_host(wanted.host)}:{wanted.port}   (the setup code for the login stands in {folder}/demo.log)"


def _url_host(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - only compared with
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _clock(day: DayClock) -> Callable[[], datetime]:
    """The demo's own time of day, today."""
    midnight = _midnight()
    loop = asyncio.get_running_loop()
    return lambda: midnight + timedelta(seconds=day.day_s(loop.time()))


def _beside(graph: app.Graph) -> list[Companion]:
    return [lambda: _watch(operations_of(graph))]


async def _watch(operations: Operations) -> None:
    with choose_screen() as screen:
        async for state in operations.streams["watch"]({}):
            screen.show(state)
