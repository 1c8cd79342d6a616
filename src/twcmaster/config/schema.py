"""The config file's shape: installation facts only. Every key, its unit and its bounds.

What spans several sections (names that must exist, limits that must add up) is checked in `checks.py`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from twcmaster.config.energy import BatterySection, FuseSection, PeakSection
from twcmaster.config.web import WebSection

Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\s/\[\]\"][^/\[\]\"]*$")]
Amps = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
UnitId = Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{4}$")]


class Section(BaseModel):
    """A table of the file: unknown keys are mistakes, and nothing is converted behind the person's back."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class SiteSection(Section):
    """`[site]`."""

    name: str = Field("Home", min_length=1, max_length=80)
    #: IANA name, for example "Europe/Berlin"; empty: the computer's own.
    timezone: str = ""


class CircuitSection(Section):
    """`[[circuit]]`: one breaker and its wires."""

    name: Name
    #: Continuous amps per phase conductor: breaker x 0.8 where the code asks for it.
    limit_a: Amps
    volts: float = Field(240.0, ge=90, le=500)
    phases: Literal[1, 3] = 1
    #: Which phase of the parent a one-phase circuit hangs on.
    phase: PhaseName | None = None
    parent: Name | None = None


class BusSection(Section):
    """`[[bus]]`: one RS-485 bus with up to three wall connectors."""

    name: Name
    #: /dev/…, socket://host:port, rfc2217://host:port or replay://file
    link: str = Field(min_length=1)
    circuit: Name
    role: BusRole = BusRole.MASTER
    #: What the wires to one connector carry.
    connector_limit_a: Amps = 40.0
    minimum_a: int = Field(6, ge=5, le=32)
    #: What the bus falls to, by itself, when nothing renews its offers.
    fallback_a: int = Field(0, ge=0, le=80)
    #: FCB1/FCB2: open and close contactors without telling the car (docs/protocol.md).
    allow_relay_commands: bool = False
    #: A connector that cannot stop a car by itself (protocol 2) keeps its minimum reserved while a car is plugged in.
    master_id: UnitId = "7777"
    reply_window_s: float = Field(0.25, ge=0.05, le=0.6)


class ConnectorSection(Section):
    """`[[connector]]`: what differs for one wall connector from its bus; none is needed."""

    bus: Name
    #: The four hex digits that `twcmaster status` shows.
    id: UnitId
    name: str = Field("", max_length=60)
    limit_a: Amps | None = None
    circuit: Name | None = None
    #: The site's phases that the unit's L1, L2, L3 are wired to, in this order.
    phases: list[PhaseName] | None = Field(None, min_length=1, max_length=3)

    @field_validator("phases")
    @classmethod
    def _no_phase_twice(cls, value: list[PhaseName] | None) -> list[PhaseName] | None:
        if value is not None and len(set(value)) != len(value):
            raise ValueError("a phase is named twice")
        return value


class ControlSection(Section):
    """`[control]`."""

    #: The mode that a new installation starts with; people's later choices win.
    mode: Literal["off", "fixed", "solar", "solar_min"] = "fixed"
    #: For mode "fixed": amps for the whole site, shared by the cars that want power.
    amps: float = Field(0.0, ge=0, le=10000, allow_inf_nan=False)
    #: For the solar modes: aim at this much import; -100 keeps 100 W of export in reserve.
    grid_target_w: float = Field(0.0, ge=-100_000, le=100_000, allow_inf_nan=False)
    #: What the house uses, where only the sun is measured.
    house_w: float = Field(0.0, ge=0, le=100_000, allow_inf_nan=False)
    #: The old cure for cars that stay near 5 A (docs/protocol.md).
    spike_cure: bool = False


class VirtualCarSection(Section):
    """`[virtual]`: the unit and car that `role = "connector"` plays."""

    id: UnitId | None = None
    protocol: Literal[1, 2] = 2
    max_a: Amps = 32.0
    car_a: float = Field(16.0, ge=0, le=80)


class ServiceSection(Section):
    """`[service]`: the daemon itself."""

    #: Where it keeps what it must remember. Default: the user's state folder.
    state_dir: Path | None = None
    #: The owner-only socket for `twcmaster status` and the other commands. Default: in the state folder.
    socket: Path | None = None
    log: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section):
    """The whole file."""

    site: SiteSection = SiteSection()
    circuit: list[CircuitSection] = Field(min_length=1)
    bus: list[BusSection] = Field(min_length=1)
    connector: list[ConnectorSection] = []
    #: Sections of `config.meters`; see `config.full` for why their shapes are not named here.
    meter: list[Any] = []
    fuse: FuseSection | None = None
    peak: PeakSection | None = None
    battery: BatterySection | None = None
    control: ControlSection = ControlSection()
    virtual: VirtualCarSection = VirtualCarSection()
    service: ServiceSection = ServiceSection()
    web: WebSection = WebSection()
