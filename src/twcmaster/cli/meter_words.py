"""What `twcmaster meter test` says, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twcmaster.control.meter_balance import Verdict
from twcmaster.control.meter_review import Answer, Finding, Level, Round
from twcmaster.control.phrases import watts
from twcmaster.model.reading import Reading

if TYPE_CHECKING:
    from twcmaster.config.meters import MeterSection

Triple = tuple[float | None, float | None, float | None]

_TITLES = {Level.ERROR: "Wrong", Level.WARNING: "Strange", Level.NOTE: "Note"}


def round_lines(sections: Sequence[MeterSection], answers: Round, number: int) -> Iterator[str]:
    """One round: a line for each meter, and a second one with its source or with what went wrong."""
    yield f"Round {number}"
    width = max(len(section.name) for section in sections)
    for section in sections:
        answer = answers[section.name]
        indent = " " * (width + 4)
        yield f"  {section.name:{width}}  {section.role.value:7}  {_said(answer)}, took {_seconds(answer.took_s)}"
        yield indent + (f"from {section.source}" if answer.error is None else answer.error)


def _said(answer: Answer) -> str:
    if answer.reading is None or answer.age_s is None:
        return "no reading"
    return f"{values(answer.reading)}, {_seconds(answer.age_s)} old"


def values(reading: Reading) -> str:
    """Everything that a reading tells."""
    parts = [] if reading.power_w is None else [watts(reading.power_w)]
    parts += [_phases(triple, unit) for triple, unit in ((reading.phase_a, "A"), (reading.volts, "V")) if triple]
    if reading.soc_percent is not None:
        parts.append(f"{reading.soc_percent:g} % charged")
    if reading.energy_kwh is not None:
        parts.append(f"{reading.energy_kwh:,.1f} kWh")
    return ", ".join(parts)


def _phases(triple: Triple, unit: str) -> str:
    return "/".join("?" if value is None else f"{value:.1f}" for value in triple) + f" {unit}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:,.0f} s"  # noqa: PLR2004 - hundredths of short times


def verdict_lines(verdict: Verdict) -> list[str]:
    """The sum, unless a finding says it."""
    return [] if any(one.text == verdict.text for one in verdict.findings) else [verdict.text]


def finding_lines(found: Sequence[Finding]) -> Iterator[str]:
    """What a person should look at, the worst first."""
    for level in Level:
        for one in found:
            if one.level is level:
                yield f"{_TITLES[level]}: {one.text}" + (f"\n  {one.remedy}" if one.remedy else "")


def as_json(
    sections: Sequence[MeterSection], heard: Sequence[Round], verdict: Verdict, found: Sequence[Finding]
) -> Mapping[str, Any]:
    """Everything, in JSON's own terms."""
    return {
        "ok": all(one.level is not Level.ERROR for one in found),
        "adds_up": verdict.adds_up,
        "balance": verdict.text,
        "findings": [
            {"level": one.level.value, "code": one.code, "meter": one.meter or None, "text": one.text}
            | {"remedy": one.remedy or None}
            for one in found
        ],
        "rounds": [[_entry(section, answers[section.name]) for section in sections] for answers in heard],
    }


def _entry(section: MeterSection, answer: Answer) -> dict[str, Any]:
    reading = answer.reading or Reading(0.0)
    return {
        "name": section.name,
        "role": section.role.value,
        "kind": section.kind,
        "source": section.source,
        "power_w": reading.power_w,
        "phase_a": reading.phase_a,
        "volts": reading.volts,
        "soc_percent": reading.soc_percent,
        "energy_kwh": reading.energy_kwh,
        "age_s": None if answer.age_s is None else round(answer.age_s, 3),
        "took_s": round(answer.took_s, 3),
        "error": answer.error,
    }
