"""`twcmaster connector`: plays one wall connector with a virtual car on a real bus."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

import click

from twcmaster.catalog import open_link
from twcmaster.cli.driving import drive, tell
from twcmaster.cli.stopping import run_until_stopped
from twcmaster.model.address import AddressError
from twcmaster.protocol.allowlist import Role, SendPolicy, check
from twcmaster.protocol.connector import Connector
from twcmaster.protocol.connector_settings import ConnectorSettings
from twcmaster.protocol.describe import state_words
from twcmaster.sim.car_spec import CarSpec
from twcmaster.sim.lone_unit import lone_unit, played_unit


class _UnitId(click.ParamType[int]):
    name = "hex"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = value if isinstance(value, int) else int(value, 16)
        except ValueError:
            number = 0
        if not 0 < number < 0xFFFF:  # noqa: PLR2004 - two bytes
            self.fail(f"{value!r} is no id: write four hex digits, such as 2433", param, ctx)
        return number


@click.command(
    epilog="""\b
Examples:
  twcmaster connector --link /dev/ttyUSB0 --id 2433 --amps 32
  twcmaster connector --link socket://10.0.0.5:8899 --protocol 1 --car-amps 0
"""
)
@click.option("--link", "url", required=True, metavar="URL", help="/dev/…, socket://HOST:PORT or rfc2217://HOST:PORT.")
@click.option("--id", "unit_id", type=_UnitId(), help="Four hex digits. Default: by chance.")
@click.option("--protocol", type=click.Choice(["1", "2"]), default="2", show_default=True, help="1 for old units.")
@click.option("--amps", type=click.FloatRange(6, 80), default=32.0, show_default=True, help="Most the unit can do.")
@click.option("--car-amps", type=click.FloatRange(0, 80), default=16.0, show_default=True, help="0: no car.")
@click.option("--soc", type=click.FloatRange(0, 100), default=50.0, show_default=True, help="Battery level, percent.")
def connector(url: str, unit_id: int | None, protocol: str, amps: float, car_amps: float, soc: float) -> None:
    """Play one wall connector on a bus, with a virtual car that charges as the master lets it.

    For trying out a master without a car. Never use an id that a real connector on the same bus has.
    """
    settings, car = played_unit(unit_id, int(protocol), amps, car_amps, soc)
    run_until_stopped(lambda stop: _play(stop, url, settings, car))


async def _play(stop: asyncio.Event, url: str, settings: ConnectorSettings, car: CarSpec | None) -> None:
    policy = SendPolicy(Role.CONNECTOR)
    try:
        link = open_link(url, lambda body: check(body, policy), _tell_refusal)
    except AddressError as error:
        raise click.BadParameter(str(error), param_hint="--link") from error
    now = asyncio.get_running_loop().time()
    unit = lone_unit(settings, car, secrets.randbits(32), now)
    tell(f"playing connector {unit.unit_id:04X}, protocol {settings.protocol}, up to {settings.max_ca / 100:g} A")
    await drive(link, unit, stop, _Reporter(unit, now).look)


def _tell_refusal(reason: str, body: bytes) -> None:
    tell(f"not sent: {reason} ({body.hex(' ').upper()})")


@dataclass(slots=True)
class _Reporter:
    """Prints a line whenever the unit shows something new."""

    unit: Connector
    started_at: float
    last: tuple[object, ...] = field(default=())

    def look(self) -> None:
        """See how the unit stands."""
        now = asyncio.get_running_loop().time()
        session = self.unit.session
        shown = (self.unit.unit_id, self.unit.linked, session.state(now), session.limit_ca, round(session.meter.draw_a))
        if shown == self.last:
            return
        self.last = shown
        master = "has a master" if self.unit.linked else "no master"
        click.echo(
            f"{now - self.started_at:9.3f}  {self.unit.unit_id:04X} {master}, {state_words(session.state(now))}, "
            f"limit {session.limit_ca / 100:.2f} A, draws {session.actual_ca / 100:.2f} A"
        )
