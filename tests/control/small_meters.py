"""Small worlds with meters: what they said, when, and what the site's energy facts are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.control import small_world
from twcmaster.model.energy import EnergyFacts, MeterFacts, ReadingView
from twcmaster.model.reading import MeterRole, Reading
from twcmaster.model.settings import Settings
from twcmaster.model.world import WallConnector, World


@dataclass(frozen=True)
class Said:
    """What one meter said; its name is its role unless it is given."""

    role: str
    power_w: float | None = None
    taken_at: float | None = None
    phase_a: tuple[float | None, float | None, float | None] | None = None
    soc_percent: float | None = None
    every_s: float = 2.0
    includes_charger: bool = True
    name: str = ""
    #: It has never answered.
    mute: bool = False

    def facts(self) -> MeterFacts:
        return MeterFacts(self.name or self.role, MeterRole(self.role), self.every_s, self.includes_charger)

    def view(self, now: float) -> ReadingView:
        if self.mute:
            return ReadingView(self.facts(), None, "connection refused")
        taken_at = now if self.taken_at is None else self.taken_at
        return ReadingView(self.facts(), Reading(taken_at, self.power_w, self.phase_a, None, self.soc_percent))


def world(
    said: Iterable[Said],
    now: float = 1000.0,
    connectors: tuple[WallConnector, ...] = (),
    wishes: Settings | None = None,
    clock: datetime = small_world.NOON,
    energy: Mapping[str, Any] | None = None,
) -> World:
    """A world in which these meters said that; `energy` are further facts of the site."""
    views = {one.facts().name: one.view(now) for one in said}
    facts = EnergyFacts(meters={name: view.facts for name, view in views.items()}, **(energy or {}))
    site = replace(small_world.SITE_FACTS, energy=facts)
    bare = small_world.world(wishes or small_world.settings(), clock, connectors)
    return replace(bare, now=now, site=site, readings=views)
