"""`twcmaster status`: what a running daemon does, live."""

from __future__ import annotations

import json
from pathlib import Path

import click

from twcmaster.cli.client import Daemon, daemon_options
from twcmaster.cli.screens import choose_screen
from twcmaster.cli.screens import once as lines_once
from twcmaster.cli.stopping import interrupt_on_signals


@click.command(
    epilog="""\b
Examples:
  twcmaster status               live, until Ctrl-C
  twcmaster status --once        one look
  twcmaster status --json | jq '.connectors[].drawn_a'
"""
)
@click.option("--once", is_flag=True, help="Show the state once and end.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@daemon_options
def status(socket_path: Path, once: bool, as_json: bool) -> None:
    """Show what the running daemon does: each connector's state, its amps, and why.

    On a terminal the view stays in place; otherwise every change is a line.
    """
    interrupt_on_signals()
    try:
        with Daemon(socket_path) as daemon:
            if as_json:
                click.echo(json.dumps(daemon.ask("status"), indent=2, ensure_ascii=False))
            elif once:
                click.echo("\n".join(lines_once(daemon.ask("status"))))
            else:
                _follow(daemon)
    except KeyboardInterrupt:
        click.echo()


def _follow(daemon: Daemon) -> None:
    with choose_screen() as screen:
        for state in daemon.follow("watch"):
            screen.show(state)
