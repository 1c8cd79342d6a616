"""The connectors of the last run, so that after a restart each hears its first heartbeat at once.

One small JSON file, replaced atomically, written only when the set changes. Losing it costs a few seconds of linking.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict


class KnownUnitEntry(TypedDict):
    """One connector: two-byte id, protocol 1 or 2, the unit's own maximum in hundredths of an ampere."""

    id: int
    protocol: int
    max_ca: int


class KnownUnits:
    """The file. Buses by name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._buses = _read(path)

    def of(self, bus: str) -> Sequence[KnownUnitEntry]:
        """What is remembered of one bus."""
        return self._buses.get(bus, [])

    def remember(self, bus: str, units: Sequence[KnownUnitEntry]) -> None:
        """Keep `units` for the next start. Raises OSError when the file cannot be written."""
        if list(units) == self._buses.get(bus):
            return
        self._buses[bus] = list(units)
        _write(self._path, self._buses)


def _read(path: Path) -> dict[str, list[KnownUnitEntry]]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        # Missing on the first start; damaged is no worse: everybody is found again by announcement.
        return {}
    if not isinstance(raw, dict):
        return {}
    return {str(bus): [unit for unit in units if _sound(unit)] for bus, units in raw.items() if isinstance(units, list)}


def _sound(unit: object) -> bool:
    if not isinstance(unit, Mapping):
        return False
    numbers = (unit.get("id"), unit.get("protocol"), unit.get("max_ca"))
    known = all(isinstance(n, int) for n in numbers) and unit["protocol"] in (1, 2)
    return known and 0 <= unit["id"] <= 0xFFFF and 0 <= unit["max_ca"] <= 0xFFFF  # noqa: PLR2004 - two bytes


def _write(path: Path, buses: Mapping[str, Sequence[KnownUnitEntry]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(buses, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
