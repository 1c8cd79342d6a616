"""The phases that a config names, and whether the main fuse knows of them."""

from __future__ import annotations

from collections.abc import Iterator

from twcmaster.config.problems import Problem
from twcmaster.config.schema import Config, PhaseName


def named_phases(config: Config) -> frozenset[int]:
    """Every phase that a circuit or a connector names. A circuit with three names all."""
    return frozenset(phase.number for _, phase in _named(config))


def fuse_phase_problems(config: Config) -> Iterator[Problem]:
    """A phase that cars load and the main fuse does not have would be watched on another one, which is no watch."""
    if config.fuse is None or config.fuse.phases is None:
        return
    behind = config.fuse.phases
    beyond = next(((path, phase) for path, phase in _named(config) if phase.number > behind), None)
    if beyond is not None:
        path, phase = beyond
        text = f"is {behind}, so only {_listed(behind)} would be watched, but {path} names {phase}."
        yield Problem("fuse.phases", text, "Leave it out, or write phases = 3.")


def _named(config: Config) -> Iterator[tuple[str, PhaseName]]:
    for index, circuit in enumerate(config.circuit):
        if circuit.phase is not None:
            yield f"circuit[{index}].phase", circuit.phase
        elif circuit.phases == len(PhaseName):
            yield from ((f"circuit[{index}].phases", phase) for phase in PhaseName)
    for index, connector in enumerate(config.connector):
        yield from ((f"connector[{index}].phases", phase) for phase in connector.phases or ())


def _listed(count: int) -> str:
    return " and ".join(list(PhaseName)[:count])
