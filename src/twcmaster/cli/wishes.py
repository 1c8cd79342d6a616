"""`twcmaster set …` and `twcmaster changes`: people's wishes, changed in a running daemon."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from twcmaster.cli.client import Daemon, daemon_options
from twcmaster.cli.failure import Failure
from twcmaster.control import said
from twcmaster.model.commands import CommandRefused, SetSchedule
from twcmaster.model.settings import SITE, Window
from twcmaster.model.settings_json import decode, encode_command

#: What lets a connector follow the site again.
FOLLOW = "follow"
_UNTIL = click.option("--until", metavar="TIME", help='When it ends: "21:30", "sat 6:00", "90 min", "2 h", or a date.')
_CONNECTOR = click.option(
    "--connector", "scope", default=SITE, metavar="NAME", help="One connector, by name or id, instead of the site."
)


def _who() -> str:
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # a user without an entry in the password database
        return "command line"


def _tell(socket_path: Path, command: dict[str, Any], version: int | None = None) -> None:
    """Send a command, and say what it did and what comes next."""
    with Daemon(socket_path) as daemon:
        result = daemon.ask("set", command=command, who=_who(), version=version)
    text = result["text"]
    whom = "" if result["scope"] == SITE else f" ({result['scope']})"
    click.echo(f"{text[:1].upper()}{text[1:]}.")
    click.echo(f"Now{whom}: {result['outlook']}.")


@click.group(name="set")
def set_() -> None:
    """Change what a running daemon is asked for: modes, charge now, schedules, priorities, save power.

    A change is on disk when the command returns, and holds through restarts.
    """


@set_.command(
    epilog="""\b
Examples:
  twcmaster set mode solar
  twcmaster set mode fixed --amps 16 --connector "Left bay"
  twcmaster set mode off --until 6:00 --then solar
"""
)
@click.argument("name", metavar="MODE", type=click.Choice(["off", "fixed", "solar", "solar_min", FOLLOW]))
@click.option("--amps", type=float, help="For fixed: amps for the connector, or shared by the site's cars.")
@_UNTIL
@click.option("--then", type=click.Choice(["off", "solar", "solar_min"]), help="What comes then, instead of what was.")
@_CONNECTOR
@daemon_options
def mode(socket_path: Path, name: str, amps: float | None, until: str | None, then: str | None, scope: str) -> None:
    """Set the standing mode.

    off, fixed (without --amps: full power), solar, solar_min (never less than the minimum), or, for a connector,
    follow: what the site does.
    """
    chosen = None if name == FOLLOW else name
    _tell(
        socket_path, {"command": "set_mode", "mode": chosen, "scope": scope, "amps": amps, "until": until, "then": then}
    )


@set_.command(
    name="charge-now",
    epilog="""\b
Examples:
  twcmaster set charge-now                     full power for 24 hours
  twcmaster set charge-now --amps 16 --until 7:00
  twcmaster set charge-now --kwh 10 --connector "Left bay"
  twcmaster set charge-now --cancel
""",
)
@click.option("--amps", type=float, help="Default: as much as the limits allow.")
@_UNTIL
@click.option("--kwh", "energy_kwh", type=float, help="Until so much is charged.")
@click.option("--until-unplugged", is_flag=True, help="Until the car is unplugged.")
@click.option("--cancel", is_flag=True, help="End it.")
@_CONNECTOR
@daemon_options
def charge_now(socket_path: Path, scope: str, *, cancel: bool, until_unplugged: bool, **ends: Any) -> None:
    """Charge at once, whatever the sun and the schedule say; the first of its ends counts."""
    if cancel and (until_unplugged or any(value is not None for value in ends.values())):
        raise click.UsageError("--cancel stands alone, or with --connector.")
    if cancel:
        _tell(socket_path, {"command": "cancel_charge_now", "scope": scope})
        return
    _tell(socket_path, {"command": "start_charge_now", "scope": scope, "until_unplugged": until_unplugged, **ends})


@set_.command(
    epilog="""\b
Examples:
  twcmaster set schedule                                   show it
  twcmaster set schedule "mon-fri 22:00-6:00 16 A" "daily 10:00-16:00 solar"
  twcmaster set schedule --add "sat,sun 8:00-20:00 off"
  twcmaster set schedule --remove 2
  twcmaster set schedule --clear
"""
)
@click.argument("windows", nargs=-1, metavar="[WINDOW…]")
@click.option("--add", is_flag=True, help="Keep the present windows, too.")
@click.option("--remove", multiple=True, metavar="ID", help="Remove this window, keep the others.")
@click.option("--clear", is_flag=True, help="Remove all windows.")
@_CONNECTOR
@daemon_options
def schedule(
    socket_path: Path, windows: tuple[str, ...], scope: str, remove: tuple[str, ...], *, add: bool, clear: bool
) -> None:
    """Show or replace the weekly schedule.

    A window over midnight belongs to the day on which it starts; equal times are 24 hours; where windows overlap the
    one further down wins. Instead of amps a window can say off, solar, solar_min or full.
    """
    if clear and (windows or add or remove):
        raise click.UsageError("--clear stands alone, or with --connector.")
    if remove and windows and not add:
        raise click.UsageError("New windows beside --remove need --add, so that the others are kept.")
    asked = tuple(_understood(text) for text in windows)
    with Daemon(socket_path) as daemon:
        found = daemon.ask("settings", scope=scope)
    present = decode(found["settings"]).of(found["scope"]).windows
    if not (asked or remove or clear):
        _show(present, found["outlook"])
        return
    kept = _without(present, remove) if add or remove else ()
    command = encode_command(SetSchedule(() if clear else kept + asked, scope))
    _tell(socket_path, command, version=found["settings"]["version"])


def _understood(text: str) -> Window:
    try:
        return said.window(text)
    except CommandRefused as refused:
        raise Failure(str(refused)) from refused


def _without(windows: tuple[Window, ...], ids: Sequence[str]) -> tuple[Window, ...]:
    there = {window.id for window in windows}
    missing = [one for one in ids if one not in there]
    if missing:
        raise Failure(f"There is no window {missing[0]}. There are: {', '.join(sorted(there)) or 'none'}.")
    return tuple(window for window in windows if window.id not in ids)


def _show(windows: Sequence[Window], outlook: str) -> None:
    for window in windows:
        click.echo(f"{window.id:>3}  {said.say_window(window)}")
    if not windows:
        click.echo("No windows.")
    click.echo(f"Now: {outlook}.")


@set_.command(
    name="save-power",
    epilog="""\b
Examples:
  twcmaster set save-power off --until 19:00
  twcmaster set save-power 4.2kW --source "grid operator"
  twcmaster set save-power 10A --circuit garage --until "2 h"
  twcmaster set save-power end --source "grid operator"
""",
)
@click.argument("most", metavar="off|AMPS|WATTS|end")
@click.option("--circuit", metavar="NAME", help="Only behind this circuit.")
@_UNTIL
@click.option("--source", default="", help="Who asks; the newest signal of a source and circuit holds.")
@daemon_options
def save_power(socket_path: Path, most: str, circuit: str | None, until: str | None, source: str) -> None:
    """Use less for a while, all cars together: not at all, or at most so many amps or watts."""
    kind, value = _save_kind(most)
    command = {"command": "set_save_power", "kind": kind, "value": value, "circuit": circuit}
    _tell(socket_path, command | {"until": until, "source": source})


def _save_kind(text: str) -> tuple[str | None, float]:
    asked = text.strip().lower().replace(" ", "")
    if asked in ("off", "end"):
        return (None if asked == "end" else "off"), 0.0
    for unit, kind, factor in (("kw", "watts", 1000.0), ("w", "watts", 1.0), ("a", "amps", 1.0)):
        if asked.endswith(unit):
            try:
                return kind, float(asked.removesuffix(unit)) * factor
            except ValueError:
                break
    raise click.BadParameter(f'"{text}" is not understood. Write off, 10A, 4200W, 4.2kW or end.')


@set_.command(epilog='Example: twcmaster set priority "Left bay" 0')
@click.argument("connector")
@click.argument("number", type=int)
@daemon_options
def priority(socket_path: Path, connector: str, number: int) -> None:
    """Say which connector comes first when there is not enough for all.

    0 is served first; connectors with equal numbers share.
    """
    _tell(socket_path, {"command": "set_priority", "scope": connector, "priority": number})


@click.command(epilog="Example: twcmaster changes --most 50")
@click.option("--most", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many to show.")
@daemon_options
def changes(socket_path: Path, most: int) -> None:
    """Show who changed what, newest first."""
    with Daemon(socket_path) as daemon:
        found = daemon.ask("changes", most=most)
    for entry in found:
        click.echo(f"{entry['at'][:19].replace('T', ' ')} UTC  {entry['who']}: {entry['text']}")
    if not found:
        click.echo("Nothing has been changed yet.")
