"""`twcmaster ports`: the serial ports of this machine, likeliest first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from twcmaster.cli.failure import Failure
from twcmaster.links.ports import SerialPort, list_ports


@click.command(epilog="Example: twcmaster ports")
@click.option("--json", "as_json", is_flag=True, help="One JSON list, for programs.")
def ports(as_json: bool) -> None:
    """List serial ports: which one is likely the RS-485 adapter, and who uses it.

    The first line of each port is the name for the config. It stays the same when adapters are plugged in another
    order. No port is opened.
    """
    found = list_ports()
    if as_json:
        click.echo(json.dumps([asdict(port) | {"kind": port.kind.name.lower()} for port in found], indent=2))
        return
    if not found:
        raise Failure(
            "No serial port is to be seen. Is the adapter plugged in? `sudo dmesg | tail` tells what the system saw.\n"
            'Adapters on the network need none: link = "socket://HOST:PORT".'
        )
    for port in found:
        for line in _describe(port):
            click.echo(line)


def _describe(port: SerialPort) -> Iterator[str]:
    yield port.best_name
    maker = " ".join(text for text in (port.manufacturer, port.product, port.serial) if text)
    yield f"  {port.device}, {port.kind.value}" + (f": {maker}" if maker else "")
    if port.holders:
        yield f"  in use by {', '.join(map(str, port.holders))}"
    if not port.allowed:
        yield "  you may not open it: `sudo usermod -aG dialout $USER`, then log in again"
