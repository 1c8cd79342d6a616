"""`twcmaster dump`: everything a running daemon knows."""

from __future__ import annotations

import json
from pathlib import Path

import click

from twcmaster.cli.client import Daemon, daemon_options


@click.command(epilog="Example: twcmaster dump > state.json")
@daemon_options
def dump(socket_path: Path) -> None:
    """Print the whole state of the running daemon as JSON, secrets removed.

    Made for reports of problems: config, connectors, decisions with their reasons, counters and recent notices.
    Passwords and tokens are left out, VINs are shortened.
    """
    with Daemon(socket_path) as daemon:
        click.echo(json.dumps(daemon.ask("dump"), indent=2, ensure_ascii=False))
