"""The config file's shape: installation facts only. Every key, its unit and its bounds.

Plain dataclasses, so that the running program carries values and none of the machinery that checked them; `load.py`
has that done. What spans several sections (names that must exist, limits that must add up) is in `checks.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from twcmaster.config.energy import BatterySection, FuseSection, PeakSection, PricesSection
from twcmaster.config.section import AMPS, LINE_VOLTS, NAME, UNIT_ID, Section
from twcmaster.config.web import WebSection


class BusRole(StrEnum):
    """What the program plays on a bus."""

    MASTER = "master"
    CONNECTOR = "connector"
    LISTEN = "listen"


class PhaseName(StrEnum):
    """A conductor of a three-phase supply."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"

    @property
    def number(self) -> int:
        """1, 2 or 3."""
        return int(self.value[1])


@dataclass(frozen=True, kw_only=True)
class SiteSection(Section):
    """`[site]`."""

    name: str = field(default="Home", metadata={"min_length": 1, "max_length": 80})
    #: IANA name, for example "Europe/Berlin"; empty: the computer's own.
    timezone: str = ""


@dataclass(frozen=True, kw_only=True)
class CircuitSection(Section):
    """`[[circuit]]`: one breaker and its wires."""

    name: str = field(metadata=NAME)
    #: Continuous amps per phase conductor: breaker x 0.8 where the code asks for it.
    limit_a: float = field(metadata=AMPS)
    volts: float = field(default=240.0, metadata=LINE_VOLTS)
    phases: Literal[1, 3] = 1
    #: Which phase of the parent a one-phase circuit hangs on.
    phase: PhaseName | None = None
    parent: str | None = field(default=None, metadata=NAME)


@dataclass(frozen=True, kw_only=True)
class BusSection(Section):
    """`[[bus]]`: one RS-485 bus with up to three wall connectors."""

    name: str = field(metadata=NAME)
    #: /dev/…, socket://host:port, rfc2217://host:port or replay://file
    link: str = field(metadata={"min_length": 1})
    circuit: str = field(metadata=NAME)
    role: BusRole = BusRole.MASTER
    #: What the wires to one connector carry.
    connector_limit_a: float = field(default=40.0, metadata=AMPS)
    minimum_a: int = field(default=6, metadata={"ge": 5, "le": 32})
    #: What the bus falls to, by itself, when nothing renews its offers.
    fallback_a: int = field(default=0, metadata={"ge": 0, "le": 80})
    #: FCB1/FCB2: open and close contactors without telling the car (docs/protocol.md).
    allow_relay_commands: bool = False
    #: A connector that cannot stop a car by itself (protocol 2) keeps its minimum reserved while a car is plugged in.
    master_id: str = field(default="7777", metadata=UNIT_ID)
    reply_window_s: float = field(default=0.25, metadata={"ge": 0.05, "le": 0.6})


@dataclass(frozen=True, kw_only=True)
class ConnectorSection(Section):
    """`[[connector]]`: what differs for one wall connector from its bus; none is needed."""

    bus: str = field(metadata=NAME)
    #: The four hex digits that `twcmaster status` shows.
    id: str = field(metadata=UNIT_ID)
    name: str = field(default="", metadata={"max_length": 60})
    limit_a: float | None = field(default=None, metadata=AMPS)
    circuit: str | None = field(default=None, metadata=NAME)
    #: The site's phases that the unit's L1, L2, L3 are wired to, in this order.
    phases: list[PhaseName] | None = field(default=None, metadata={"min_length": 1, "max_length": 3})


@dataclass(frozen=True, kw_only=True)
class ControlSection(Section):
    """`[control]`."""

    #: The mode that a new installation starts with; people's later choices win.
    mode: Literal["off", "fixed", "solar", "solar_min"] = "fixed"
    #: For mode "fixed": amps for the whole site, shared by the cars that want power.
    amps: float = field(default=0.0, metadata={"ge": 0, "le": 10000, "allow_inf_nan": False})
    #: For the solar modes: aim at this much import; -100 keeps 100 W of export in reserve.
    grid_target_w: float = field(default=0.0, metadata={"ge": -100_000, "le": 100_000, "allow_inf_nan": False})
    #: What the house uses, where only the sun is measured.
    house_w: float = field(default=0.0, metadata={"ge": 0, "le": 100_000, "allow_inf_nan": False})
    #: The old cure for cars that stay near 5 A (docs/protocol.md).
    spike_cure: bool = False


@dataclass(frozen=True, kw_only=True)
class VirtualCarSection(Section):
    """`[virtual]`: the unit and car that `role = "connector"` plays."""

    id: str | None = field(default=None, metadata=UNIT_ID)
    protocol: Literal[1, 2] = 2
    max_a: float = field(default=32.0, metadata=AMPS)
    car_a: float = field(default=16.0, metadata={"ge": 0, "le": 80})


@dataclass(frozen=True, kw_only=True)
class ServiceSection(Section):
    """`[service]`: the daemon itself."""

    #: Where it keeps what it must remember. Default: the user's state folder.
    state_dir: Path | None = None
    #: The owner-only socket for `twcmaster status` and the other commands. Default: in the state folder.
    socket: Path | None = None
    log: Literal["debug", "info", "warning", "error"] = "info"


@dataclass(frozen=True, kw_only=True)
class Config(Section):
    """The whole file."""

    site: SiteSection = SiteSection()
    circuit: list[CircuitSection] = field(metadata={"min_length": 1})
    bus: list[BusSection] = field(metadata={"min_length": 1})
    connector: list[ConnectorSection] = field(default_factory=list)
    #: Sections of `config.meters`; see `config.full` for why their shapes are not named here.
    meter: list[Any] = field(default_factory=list)
    fuse: FuseSection | None = None
    peak: PeakSection | None = None
    battery: BatterySection | None = None
    prices: PricesSection | None = None
    control: ControlSection = ControlSection()
    virtual: VirtualCarSection = VirtualCarSection()
    service: ServiceSection = ServiceSection()
    web: WebSection = field(default_factory=WebSection)
