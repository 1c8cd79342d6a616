"""`twcmaster send`, `override` and `log`: looking closer at a running daemon, by hand."""

from __future__ import annotations

from pathlib import Path

import click

from twcmaster.cli.client import Daemon, daemon_options
from twcmaster.cli.failure import Failure

_BUS = click.option("--bus", metavar="NAME", help="Which bus; not needed when there is only one.")


@click.command(epilog="Example: twcmaster send FB EB 77 77 24 33    (asks connector 2433 for energy and volts)")
@click.argument("hex_bytes", nargs=-1, required=True, metavar="HEX…")
@_BUS
@daemon_options
def send(socket_path: Path, hex_bytes: tuple[str, ...], bus: str | None) -> None:
    """Send one message through the running daemon and decode the answer.

    Checksum, delimiters and padding are added when they are missing. Only messages known to be harmless are sent; the
    daemon goes on with its own work meanwhile.
    """
    with Daemon(socket_path) as daemon:
        result = daemon.ask("send", hex=" ".join(hex_bytes), bus=bus)
    click.echo(f"sent    {result['sent']}")
    if result["answer"] is None:
        raise Failure("No answer. Firmware before 4.5.3 does not know every message, and answers may be lost to noise.")
    click.echo(f"answer  {result['answer']}")
    click.echo(result["text"])


@click.command(epilog="Example: twcmaster override 2433 6 --for 120")
@click.argument("unit")
@click.argument("amps", type=click.FloatRange(min=0))
@click.option("--for", "seconds", type=click.FloatRange(min=0, min_open=True), default=60.0, show_default=True)
@click.option("--command", metavar="HEX", help="Heartbeat command: 05, 09, 00, 06, 07. Default: what sets a limit now.")
@_BUS
@daemon_options
def override(socket_path: Path, unit: str, amps: float, seconds: float, command: str | None, bus: str | None) -> None:
    """Tell connector UNIT to stay at AMPS for a while.

    UNIT is its four hex digits or its name. The override can lower what a connector gets, never raise it above what
    the limits give it at that moment.
    """
    with Daemon(socket_path) as daemon:
        result = daemon.ask("override", unit=unit, amps=amps, seconds=seconds, command=command, bus=bus)
    click.echo(f"Bus {result['bus']}: {result['text']}.")


@click.command(
    epilog="""\b
Examples:
  twcmaster log debug wire    every message on the bus, in words
  twcmaster log info wire     back to normal
  twcmaster log warning       only what needs attention
"""
)
@click.argument("level", type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False))
@click.argument("module", required=False)
@daemon_options
def log(socket_path: Path, level: str, module: str | None) -> None:
    """Change how much the running daemon logs, for all or one MODULE."""
    with Daemon(socket_path) as daemon:
        result = daemon.ask("log", level=level, module=module)
    click.echo(f"Logging {result['module']} at level {result['level']} from now on.")
