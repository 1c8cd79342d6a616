"""The state of the site. Amps are per phase conductor, ages in seconds; null means "not known", never zero."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from twcmaster.api.schemas.problem import Answer
from twcmaster.model.reading import MeterRole
from twcmaster.model.settings import Mode
from twcmaster.model.world import Activity, Presence

Watts = Annotated[float, Field(description="Watts", examples=[4180.0])]
Kwh = Annotated[float, Field(description="Kilowatt-hours", examples=[12.4])]
Amps = Annotated[float, Field(description="Amps per phase conductor", examples=[11.0])]
PhaseValues = tuple[float | None, float | None, float | None]
ConnectorKey = Annotated[
    str, Field(description="Bus and the four hex digits of the connector", examples=["garage/1A2B"])
]


class Sentence(Answer):
    """Something to tell a person. Programs and translations go by `code`, which stays the same."""

    code: str = Field(examples=["solar"])
    text: str = Field(examples=["Following the sun: 2.6 kW to spare"])


class Reason(Sentence):
    """Part of the answer to "why not more?"."""

    remedy: str | None = Field(
        description="What would give more; null: nothing is known", examples=["More sun, or charge now."]
    )


class Alarm(Sentence):
    """Something that a person must know or do."""


class Change(Answer):
    """The next change that is already known."""

    at: datetime
    text: str = Field(examples=["Off from 22:00"])


class Flow(Answer):
    """Power through the house now. Import and discharge are positive."""

    solar_w: Watts | None
    grid_w: Watts | None
    house_w: Watts | None = Field(description="Consumption without the cars")
    battery_w: Watts | None
    battery_percent: float | None
    cars_w: Watts | None


class RunningSession(Answer):
    """What the car at a connector has charged since it came."""

    started_at: datetime
    energy_kwh: Kwh
    solar_kwh: Kwh | None
    charging_s: float = Field(description="Seconds in which current flowed")
    peak_a: Amps


class Car(Answer):
    """What is known of the car at a connector."""

    plugged: bool | None = Field(description="null: this connector does not tell")
    vin_tail: str | None = Field(description="Last four signs of its VIN", examples=["4711"])


class LinkQuality(Answer):
    """How well a connector answers its heartbeats."""

    beats: int
    answers: int
    missed: int
    late: int
    reply_mean_ms: float | None


class Connector(Answer):
    """One wall connector now."""

    key: ConnectorKey
    id: str = Field(examples=["1A2B"])
    name: str = Field(examples=["Left bay"])
    bus: str
    circuit: str
    protocol: int
    presence: Presence
    heard_age_s: float | None
    activity: Activity | None
    state: Sentence = Field(description="State in words: charging, waiting for sun, no car …")
    car: Car
    offered_a: Amps | None
    target_a: Amps | None = Field(description="What it gets when the others have made room")
    drawn_a: Amps | None
    power_w: Watts | None
    may_draw_a: Amps | None = Field(description="Reserved for it on its circuits at this instant")
    reported_limit_a: Amps | None = Field(description="The limit that the unit itself reports")
    limit_a: Amps = Field(description="The smaller of what unit and wires carry")
    minimum_a: int
    phases: list[int]
    phase_a: PhaseValues | None
    volts: PhaseValues | None
    wish: Reason | None = Field(description="The wish that won")
    limits: list[Reason] = Field(description="What holds it down, most telling first")
    mode: Mode | None = Field(description="Its own standing mode; null: it follows the site")
    charge_now: bool
    next_change: Change | None = Field(description="Of what is wanted here, by the clock: its own or the site's")
    priority: int
    can_stop: bool
    duplicate: bool
    session: RunningSession | None
    lifetime_kwh: Kwh | None
    firmware: str | None
    serial: str | None
    model: str | None
    link: LinkQuality | None


class Circuit(Answer):
    """One circuit now, worst case over its phases."""

    name: str
    parent: str | None
    limit_a: Amps
    may_draw_a: Amps
    drawn_a: Amps
    volts: float
    phases: list[int]


class Meter(Answer):
    """One meter and what it said last."""

    name: str
    role: MeterRole
    power_w: Watts | None
    phase_a: PhaseValues | None
    volts: PhaseValues | None
    soc_percent: float | None
    energy_kwh: Kwh | None
    age_s: float | None
    every_s: float
    includes_charger: bool
    problem: str | None


class Bus(Answer):
    """One RS-485 bus."""

    name: str
    role: Literal["master", "listen"]
    link: str = Field(examples=["/dev/ttyUSB0"])
    connected: bool
    reconnects: int
    frames_received: int
    frames_damaged: int
    bytes_received: int
    second_master: bool
    finding: Sentence = Field(description="What the line sounds like, in words")


class Prices(Answer):
    """What a kilowatt-hour costs, and what the grid pays for one."""

    currency: str = Field(description="ISO 4217", examples=["EUR"])
    grid_per_kwh: float = Field(examples=[0.32])
    feed_in_per_kwh: float = Field(examples=[0.08])


class Site(Answer):
    """The site's own words."""

    name: str
    status: Sentence = Field(description="One sentence for the whole site")
    mode: Mode
    mode_amps: float | None = Field(description="For mode fixed")
    mode_until: datetime | None
    charge_now: bool
    next_change: Change | None
    prices: Prices | None = Field(description="null: the config has no [prices]")


class State(Answer):
    """Everything that the first page shows."""

    run: str = Field(description="Changes with every start of the daemon; numbers begin again then", examples=["b3f1"])
    number: int = Field(description="Counts the snapshots of this run", examples=[4711])
    at: datetime
    site: Site
    flow: Flow
    connectors: list[Connector]
    circuits: list[Circuit]
    meters: list[Meter]
    buses: list[Bus]
    alarms: list[Alarm]
    settings_version: int
    newest_notice: int = Field(description="Number of the newest entry of the log")


class PlannedOffer(Answer):
    """What one connector is told now, and why."""

    key: ConnectorKey
    amps: int
    target_a: int
    may_draw_a: Amps
    wish: Reason
    limits: list[Reason]


class Plan(Answer):
    """The outcome of the newest decision."""

    number: int
    at: datetime
    offers: list[PlannedOffer]
    circuits: list[Circuit]
    alarms: list[Alarm]


class LogEntry(Answer):
    """Something that happened."""

    number: int
    at: datetime
    level: Literal["info", "warning", "error"]
    where: str = Field(examples=["garage"])
    text: str


class LogPage(Answer):
    """Entries of the log, newest first."""

    run: str
    entries: list[LogEntry]


class Health(Answer):
    """For monitors: answers without login, and tells nothing that a stranger may not know."""

    status: Literal["ok", "degraded", "starting"]
    version: str
    decision_age_s: float | None = Field(description="Age of the newest decision; more than 10 s is wrong")
    history: Literal["ok", "degraded"]
