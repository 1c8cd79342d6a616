"""Meters and their answers in few words."""

from __future__ import annotations

from typing import Any

from twcmaster.control.meter_review import Answer
from twcmaster.model.energy import EnergyFacts, MeterFacts
from twcmaster.model.reading import MeterRole, Reading

NOW = 1000.0


def energy(*roles: str, **more: Any) -> EnergyFacts:
    """A meter for each role, named like it; "grid-" and "house-" do not see the cars."""
    meters = [MeterFacts(role.strip("-"), MeterRole(role.strip("-")), 2.0, not role.endswith("-")) for role in roles]
    return EnergyFacts({meter.name: meter for meter in meters}, **more)


def told(power_w: float | None = None, *, age_s: float = 0.1, took_s: float = 0.05, **more: Any) -> Answer:
    return Answer(Reading(NOW - age_s, power_w, **more), None, took_s, age_s)


def failed(text: str = "no answer. Is it on?") -> Answer:
    return Answer(None, text, 5.0)


def one_round(**power_w: float) -> dict[str, Answer]:
    return {name: told(value) for name, value in power_w.items()}
