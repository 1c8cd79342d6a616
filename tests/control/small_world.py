"""Small worlds for tests of wishes: a garage and a yard behind one main breaker, and what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from twcmaster.model.energy import EnergyFacts, MeterFacts
from twcmaster.model.reading import MeterRole
from twcmaster.model.settings import SITE, SavePower, ScopeWishes, Settings
from twcmaster.model.site import BusFacts, Circuit, ConnectorFacts, Site
from twcmaster.model.world import Activity, Presence, WallConnector, World

BERLIN = ZoneInfo("Europe/Berlin")
#: A Sunday in summer.
NOON = datetime(2026, 6, 21, 12, 0, tzinfo=BERLIN)

THREE = (1, 2, 3)
CIRCUITS = (
    Circuit("main", 50.0, 230.0, THREE),
    Circuit("garage", 32.0, 230.0, THREE, "main"),
    Circuit("yard", 40.0, 230.0, (2,), "main"),
)
SITE_FACTS = Site(
    "Home",
    {circuit.name: circuit for circuit in CIRCUITS},
    {
        "bus": BusFacts("bus", "garage", 32.0),
        "other": BusFacts(
            "other", "yard", 40.0, connectors={0xC0DE: ConnectorFacts(0xC0DE, "Gate", 20.0, "yard", phases=(2,))}
        ),
    },
)
#: The same with a meter, so that the sun can be followed.
METERED_FACTS = replace(SITE_FACTS, energy=EnergyFacts({"grid": MeterFacts("grid", MeterRole.GRID)}))


def connector(key: str, name: str = "", **more: Any) -> WallConnector:
    bus, _, unit_id = key.partition("/")
    facts: dict[str, Any] = {
        "key": key,
        "name": name or unit_id,
        "bus": bus,
        "circuit": "garage" if bus == "bus" else "yard",
        "protocol": 2,
        "phases": THREE if bus == "bus" else (2,),
        "limit_a": 32.0 if bus == "bus" else 20.0,
        "minimum_a": 6,
        "presence": Presence.ONLINE,
        "linked_at": 0.0,
        "activity": Activity.READY,
        "actual_a": 0.0,
    }
    return WallConnector(**facts | more)


LEFT, RIGHT, GATE = (
    connector("bus/1A2B", "Left bay"),
    connector("bus/3C4D", "Right bay"),
    connector("other/C0DE", "Gate"),
)


def settings(
    site: ScopeWishes | None = None,
    scopes: Mapping[str, ScopeWishes] | None = None,
    save_power: tuple[SavePower, ...] = (),
) -> Settings:
    return Settings(7, ({SITE: site} if site else {}) | dict(scopes or {}), save_power)


def world(
    wishes: Settings, clock: datetime = NOON, connectors: tuple[WallConnector, ...] = (LEFT, RIGHT, GATE)
) -> World:
    return World(1000.0, clock, SITE_FACTS, connectors, settings=wishes)


def charging(unit: WallConnector, amps: float, **more: Any) -> WallConnector:
    return replace(unit, activity=Activity.CHARGING, actual_a=amps, **more)
