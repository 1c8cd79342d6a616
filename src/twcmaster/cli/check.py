"""`twcmaster check`: every mistake in a config file at once, or what was understood."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from twcmaster.cli import places
from twcmaster.cli.energy_words import energy_lines, page_line
from twcmaster.cli.loading import config_option, load_config
from twcmaster.config.edit import inline_secrets
from twcmaster.config.load import site_facts
from twcmaster.config.schema import BusSection, CircuitSection, Config
from twcmaster.config.secrets import others_can_read
from twcmaster.control import phrases
from twcmaster.model.address import SerialAddress, parse_link
from twcmaster.model.settings import Mode
from twcmaster.model.site import BusFacts, Site


@click.command(epilog="Example: twcmaster check --config garage.toml")
@config_option
def check(config_file: Path) -> None:
    """Look for mistakes in a config file and show what it means.

    Prints every problem with its place and a suggestion, or the circuits, buses, limits, meters and the rest as they
    are understood.
    Nothing is opened and nothing is sent.
    """
    config = load_config(config_file)
    click.echo(f"{config_file} is fine.\n")
    for line in (*describe_config(config), *_exposed(config_file)):
        click.echo(line)


def describe_config(config: Config) -> Iterator[str]:
    """What a config means, line by line."""
    yield f'Site "{config.site.name}", mode: {_wish(config)}'
    yield ""
    site = site_facts(config)
    for circuit in config.circuit:
        if circuit.parent is None:
            yield from _circuit(config, site, circuit, depth=0)
    yield from energy_lines(config, site.energy)
    yield ""
    yield page_line(config)
    yield f"State:  {config.service.state_dir or places.state_dir()}"
    yield f"Socket: {config.service.socket or places.socket_path()}"
    yield from _notes(config)


def _wish(config: Config) -> str:
    control = config.control
    if control.mode == "fixed":
        return f"fixed, {control.amps:g} A shared by the cars that want power"
    return phrases.mode(Mode(control.mode))


def _circuit(config: Config, site: Site, circuit: CircuitSection, depth: int) -> Iterator[str]:
    indent = "  " * depth
    phases = "3 phases" if circuit.phases > 1 else f"1 phase{f' ({circuit.phase})' if circuit.phase else ''}"
    yield f"{indent}circuit {circuit.name}: at most {circuit.limit_a:g} A, {phases}, {circuit.volts:g} V"
    for bus in config.bus:
        if bus.circuit == circuit.name:
            yield from _bus(bus, site.buses[bus.name], f"{indent}  ")
    for child in config.circuit:
        if child.parent == circuit.name:
            yield from _circuit(config, site, child, depth + 1)


def _bus(bus: BusSection, facts: BusFacts, indent: str) -> Iterator[str]:
    yield f"{indent}bus {bus.name}: {bus.role} on {bus.link}"
    relay = "allowed" if facts.allow_relay_commands else "never"
    yield (
        f"{indent}  each connector at most {facts.connector_limit_a:g} A, at least {facts.minimum_a} A, "
        f"{facts.fallback_a} A when in doubt; relay commands {relay}"
    )
    for connector in facts.connectors.values():
        phases = "/".join(f"L{phase}" for phase in connector.phases if phase)
        wired = f" on {phases}" if phases else ""
        fed = f", circuit {connector.circuit}" if connector.circuit != facts.circuit else ""
        yield f'{indent}  connector {connector.unit_id:04X} "{connector.name}": {connector.limit_a:g} A{wired}{fed}'


def _exposed(file: Path) -> Iterator[str]:
    """Secrets that anybody on this machine can read."""
    places = inline_secrets(file.read_text(encoding="utf-8"))
    if places and others_can_read(file):
        yield f"Warning: others can read {file}, and it holds secrets ({', '.join(places)})."
        yield f'         `chmod 600 {file}`, or name the place: {{ env = "NAME" }} or {{ file = "path" }}.'


def _notes(config: Config) -> Iterator[str]:
    """What is no mistake in the file, but may surprise."""
    if config.control.mode == "fixed" and config.control.amps == 0:
        yield "Note: [control] amps is 0, so no car will charge."
    for bus in config.bus:
        address = parse_link(bus.link)
        if isinstance(address, SerialAddress) and not Path(address.path).exists():
            yield f"Note: {address.path} is not there now. `twcmaster ports` lists what is."
