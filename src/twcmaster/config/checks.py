"""What the schema cannot see: names that must exist, limits that must add up across sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twcmaster.config.connector_checks import CONNECTORS_PER_BUS, connector_problems
from twcmaster.config.meter_checks import meter_problems
from twcmaster.config.phases import fuse_phase_problems
from twcmaster.config.problems import Problem, no_such
from twcmaster.config.schema import BusRole, BusSection, CircuitSection, Config
from twcmaster.config.web import web_problems
from twcmaster.model.address import AddressError, ReplayAddress, SerialAddress, parse_link


def across_sections(config: Config) -> list[Problem]:
    """Every contradiction between sections."""
    problems = [*_unique("circuit", config.circuit), *_unique("bus", config.bus), *_circuits(config)]
    problems += [
        *_buses(config),
        *connector_problems(config),
        *_links(config),
        *_amps(config),
        *_timezone(config),
        *meter_problems(config),
    ]
    problems += [*fuse_phase_problems(config), *web_problems(config.web)]
    return problems or list(_fallbacks(config))


def _unique(section: str, entries: Sequence[CircuitSection | BusSection]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, entry in enumerate(entries):
        if entry.name in seen:
            yield Problem(
                f"{section}[{index}].name", f'"{entry.name}" is the name of {section}[{seen[entry.name]}] too.'
            )
        seen.setdefault(entry.name, index)


def _circuits(config: Config) -> Iterator[Problem]:
    by_name = {circuit.name: circuit for circuit in config.circuit}
    for index, circuit in enumerate(config.circuit):
        path = f"circuit[{index}]"
        if circuit.parent is not None and circuit.parent not in by_name:
            yield no_such(f"{path}.parent", "circuit", circuit.parent, by_name)
        elif _loops(circuit, by_name):
            yield Problem(f"{path}.parent", f'"{circuit.name}" is fed by itself through its parents.')
        if circuit.phase is not None and circuit.phases != 1:
            yield Problem(f"{path}.phase", "only makes sense with phases = 1.")
        parent = by_name.get(circuit.parent or "")
        if parent is not None and parent.phases < circuit.phases:
            yield Problem(f"{path}.phases", f'has more phases than its parent "{parent.name}".')


def _loops(circuit: CircuitSection, by_name: dict[str, CircuitSection]) -> bool:
    seen, here = {circuit.name}, by_name.get(circuit.parent or "")
    while here is not None:
        if here.name in seen:
            return True
        seen.add(here.name)
        here = by_name.get(here.parent or "")
    return False


def _buses(config: Config) -> Iterator[Problem]:
    circuits = {circuit.name: circuit for circuit in config.circuit}
    for index, bus in enumerate(config.bus):
        path = f"bus[{index}]"
        if bus.circuit not in circuits:
            yield no_such(f"{path}.circuit", "circuit", bus.circuit, circuits)
            continue
        feed = min(bus.connector_limit_a, circuits[bus.circuit].limit_a)
        if bus.minimum_a > feed:
            yield Problem(f"{path}.minimum_a", f"is {bus.minimum_a} A, but only {feed:g} A can reach a connector.")
        if bus.fallback_a and not bus.minimum_a <= bus.fallback_a <= feed:
            yield Problem(
                f"{path}.fallback_a",
                f"must be 0 or between {bus.minimum_a} and {feed:g} A, but it is {bus.fallback_a}.",
            )


def _links(config: Config) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, bus in enumerate(config.bus):
        yield from _link(f"bus[{index}].link", bus.link)
        if bus.link in seen and not bus.link.startswith("replay://"):
            yield Problem(
                f"bus[{index}].link", f"is the link of bus[{seen[bus.link]}] too: each bus needs its own adapter."
            )
        seen.setdefault(bus.link, index)


def _link(path: str, link: str) -> Iterator[Problem]:
    try:
        address = parse_link(link)
    except AddressError as error:
        yield Problem(path, str(error))
        return
    if isinstance(address, SerialAddress | ReplayAddress) and _is_folder(address.path):
        yield Problem(path, f"is {address.path}, which is a folder.", "`twcmaster ports` lists adapters.")


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:
        return False  # what cannot be looked at is said when it is opened


def _amps(config: Config) -> Iterator[Problem]:
    minimum_a = min((bus.minimum_a for bus in config.bus), default=0)
    if config.control.mode == "fixed" and 0 < config.control.amps < minimum_a:
        text = f"is {config.control.amps:g} A, but no car charges below minimum_a, {minimum_a} A."
        yield Problem("control.amps", text, "Give at least as much, or 0 for no charging.")


def _timezone(config: Config) -> Iterator[Problem]:
    if not config.site.timezone:
        return
    try:
        ZoneInfo(config.site.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        text = f'"{config.site.timezone}" is not a time zone.'
        yield Problem("site.timezone", text, 'For example: timezone = "Europe/Berlin"')


def _fallbacks(config: Config) -> Iterator[Problem]:
    """With the controller gone, everybody may stand at its fallback at once: that must fit too."""
    by_name = {circuit.name: circuit for circuit in config.circuit}
    totals = dict.fromkeys(by_name, 0)
    for bus in config.bus:
        here: CircuitSection | None = by_name[bus.circuit]
        while here is not None and bus.role is BusRole.MASTER:
            totals[here.name] += CONNECTORS_PER_BUS * bus.fallback_a
            here = by_name.get(here.parent or "")
    for index, circuit in enumerate(config.circuit):
        if totals[circuit.name] > circuit.limit_a:
            text = f"three connectors a bus at fallback_a are {totals[circuit.name]} A, above {circuit.limit_a:g} A."
            yield Problem(f"circuit[{index}].limit_a", text, "Lower fallback_a on its buses; 0 is safe.")
