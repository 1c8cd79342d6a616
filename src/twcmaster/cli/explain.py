"""`twcmaster explain`: why each connector gets what it gets, and what would give it more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from twcmaster.cli.client import Daemon, daemon_options


@click.command(epilog='Example: twcmaster explain "Left bay"')
@click.argument("connector", required=False)
@daemon_options
def explain(socket_path: Path, connector: str | None) -> None:
    """Say why CONNECTOR (or each one) gets its amps right now.

    Shows the wish that won, everything that holds the result down, what would have to change for more, and what
    comes next.
    """
    with Daemon(socket_path) as daemon:
        result = daemon.ask("explain", connector=connector)
    for alarm in result["alarms"]:
        click.echo(f"! {alarm}")
    for one in result["connectors"]:
        for line in _lines(one):
            click.echo(line)
    if not result["connectors"]:
        click.echo("No wall connector is heard now.")
        click.echo(f"Asked for the site: {result['site']}.")


def _lines(one: Mapping[str, Any]) -> Iterator[str]:
    name, unit_id = one["name"], one["key"].rpartition("/")[2]
    yield f"{name if name == unit_id else f'{name} ({unit_id})'}: {_amps(one)}"
    if one["wish"] is not None:
        yield from _reason("Wish ", one["wish"])
    for limit in one["limits"]:
        yield from _reason("Limit", limit)
    yield f"  Next   {one['outlook']}"
    yield ""


def _amps(one: Mapping[str, Any]) -> str:
    if one["offered_a"] is None:
        return "no decision yet"
    on_the_way = f", on the way to {one['target_a']} A" if one["target_a"] != one["offered_a"] else ""
    drawn = "draw unknown" if one["drawn_a"] is None else f"draws {one['drawn_a']:.1f} A"
    return f"{one['offered_a']} A offered{on_the_way}, {drawn}"


def _reason(kind: str, reason: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {kind}  {reason['text']}"
    if reason["more"]:
        yield f"         for more: {reason['more']}"
