"""From a TOML file to installation facts, or to every mistake in it at once."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from twcmaster.config.checks import across_sections
from twcmaster.config.phases import named_phases
from twcmaster.config.problems import BYTE_ORDER_MARK, ConfigError, Problem
from twcmaster.config.schema import BusSection, CircuitSection, Config, ConnectorSection
from twcmaster.config.sealed import SealedMeter
from twcmaster.model.energy import BatteryFacts, EnergyFacts, FuseFacts, MeterFacts, PeakFacts, Prices, SolarFacts
from twcmaster.model.site import BusFacts, Circuit, ConnectorFacts, Phases, Site

ALL_PHASES: Phases = (1, 2, 3)
#: One phase, and the file does not say which: it then counts on every phase of the parent.
SOME_PHASE: Phases = (0,)


def load(path: Path) -> Config:
    """The validated file. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(
            str(path),
            [Problem("file", "does not exist.", "Start from one of the examples, or with `twcmaster run --setup`.")],
        ) from None
    except UnicodeDecodeError as error:
        problem = Problem("file", f"cannot be read: {error}.", "Save it as UTF-8, as editors can.")
        raise ConfigError(str(path), [problem]) from error
    except OSError as error:
        raise ConfigError(str(path), [Problem("file", f"cannot be read: {error}.")]) from error
    return parse(text, str(path), path.absolute().parent)


def parse(text: str, source: str = "config", folder: Path | None = None) -> Config:
    """The validated text of a file in this folder, with the secrets that it names. Raises ConfigError."""
    try:
        raw: dict[str, Any] = tomllib.loads(text.removeprefix(BYTE_ORDER_MARK))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(source, [Problem("file", f"is not valid TOML: {error}.")]) from error
    except ValueError as error:
        # Python reads no number with thousands of digits, and does not say where it stands.
        problem = Problem("file", "holds a number with thousands of digits.", "Write a shorter one.")
        raise ConfigError(source, [problem]) from error
    from twcmaster.config.validate import validated

    config = validated(raw, source, folder or Path())
    problems = across_sections(config)
    if problems:
        raise ConfigError(source, problems)
    return config


def shown(config: Config) -> Mapping[str, object]:
    """The sections for people to look at, without the secrets of meters."""
    meters = (meter.unpack() if isinstance(meter, SealedMeter) else meter for meter in config.meter)
    return {**vars(config), "meter": [meter.model_dump(mode="json") for meter in meters]}


def site_facts(config: Config) -> Site:
    """The installation as the decisions see it."""
    circuits = {section.name: _circuit(section) for section in config.circuit}
    buses = {section.name: _bus(section, config.connector, circuits) for section in config.bus}
    return Site(config.site.name, circuits, buses, _energy(config, _loaded_phases(circuits, buses.values())))


def _loaded_phases(circuits: Mapping[str, Circuit], buses: Collection[BusFacts]) -> frozenset[int]:
    """Every phase that a connector, described or not, may load."""
    fed = [circuits[bus.circuit].phases for bus in buses]
    fed += [connector.phases for bus in buses for connector in bus.connectors.values()]
    return frozenset(phase for phases in fed for phase in phases)


def _energy(config: Config, loaded: frozenset[int]) -> EnergyFacts:
    meters = {m.name: MeterFacts(m.name, m.role, m.every_s, m.includes_charger) for m in config.meter}
    solar = SolarFacts(config.control.grid_target_w, config.control.house_w)
    return EnergyFacts(meters, _fuse(config, loaded), _peak(config), _battery(config), solar, _prices(config))


def _fuse(config: Config, loaded: frozenset[int]) -> FuseFacts | None:
    if config.fuse is None:
        return None
    phases = ALL_PHASES[: config.fuse.phases] if config.fuse.phases else _fuse_phases(config, loaded)
    volts = config.fuse.volts or config.circuit[0].volts
    return FuseFacts(config.fuse.meter, config.fuse.fuse_a, phases, volts)


def _fuse_phases(config: Config, loaded: frozenset[int]) -> Phases:
    """All three, unless everything hangs on L1 or no phase is named at all.

    Of a meter that tells watts alone, one phase then gets all; three would each get a third, which is too little.
    """
    used = named_phases(config) | loaded
    return ALL_PHASES[:1] if used <= {1} or used <= set(SOME_PHASE) else ALL_PHASES


def _peak(config: Config) -> PeakFacts | None:
    if config.peak is None:
        return None
    return PeakFacts(config.peak.meter, config.peak.limit_kw * 1000, config.peak.interval_min * 60.0)


def _battery(config: Config) -> BatteryFacts | None:
    battery = config.battery
    if battery is None:
        return None
    return BatteryFacts(
        battery.meter,
        battery.car_from_percent,
        battery.hysteresis_percent,
        battery.charge_w,
        battery.discharge_to_car,
    )


def _prices(config: Config) -> Prices | None:
    if config.prices is None:
        return None
    return Prices(config.prices.grid_per_kwh, config.prices.feed_in_per_kwh, config.prices.currency)


def _circuit(section: CircuitSection) -> Circuit:
    if section.phases == len(ALL_PHASES):
        phases = ALL_PHASES
    elif section.phase is not None:
        phases = (section.phase.number,)
    else:
        phases = SOME_PHASE
    return Circuit(section.name, section.limit_a, section.volts, phases, section.parent)


def _bus(section: BusSection, connectors: list[ConnectorSection], circuits: dict[str, Circuit]) -> BusFacts:
    mine = (_connector(c, section, circuits) for c in connectors if c.bus == section.name)
    return BusFacts(
        section.name,
        section.circuit,
        min(section.connector_limit_a, circuits[section.circuit].limit_a),
        section.minimum_a,
        section.fallback_a,
        section.allow_relay_commands,
        {facts.unit_id: facts for facts in mine},
    )


def _connector(section: ConnectorSection, bus: BusSection, circuits: dict[str, Circuit]) -> ConnectorFacts:
    circuit = circuits[section.circuit or bus.circuit]
    phases = tuple(p.number for p in section.phases) if section.phases else circuit.phases
    limit_a = min(section.limit_a or bus.connector_limit_a, circuit.limit_a)
    return ConnectorFacts(int(section.id, 16), section.name or section.id.upper(), limit_a, circuit.name, phases)
